//! The frame around a state that is not bare JSON: its codec, compressor and cipher.
//!
//! ```text
//! format 1 | codec | compressor | cipher | key id (4 bytes, if there is a cipher) | the rest
//! ```
//!
//! Bare JSON begins with `{`, unlike any format. The cipher binds the header and the identity of the row to the
//! ciphertext: it cannot be decrypted in another row or under another header.

use super::identity::{Identity, Kind};
use super::{DataKey, Mapper, Under, secrecy};
use crate::error::{Error, ErrorKind};
use crate::event::Secrecy;
use crate::mapper::cipher::{Cipher, KeyId};
use crate::mapper::codec::{AnyCodec, Codec};
use crate::stored_event::StoredEvent;

pub(super) const FORMAT: u8 = 1;
const NONE: u8 = 0;
/// AES-GCM with a cipher key of the mapper.
const AES_GCM: u8 = 1;
/// AES-GCM with the data key of the aggregate.
pub(super) const DATA_KEY: u8 = 2;

impl Mapper {
    /// Compresses, encrypts and frames the output of the codec as a stored state.
    pub(super) fn seal(
        &self,
        written: Vec<u8>,
        identity: &Identity<'_>,
        under: Under,
    ) -> Result<Vec<u8>, Error> {
        if written.len() > self.largest {
            let message = format!(
                "it has {} bytes, and more than {} could not be read again; store less in one event, or raise the largest state",
                written.len(),
                self.largest
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        self.check_codec()?;
        let compressor = self.compressor.as_ref().map(|known| known.code());
        let cipher = self.cipher.as_ref().map(|known| known.code());
        if [compressor, cipher].contains(&Some(NONE)) || cipher == Some(DATA_KEY) {
            return Err(Error::new(
                ErrorKind::Config,
                "a compressor or cipher has the code 0, which stands for none, or a cipher the code 2, which stands \
                 for data keys; give it one of 128 to 255",
            ));
        }
        let compressed = match &self.compressor {
            Some(compressor) => Some((compressor.code(), compressor.compress(&written)?)),
            None => None,
        };
        // Data that do not shrink stay uncompressed.
        let compressed = compressed.filter(|(_, bytes)| bytes.len() < written.len());
        let cipher = if self.is_clear(identity) { None } else { self.writing_cipher(identity.kind, under)? };
        if cipher.is_none() && identity.secrecy == Secrecy::Encrypted {
            return Err(secrecy::no_cipher());
        }
        if matches!(self.codec, AnyCodec::Known(Codec::Json)) && compressed.is_none() && cipher.is_none() {
            return Ok(written);
        }
        let (compressor, body) = compressed.unwrap_or((NONE, written));
        let mut sealed = Vec::with_capacity(body.len() + 40);
        sealed.extend([FORMAT, self.codec.code(), compressor]);
        let Some((code, cipher)) = cipher else {
            sealed.push(NONE);
            sealed.extend(body);
            return Ok(sealed);
        };
        sealed.push(code);
        sealed.extend(cipher.key_id().to_bytes());
        let associated = identity.associated(&sealed);
        cipher.encrypt(&body, &associated, &mut sealed)?;
        Ok(sealed)
    }

    /// Undoes [`seal`](Self::seal): returns the output of the codec, and the codec.
    pub(super) fn open<'a>(
        &self,
        state: &'a [u8],
        identity: &Identity<'_>,
    ) -> Result<(AnyCodec, std::borrow::Cow<'a, [u8]>), Error> {
        let clear = |state| self.check_clear(identity).map(|()| state);
        if state.first() == Some(&b'{') {
            return Ok((AnyCodec::Known(Codec::Json), clear(state)?.into()));
        }
        let Some(([format, codec, compressor, cipher], rest)) = state.split_first_chunk() else {
            return Err(corrupt("it is cut off"));
        };
        if *format != FORMAT {
            return Err(corrupt(&format!(
                "its format {format} is not known; a newer release may have written it"
            )));
        }
        let codec = self.codec_of(*codec)?;
        let decrypted = if *cipher == NONE {
            clear(rest)?.into()
        } else {
            let Some((key, rest)) = rest.split_first_chunk() else { return Err(corrupt("it is cut off")) };
            let header = state.get(..8).unwrap_or_default();
            let key = KeyId::from_bytes(*key);
            self.decrypt(*cipher, |known| known.decrypt(key, rest, &identity.associated(header)))?.into()
        };
        if *compressor == NONE {
            return Ok((codec, decrypted));
        }
        let known = self.compressors.iter().find(|known| known.code() == *compressor);
        let known = known.ok_or_else(|| {
            config(&format!("the compressor {compressor}"), "turn on its feature, or configure it")
        })?;
        Ok((codec, known.decompress(&decrypted, self.largest)?.into()))
    }
}

impl Mapper {
    /// Returns the cipher that writes, with its code.
    fn writing_cipher(&self, kind: Kind, under: Under) -> Result<Option<(u8, &dyn Cipher)>, Error> {
        let is_event = matches!(kind, Kind::Event);
        match (&self.cipher, &self.data_key, under) {
            (_, DataKey::Some(data_key), Under::DataKey) => Ok(Some((DATA_KEY, &**data_key))),
            // An aggregate from before there were data keys gets its own with its next event.
            (Some(_), _, Under::DataKey) if self.has_data_keys && is_event => Err(Error::new(
                ErrorKind::Config,
                "events are encrypted with the data keys of their aggregates, which only an event store gives; store \
                 them through it",
            )),
            (Some(cipher), ..) => Ok(Some((cipher.code(), &**cipher))),
            (None, ..) => Ok(None),
        }
    }

