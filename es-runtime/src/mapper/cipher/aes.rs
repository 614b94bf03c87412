use std::{fmt, iter};

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{self, AeadInOut, Generate, KeyInit};
use aes_gcm::aes::cipher::{Block, BlockCipherEncrypt};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{Nonce, Tag};

use super::key::no_random;
use super::{Cipher, Key, KeyId};
use crate::error::{Error, ErrorKind};

/// The cipher AES-GCM: one key for writing, any number of old ones for reading.
///
/// Each encryption takes a new random nonce of 96 bits, so one text never looks the same twice. Replace a key before it
/// has written four billion events: beyond, two nonces may coincide.
///
/// ```
/// use es_runtime::mapper::{AesGcm, Cipher, Key};
///
/// let (old, new) = (Key::generate(256)?, Key::generate(256)?);
/// let before = AesGcm::new(&old);
/// let mut data = Vec::new();
/// before.encrypt(b"10 to Ann", b"account 7, version 3", &mut data)?;
///
/// let now = AesGcm::new(&new).with_old_key(&old);
/// assert_eq!(now.decrypt(before.key_id(), &data, b"account 7, version 3")?, b"10 to Ann");
/// assert!(now.decrypt(before.key_id(), &data, b"account 8, version 3").is_err());
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub struct AesGcm {
    current: Entry,
    pub(super) old: Vec<Entry>,
}

impl AesGcm {
    /// Returns a cipher that writes and reads with one key.
    pub fn new(key: &Key) -> Self {
        Self { current: Entry::new(key), old: Vec::new() }
    }

    /// Adds an old key, for reading only.
    #[must_use]
    pub fn with_old_key(mut self, key: &Key) -> Self {
        self.old.push(Entry::new(key));
        self
    }

    /// Reads the keys from text in base64: the key that writes, and the old keys with commas between.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for text that is no key; the message does not show the text.
    ///
    /// ```
    /// use es_runtime::mapper::AesGcm;
    ///
    /// // From the variables CIPHER_KEY and CIPHER_KEYS_OLD.
    /// let cipher = AesGcm::from_base64("AAECAwQFBgcICQoLDA0ODw==", "")?;
    /// let error = AesGcm::from_base64("AAECAwQFBgcICQoLDA0ODw==", "AAECAwQ=").err();
    /// assert_eq!(
    ///     error.map(|error| error.to_string()).as_deref(),
    ///     Some(
    ///         "old cipher key 1 (CIPHER_KEYS_OLD): a key cannot have 5 bytes; \
    ///          AES takes 16, 24 or 32 bytes (128, 192 or 256 bits); make one with `openssl rand -base64 32`"
    ///     )
    /// );
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn from_base64(current: &str, old: &str) -> Result<Self, Error> {
        let read = |text: &str, which: String| {
            Key::from_base64(text).map_err(|error| Error::new(error.kind(), format!("{which}: {error}")))
        };
        let cipher = Self::new(&read(current, "the cipher key (CIPHER_KEY)".to_owned())?);
        let old = old.split(',').filter(|text| !text.trim().is_empty()).zip(1..);
        old.map(|(text, at)| read(text, format!("old cipher key {at} (CIPHER_KEYS_OLD)")))
            .try_fold(cipher, |cipher, key| Ok(cipher.with_old_key(&key?)))
    }
}

impl Cipher for AesGcm {
    fn code(&self) -> u8 {
        1
    }

    fn key_id(&self) -> KeyId {
        self.current.id
    }

    fn has_key(&self, key: KeyId) -> bool {
        iter::once(&self.current).chain(&self.old).any(|entry| entry.id == key)
    }

    fn encrypt(&self, plaintext: &[u8], associated: &[u8], into: &mut Vec<u8>) -> Result<(), Error> {
        let nonce = Nonce::<U12>::try_generate().map_err(no_random)?;
        let start = into.len();
        into.reserve(NONCE + plaintext.len() + TAG);
        into.extend_from_slice(&nonce);
        into.extend_from_slice(plaintext);
        let text = into.get_mut(start + NONCE..).unwrap_or_default();
        let Ok(tag) = self.current.schedule.encrypt(&nonce, associated, text.into()) else {
            into.truncate(start);
            return Err(Error::new(
                ErrorKind::Cipher,
                "the data are too long for AES-GCM; store less in one event",
            ));
        };
        into.extend_from_slice(&tag);
        Ok(())
    }

