//! A form in which two values are equal if they differ in the order of sets and maps alone.
//!
//! A `HashMap` that was stored and read again holds its entries in another order. Nothing tells a set from a list, so the
//! order of a list does not count either. The form is compared, and never stored.

use std::fmt;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Makes the form; `None` for a value that serializes with an error.
pub(crate) fn unordered<T: Serialize + ?Sized>(value: &T) -> Option<Vec<u8>> {
    value.serialize(Unordered).ok()
}

#[derive(Clone, Copy)]
struct Unordered;

type Made = Result<Vec<u8>, fmt::Error>;

/// Returns a part behind its kind and its length: no two rows of parts then look the same.
fn part(what: u8, content: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(content.len() + 9);
    made.push(what);
    made.extend((content.len() as u64).to_le_bytes());
    made.extend(content);
    made
}

macro_rules! scalars {
    ($($method:ident($type:ty): $what:literal, $value:ident => $content:expr;)*) => { $(
        fn $method(self, $value: $type) -> Made {
            Ok(part($what, $content.as_ref()))
        }
    )* };
}

macro_rules! containers {
    ($($method:ident($($parameter:ident: $type:ty),*) $is_sorted:literal $head:expr;)*) => { $(
        fn $method(self, $($parameter: $type),*) -> Result<Parts, fmt::Error> {
            Ok(Parts { is_sorted: $is_sorted, head: part(b'v', $head.as_bytes()), items: Vec::new() })
        }
    )* };
}

impl Serializer for Unordered {
    type Ok = Vec<u8>;
    type Error = fmt::Error;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    scalars! {
        serialize_bool(bool): b'b', value => [u8::from(value)];
        serialize_i8(i8): b'i', value => i128::from(value).to_le_bytes();
        serialize_i16(i16): b'i', value => i128::from(value).to_le_bytes();
        serialize_i32(i32): b'i', value => i128::from(value).to_le_bytes();
        serialize_i64(i64): b'i', value => i128::from(value).to_le_bytes();
        serialize_i128(i128): b'i', value => value.to_le_bytes();
        serialize_u8(u8): b'i', value => i128::from(value).to_le_bytes();
        serialize_u16(u16): b'i', value => i128::from(value).to_le_bytes();
        serialize_u32(u32): b'i', value => i128::from(value).to_le_bytes();
        serialize_u64(u64): b'i', value => i128::from(value).to_le_bytes();
        serialize_u128(u128): b'u', value => value.to_le_bytes();
        serialize_f32(f32): b'f', value => value.to_le_bytes();
        serialize_f64(f64): b'f', value => value.to_le_bytes();
        serialize_char(char): b's', value => value.to_string();
        serialize_str(&str): b's', value => value;
        serialize_bytes(&[u8]): b'x', value => value;
        serialize_unit_struct(&'static str): b'0', value => value;
    }

    containers! {
        serialize_seq(_len: Option<usize>) true "";
        serialize_map(_len: Option<usize>) true "";
        serialize_tuple(_len: usize) false "";
        serialize_tuple_struct(_name: &'static str, _len: usize) false "";
        serialize_struct(_name: &'static str, _len: usize) false "";
        serialize_tuple_variant(_name: &'static str, _at: u32, variant: &'static str, _len: usize) false variant;
        serialize_struct_variant(_name: &'static str, _at: u32, variant: &'static str, _len: usize) false variant;
    }

    fn serialize_none(self) -> Made {
        Ok(part(b'n', &[]))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Made {
        Ok(part(b'o', &value.serialize(self)?))
    }

    fn serialize_unit(self) -> Made {
        Ok(part(b'0', &[]))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Made {
        Ok(part(b'v', variant.as_bytes()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Made {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Made {
        let items = vec![value.serialize(self)?];
        Ok(Parts { is_sorted: false, head: part(b'v', variant.as_bytes()), items }.made())
    }
}

/// The container under way.
struct Parts {
    is_sorted: bool,
    head: Vec<u8>,
    items: Vec<Vec<u8>>,
}

impl Parts {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.items.push(value.serialize(Unordered)?);
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), fmt::Error> {
        self.item(name)?;
        self.item(value)
    }

    fn made(mut self) -> Vec<u8> {
        if self.is_sorted {
            self.items.sort_unstable();
        }
        self.items.insert(0, self.head);
        part(b'c', &self.items.concat())
    }
}

macro_rules! filled {
    ($($trait:ident::$method:ident($($name:ident: $type:ty)?) as $item:ident;)*) => { $(
        impl $trait for Parts {
            type Ok = Vec<u8>;
            type Error = fmt::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $type,)? value: &T) -> Result<(), fmt::Error> {
                self.$item($($name,)? value)
            }

            fn end(self) -> Made {
                Ok(self.made())
            }
        }
    )* };
}
filled! {
    SerializeSeq::serialize_element() as item;
    SerializeTuple::serialize_element() as item;
    SerializeTupleStruct::serialize_field() as item;
    SerializeTupleVariant::serialize_field() as item;
    SerializeStruct::serialize_field(name: &'static str) as field;
    SerializeStructVariant::serialize_field(name: &'static str) as field;
}

impl SerializeMap for Parts {
    type Ok = Vec<u8>;
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), fmt::Error> {
        self.item(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        // One item for the entry: sorting keeps key and value together.
        let key = self.items.pop().ok_or(fmt::Error)?;
        self.items.push(part(b'e', &[key, value.serialize(Unordered)?].concat()));
        Ok(())
    }

    fn end(self) -> Made {
        Ok(self.made())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[derive(serde::Serialize)]
    enum Booked {
        Nothing,
        Once(i64),
        Twice(i64, i64),
        Named { amount: i64 },
    }

    #[derive(serde::Serialize)]
    struct Ledger {
        by_place: HashMap<(u8, u8), Vec<Booked>>,
        tags: HashSet<String>,
        note: Option<char>,
    }

    fn ledger(many: u8, amount: i64) -> Option<Vec<u8>> {
        let booked =
            |at| vec![Booked::Nothing, Booked::Once(at), Booked::Twice(1, at), Booked::Named { amount }];
        unordered(&Ledger {
            by_place: (0..many).map(|at| ((at, at / 3), booked(at.into()))).collect(),
            tags: (0..many).map(|at| at.to_string()).collect(),
            note: Some('x'),
        })
    }

    #[test]
    fn the_order_of_sets_and_maps_does_not_count() {
        assert!(ledger(30, 7).is_some());
        assert!((0..20).all(|_| ledger(30, 7) == ledger(30, 7)));
        assert_ne!(ledger(30, 7), ledger(30, 8));
        assert_ne!(ledger(30, 7), ledger(29, 7));
    }

    #[test]
    fn values_that_differ_have_forms_that_differ() {
        let forms = [
            unordered(&[("a", "bc")][..]),
            unordered(&[("ab", "c")][..]),
            unordered(&HashMap::from([(1, 2), (3, 4)])),
            unordered(&HashMap::from([(1, 4), (3, 2)])),
            unordered(&[1, 2, 3, 4][..]),
            unordered(&(1, 2)),
            unordered(&(2, 1)),
            unordered(&Some(1)),
            unordered(&1),
            unordered(&Booked::Once(1)),
            unordered(&Booked::Twice(1, 1)),
            unordered(&Booked::Named { amount: 1 }),
            unordered(&u128::MAX),
            unordered(&1.5),
            unordered(&()),
            unordered(&None::<i32>),
        ];
        let different: HashSet<_> = forms.iter().collect();
        assert_eq!(different.len(), forms.len());
    }
}
