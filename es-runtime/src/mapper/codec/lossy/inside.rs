//! The contents of lists, maps, structs and variants.

use std::any::type_name;
use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::{Answer, Search, Stop};

/// The container under way.
pub(super) struct Inside {
    pub(super) search: Search,
    pub(super) at: usize,
    pub(super) variant: Option<&'static str>,
}

impl Inside {
    fn item<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
        step: impl FnOnce(usize) -> Cow<'static, str>,
    ) -> Answer {
        let (at, variant) = (self.at, self.variant);
        self.at += 1;
        self.search.step(value, || match variant {
            Some(variant) => format!("|{variant}{}", step(at)).into(),
            None => step(at),
        })
    }
}

fn element(at: usize) -> Cow<'static, str> {
    format!("[{at}]").into()
}

fn index(at: usize) -> Cow<'static, str> {
    format!(".{at}").into()
}

/// The step to the value of an entry. A flattened field is an entry whose key is a bare `str`.
fn entry<K: Serialize + ?Sized>(key: &K) -> Cow<'static, str> {
    if type_name::<K>() != "str" {
        return "{value}".into();
    }
    serde_json::to_string(key).map_or("{value}".into(), |name| format!(".{}", name.trim_matches('"')).into())
}

macro_rules! sequence {
    ($($trait:ident::$method:ident $step:ident,)*) => { $(
        impl $trait for Inside {
            type Ok = ();
            type Error = Stop;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Answer {
                self.item(value, $step)
            }

            fn end(self) -> Answer {
                Ok(())
            }
        }
    )* };
}

sequence! {
    SerializeSeq::serialize_element element,
    SerializeTuple::serialize_element index,
    SerializeTupleStruct::serialize_field index,
    SerializeTupleVariant::serialize_field index,
}

macro_rules! fields {
    ($($trait:ident,)*) => { $(
        impl $trait for Inside {
            type Ok = ();
            type Error = Stop;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Answer {
                self.item(value, |_| format!(".{name}").into())
            }

            fn end(self) -> Answer {
                Ok(())
            }
        }
    )* };
}

fields! {
    SerializeStruct,
    SerializeStructVariant,
}

impl SerializeMap for Inside {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Answer {
        self.item(key, |_| "{key}".into())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Answer {
        self.item(value, |_| "{value}".into())
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Answer {
        self.serialize_key(key)?;
        self.item(value, |_| entry(key))
    }

    fn end(self) -> Answer {
        Ok(())
    }
}
