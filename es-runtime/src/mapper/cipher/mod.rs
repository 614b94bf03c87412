//! Makes stored data unreadable without a key.
//!
//! What was encrypted is bound to where it stands: the identity of an event is authenticated with it, so a row
//! that is moved, cut or altered does not decrypt. Keys are told apart by ids, which are stored in clear, so
//! that a new key can be used for writing while old data stay readable.

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

/// Encrypts and decrypts, and authenticates both the data and what they are associated with.
///
/// An implementation must refuse data of which any bit, or of whose association any bit, was changed.
pub trait Cipher: Send + Sync + fmt::Debug {
    /// What stands for the method in stored data; it never changes.
    ///
    /// Up to 127 they are this crate's, from 128 on they are yours.
    fn code(&self) -> u8;

    /// The key that [`encrypt`](Self::encrypt) takes; stored in clear with what it encrypts.
    fn key_id(&self) -> KeyId;

    /// Returns whether [`decrypt`](Self::decrypt) knows that key; only the one that writes, unless you say so.
    fn has_key(&self, key: KeyId) -> bool {
        key == self.key_id()
    }

    /// Appends the plaintext as ciphertext, bound to `associated`, which is not stored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cipher`](crate::ErrorKind::Cipher); `into` is then as it was.
    fn encrypt(&self, plaintext: &[u8], associated: &[u8], into: &mut Vec<u8>) -> Result<(), Error>;

    /// The plaintext of what was encrypted with that key and the same `associated`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cipher`](crate::ErrorKind::Cipher) for a key that is not there, and for data that were
    /// altered, cut or moved. The message holds no secret.
    fn decrypt(&self, key: KeyId, data: &[u8], associated: &[u8]) -> Result<Vec<u8>, Error>;
}

/// Tells keys apart without telling anything about them.
///
/// ```
/// use es_runtime::mapper::KeyId;
/// assert_eq!(KeyId::from_bytes([0, 1, 0xab, 255]).to_string(), "0001abff");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// An id as it is stored.
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The id as it is stored.
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