    /// Returns whether no cipher of this mapper has the key that the row is encrypted with.
    pub(super) fn lacks_key_of(&self, row: &StoredEvent) -> bool {
        match &*row.state {
            [FORMAT, _, _, code, key @ ..] if ![NONE, DATA_KEY].contains(code) => {
                key.first_chunk().is_some_and(|key| self.lacks(*code, KeyId::from_bytes(*key)))
            }
            _ => false,
        }
    }

    /// Returns whether no cipher of that code has the key.
    pub(super) fn lacks(&self, code: u8, key: KeyId) -> bool {
        let mut ciphers = self.cipher.iter().chain(&self.old_ciphers);
        !ciphers.any(|known| known.code() == code && known.has_key(key))
    }

    /// Decrypts with each cipher of this code in turn.
    pub(super) fn decrypt(
        &self,
        code: u8,
        decrypt: impl Fn(&dyn Cipher) -> Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, Error> {
        if code == DATA_KEY {
            return match &self.data_key {
                DataKey::Some(data_key) => decrypt(&**data_key),
                DataKey::None => Err(Error::new(
                    ErrorKind::Cipher,
                    "the data key of its aggregate is not stored; something else removed it, or the row was moved here",
                )),
                DataKey::NotAskedFor if self.has_data_keys => Err(Error::new(
                    ErrorKind::Config,
                    "it is encrypted with the data key of its aggregate; read it with `EventStore::mapper_for`, which has it",
                )),
                DataKey::NotAskedFor => Err(config(
                    "the data key of its aggregate",
                    "open with `Mapper::with_data_keys` or `CIPHER_DATA_KEYS=yes`",
                )),
            };
        }
        let mut refused = None;
        for known in self.cipher.iter().chain(&self.old_ciphers).filter(|known| known.code() == code) {
            match decrypt(&**known) {
                Err(error) => refused = refused.or(Some(error)),
                decrypted => return decrypted,
            }
        }
        let missing = || match code {
            AES_GCM => config(
                "AES-GCM",
                "turn on the feature `aes`, and open with `Mapper::with_cipher` or set CIPHER_KEY, with the key of then",
            ),
            code => {
                config(&format!("the cipher {code}"), "open with `Mapper::with_cipher`, with the key of then")
            }
        };
        Err(refused.unwrap_or_else(missing))
    }
}

fn corrupt(what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, what)
}

pub(super) fn config(what: &str, remedy: &str) -> Error {
    Error::new(ErrorKind::Config, format!("it was stored with {what}, which this program lacks; {remedy}"))
}
