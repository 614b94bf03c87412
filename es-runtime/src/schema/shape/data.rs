//! Self-describing data, as JSON has them, for types that buffer their input.

use crate::schema::shape::refusal::Refusal;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use std::any::type_name;
use std::cell::Cell;
use std::rc::Rc;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Data>),
    Map(Vec<(Key, Data)>),
    /// A null that notes whether a type read it into a buffer.
    Watched(Watch),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Watch(Rc<Cell<bool>>);

impl Watch {
    pub(super) fn is_buffered(&self) -> bool {
        self.0.get()
    }
}

/// A key of a map. Derived types accept the number of a field in place of its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    Name(String),
    Number(u64),
}

impl Data {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Key {
    pub(super) fn name(name: impl Into<String>) -> Self {
        Self::Name(name.into())
    }
}

type Answer<T> = Result<T, Refusal>;

/// The words of serde for a value that is no tag of an enum: they show that the type reads one.
pub(super) const TAG: &str = "variant identifier";

impl<'de> Deserializer<'de> for Data {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(flag) => visitor.visit_bool(flag),
            Self::Int(number) => match (u64::try_from(number), i64::try_from(number)) {
                (Ok(number), _) => visitor.visit_u64(number),
                (_, Ok(number)) => visitor.visit_i64(number),
                _ => visitor.visit_i128(number),
            },
            Self::Float(number) => visitor.visit_f64(number),
            Self::Text(text) => visitor.visit_string(text),
            Self::List(elements) => visitor.visit_seq(Elements(elements.into_iter())),
            Self::Watched(watch) => {
                watch.0.set(type_name::<V>().contains("::ContentVisitor"));
                visitor.visit_unit()
            }
            Self::Map(entries) => visitor.visit_map(Entries { entries: entries.into_iter(), value: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
        if self == Self::Null { visitor.visit_unit() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Answer<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        let (name, content) = match self {
            Self::Text(name) => (Key::Name(name), None),
            Self::Map(entries) => match <[_; 1]>::try_from(entries) {
                Ok([(name, content)]) => (name, Some(content)),
                Err(_) => return Err(Refusal::Other),
            },
            _ if type_name::<V>().contains("AdjacentlyTaggedEnumVariantVisitor") => {
                return Err(Refusal::Type(TAG.to_owned()));
            }
            _ => return Err(Refusal::Type("string or map".to_owned())),
        };
        visitor.visit_enum(Choice { name, content })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
            // As in JSON, a number that is a key is written as a string.
            match &self {
                Self::Name(name) => match name.parse::<u64>() {
                    Ok(number) => visitor.visit_u64(number),
                    Err(_) => self.deserialize_any(visitor),
                },
                Self::Number(_) => self.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Key {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
        match self {
            Self::Name(name) => visitor.visit_string(name),
            Self::Number(number) => visitor.visit_u64(number),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Answer<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        visitor.visit_enum(Choice { name: self, content: None })
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    serde::forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Elements(std::vec::IntoIter<Data>);

impl<'de> SeqAccess<'de> for Elements {
    type Error = Refusal;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<Option<S::Value>> {
        self.0.next().map(|element| seed.deserialize(element)).transpose()
    }
}

struct Entries {
    entries: std::vec::IntoIter<(Key, Data)>,
    value: Option<Data>,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Refusal;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<Option<S::Value>> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<S::Value> {
        seed.deserialize(self.value.take().ok_or(Refusal::Other)?)
    }
}

struct Choice {
    name: Key,
    content: Option<Data>,
}

impl<'de> EnumAccess<'de> for Choice {
    type Error = Refusal;
    type Variant = Content;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Answer<(S::Value, Content)> {
        Ok((seed.deserialize(self.name)?, Content(self.content)))
    }
}

struct Content(Option<Data>);

impl<'de> VariantAccess<'de> for Content {
    type Error = Refusal;

    fn unit_variant(self) -> Answer<()> {
        match self.0 {
            None | Some(Data::Null) => Ok(()),
            Some(_) => Err(Refusal::Type("unit variant".to_owned())),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Answer<S::Value> {
        seed.deserialize(self.0.ok_or_else(|| Refusal::Type("newtype variant".to_owned()))?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Answer<V::Value> {
        match self.0 {
            Some(data @ Data::List(_)) => data.deserialize_any(visitor),
            _ => Err(Refusal::Type("tuple variant".to_owned())),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        match self.0 {
            Some(data @ Data::Map(_)) => data.deserialize_any(visitor),
            _ => Err(Refusal::Type("struct variant".to_owned())),
        }
    }
}
