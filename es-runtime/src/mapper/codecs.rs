//! The codec that writes, and those that read.

use super::Mapper;
use super::frame::config;
use crate::error::Error;
#[cfg(feature = "own-codec")]
use crate::error::ErrorKind;
use crate::mapper::codec::{AnyCodec, Codec};

impl Mapper {
    /// Writes with this codec; rows in any other are still read.
    #[must_use]
    pub fn with_codec(mut self, codec: Codec) -> Self {
        self.codec = AnyCodec::Known(codec);
        self
    }

    /// Writes with a codec of your own; rows in any other are still read. To read its rows and write with another codec,
    /// name that one afterwards: `with_own_codec(Cbor).with_codec(Codec::Json)`.
    ///
    /// See [`OwnCodec`](crate::mapper::codec::OwnCodec) for an example. An event whose codec has a code below 128 is refused as
    /// [`ErrorKind::Config`].
    #[cfg(feature = "own-codec")]
    #[must_use]
    pub fn with_own_codec(mut self, codec: impl crate::mapper::codec::OwnCodec + 'static) -> Self {
        let codec: std::sync::Arc<dyn crate::mapper::codec::OwnCodec> = std::sync::Arc::new(codec);
        self.own_codecs.retain(|known| known.code() != codec.code());
        self.own_codecs.push(std::sync::Arc::clone(&codec));
        self.codec = AnyCodec::Own(codec);
        self
    }

    /// The codec with this code.
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

    /// Refuses a codec of the user's own whose code is not the user's.
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

/// From here on, codes are the user's.
const OWN: u8 = 128;
