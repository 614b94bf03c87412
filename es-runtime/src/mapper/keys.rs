//! Data keys: each aggregate's own, itself encrypted by the cipher of the mapper.
//!
//! ```text
//! format 1 | cipher | key id (4 bytes) | the data key, encrypted, bound to the aggregate
//! ```

use uuid::Uuid;

use super::frame::{DATA_KEY, FORMAT};
use super::{DataKey, Identity, Kind, Mapper};
use crate::cipher::{KeyId, data_key};
use crate::error::{Error, ErrorKind};
use crate::id::{DataKeyId, Version};
use crate::stored_event::StoredEvent;

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

    /// Returns whether the row of an event is encrypted with a data key.
    #[expect(clippy::unused_self, reason = "the mapper alone knows frames")]
    pub(crate) fn needs_data_key(&self, row: &StoredEvent) -> bool {
        row.state.first() == Some(&FORMAT) && row.state.get(3) == Some(&DATA_KEY)
    }

    /// Whether the row of an event can be read without the data key, though it should not.
    pub(crate) fn is_exposed(&self, row: &StoredEvent) -> bool {
        let is_clear_by_choice = self.clear_topics.iter().any(|topic| row.topic == **topic);
        !self.needs_data_key(row) && !is_clear_by_choice && !row.topic.ends_with(".Forgotten")
    }

    /// A new data key for an aggregate, as it is stored.
    pub(crate) fn new_data_key(&self, id: Uuid) -> Result<(DataKeyId, Vec<u8>), Error> {
        Ok((DataKeyId::random(), self.wrap(id, data_key::generate()?.as_ref())?))
    }

    /// The data key as it is stored now; nothing if that is how it is stored already.
    pub(crate) fn wrap_again(
        &self,
        id: Uuid,
        _: DataKeyId,
        wrapped: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        let cipher = self.cipher.as_ref().ok_or_else(no_cipher)?;
        let key = data_key::wiped(self.unwrap(id, wrapped).map_err(|error| of_which(id, error))?);
        let header = [&[FORMAT, cipher.code()][..], &cipher.key_id().to_bytes()].concat();
        if wrapped.starts_with(&header) { Ok(None) } else { self.wrap(id, key.as_ref()).map(Some) }
    }

    fn wrap(&self, id: Uuid, key: &[u8]) -> Result<Vec<u8>, Error> {
        let cipher = self.cipher.as_ref().ok_or_else(no_cipher)?;
        let mut wrapped = vec![FORMAT, cipher.code()];
        wrapped.extend(cipher.key_id().to_bytes());
        let associated = of_key(id).associated(&wrapped);
        cipher.encrypt(key, &associated, &mut wrapped)?;
        Ok(wrapped)
    }

    /// The mapper of the rows of an aggregate that has no data key.
    pub(crate) fn without_data_key(&self) -> Self {
        Self { data_key: DataKey::None, ..self.clone() }
    }

    /// The mapper of the rows of an aggregate that has this data key.
    pub(crate) fn with_data_key(&self, id: Uuid, _: DataKeyId, wrapped: &[u8]) -> Result<Self, Error> {
        let cipher =
            self.unwrap(id, wrapped).and_then(data_key::cipher).map_err(|error| of_which(id, error))?;
        Ok(Self { data_key: DataKey::Some(cipher), ..self.clone() })
    }

    /// The data key itself.
    fn unwrap(&self, id: Uuid, wrapped: &[u8]) -> Result<Vec<u8>, Error> {
        let Some(([FORMAT, code, key_id @ ..], rest)) = wrapped.split_first_chunk::<6>() else {
            return Err(Error::new(ErrorKind::Corrupt, "it is cut off, or of a format that is not known"));
        };
        let header = wrapped.get(..6).unwrap_or_default();
        let key_id = KeyId::from_bytes(*key_id);
        self.decrypt(*code, |cipher| cipher.decrypt(key_id, rest, &of_key(id).associated(header)))
    }
}

fn of_which(id: Uuid, error: Error) -> Error {
    Error::new(error.kind(), format!("the data key of aggregate {id}: {error}")).with_source(error)
}

const fn of_key<'a>(id: Uuid) -> Identity<'a> {
    Identity { kind: Kind::DataKey, id, version: Version::INITIAL, topic: "" }
}

fn no_cipher() -> Error {
    Error::new(
        ErrorKind::Config,
        "data keys need a cipher; turn on the feature `aes`, and open with `Mapper::with_data_keys`",
    )
}
