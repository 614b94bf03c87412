//! Data keys: each aggregate's own, itself encrypted by the cipher of the mapper.
//!
//! ```text
//! format 1 | cipher | key id (4 bytes) | the data key, encrypted, bound to the aggregate
//! ```

use uuid::Uuid;

use super::{Identity, Kind, Mapper};
use crate::error::{Error, ErrorKind};
use crate::id::Version;

impl Mapper {
    /// As [`with_cipher`](Self::with_cipher), but the events and snapshots of each aggregate are encrypted with a key of
    /// its own, which the cipher encrypts in turn. Without that key, nobody can read them any more: see
    /// [`Application::forget`](crate::Application::forget).
    ///
    /// What the cipher itself encrypted before is still read.
    #[cfg(feature = "aes")]
    #[must_use]
    pub fn with_data_keys(self, cipher: impl crate::cipher::Cipher + 'static) -> Self {
        Self { has_data_keys: true, ..self.with_cipher(cipher) }
    }

    /// Whether each aggregate has a key of its own.
    pub(crate) const fn has_data_keys(&self) -> bool {
        self.has_data_keys
    }

    /// Whether a state was encrypted with the data key of its aggregate.
    pub(crate) fn is_under_data_key(state: &[u8]) -> bool {
        state.first() == Some(&super::frame::FORMAT) && state.get(3) == Some(&super::frame::DATA_KEY)
    }

    /// A new data key for an aggregate, as it is stored.
    #[cfg(feature = "aes")]
    pub(crate) fn new_data_key(&self, id: Uuid) -> Result<Vec<u8>, Error> {
        let cipher = self.cipher.as_ref().ok_or_else(no_cipher)?;
        let key = crate::cipher::Key::generate(256)?;
        let mut wrapped = vec![super::frame::FORMAT, cipher.code()];
        wrapped.extend(cipher.key_id().to_bytes());
        let associated = of_key(id).associated(&wrapped);
        cipher.encrypt(key.as_bytes(), &associated, &mut wrapped)?;
        Ok(wrapped)
    }

    /// The mapper of the rows of an aggregate that has this data key.
    #[cfg(feature = "aes")]
    pub(crate) fn with_data_key(&self, id: Uuid, wrapped: &[u8]) -> Result<Self, Error> {
        let failed = |error: Error| {
            Error::new(error.kind(), format!("the data key of aggregate {id}: {error}")).with_source(error)
        };
        let corrupt =
            || failed(Error::new(ErrorKind::Corrupt, "it is cut off, or of a format that is not known"));
        let cipher = self.cipher.as_ref().ok_or_else(no_cipher)?;
        let Some(([super::frame::FORMAT, code, key_id @ ..], rest)) = wrapped.split_first_chunk::<6>() else {
            return Err(corrupt());
        };
        if *code != cipher.code() {
            let message = format!(
                "it was encrypted with the cipher {code}, which this program lacks; configure it with its key"
            );
            return Err(failed(Error::new(ErrorKind::Config, message)));
        }
        let header = wrapped.get(..6).unwrap_or_default();
        let key_id = crate::cipher::KeyId::from_bytes(*key_id);
        let bytes = cipher.decrypt(key_id, rest, &of_key(id).associated(header)).map_err(failed)?;
        let key = crate::cipher::Key::from_vec(bytes).map_err(|_| corrupt())?;
        Ok(Self { data_key: Some(std::sync::Arc::new(crate::cipher::AesGcm::new(&key))), ..self.clone() })
    }

    #[cfg(not(feature = "aes"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) fn new_data_key(&self, _: Uuid) -> Result<Vec<u8>, Error> {
        Err(no_cipher())
    }

    #[cfg(not(feature = "aes"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) fn with_data_key(&self, _: Uuid, _: &[u8]) -> Result<Self, Error> {
        Err(no_cipher())
    }
}

#[cfg(feature = "aes")]
const fn of_key<'a>(id: Uuid) -> Identity<'a> {
    Identity { kind: Kind::DataKey, id, version: Version::INITIAL, topic: "" }
}

fn no_cipher() -> Error {
    Error::new(
        ErrorKind::Config,
        "data keys need a cipher; turn on the feature `aes`, and open with `Mapper::with_data_keys`",
    )
}
