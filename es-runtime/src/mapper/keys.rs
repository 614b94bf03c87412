//! Data keys: one for each aggregate, encrypted by the cipher of the mapper.
//!
//! ```text
//! format 1 | cipher | id of the cipher's key (4 bytes) | the data key, encrypted, bound to the aggregate
//! format 2 | cipher | id of the cipher's key (4 bytes) | the id of the data key (8 bytes) and the data key, likewise
//! ```
//!
//! The mapper only reads format 1, and accepts any id beside it.

use uuid::Uuid;

use super::frame::{DATA_KEY, FORMAT};
use super::identity::{Identity, Kind};
use super::{DataKey, Mapper, secrecy};
use crate::error::{Error, ErrorKind};
use crate::event::Secrecy;
use crate::id::{DataKeyId, Version};
use crate::mapper::cipher::{KeyId, data_key};
use crate::stored_event::{StoredEvent, is_forgotten_notice};

/// The format of a data key that is encrypted without its id.
const BARE: u8 = 1;
/// The format of a data key that is encrypted with its id.
const WITH_ID: u8 = 2;
/// The length of the id of a data key, in bytes.
const ID: usize = 8;

impl Mapper {
    /// Sets a cipher as [`with_cipher`](Self::with_cipher) does, but encrypts the events and snapshots of each
    /// aggregate with a data key of its own. The cipher encrypts that data key. Without the data key, nobody can read
    /// them any more: see [`Application::forget`](crate::Application::forget).
    ///
    /// The mapper still reads rows that the cipher itself encrypted before.
    #[cfg(feature = "aes")]
    #[must_use]
    pub fn with_data_keys(self, cipher: impl crate::mapper::cipher::Cipher + 'static) -> Self {
        Self { has_data_keys: true, ..self.with_cipher(cipher) }
    }

    /// Returns whether each aggregate has a data key of its own.
    pub(crate) const fn has_data_keys(&self) -> bool {
        self.has_data_keys
    }

    /// Returns whether the row of an event is encrypted with a data key.
    pub(crate) fn needs_data_key(row: &StoredEvent) -> bool {
        row.state.first() == Some(&FORMAT) && row.state.get(3) == Some(&DATA_KEY)
    }

    /// Returns whether a row is readable without the data key, though it should not be. The notice of forgetting is
    /// meant to be readable.
    pub(crate) fn is_exposed(&self, row: &StoredEvent) -> bool {
        let is_clear_by_choice = self.is_clear(&Identity::of_event(row, secrecy::registered(&row.topic)));
        !Self::needs_data_key(row) && !is_clear_by_choice && !is_forgotten_notice(&row.topic)
    }

    /// Makes a data key for an aggregate: returns its id, and the encrypted key.
    pub(crate) fn new_data_key(&self, id: Uuid) -> Result<(DataKeyId, Vec<u8>), Error> {
        let key_id = DataKeyId::random();
        Ok((key_id, self.wrap(id, key_id, data_key::generate()?.as_ref())?))
    }

    /// Encrypts a stored data key as a new one would be; returns `None` if it is encrypted like that already.
    pub(crate) fn wrap_again(
        &self,
        id: Uuid,
        key_id: DataKeyId,
        wrapped: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        let cipher = self.cipher.as_ref().ok_or_else(no_cipher)?;
        let key = data_key::wiped(self.unwrap(id, key_id, wrapped).map_err(|error| of_which(id, error))?);
        let header = [&[WITH_ID, cipher.code()][..], &cipher.key_id().to_bytes()].concat();
        if wrapped.starts_with(&header) { Ok(None) } else { self.wrap(id, key_id, key.as_ref()).map(Some) }
    }

    /// Refuses a data key if no cipher of this mapper has the cipher key that encrypts it. Damaged data keys pass.
    pub(crate) fn check_key(&self, id: Uuid, key_id: DataKeyId, wrapped: &[u8]) -> Result<(), Error> {
        let is_lacking = |[format, code, key @ ..]: &[u8; 6]| {
            [BARE, WITH_ID].contains(format) && self.lacks(*code, KeyId::from_bytes(*key))
        };
        match self.unwrap(id, key_id, wrapped).map(data_key::wiped) {
            Err(error) if wrapped.first_chunk().is_some_and(is_lacking) => Err(of_which(id, error)),
            _ => Ok(()),
        }
    }

    fn wrap(&self, id: Uuid, key_id: DataKeyId, key: &[u8]) -> Result<Vec<u8>, Error> {
        let cipher = self.cipher.as_ref().ok_or_else(no_cipher)?;
        let mut wrapped = vec![WITH_ID, cipher.code()];
        wrapped.extend(cipher.key_id().to_bytes());
        let associated = of_key(id).associated(&wrapped);
        let plain = data_key::wiped([&key_id.to_bytes()[..], key].concat());
        cipher.encrypt(plain.as_ref(), &associated, &mut wrapped)?;
        Ok(wrapped)
    }

    /// Returns the mapper for the rows of an aggregate that has no data key.
    pub(crate) fn without_data_key(&self) -> Self {
        Self { data_key: DataKey::None, ..self.clone() }
    }

    /// Returns the mapper for the rows of an aggregate that has this data key.
    pub(crate) fn with_data_key(&self, id: Uuid, key_id: DataKeyId, wrapped: &[u8]) -> Result<Self, Error> {
        let cipher = self
            .unwrap(id, key_id, wrapped)
            .and_then(data_key::cipher)
            .map_err(|error| of_which(id, error))?;
        Ok(Self { data_key: DataKey::Some(cipher), ..self.clone() })
    }

    /// Decrypts the data key, whose inner id must equal the id stored beside it.
    fn unwrap(&self, id: Uuid, key_id: DataKeyId, wrapped: &[u8]) -> Result<Vec<u8>, Error> {
        let Some(([format @ (BARE | WITH_ID), code, cipher_key @ ..], rest)) =
            wrapped.split_first_chunk::<6>()
        else {
            return Err(Error::new(ErrorKind::Corrupt, "it is cut off, or of a format that is not known"));
        };
        let header = wrapped.get(..6).unwrap_or_default();
        let cipher_key = KeyId::from_bytes(*cipher_key);
        let mut key =
            self.decrypt(*code, |cipher| cipher.decrypt(cipher_key, rest, &of_key(id).associated(header)))?;
        if *format == BARE {
            return Ok(key);
        }
        let inside = key.split_first_chunk().map(|(inside, _)| DataKeyId::from_bytes(*inside));
        if inside == Some(key_id) {
            key.drain(..ID);
            return Ok(key);
        }
        drop(data_key::wiped(key));
        let inside = inside.map_or_else(|| "no id".to_owned(), |inside| format!("the id {inside}"));
        Err(Error::new(
            ErrorKind::Cipher,
            format!(
                "it was encrypted with {inside}, and the id {key_id} stands beside it; something else replaced one of the two: \
                 restore the row from a backup"
            ),
        ))
    }
}

fn of_which(id: Uuid, error: Error) -> Error {
    Error::new(error.kind(), format!("the data key of aggregate {id}: {error}")).with_source(error)
}

const fn of_key<'a>(id: Uuid) -> Identity<'a> {
    let secrecy = Secrecy::AsConfigured;
    Identity { kind: Kind::DataKey, secrecy, id, version: Version::INITIAL, topic: "" }
}

fn no_cipher() -> Error {
    Error::new(
        ErrorKind::Config,
        "data keys need a cipher; turn on the feature `aes`, and open with `Mapper::with_data_keys`",
    )
}
