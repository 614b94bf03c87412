//! What stands around a state that is not bare JSON: how it was written, compressed and encrypted.
//!
//! ```text
//! format 1 | codec | compressor | cipher | key id (4 bytes, if there is a cipher) | the rest
//! ```
//!
//! Bare JSON begins with `{`, which no format does. With a cipher, the header and the identity of the row are
//! bound to the ciphertext: moved to another row, or under another header, it cannot be decrypted.

use super::{Identity, Mapper};
use crate::cipher::KeyId;
use crate::codec::Codec;
use crate::error::{Error, ErrorKind};

const FORMAT: u8 = 1;
const NONE: u8 = 0;

impl Mapper {
    /// Makes a stored state of what the codec wrote.
    pub(super) fn seal(&self, written: Vec<u8>, identity: &Identity<'_>) -> Result<Vec<u8>, Error> {
        if written.len() > self.largest {
            let message = format!(
                "it has {} bytes, and more than {} could not be read again; store less in one event, or raise the largest state",
                written.len(),
                self.largest
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let codes = [
            self.compressor.as_ref().map(|known| known.code()),
            self.cipher.as_ref().map(|known| known.code()),
        ];
        if codes.contains(&Some(NONE)) {
            return Err(Error::new(
                ErrorKind::Config,
                "a compressor or cipher has the code 0, which stands for none; give it one of 128 to 255",
            ));
        }
        let compressed = match &self.compressor {
            Some(compressor) => Some((compressor.code(), compressor.compress(&written)?)),
            None => None,
        };
        // What grew is kept as it was.
        let compressed = compressed.filter(|(_, bytes)| bytes.len() < written.len());
        if self.codec == Codec::Json && compressed.is_none() && self.cipher.is_none() {
            return Ok(written);
        }
        let (compressor, body) = compressed.unwrap_or((NONE, written));
        let mut sealed = Vec::with_capacity(body.len() + 40);
        sealed.extend([FORMAT, self.codec.code(), compressor]);
        let Some(cipher) = &self.cipher else {
            sealed.push(NONE);
            sealed.extend(body);
            return Ok(sealed);
        };
        sealed.push(cipher.code());
        sealed.extend(cipher.key_id().to_bytes());
        let associated = identity.associated(&sealed);
        cipher.encrypt(&body, &associated, &mut sealed)?;
        Ok(sealed)
    }

    /// Undoes [`seal`](Self::seal): returns what the codec wrote, and the codec.
    pub(super) fn open<'a>(
        &self,
        state: &'a [u8],
        identity: &Identity<'_>,
    ) -> Result<(Codec, std::borrow::Cow<'a, [u8]>), Error> {
        let clear =
            |state| if self.cipher.is_none() || self.allows_clear { Ok(state) } else { Err(not_encrypted()) };
        if state.first() == Some(&b'{') {
            return Ok((Codec::Json, clear(state)?.into()));
        }
        let Some(([format, codec, compressor, cipher], rest)) = state.split_first_chunk() else {
            return Err(corrupt("it is cut off"));
        };
        if *format != FORMAT {
            return Err(corrupt(&format!(
                "its format {format} is not known; a newer release may have written it"
            )));
        }
        let codec = Codec::from_code(*codec)
            .ok_or_else(|| config(&format!("the codec {codec}"), "turn on the feature `msgpack`"))?;
        let decrypted = if *cipher == NONE {
            clear(rest)?.into()
        } else {
            let known = self.cipher.as_ref().filter(|known| known.code() == *cipher);
            let known =
                known.ok_or_else(|| config(&format!("the cipher {cipher}"), "configure it with its key"))?;
            let Some((key, rest)) = rest.split_first_chunk() else { return Err(corrupt("it is cut off")) };
            let header = state.get(..8).unwrap_or_default();
            known.decrypt(KeyId::from_bytes(*key), rest, &identity.associated(header))?.into()
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

fn not_encrypted() -> Error {
    Error::new(
        ErrorKind::Cipher,
        "it is not encrypted, though a cipher is configured; if it was stored before that, allow clear data",
    )
}

fn corrupt(what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, what)
}

fn config(what: &str, remedy: &str) -> Error {
    Error::new(ErrorKind::Config, format!("it was stored with {what}, which this program lacks; {remedy}"))
}
