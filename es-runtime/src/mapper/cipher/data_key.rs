//! The data keys: each encrypts the data of one aggregate.

use std::sync::Arc;

use super::Cipher;
use crate::error::Error;

/// Generates a random key.
#[cfg(feature = "aes")]
pub(crate) fn generate() -> Result<impl AsRef<[u8]>, Error> {
    super::Key::generate(256).map(super::Key::into_bytes)
}

/// Wraps a key so that it is wiped from memory when dropped.
#[cfg(feature = "aes")]
pub(crate) fn wiped(key: Vec<u8>) -> impl AsRef<[u8]> {
    zeroize::Zeroizing::new(key)
}

/// Returns the cipher that encrypts with this key.
#[cfg(feature = "aes")]
pub(crate) fn cipher(key: Vec<u8>) -> Result<Arc<dyn Cipher>, Error> {
    let key = super::Key::from_vec(key)?;
    Ok(Arc::new(super::AesGcm::new(&key)))
}

#[cfg(not(feature = "aes"))]
pub(crate) fn generate() -> Result<impl AsRef<[u8]>, Error> {
    Err::<[u8; 0], Error>(not_built())
}

#[cfg(not(feature = "aes"))]
pub(crate) const fn wiped(key: Vec<u8>) -> Vec<u8> {
    key
}

#[cfg(not(feature = "aes"))]
pub(crate) fn cipher(_: Vec<u8>) -> Result<Arc<dyn Cipher>, Error> {
    Err(not_built())
}

#[cfg(not(feature = "aes"))]
fn not_built() -> Error {
    let message = "this build has no data keys; turn on the feature `aes` of es-runtime";
    Error::new(crate::error::ErrorKind::Config, message)
}
