//! JSON, written in one pass unless there is a `null`.

use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeSeed;
use serde_json::ser::Formatter;
use serde_json::{Deserializer, Serializer};

use super::{MAX_DEPTH, lossy, lost, too_deep, unreadable, unwritable};
use crate::error::Error;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), Error> {
    let mut seen = Seen { null: false, depth: 0 };
    let result = value.serialize(&mut Serializer::with_formatter(into, Watch(&mut seen)));
    if seen.depth > MAX_DEPTH {
        return Err(too_deep("JSON"));
    }
    // `serde_json` writes a float that is not finite as `null`, or fails if the float is the key of a map.
    if (seen.null || result.is_err())
        && let Some((loss, path)) = lossy::find(value, true)
    {
        return Err(lost(loss, &path));
    }
    result.map_err(|error| unwritable("JSON", error))
}

pub(super) fn decode<'de, S: DeserializeSeed<'de>>(seed: S, data: &'de [u8]) -> Result<S::Value, Error> {
    let mut json = Deserializer::from_slice(data);
    let value = seed.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| unreadable("JSON", &error, !error.is_data()))
}

struct Seen {
    null: bool,
    depth: usize,
}

/// A writer without blanks that notes possible losses.
struct Watch<'s>(&'s mut Seen);

impl Watch<'_> {
    fn enter(&mut self) -> io::Result<()> {
        self.0.depth += 1;
        if self.0.depth > MAX_DEPTH { Err(io::Error::other("too deep")) } else { Ok(()) }
    }
}

impl Formatter for Watch<'_> {
    fn write_null<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.null = true;
        out.write_all(b"null")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.enter()?;
        out.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.depth -= 1;
        out.write_all(b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.enter()?;
        out.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.depth -= 1;
        out.write_all(b"}")
    }
}
