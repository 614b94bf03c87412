//! Values as tagged pairs: `{"_type_":"uuid_hex","_data_":"b2723fe2..."}`.
//!
//! A [`Transcoding`] defines the data that stand for a value, and the name of the tag. A field takes it by serde's
//! `with`, and the rest of the type stays as it is derived. Reading checks the name: a value with another tag is
//! refused, not misread. The codec looks for tags only in such fields: a map of the user that happens to have the two
//! keys is ordinary data.

mod pair;
mod form;
mod supplied;
#[cfg(all(test, feature = "chrono"))]
mod tests;

use std::fmt::{self, Display};

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

pub use self::form::Form;
#[cfg(feature = "chrono")]
pub use self::supplied::{DateAsIso, DateTimeAsIso};
pub use self::supplied::{DecimalAsStr, UuidAsHex};

/// The conversion of values into data under a name, and back.
///
/// ```
/// use es_runtime::mapper::{Tagged, Transcoding};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Iban(String);
///
/// struct IbanAsStr;
///
/// impl Transcoding for IbanAsStr {
///     type Value = Iban;
///     type Data = String;
///     type Error = &'static str;
///     const NAME: &'static str = "iban_str";
///
///     fn encode(iban: &Iban) -> String {
///         iban.0.clone()
///     }
///
///     fn decode(data: String) -> Result<Iban, &'static str> {
///         if data.len() > 14 { Ok(Iban(data)) } else { Err("an IBAN has 15 characters or more") }
///     }
/// }
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Paid {
///     #[serde(with = "Tagged::<IbanAsStr>")]
///     to: Iban,
/// }
///
/// let paid = Paid { to: Iban("GB82WEST12345698765432".into()) };
/// let json = serde_json::to_string(&paid)?;
/// assert_eq!(json, r#"{"to":{"_type_":"iban_str","_data_":"GB82WEST12345698765432"}}"#);
/// assert_eq!(serde_json::from_str::<Paid>(&json)?.to, paid.to);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub trait Transcoding {
    /// The type of the values.
    type Value;
    /// The type of the written data; they may hold [`Tagged`] values themselves.
    type Data: Serialize + DeserializeOwned;
    /// The reason why data are refused; messages show it, so it should not show the data.
    type Error: Display;
    /// The name that stands with the data; it never changes.
    const NAME: &'static str;

    /// Returns the data to write for a value.
    fn encode(value: &Self::Value) -> Self::Data;

    /// Returns the value that was written.
    ///
    /// # Errors
    ///
    /// For data that `encode` does not make.
    fn decode(data: Self::Data) -> Result<Self::Value, Self::Error>;
}

/// A value that a [`Transcoding`] writes and reads: for a field by `with`, anywhere else as a wrapper.
///
/// Serde accepts a missing field with `with` only if it also has `default`, even if it is an `Option`. Add `default` to
/// each field that is added to an event later.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use es_runtime::mapper::{Tagged, UuidAsHex};
/// use uuid::Uuid;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Linked {
///     #[serde(with = "Tagged::<UuidAsHex>")]
///     id: Uuid,
///     #[serde(with = "Tagged::<Option<UuidAsHex>>")]
///     parent: Option<Uuid>,
///     #[serde(with = "Tagged::<Vec<UuidAsHex>>")]
///     children: Vec<Uuid>,
///     names: BTreeMap<String, Tagged<UuidAsHex>>,
/// }
///
/// let id = Uuid::from_u128(1);
/// let names = BTreeMap::from([("a".to_owned(), Tagged(id))]);
/// let linked = Linked { id, parent: None, children: vec![], names };
/// assert_eq!(
///     serde_json::to_string(&linked)?,
///     r#"{"id":{"_type_":"uuid_hex","_data_":"00000000000000000000000000000001"},"#.to_owned()
///         + r#""parent":null,"children":[],"#
///         + r#""names":{"a":{"_type_":"uuid_hex","_data_":"00000000000000000000000000000001"}}}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Tagged<F: Form>(pub F::Value);

impl<F: Form> Tagged<F> {
    /// Writes a field; `#[serde(with = ..)]` calls this.
    ///
    /// # Errors
    ///
    /// The errors of the serializer.
    pub fn serialize<S: Serializer>(value: &F::Value, serializer: S) -> Result<S::Ok, S::Error> {
        F::write(value, serializer)
    }

    /// Reads a field; `#[serde(with = ..)]` calls this.
    ///
    /// # Errors
    ///
    /// If the value is not tagged or has another name, or if the transcoding refuses its data.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<F::Value, D::Error> {
        F::read(deserializer)
    }
}

impl<F: Form> Serialize for Tagged<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        F::write(&self.0, serializer)
    }
}

impl<'de, F: Form> Deserialize<'de> for Tagged<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        F::read(deserializer).map(Self)
    }
}

impl<F: Form<Value: Clone>> Clone for Tagged<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F: Form<Value: PartialEq>> PartialEq for Tagged<F> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<F: Form<Value: Eq>> Eq for Tagged<F> {}

impl<F: Form<Value: fmt::Debug>> fmt::Debug for Tagged<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tagged").field(&self.0).finish()
    }
}
