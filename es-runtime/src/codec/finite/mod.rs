//! Looks for floats that no format should hold, without writing anything.

mod inside;

use std::borrow::Cow;
use std::fmt;

use serde::ser::{self, Serialize, Serializer};

use self::inside::Inside;
use super::MAX_DEPTH;

/// The path of the first float that is infinite or not a number: `data.lines[2].rate`.
///
/// Keys of maps are data and not shown: their values are at `rates{value}`, as in `events.lock`.
pub(super) fn find<T: Serialize + ?Sized>(value: &T, human_readable: bool) -> Option<String> {
    match value.serialize(Finite { human_readable, depth: 0 }) {
        Err(Stop::Found(steps)) => {
            let path: String = steps.iter().rev().map(AsRef::as_ref).collect();
            Some(path.strip_prefix('.').map(str::to_owned).unwrap_or(path))
        }
        _ => None,
    }
}

/// Whether [`find`] finds nothing, and no value stands inside more than [`MAX_DEPTH`] containers.
#[cfg(feature = "own-codec")]
pub(super) fn can_be_read_again<T: Serialize + ?Sized>(value: &T, human_readable: bool) -> bool {
    matches!(value.serialize(Finite { human_readable, depth: 0 }), Ok(()) | Err(Stop::Other))
}

#[derive(Debug)]
enum Stop {
    /// The steps from the float outwards.
    Found(Vec<Cow<'static, str>>),
    /// A value inside more than [`MAX_DEPTH`] containers.
    Deep,
    /// A type that fails of its own accord; the codec reports it.
    Other,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not finite")
    }
}

impl std::error::Error for Stop {}

impl ser::Error for Stop {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self::Other
    }
}

type Answer = Result<(), Stop>;

/// Takes every value, and stops at a float that is not finite.
#[derive(Clone, Copy)]
struct Finite {
    human_readable: bool,
    /// In how many containers it is.
    depth: usize,
}

impl Finite {
    fn inside(self, variant: Option<&'static str>) -> Inside {
        Inside { finite: self, at: 0, variant }
    }

    fn step<T: Serialize + ?Sized>(self, value: &T, step: impl FnOnce() -> Cow<'static, str>) -> Answer {
        if self.depth == MAX_DEPTH {
            return Err(Stop::Deep);
        }
        value.serialize(Self { depth: self.depth + 1, ..self }).map_err(|stop| match stop {
            Stop::Found(mut steps) => {
                steps.push(step());
                Stop::Found(steps)
            }
            other => other,
        })
    }
}

macro_rules! harmless {
    ($($method:ident: $type:ty,)*) => { $(fn $method(self, _: $type) -> Answer { Ok(()) })* };
}

impl Serializer for Finite {
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
        serialize_unit_struct: &'static str,
    }

    fn serialize_f32(self, value: f32) -> Answer {
        if value.is_finite() { Ok(()) } else { Err(Stop::Found(Vec::new())) }
    }

    fn serialize_f64(self, value: f64) -> Answer {
        if value.is_finite() { Ok(()) } else { Err(Stop::Found(Vec::new())) }
    }

    fn serialize_none(self) -> Answer {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Answer {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Answer {
        Ok(())
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

    fn serialize_map(self, _: Option<usize>) -> Result<Inside, Stop> {
        Ok(self.inside(None))
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
