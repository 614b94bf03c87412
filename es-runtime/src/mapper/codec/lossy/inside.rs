//! The contents of lists, maps, structs and variants.

use std::any::type_name;
use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::{Answer, Loss, Search, Stop};

/// The container under way.
pub(super) struct Inside {
    pub(super) search: Search,
    pub(super) at: usize,
    pub(super) variant: Option<&'static str>,
    /// The keys of a struct with a flattened field; true for fields.
    pub(super) keys: Option<HashMap<String, bool>>,
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

    /// Notes the key, and stops if it is there twice: as a field, and in a flattened map.
    fn key<K: Serialize + ?Sized>(&mut self, key: &K) -> Answer {
        let Some(keys) = &mut self.keys else { return Ok(()) };
        let Some(name) = name(key) else { return Ok(()) };
        let step = format!(".{name}");
        match keys.insert(name, is_field::<K>()) {
            Some(was_field) if was_field || is_field::<K>() => {
                Err(Stop::Found(Loss::Twice, vec![step.into()]))
            }
            _ => Ok(()),
        }
    }
}

fn element(at: usize) -> Cow<'static, str> {
    format!("[{at}]").into()
}

fn index(at: usize) -> Cow<'static, str> {
    format!(".{at}").into()
}

/// The step to the value of an entry.
fn entry<K: Serialize + ?Sized>(key: &K) -> Cow<'static, str> {
    let name = is_field::<K>().then(|| name(key)).flatten();
    name.map_or("{value}".into(), |name| format!(".{name}").into())
}

/// Returns whether a key is a field of a struct with a flattened field: serde passes its name as a bare `str`.
fn is_field<K: ?Sized>() -> bool {
    type_name::<K>() == "str"
}

/// Returns the text of a key.
fn name<K: Serialize + ?Sized>(key: &K) -> Option<String> {
    serde_json::to_string(key).ok().map(|name| name.trim_matches('"').to_owned())
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
        self.key(key)?;
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
