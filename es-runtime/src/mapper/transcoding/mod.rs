//! Values in a form of their own, tagged with its name: `{"_type_":"uuid_hex","_data_":"b2723fe2..."}`.
//!
//! A [`Transcoding`] says how values of a type are written, and under which name. Fields take it by serde's
//! `with`, so that the rest of the type stays as it is derived. Reading checks the name: a value in another
//! form is refused, not misread. Nothing looks for tags where none are declared: a map of the user's own that
//! happens to have the two keys is data like any other.

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

/// How values of a type are written, under which name, and how they are read again.
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
    /// What is written; it may hold [`Tagged`] values itself.
    type Data: Serialize + DeserializeOwned;
    /// Why data are refused; messages show it, so it should not show the data.
    type Error: Display;
    /// What stands with the data; it never changes.
    const NAME: &'static str;

    /// What to write for a value.
    fn encode(value: &Self::Value) -> Self::Data;

    /// The value that was written.
    ///
    /// # Errors
    ///
    /// For data that `encode` does not make.
    fn decode(data: Self::Data) -> Result<Self::Value, Self::Error>;
}

/// Writes and reads values as a [`Transcoding`] says: for a field by `with`, anywhere else as a wrapper.
///
/// A field with `with` may be left out only if it also says `default`, even one that is an `Option`: give it
/// to each field that is added to an event later.
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
    /// What `#[serde(with = ..)]` calls to write a field.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(value: &F::Value, serializer: S) -> Result<S::Ok, S::Error> {
        F::write(value, serializer)
    }

    /// What `#[serde(with = ..)]` calls to read a field.
    ///
    /// # Errors
    ///
    /// If the value is not tagged, has another name, or its data are refused.
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
