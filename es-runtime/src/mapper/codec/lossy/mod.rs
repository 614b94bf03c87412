//! Looks for values that would be read back as others, without writing anything: floats that are not finite, and
//! `Some` of what is written as null. In another search, keys that a struct would write twice.

mod inside;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::ser::{self, Serialize, Serializer};

use self::inside::Inside;
use super::MAX_DEPTH;

/// The reason why a value cannot be read back as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// A float that is infinite or not a number.
    NotFinite,
    /// `Some(None)` or `Some(())`, which would be read as `None`.
    SomeOfNull,
    /// A field whose name is also a key of a flattened map.
    Twice,
}

/// Finds the first value that would be lost, and its path: `data.lines[2].rate`.
///
/// Keys of maps are data and not shown: their values are at `rates{value}`, as in `events.lock`.
pub(super) fn find<T: Serialize + ?Sized>(value: &T, human_readable: bool) -> Option<(Loss, String)> {
    path(value, Search::new(human_readable, false))
}

/// Finds the first field whose name is also a key of a flattened map, and its path.
pub(super) fn find_double<T: Serialize + ?Sized>(value: &T) -> Option<String> {
    path(value, Search::new(true, true)).map(|(_, path)| path)
}

fn path<T: Serialize + ?Sized>(value: &T, search: Search) -> Option<(Loss, String)> {
    match value.serialize(search) {
        Err(Stop::Found(loss, steps)) => {
            let path: String = steps.iter().rev().map(AsRef::as_ref).collect();
            Some((loss, path.strip_prefix('.').map(str::to_owned).unwrap_or(path)))
        }
        _ => None,
    }
}

/// Returns whether [`find`] finds nothing, and no value stands inside more than [`MAX_DEPTH`] containers.
#[cfg(feature = "own-codec")]
pub(super) fn can_be_read_again<T: Serialize + ?Sized>(value: &T, human_readable: bool) -> bool {
    matches!(value.serialize(Search::new(human_readable, false)), Ok(()) | Err(Stop::Other))
}

#[derive(Debug)]
enum Stop {
    /// With the steps from the value outwards.
    Found(Loss, Vec<Cow<'static, str>>),
    /// A value inside more than [`MAX_DEPTH`] containers.
    Deep,
    /// A type that fails of its own accord; the codec reports it.
    Other,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lost")
    }
}

impl std::error::Error for Stop {}

impl ser::Error for Stop {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self::Other
    }
}

type Answer = Result<(), Stop>;

/// Takes every value, and stops at one that would be lost.
#[derive(Clone, Copy)]
struct Search {
    human_readable: bool,
    /// True if it takes everything but keys that are written twice.
    for_doubles: bool,
    inside_some: bool,
    /// The number of containers that it is in.
    depth: usize,
}

impl Search {
    fn new(human_readable: bool, for_doubles: bool) -> Self {
        Self { human_readable, for_doubles, inside_some: false, depth: 0 }
    }

    fn inside(self, variant: Option<&'static str>) -> Inside {
        Inside { search: self, at: 0, variant, keys: None }
    }

    fn step<T: Serialize + ?Sized>(self, value: &T, step: impl FnOnce() -> Cow<'static, str>) -> Answer {
        if self.depth == MAX_DEPTH {
            return Err(Stop::Deep);
        }
        let inside = Self { inside_some: false, depth: self.depth + 1, ..self };
        value.serialize(inside).map_err(|stop| match stop {
            Stop::Found(loss, mut steps) => {
                steps.push(step());
                Stop::Found(loss, steps)
            }
            other => other,
        })
    }

    fn null(self) -> Answer {
        if self.inside_some && !self.for_doubles {
            Err(Stop::Found(Loss::SomeOfNull, Vec::new()))
        } else {
            Ok(())
        }
    }

    fn float(self, is_finite: bool) -> Answer {
        if is_finite || self.for_doubles { Ok(()) } else { Err(Stop::Found(Loss::NotFinite, Vec::new())) }
    }
}

macro_rules! harmless {
    ($($method:ident: $type:ty,)*) => { $(fn $method(self, _: $type) -> Answer { Ok(()) })* };
}

impl Serializer for Search {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Inside;
    type SerializeTuple = Inside;
    type SerializeTupleStruct = Inside;
    type SerializeTupleVariant = Inside;
    type SerializeMap = Inside;
    type SerializeStruct = Inside;
    type SerializeStructVariant = Inside;

    harmless! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
    }

    fn serialize_f32(self, value: f32) -> Answer {
        self.float(value.is_finite())
    }

    fn serialize_f64(self, value: f64) -> Answer {
        self.float(value.is_finite())
    }

    fn serialize_none(self) -> Answer {
        self.null()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Answer {
        value.serialize(Self { inside_some: true, ..self })
    }

    fn serialize_unit(self) -> Answer {
        self.null()
    }

    // A null in JSON, an empty list in MessagePack.
    fn serialize_unit_struct(self, _: &'static str) -> Answer {
        if self.human_readable { self.null() } else { Ok(()) }
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Answer {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Answer {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Answer {
        self.step(value, || format!("|{variant}").into())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside, Stop> {
        Ok(self.inside(None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Inside, Stop> {
        Ok(self.inside(None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Inside, Stop> {
        Ok(self.inside(None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside, Stop> {
        Ok(self.inside(Some(variant)))
    }

    // serde writes a struct with a flattened field as a map of unknown length.
    fn serialize_map(self, length: Option<usize>) -> Result<Inside, Stop> {
        let keys = (self.for_doubles && length.is_none()).then(HashMap::new);
        Ok(Inside { keys, ..self.inside(None) })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside, Stop> {
        Ok(self.inside(None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside, Stop> {
        Ok(self.inside(Some(variant)))
    }

    // Nothing that displays itself is a float, and formatting it would cost most of the pass.
    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Answer {
        Ok(())
    }

    fn is_human_readable(&self) -> bool {
        self.human_readable
    }
}
