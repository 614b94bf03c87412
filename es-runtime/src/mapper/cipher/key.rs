use std::fmt;
use std::str::FromStr;

use aes_gcm::aead::Generate;
use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::U32;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig as Config};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};

/// A key for AES, of 128, 192 or 256 bits.
///
/// A key never prints itself, and is wiped from memory when dropped.
///
/// ```
/// use es_runtime::mapper::Key;
///
/// let key = Key::generate(256)?;
/// assert_eq!(key.bits(), 256);
/// // Once, to be kept where secrets are kept:
/// let text = key.to_base64();
/// let again: Key = text.parse()?;
/// assert_eq!(again.to_base64(), text);
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct Key(Zeroizing<Vec<u8>>);

impl Key {
    /// Generates a key of 128, 192 or 256 bits from the random numbers of the operating system.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for another number of bits; [`ErrorKind::Cipher`] if the system has no random numbers.
    pub fn generate(bits: usize) -> Result<Self, Error> {
        let mut random = Array::<u8, U32>::try_generate().map_err(no_random)?;
        let key = match random.get(..bits / 8) {
            Some(bytes) if bits.is_multiple_of(8) => Self::from_bytes(bytes),
            _ => Err(Error::new(ErrorKind::Config, format!("a key cannot have {bits} bits; {SIZES}"))),
        };
        zeroize::Zeroize::zeroize(random.as_mut_slice());
        key
    }

    /// Makes a key of these 16, 24 or 32 bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for another number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_vec(bytes.to_vec())
    }

    /// Reads the text that [`to_base64`](Self::to_base64) wrote; surrounding space and missing padding do not matter.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for any other text; the message does not show the text.
    pub fn from_base64(text: &str) -> Result<Self, Error> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| {
            Error::new(ErrorKind::Config, "a key is not base64; make one with `openssl rand -base64 32`")
        })?;
        Self::checked(Zeroizing::new(bytes))
    }

    /// Writes the secret bytes of the key as base64, for a place where secrets are kept and nowhere else.
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.as_bytes())
    }

    /// Returns the size of the key: 128, 192 or 256 bits.
    pub fn bits(&self) -> usize {
        self.0.len() * 8
    }

    /// Makes a key as [`from_bytes`](Self::from_bytes) does, but leaves no copy of the bytes in memory.
    pub(super) fn from_vec(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::checked(Zeroizing::new(bytes))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the secret bytes, for the cipher that encrypts them.
    pub(super) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    fn checked(bytes: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        match bytes.len() {
            16 | 24 | 32 => Ok(Self(bytes)),
            length => {
                let message = format!(
                    "a key cannot have {length} bytes; {SIZES}; make one with `openssl rand -base64 32`"
                );
                Err(Error::new(ErrorKind::Config, message))
            }
        }
    }
}

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_base64(text)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

pub(super) fn no_random(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!("the operating system gives no random numbers: {error}; nothing can be encrypted");
    Error::new(ErrorKind::Cipher, message).with_source(error)
}

const SIZES: &str = "AES takes 16, 24 or 32 bytes (128, 192 or 256 bits)";

const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, Config::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));
