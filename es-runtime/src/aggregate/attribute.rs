//! Attributes: fields whose change is an event without a line of code.

use std::cmp::Ordering;
use std::convert::Infallible;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::event::Decoded;

/// The attributes of an aggregate: the enum that `#[aggregate]` makes, one variant for each
/// `#[attribute]` field, holding the new value.
pub trait Attribute: Clone + Debug + Send + Sync + 'static {
    /// The state that has the attributes.
    type State;
    /// The descriptions of the attributes.
    const TYPES: &'static [AttributeType];

    /// Passes the new value to `visitor`, in its own type.
    fn visit<V: AttributeVisitor>(&self, visitor: V) -> V::Output;

    /// Sets the field.
    fn apply(self, state: &mut Self::State);

    /// Reads the value of the attribute stored under `name`; returns `None` if there is no such attribute.
    fn decode<'de, D: Deserializer<'de>>(name: &str, version: u32, value: D) -> Decoded<Self, D::Error>;
}

/// The runtime's description of an attribute.
#[derive(Clone, Copy, Debug)]
pub struct AttributeType {
    name: &'static str,
    aliases: &'static [&'static str],
    version: u32,
    /// The name of the field, if it is another.
    field: Option<&'static str>,
}

impl AttributeType {
    /// Describes an attribute.
    #[doc(hidden)]
    pub const fn new(name: &'static str, aliases: &'static [&'static str], version: u32) -> Self {
        Self { name, aliases, version, field: None }
    }

    /// Returns the same attribute, of a field with another name.
    #[doc(hidden)]
    #[must_use]
    pub const fn of_field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// Returns the name of the field.
    pub(crate) const fn field(&self) -> &'static str {
        match self.field {
            Some(field) => field,
            None => self.name,
        }
    }

    /// Returns the name that the attribute is stored under.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the names that the attribute was stored under before.
    pub const fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// Returns the version of the value's current shape.
    pub const fn version(&self) -> u32 {
        self.version
    }
}

/// An operation on the value of any attribute: see [`Attribute::visit`].
pub trait AttributeVisitor {
    /// The result of the operation.
    type Output;

    /// Visits the value.
    fn attribute<T: Serialize>(self, name: &'static str, version: u32, value: &T) -> Self::Output;
}

/// The attributes of an aggregate without attributes: the type has no value, and a `match` by value needs no arm for
/// it.
#[doc(hidden)]
pub enum NoAttribute<S> {
    /// Never made: one of the two types has no value.
    Never(Infallible, PhantomData<fn() -> S>),
}

impl<S> NoAttribute<S> {
    fn never(&self) -> ! {
        let Self::Never(never, _) = self;
        match *never {}
    }
}

impl<S> Clone for NoAttribute<S> {
    fn clone(&self) -> Self {
        self.never()
    }
}

impl<S> Debug for NoAttribute<S> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.never()
    }
}

// Events can derive these traits, whatever the attributes.
impl<S> PartialEq for NoAttribute<S> {
    fn eq(&self, _: &Self) -> bool {
        self.never()
    }
}

impl<S> Eq for NoAttribute<S> {}

impl<S> PartialOrd for NoAttribute<S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<S> Ord for NoAttribute<S> {
    fn cmp(&self, _: &Self) -> Ordering {
        self.never()
    }
}

impl<S> Hash for NoAttribute<S> {
    fn hash<H: Hasher>(&self, _: &mut H) {
        self.never()
    }
}

impl<S: 'static> Attribute for NoAttribute<S> {
    type State = S;
    const TYPES: &'static [AttributeType] = &[];

    fn visit<V: AttributeVisitor>(&self, _: V) -> V::Output {
        self.never()
    }

    fn apply(self, _: &mut S) {
        self.never()
    }

    fn decode<'de, D: Deserializer<'de>>(_: &str, _: u32, _: D) -> Decoded<Self, D::Error> {
        None
    }
}

/// Reads the stored event that sets an attribute, in one pass; returns `None` if the attribute is retired.
pub(super) fn decode_changed<'de, T: Attribute, D: Deserializer<'de>>(
    data: D,
    retired: &[&str],
) -> Result<Option<T>, D::Error> {
    data.deserialize_map(Changed { retired, attribute: PhantomData })
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Name,
    V,
    Value,
    #[serde(other)]
    Other,
}

/// The refusal of a value before its name or its version: one pass has to know both when it reads the value.
const TOO_LATE: &str = "the value of an attribute stands before its name or its version";

struct Changed<'a, T> {
    retired: &'a [&'a str],
    attribute: PhantomData<T>,
}

impl<'de, T: Attribute> Visitor<'de> for Changed<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute with its name and its value")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Option<T>, M::Error> {
        let (mut name, mut version, mut changed) = (None::<String>, None, None);
        while let Some(key) = map.next_key()? {
            match key {
                Key::Name | Key::V if changed.is_some() => return Err(M::Error::custom(TOO_LATE)),
                Key::Name if name.is_some() => return Err(M::Error::duplicate_field("name")),
                Key::V if version.is_some() => return Err(M::Error::duplicate_field("v")),
                Key::Value if changed.is_some() => return Err(M::Error::duplicate_field("value")),
                Key::Name => name = Some(map.next_value()?),
                Key::V => version = Some(map.next_value()?),
                Key::Value => {
                    let name = name.as_deref().ok_or_else(|| M::Error::custom(TOO_LATE))?;
                    changed = if self.retired.contains(&name) {
                        map.next_value::<IgnoredAny>()?;
                        Some(None)
                    } else {
                        let value = Value { name, version: version.unwrap_or(1), attribute: PhantomData };
                        Some(Some(map.next_value_seed(value)?))
                    };
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        changed.ok_or_else(|| M::Error::missing_field("value"))
    }
}

struct Value<'a, T> {
    name: &'a str,
    version: u32,
    attribute: PhantomData<T>,
}

impl<'de, T: Attribute> DeserializeSeed<'de> for Value<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<T, D::Error> {
        T::decode(self.name, self.version, value).unwrap_or_else(|| {
            Err(D::Error::custom(format_args!(
                "there is no attribute `{}`; if it was renamed, keep the old name in `aliases`, \
                 if it is gone, in `#[aggregate(retired = [..])]`",
                self.name
            )))
        })
    }
}
