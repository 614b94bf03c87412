//! The user's own codecs, behind an object-safe trait: values cross it with their types erased.
//!
//! The codecs of this crate refuse values that could not be read again, and keep data out of messages. This module does
//! both for any codec.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;

use serde::de::DeserializeSeed;
use serde::{Deserializer, Serialize, Serializer, ser};

use super::{lossy, lost, message, misfit, too_deep};
use crate::error::{Error, ErrorKind};

/// The reason why a codec of your own fails. The mapper ignores its text, and does not show it, since it may hold data.
pub type Failure = Box<dyn StdError + Send + Sync>;

/// A codec of your own: CBOR, for example, through a crate for serde.
///
/// The mapper takes it with [`Mapper::with_own_codec`](crate::mapper::Mapper::with_own_codec).
///
/// ```
/// use es_runtime::mapper::{Decodable, Encodable, Failure, Mapper, OwnCodec};
///
/// /// JSON with line breaks.
/// #[derive(Debug)]
/// struct Pretty;
///
/// impl OwnCodec for Pretty {
///     fn code(&self) -> u8 {
///         128
///     }
///
///     fn name(&self) -> &str {
///         "pretty JSON"
///     }
///
///     fn encode(&self, value: &Encodable<'_>, into: &mut Vec<u8>) -> Result<(), Failure> {
///         Ok(serde_json::to_writer_pretty(into, value)?)
///     }
///
///     fn decode<'de>(&self, data: &'de [u8], value: Decodable<'_, 'de>) -> Result<(), Failure> {
///         let mut deserializer = serde_json::Deserializer::from_slice(data);
///         value.read(&mut deserializer)?;
///         // Nothing may be left over.
///         Ok(deserializer.end()?)
///     }
/// }
///
/// let mapper = Mapper::new().with_own_codec(Pretty);
/// # use es_runtime::{Event, Metadata, Version, clock::Timestamp, event};
/// # #[event]
/// # pub struct Paid { pub amount: i64 }
/// # let (id, at) = (uuid::Uuid::now_v7(), Timestamp::from_micros(1));
/// # let row = mapper.encode_event(id, Version::INITIAL, at, &Metadata::new(), &Paid { amount: 10 })?;
/// # assert!(row.state.ends_with(b"\"amount\": 10\n  }\n}"));
/// # assert_eq!(mapper.decode_event::<Paid>(&row)?.event().amount, 10);
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// A codec
///
/// - writes the names of fields, so that a field can be added later;
/// - keeps the order of fields and of the entries of a map: the version of an event stands before its data;
/// - reads whatever it writes, for as long as rows of it exist, and refuses bytes that are left over;
/// - fails on any other bytes, without a panic, an allocation as large as a length in the bytes claims, or a full
///   stack.
///
/// Before a codec sees a value, the mapper refuses floats that are not finite and values that are nested deeper than
/// 127 levels.
pub trait OwnCodec: Send + Sync + fmt::Debug {
    /// Returns the number of the codec in stored data; it never changes.
    ///
    /// Codes up to 127 belong to this crate, codes from 128 on to you.
    fn code(&self) -> u8;

    /// Returns the name of the codec, for messages.
    fn name(&self) -> &str;

    /// Appends the value, which is any type that serde can serialize.
    ///
    /// # Errors
    ///
    /// Whatever the serializer reports.
    fn encode(&self, value: &Encodable<'_>, into: &mut Vec<u8>) -> Result<(), Failure>;

    /// Reads one value from all of `data`, by handing the deserializer to [`Decodable::read`].
    ///
    /// # Errors
    ///
    /// Whatever `read` or the deserializer reports; also bytes that are left over.
    fn decode<'de>(&self, data: &'de [u8], value: Decodable<'_, 'de>) -> Result<(), Failure>;
}