    fn decrypt(&self, key: KeyId, data: &[u8], associated: &[u8]) -> Result<Vec<u8>, Error> {
        let mut keys = iter::once(&self.current).chain(&self.old).filter(|entry| entry.id == key).peekable();
        if keys.peek().is_none() {
            return Err(unknown(key));
        }
        let parts = data.split_first_chunk::<NONCE>();
        let parts = parts.and_then(|(nonce, rest)| Some((nonce, rest.split_last_chunk::<TAG>()?)));
        let (nonce, (text, tag)) = parts.ok_or_else(|| refused(key))?;
        // A decryption with a wrong tag leaves the text as it is, for the next key.
        let mut text = text.to_vec();
        let fits = |entry: &Entry| {
            let text = text.as_mut_slice().into();
            entry.schedule.decrypt(&(*nonce).into(), associated, text, &(*tag).into()).is_ok()
        };
        if keys.any(fits) { Ok(text) } else { Err(refused(key)) }
    }
}

impl fmt::Debug for AesGcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AesGcm").field("key_id", &self.current.id).finish_non_exhaustive()
    }
}

fn unknown(key: KeyId) -> Error {
    let message = format!(
        "the data were encrypted with the key {key}, which the key ring lacks; add that key to the old ones \
         (CIPHER_KEYS_OLD)"
    );
    Error::new(ErrorKind::Cipher, message)
}

fn refused(key: KeyId) -> Error {
    let message = format!(
        "the data do not decrypt with the key {key}: they were altered, cut or moved here from elsewhere, or \
         another key of this id wrote them; restore them from a backup, or add that key to the old ones \
         (CIPHER_KEYS_OLD)"
    );
    Error::new(ErrorKind::Cipher, message)
}

const NONCE: usize = 12;
const TAG: usize = 16;

/// The block whose encryption is the id of a key. GCM never encrypts a block with the counter 0 after a nonce, and
/// authenticates with the encryption of the zero block. This block is neither, so the id reveals nothing of either.
const ID_BLOCK: [u8; 16] = *b"es-key-id-v1\0\0\0\0";

/// A key, expanded once.
pub(super) struct Entry {
    pub(super) id: KeyId,
    schedule: Schedule,
}

impl Entry {
    fn new(key: &Key) -> Self {
        let bytes = key.as_bytes();
        // `Key` holds 16, 24 or 32 bytes.
        if let Ok(aes) = Aes128::new_from_slice(bytes) {
            Self { id: id(&aes), schedule: Schedule::Aes128(aes.into()) }
        } else if let Ok(aes) = Aes192::new_from_slice(bytes) {
            Self { id: id(&aes), schedule: Schedule::Aes192(aes.into()) }
        } else {
            let mut whole = aes_gcm::Key::<Aes256>::default();
            whole.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            let aes = Aes256::new(&whole);
            zeroize::Zeroize::zeroize(whole.as_mut_slice());
            Self { id: id(&aes), schedule: Schedule::Aes256(aes.into()) }
        }
    }
}

fn id<A: BlockCipherEncrypt<BlockSize = aead::consts::U16>>(aes: &A) -> KeyId {
    let mut block: Block<A> = ID_BLOCK.into();
    aes.encrypt_block(&mut block);
    let [a, b, c, d, ..] = block.0;
    KeyId::from_bytes([a, b, c, d])
}

enum Schedule {
    Aes128(aes_gcm::AesGcm<Aes128, U12>),
    Aes192(aes_gcm::AesGcm<Aes192, U12>),
    Aes256(aes_gcm::AesGcm<Aes256, U12>),
}

impl Schedule {
    fn encrypt(
        &self,
        nonce: &Nonce<U12>,
        associated: &[u8],
        text: InOutBuf<'_, '_, u8>,
    ) -> Result<Tag, aead::Error> {
        match self {
            Self::Aes128(aes) => aes.encrypt_inout_detached(nonce, associated, text),
            Self::Aes192(aes) => aes.encrypt_inout_detached(nonce, associated, text),
            Self::Aes256(aes) => aes.encrypt_inout_detached(nonce, associated, text),
        }
    }

    fn decrypt(
        &self,
        nonce: &Nonce<U12>,
        associated: &[u8],
        text: InOutBuf<'_, '_, u8>,
        tag: &Tag,
    ) -> Result<(), aead::Error> {
        match self {
            Self::Aes128(aes) => aes.decrypt_inout_detached(nonce, associated, text, tag),
            Self::Aes192(aes) => aes.decrypt_inout_detached(nonce, associated, text, tag),
            Self::Aes256(aes) => aes.decrypt_inout_detached(nonce, associated, text, tag),
        }
    }
}
