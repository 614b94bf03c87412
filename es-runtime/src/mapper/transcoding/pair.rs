//! The tagged form: a name and data.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::Transcoding;

pub(super) fn write_pair<T: Transcoding, S: Serializer>(
    value: &T::Value,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    Pair { name: Name::<T>(PhantomData), data: T::encode(value) }.serialize(serializer)
}

pub(super) fn read_pair<'de, T: Transcoding, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T::Value, D::Error> {
    Pair::<Name<T>, Reading<T>>::deserialize(deserializer).map(|pair| pair.data.0)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a tagged value with `_type_` and `_data_`")]
struct Pair<N, D> {
    #[serde(rename = "_type_")]
    name: N,
    #[serde(rename = "_data_")]
    data: D,
}

/// The name, as an enum of one variant: serde writes it as text, and refuses any other.
struct Name<T>(PhantomData<T>);

impl<T: Transcoding> Name<T> {
    const NAMES: &'static [&'static str] = &[T::NAME];
}

impl<T: Transcoding> Serialize for Name<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_variant("", 0, T::NAME)
    }
}

impl<'de, T: Transcoding> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("", Self::NAMES, Self(PhantomData))
    }
}

impl<'de, T: Transcoding> Visitor<'de> for Name<T> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name `{}`", T::NAME)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, name: A) -> Result<Self, A::Error> {
        let (this, content) = name.variant_seed(This::<T>(PhantomData))?;
        content.unit_variant()?;
        Ok(this)
    }
}

/// The only variant of the name.
struct This<T>(PhantomData<T>);

impl<'de, T: Transcoding> DeserializeSeed<'de> for This<T> {
    type Value = Name<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name<T>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T: Transcoding> Visitor<'_> for This<T> {
    type Value = Name<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name `{}`", T::NAME)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name<T>, E> {
        if name == T::NAME {
            return Ok(Name(PhantomData));
        }
        Err(E::custom(format_args!(
            "the value is tagged `{name}`, but the field takes `{}`; read it with the transcoding that wrote it",
            T::NAME
        )))
    }
}

/// The value, decoded where its data stand, so that an error names that place.
struct Reading<T: Transcoding>(T::Value);

impl<'de, T: Transcoding> Deserialize<'de> for Reading<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let refused = |error| de::Error::custom(format_args!("data of `{}` are refused: {error}", T::NAME));
        T::decode(T::Data::deserialize(deserializer)?).map(Self).map_err(refused)
    }
}
