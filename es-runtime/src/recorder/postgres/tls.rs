//! The way to a server: with TLS or without.

use tokio_postgres::config::SslMode as DriverMode;

use super::options::{PostgresOptions, SslMode};
use crate::error::{Error, ErrorKind};

#[cfg(not(feature = "postgres-tls"))]
pub(super) type Connector = tokio_postgres::NoTls;
#[cfg(feature = "postgres-tls")]
pub(super) type Connector = tokio_postgres_rustls::MakeRustlsConnect;

/// Returns the mode for the driver.
pub(super) fn mode(options: &PostgresOptions) -> DriverMode {
    match options.ssl_mode {
        SslMode::Prefer if cfg!(feature = "postgres-tls") => DriverMode::Prefer,
        SslMode::Disable | SslMode::Prefer => DriverMode::Disable,
        SslMode::Require => DriverMode::Require,
    }
}

/// Returns the connector; refuses options that this build cannot keep.
#[cfg(not(feature = "postgres-tls"))]
pub(super) fn connector(options: &PostgresOptions) -> Result<Connector, Error> {
    if options.ssl_mode == SslMode::Require {
        let message = "`sslmode` asks for TLS, which this build leaves out; turn on the feature `postgres-tls` of \
                       es-runtime, or write `sslmode=disable` for a server on this machine";
        return Err(Error::new(ErrorKind::Config, message));
    }
    Ok(tokio_postgres::NoTls)
}

#[cfg(feature = "postgres-tls")]
pub(super) fn connector(options: &PostgresOptions) -> Result<Connector, Error> {
    use std::sync::Arc;

    use rustls::{ClientConfig, crypto::ring};

    let roots = match &options.root_certificate {
        Some(file) => from_file(file)?,
        None => of_system(options)?,
    };
    // Another crate of the program may have set another provider for the process.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| refused("TLS cannot be set up", &cause))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(tokio_postgres_rustls::MakeRustlsConnect::new(config))
}

#[cfg(feature = "postgres-tls")]
fn from_file(file: &str) -> Result<rustls::RootCertStore, Error> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let what = format!("the certificates in `{file}` cannot be used");
    let mut roots = rustls::RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(file).map_err(|cause| refused(&what, &cause))?;
    for certificate in found {
        let certificate = certificate.map_err(|cause| refused(&what, &cause))?;
        roots.add(certificate).map_err(|cause| refused(&what, &cause))?;
    }
    if roots.is_empty() {
        return Err(Error::new(
            ErrorKind::Config,
            format!("{what}: the file holds none; name a file in PEM"),
        ));
    }
    Ok(roots)
}

/// Returns the certificates that the system trusts. They are needed only where TLS is.
#[cfg(feature = "postgres-tls")]
fn of_system(options: &PostgresOptions) -> Result<rustls::RootCertStore, Error> {
    let mut roots = rustls::RootCertStore::empty();
    if options.ssl_mode == SslMode::Disable {
        return Ok(roots);
    }
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() && options.ssl_mode == SslMode::Require {
        let message = "the system has no certificates to trust; install them (`ca-certificates`), or name a file with \
                       `sslrootcert`";
        return Err(Error::new(ErrorKind::Config, message));
    }
    Ok(roots)
}

#[cfg(feature = "postgres-tls")]
fn refused(what: &str, cause: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Config, format!("{what}: {cause}; check `sslrootcert`"))
}
