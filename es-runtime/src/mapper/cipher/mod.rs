//! Ciphers make stored data unreadable without a key.
//!
//! A ciphertext is bound to its place, because the cipher authenticates the identity of the event with it. A row that
//! was moved, cut or altered does not decrypt. The id of the key stands in clear beside the data, so the mapper can
//! write with a new key while old data stay readable.

#[cfg(feature = "aes")]
mod key;
#[cfg(feature = "aes")]
mod aes;
pub(crate) mod data_key;
#[cfg(all(test, feature = "aes"))]
mod tests;

use std::fmt;

#[cfg(feature = "aes")]
pub use self::aes::AesGcm;
#[cfg(feature = "aes")]
pub use self::key::Key;
use crate::error::Error;

/// A cipher, which authenticates both the data and their association.
///
/// An implementation must refuse data if any bit of them, or of their association, was changed.
pub trait Cipher: Send + Sync + fmt::Debug {
    /// Returns the number of the method in stored data; it never changes.
    ///
    /// Codes up to 127 belong to this crate, codes from 128 on to you.
    fn code(&self) -> u8;

    /// Returns the id of the key that [`encrypt`](Self::encrypt) takes; the mapper stores it in clear beside the data.
    fn key_id(&self) -> KeyId;

    /// Returns whether [`decrypt`](Self::decrypt) knows that key; by default only the key that writes.
    fn has_key(&self, key: KeyId) -> bool {
        key == self.key_id()
    }

    /// Appends the plaintext as ciphertext, bound to `associated`, which the mapper does not store.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cipher`](crate::ErrorKind::Cipher); `into` is then unchanged.
    fn encrypt(&self, plaintext: &[u8], associated: &[u8], into: &mut Vec<u8>) -> Result<(), Error>;

    /// Decrypts data that were encrypted with that key and the same `associated`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cipher`](crate::ErrorKind::Cipher) for a key that the cipher lacks, and for data that were altered,
    /// cut or moved. The message holds no secret.
    fn decrypt(&self, key: KeyId, data: &[u8], associated: &[u8]) -> Result<Vec<u8>, Error>;
}

/// The id of a cipher key, which reveals nothing of the key.
///
/// ```
/// use es_runtime::mapper::KeyId;
/// assert_eq!(KeyId::from_bytes([0, 1, 0xab, 255]).to_string(), "0001abff");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// Reads an id from its stored form.
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// Returns the stored form of the id.
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}
