//! The codec that writes, and the codecs that read.

use super::Mapper;
use super::frame::config;
use crate::error::Error;
#[cfg(feature = "own-codec")]
use crate::error::ErrorKind;
use crate::mapper::codec::{AnyCodec, Codec};

impl Mapper {
    /// Sets the codec that writes; the mapper still reads rows of any other.
    #[must_use]
    pub fn with_codec(mut self, codec: Codec) -> Self {
        self.codec = AnyCodec::Known(codec);
        self
    }

    /// Sets a codec of your own, which writes; the mapper still reads rows of any other codec.
    ///
    /// To read rows of your codec but write with another, name the other afterwards:
    /// `with_own_codec(Cbor).with_codec(Codec::Json)`.
    ///
    /// See [`OwnCodec`](crate::mapper::codec::OwnCodec) for an example. The mapper refuses an event as
    /// [`ErrorKind::Config`] if the code of the codec is below 128.
    #[cfg(feature = "own-codec")]
    #[must_use]
    pub fn with_own_codec(mut self, codec: impl crate::mapper::codec::OwnCodec + 'static) -> Self {
        let codec: std::sync::Arc<dyn crate::mapper::codec::OwnCodec> = std::sync::Arc::new(codec);
        self.own_codecs.retain(|known| known.code() != codec.code());
        self.own_codecs.push(std::sync::Arc::clone(&codec));
        self.codec = AnyCodec::Own(codec);
        self
    }

    /// Returns the codec with this code.
    #[cfg_attr(
        not(feature = "own-codec"),
        expect(clippy::unused_self, reason = "there are no codecs of the user's own")
    )]
    pub(super) fn codec_of(&self, code: u8) -> Result<AnyCodec, Error> {
        if let Some(codec) = Codec::from_code(code) {
            return Ok(AnyCodec::Known(codec));
        }
        #[cfg(feature = "own-codec")]
        if let Some(codec) = self.own_codecs.iter().find(|known| known.code() == code) {
            return Ok(AnyCodec::Own(codec.clone()));
        }
        let remedy = if code < OWN {
            "turn on the feature `msgpack`"
        } else {
            "name it with `Mapper::with_own_codec`, of the feature `own-codec`"
        };
        Err(config(&format!("the codec {code}"), remedy))
    }

    /// Refuses a codec of the user whose code belongs to this crate.
    #[cfg_attr(
        not(feature = "own-codec"),
        expect(clippy::unnecessary_wraps, reason = "there are no codecs of the user's own")
    )]
    pub(super) fn check_codec(&self) -> Result<(), Error> {
        match &self.codec {
            #[cfg(feature = "own-codec")]
            AnyCodec::Own(codec) if codec.code() < OWN => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the codec {} has the code {}, which is kept for codecs of this crate; give it one of 128 to 255",
                    codec.name(),
                    codec.code()
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// The first code that belongs to the user.
const OWN: u8 = 128;
