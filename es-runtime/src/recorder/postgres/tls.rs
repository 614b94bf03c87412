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
    checked::connector(options)
}

#[cfg(feature = "postgres-tls")]
mod checked {
    //! TLS, with the certificates that this process trusts.

    use std::fmt::Display;
    use std::sync::Arc;

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
    use tokio_postgres_rustls::MakeRustlsConnect;

    use super::{Error, ErrorKind, PostgresOptions, SslMode};

    pub(super) fn connector(options: &PostgresOptions) -> Result<MakeRustlsConnect, Error> {
        // Another crate of the program may have set another provider for the process.
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|cause| refused("TLS cannot be set up", &cause))?;
        let config = match (&options.root_certificate, options.ssl_mode) {
            (Some(file), _) => config.with_root_certificates(from_file(file)?),
            (None, SslMode::Require) => config.with_root_certificates(of_system()?),
            (None, _) => config.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider))),
        };
        Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
    }

    fn from_file(file: &str) -> Result<RootCertStore, Error> {
        let what = format!("the certificates in `{file}` cannot be used");
        let mut roots = RootCertStore::empty();
        let found = CertificateDer::pem_file_iter(file).map_err(|cause| refused(&what, &cause))?;
        for certificate in found {
            let certificate = certificate.map_err(|cause| refused(&what, &cause))?;
            roots.add(certificate).map_err(|cause| refused(&what, &cause))?;
        }
        if roots.is_empty() {
            let message = format!("{what}: the file holds none; name a file in PEM");
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(roots)
    }

    /// Returns the certificates that the system trusts.
    fn of_system() -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let message = "the system has no certificates to trust; install them (`ca-certificates`), or name a file with \
                           `sslrootcert`";
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(roots)
    }

    fn refused(what: &str, cause: &dyn Display) -> Error {
        Error::new(ErrorKind::Config, format!("{what}: {cause}; check `sslrootcert`"))
    }

    /// Accepts the certificate of anybody: who may switch off TLS may as well show a certificate.
    #[derive(Debug)]
    struct Anybody(Arc<CryptoProvider>);

    impl ServerCertVerifier for Anybody {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }
}
