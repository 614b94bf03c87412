//! A codec of this crate, or one of the user's own.

#[cfg(feature = "own-codec")]
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeSeed;

use super::Codec;
#[cfg(feature = "own-codec")]
use super::own::{self, OwnCodec};
use crate::error::Error;

/// A codec of this crate or of the user, as the mapper uses it.
#[derive(Clone, Debug)]
pub(crate) enum AnyCodec {
    Known(Codec),
    #[cfg(feature = "own-codec")]
    Own(Arc<dyn OwnCodec>),
}

impl AnyCodec {
    /// Returns the number of the codec in stored data.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Known(codec) => codec.code(),
            #[cfg(feature = "own-codec")]
            Self::Own(codec) => codec.code(),
        }
    }

    /// Appends the value; leaves `into` unchanged if the codec cannot write the value.
    pub(crate) fn encode<T: Serialize + ?Sized>(&self, value: &T, into: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Known(codec) => codec.encode(value, into),
            #[cfg(feature = "own-codec")]
            Self::Own(codec) => own::encode(&**codec, value, into),
        }
    }

    /// Reads the bytes that [`encode`](Self::encode) wrote, to the last.
    pub(crate) fn decode<'de, S: DeserializeSeed<'de>>(
        &self,
        seed: S,
        data: &'de [u8],
    ) -> Result<S::Value, Error> {
        match self {
            Self::Known(codec) => codec.decode(seed, data),
            #[cfg(feature = "own-codec")]
            Self::Own(codec) => own::decode(&**codec, seed, data),
        }
    }
}
