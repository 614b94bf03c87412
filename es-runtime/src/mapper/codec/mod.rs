//! Codecs turn a value into bytes and bytes into a value; every codec writes the names of fields.
//!
//! A codec can read whatever it writes: it refuses values that the format cannot hold, and bytes that are left over. It
//! may read any bytes, and reports an error rather than panic or take memory without bound.

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

/// The deepest nesting of containers that both formats read.
const MAX_DEPTH: usize = 127;

impl Codec {
    /// Returns the number of the format in stored data; it never changes.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Json => 1,
            #[cfg(feature = "msgpack")]
            Self::MessagePack => 2,
        }
    }

    /// Returns the format with this code, if this program has it.
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Json),
            #[cfg(feature = "msgpack")]
            2 => Some(Self::MessagePack),
            _ => None,
        }
    }

    /// Appends the value; leaves `into` unchanged if the codec cannot write the value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a float that is not finite, for `Some(None)` and `Some(())`, for a value that the
    /// format lacks, and for values nested too deeply to be read again.
    pub(crate) fn encode<T: Serialize + ?Sized>(self, value: &T, into: &mut Vec<u8>) -> Result<(), Error> {
        let start = into.len();
        let result = match self {
            Self::Json => json::encode(value, into),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => msgpack::encode(value, into),
        };
        result.inspect_err(|_| into.truncate(start))
    }

    /// Reads the bytes that [`encode`](Self::encode) wrote, to the last.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`] for bytes that are not of the format, [`ErrorKind::Schema`] for data that do not fit the
    /// type. The message holds the names of fields, but no other part of the data.
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

/// Refuses a value that holds a struct with one key twice: once as a field, once in a flattened map.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] for such a value.
pub(crate) fn refuse_doubles<T: Serialize + ?Sized>(value: &T) -> Result<(), Error> {
    lossy::find_double(value).map_or(Ok(()), |path| Err(lost(Loss::Twice, &path)))
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
        Loss::Twice => {
            "is a field, and also a key of a flattened map: it would be written twice, and could not be read again; use another \
             key, or remove `#[serde(flatten)]`"
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

/// Reports bytes that are not of the format, or data that do not fit the type.
// The error has no source: the cause would print the values that the message leaves out.
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

/// Reports well-formed data of another shape than the type.
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
