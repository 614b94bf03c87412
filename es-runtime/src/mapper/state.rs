//! The stored state: `{"v":2,"at":1763640000123456,"of":"Account","meta":{..},"data":{..}}`, written and read in one pass.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::event::{Event, EventSet, Metadata, Topics};

/// The parts of an event that the mapper writes.
pub(super) struct Written<'a, T> {
    pub(super) version: u32,
    pub(super) at: Timestamp,
    /// The name of the aggregate, if the topic does not hold it.
    pub(super) of: Option<&'static str>,
    pub(super) metadata: &'a Metadata,
    pub(super) data: &'a T,
}

impl<T: Serialize> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let optional = [self.version > 1, self.of.is_some(), !self.metadata.is_empty()];
        let count = 2 + optional.into_iter().filter(|is_there| *is_there).count();
        let mut map = serializer.serialize_map(Some(count))?;
        if self.version > 1 {
            map.serialize_entry("v", &self.version)?;
        }
        map.serialize_entry("at", &self.at)?;
        if let Some(of) = self.of {
            map.serialize_entry("of", of)?;
        }
        if !self.metadata.is_empty() {
            map.serialize_entry("meta", self.metadata)?;
        }
        map.serialize_entry("data", self.data)?;
        map.end()
    }
}

/// The parts of an event that the mapper reads.
pub(super) struct Read<T> {
    pub(super) at: Timestamp,
    pub(super) metadata: Metadata,
    pub(super) data: T,
}

/// A reader of the data of an event; the topic determines their type.
pub(super) trait Data<'de>: Copy {
    type Value;

    fn read<D: Deserializer<'de>>(self, version: u32, data: D) -> Result<Self::Value, D::Error>;

    /// Takes note of the aggregate that the row names; returns `false` to refuse the row.
    fn belongs_to(self, _name: &str) -> bool {
        true
    }
}

/// The reason why a set does not read a row, though its data may be in order.
pub(super) enum Missed {
    /// The set does not know the topic.
    Topic,
    /// The row belongs to the aggregate of this name, not to the aggregate of the set.
    Owner { of: Topics, name: String },
}

/// A reader of an event of a set, which keeps foreign rows apart from data that do not fit.
pub(super) struct OneOf<'a, E> {
    pub(super) topic: &'a str,
    pub(super) missed: &'a Cell<Option<Missed>>,
    pub(super) set: PhantomData<E>,
}

impl<E> Clone for OneOf<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for OneOf<'_, E> {}

impl<'de, E: EventSet> Data<'de> for OneOf<'_, E> {
    type Value = E;

    fn read<D: Deserializer<'de>>(self, version: u32, data: D) -> Result<E, D::Error> {
        E::decode(self.topic, version, data).unwrap_or_else(|| {
            self.missed.set(Some(Missed::Topic));
            Err(D::Error::custom("the topic is not known"))
        })
    }

    fn belongs_to(self, name: &str) -> bool {
        match E::AGGREGATE {
            Some(of) if !of.is_named(name) => {
                self.missed.set(Some(Missed::Owner { of, name: name.to_owned() }));
                false
            }
            _ => true,
        }
    }
}

/// A reader of an event of one type.
pub(super) struct Single<E>(pub(super) PhantomData<E>);

impl<E> Clone for Single<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Single<E> {}

impl<'de, E: Event> Data<'de> for Single<E> {
    type Value = E;

    fn read<D: Deserializer<'de>>(self, version: u32, data: D) -> Result<E, D::Error> {
        E::decode(version, data)
    }
}

/// A reader of any event, which skips the data.
#[derive(Clone, Copy)]
pub(super) struct Skipped;

impl<'de> Data<'de> for Skipped {
    type Value = ();

    fn read<D: Deserializer<'de>>(self, _: u32, data: D) -> Result<(), D::Error> {
        IgnoredAny::deserialize(data).map(drop)
    }
}

/// A reader of any event, which returns the data as they stand.
#[derive(Clone, Copy)]
pub(super) struct AsStored;

impl<'de> Data<'de> for AsStored {
    type Value = (u32, serde_json::Value);

    fn read<D: Deserializer<'de>>(self, version: u32, data: D) -> Result<Self::Value, D::Error> {
        Ok((version, serde_json::Value::deserialize(data)?))
    }
}

/// A reader of any event, which returns only the name of the aggregate.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a>(pub(super) &'a Cell<Option<String>>);

impl<'de> Data<'de> for Owner<'_> {
    type Value = ();

    fn read<D: Deserializer<'de>>(self, version: u32, data: D) -> Result<(), D::Error> {
        Skipped.read(version, data)
    }

    fn belongs_to(self, name: &str) -> bool {
        self.0.set(Some(name.to_owned()));
        true
    }
}

/// A reader of a whole state, whose data the inner reader reads.
pub(super) struct State<T>(pub(super) T);

impl<'de, T: Data<'de>> DeserializeSeed<'de> for State<T> {
    type Value = Read<T::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    V,
    At,
    Of,
    Meta,
    Data,
    #[serde(other)]
    Other,
}

impl<'de, T: Data<'de>> Visitor<'de> for State<T> {
    type Value = Read<T::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event with its time and its data")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let (mut version, mut at, mut of, mut metadata, mut data) = (None, None, None, None, None);
        while let Some(key) = map.next_key()? {
            match key {
                // A single pass must know the version before it reaches the data.
                Key::V if data.is_some() => {
                    return Err(M::Error::custom("the data of the event stand before their version"));
                }
                Key::V if version.is_some() => return Err(M::Error::duplicate_field("v")),
                Key::At if at.is_some() => return Err(M::Error::duplicate_field("at")),
                Key::Of if of.is_some() => return Err(M::Error::duplicate_field("of")),
                Key::Meta if metadata.is_some() => return Err(M::Error::duplicate_field("meta")),
                Key::Data if data.is_some() => return Err(M::Error::duplicate_field("data")),
                Key::V => version = Some(map.next_value()?),
                Key::At => at = Some(map.next_value()?),
                Key::Of => of = Some(map.next_value_seed(Belongs(self.0))?),
                Key::Meta => metadata = Some(map.next_value()?),
                Key::Data => data = Some(map.next_value_seed(Value(self.0, version.unwrap_or(1)))?),
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Read {
            at: at.ok_or_else(|| M::Error::missing_field("at"))?,
            metadata: metadata.unwrap_or_default(),
            data: data.ok_or_else(|| M::Error::missing_field("data"))?,
        })
    }
}

/// A visitor that passes the name of the aggregate to the reader of the data.
struct Belongs<T>(T);

impl<'de, T: Data<'de>> DeserializeSeed<'de> for Belongs<T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<(), D::Error> {
        name.deserialize_str(self)
    }
}

impl<'de, T: Data<'de>> Visitor<'de> for Belongs<T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an aggregate")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<(), E> {
        if self.0.belongs_to(name) { Ok(()) } else { Err(E::custom("the row is of another aggregate")) }
    }
}

struct Value<T>(T, u32);

impl<'de, T: Data<'de>> DeserializeSeed<'de> for Value<T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, data: D) -> Result<T::Value, D::Error> {
        self.0.read(self.1, data)
    }
}