/// A value that an [`OwnCodec`] writes, which serializes like the value itself.
pub struct Encodable<'a> {
    value: &'a dyn erased_serde::Serialize,
    /// Set once the mapper refused the value: true if the serializer writes for people.
    refused: Cell<Option<bool>>,
}

impl fmt::Debug for Encodable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encodable").finish_non_exhaustive()
    }
}

impl Serialize for Encodable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let human_readable = serializer.is_human_readable();
        if lossy::can_be_read_again(self.value, human_readable) {
            return erased_serde::serialize(self.value, serializer);
        }
        self.refused.set(Some(human_readable));
        Err(ser::Error::custom("the value could not be read again"))
    }
}

/// A value that an [`OwnCodec`] reads.
pub struct Decodable<'a, 'de> {
    read: &'a mut Read<'a, 'de>,
}

type Read<'a, 'de> = dyn FnMut(&mut dyn erased_serde::Deserializer<'de>) -> Result<(), Failure> + 'a;

impl fmt::Debug for Decodable<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decodable").finish_non_exhaustive()
    }
}

impl<'de> Decodable<'_, 'de> {
    /// Reads the value.
    ///
    /// # Errors
    ///
    /// If the bytes are no such value. [`OwnCodec::decode`] should return this error.
    pub fn read<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), Failure> {
        (self.read)(&mut <dyn erased_serde::Deserializer<'_>>::erase(deserializer))
    }
}

pub(super) fn encode<T: Serialize + ?Sized>(
    codec: &dyn OwnCodec,
    value: &T,
    into: &mut Vec<u8>,
) -> Result<(), Error> {
    let encodable = Encodable { value: &value, refused: Cell::new(None) };
    let result = codec.encode(&encodable, into);
    if let Some(human_readable) = encodable.refused.get() {
        // The search begins again with the type, which knows the names of fields.
        let path = lossy::find(value, human_readable);
        return Err(path.map_or_else(|| too_deep(codec.name()), |(loss, path)| lost(loss, &path)));
    }
    result.map_err(|failure| {
        let (name, why) = (codec.name(), without_values(&*failure));
        let message = format!(
            "the value cannot be written as {name}: {why}; give its fields types that {name} can hold"
        );
        Error::new(ErrorKind::Invalid, message)
    })
}

pub(super) fn decode<'de, S: DeserializeSeed<'de>>(
    codec: &dyn OwnCodec,
    seed: S,
    data: &'de [u8],
) -> Result<S::Value, Error> {
    let (mut seed, mut outcome) = (Some(seed), None);
    let mut read = |deserializer: &mut dyn erased_serde::Deserializer<'de>| {
        let seed = seed.take().ok_or("the value is read already")?;
        let read = outcome.insert(seed.deserialize(deserializer));
        read.as_ref().map(|_| ()).map_err(|_| "the value cannot be read".into())
    };
    let result = codec.decode(data, Decodable { read: &mut read });
    let why = match (outcome, result) {
        (Some(Ok(value)), Ok(())) => return Ok(value),
        (Some(Err(error)), _) => {
            let told = message::without_values(&error.to_string());
            // A message in words that serde lacks may be the codec's own, about bytes that the codec cannot read.
            if !told.starts_with(message::REFUSED) {
                return Err(misfit(&told));
            }
            without_values(&error)
        }
        (Some(Ok(_)), Err(_)) => "the codec refused what follows the value".to_owned(),
        (None, _) => "the codec did not read a value".to_owned(),
    };
    let message = format!(
        "the data are not readable as {}: {why}; they were damaged, or written by a program whose types or whose codec \
         differ; if the type of the event has changed, raise its `version` and give an `upcast`",
        codec.name()
    );
    Err(Error::new(ErrorKind::Corrupt, message))
}

/// Returns the text of an error without data; the words of a codec look like those of a type.
fn without_values(error: &dyn StdError) -> String {
    let told = message::without_values(&error.to_string());
    told.replace(message::REFUSED, "the codec, or the type of a value, refused it")
}
