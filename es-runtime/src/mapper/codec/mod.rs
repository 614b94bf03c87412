//! Codecs turn a value into bytes and bytes into a value; every format writes the names of fields.
//!
//! Whatever is written can be read again: what a format cannot hold is refused, and so are bytes that are
//! left over. Any bytes may be read; they give an error, and neither a panic nor memory without bound.

mod lossy;
mod message;
#[cfg(feature = "own-codec")]
mod own;
mod any;
mod json;
#[cfg(feature = "msgpack")]
mod walk;
#[cfg(feature = "msgpack")]
mod msgpack;
mod unordered;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::DeserializeSeed;

pub(crate) use self::any::AnyCodec;
use self::lossy::Loss;
#[cfg(feature = "own-codec")]
pub use self::own::{Decodable, Encodable, Failure, OwnCodec};
pub(crate) use self::unordered::unordered;
use crate::error::{Error, ErrorKind};

/// The format of stored data.
///
/// The default writes what people and databases can read.
///
/// ```
/// use es_runtime::mapper::Codec;
/// assert_eq!(Codec::default(), Codec::Json);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// JSON in UTF-8, without blanks.
    #[default]
    Json,
    /// MessagePack: smaller, and `i128`, bytes and maps with any keys need no detour through text.
    #[cfg(feature = "msgpack")]
    MessagePack,
}

/// Containers inside containers, at most: as many as either format reads.
const MAX_DEPTH: usize = 127;

impl Codec {
    /// What stands for the format in stored data; it never changes.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Json => 1,
            #[cfg(feature = "msgpack")]
            Self::MessagePack => 2,
        }
    }

    /// The format that a code stands for, if this program has it.
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Json),
            #[cfg(feature = "msgpack")]
            2 => Some(Self::MessagePack),
            _ => None,
        }
    }

    /// Appends the value; leaves `into` as it was if the value cannot be written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a float that is not finite, for `Some(None)` and `Some(())`, for what the format lacks,
    /// and for values nested too deeply to be read again.
    pub(crate) fn encode<T: Serialize + ?Sized>(self, value: &T, into: &mut Vec<u8>) -> Result<(), Error> {
        let start = into.len();
        let result = match self {
            Self::Json => json::encode(value, into),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => msgpack::encode(value, into),
        };
        result.inspect_err(|_| into.truncate(start))
    }

    /// Reads what [`encode`](Self::encode) wrote, all of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`] for bytes that are not of the format, [`ErrorKind::Schema`] for data that do not fit the type.
    /// The message holds no part of the data but the names of fields.
    pub(crate) fn decode<'de, S: DeserializeSeed<'de>>(
        self,
        seed: S,
        data: &'de [u8],
    ) -> Result<S::Value, Error> {
        match self {
            Self::Json => json::decode(seed, data),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => msgpack::decode(seed, data),
        }
    }
}

fn lost(loss: Loss, path: &str) -> Error {
    let what = if path.is_empty() { "the value".to_owned() } else { format!("`{path}`") };
    let why = match loss {
        Loss::NotFinite => {
            "is a float that is infinite or not a number, and could not be read again; record a finite number, or an \
             `Option` that is `None`"
        }
        Loss::SomeOfNull => {
            "is `Some` of nothing, which is written as null and would be read again as `None`; give it the type of an \
             enum with a variant for each case"
        }
    };
    Error::new(ErrorKind::Invalid, format!("{what} {why}"))
}

fn too_deep(format: &str) -> Error {
    let message = format!(
        "the value cannot be written as {format}: it is nested deeper than {MAX_DEPTH} levels, and could not \
         be read again; store it as a list"
    );
    Error::new(ErrorKind::Invalid, message)
}

fn unwritable(format: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!(
        "the value cannot be written as {format}: {error}; give its fields types that {format} can hold"
    );
    Error::new(ErrorKind::Invalid, message).with_source(error)
}

/// Refuses bytes that are not of the format, or data that do not fit the type.
// Without the cause as its source: that would print the values that are left out here.
fn unreadable(format: &str, error: &impl std::error::Error, is_of_format: bool) -> Error {
    let why = error.to_string();
    if !is_of_format {
        return misfit(&message::without_values(&why));
    }
    let message = format!(
        "the data are not readable as {format}: {why}; they were damaged, restore them from a backup"
    );
    Error::new(ErrorKind::Corrupt, message)
}

/// Refuses data that are in order, and of another shape than the type.
fn misfit(why: &str) -> Error {
    let renamed = ["field", "variant"].into_iter().find(|part| {
        why.starts_with(&format!("missing {part} ")) || why.starts_with(&format!("unknown {part}"))
    });
    let remedy = match renamed {
        Some(part) => format!(
            "; was a {part} renamed? keep its old name with `#[serde(alias = \"..\")]`, or raise the event's `version` and \
             give an `upcast`"
        ),
        None if why.starts_with(message::NO_ATTRIBUTE) => String::new(),
        None if why.contains(message::HAS_VERSION) => {
            "; a newer release stored them, update this program".to_owned()
        }
        None => "; if the type of the event has changed, raise its `version` and give an `upcast`".to_owned(),
    };
    Error::new(ErrorKind::Schema, format!("the data do not fit the shape: {why}{remedy}"))
}
