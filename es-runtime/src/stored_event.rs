//! The one type that the mapper and the recorders share: an event as a row.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::Error;
use crate::id::{Name, Version};

/// An event, or a snapshot, as a recorder keeps it.
///
/// Id and version name the row's place. The mapper makes the state from the rest of the event, and only the mapper
/// reads it.
///
/// ```
/// use es_runtime::Version;
/// use es_runtime::recorder::StoredEvent;
/// use uuid::Uuid;
///
/// let event = StoredEvent::new(Uuid::now_v7(), Version::INITIAL, "Account.Opened", b"{}".to_vec())?;
/// assert_eq!(event.topic, "Account.Opened");
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredEvent {
    /// The id of the row's sequence: the aggregate.
    pub id: Uuid,
    /// The row's place in that sequence.
    pub version: Version,
    /// The topic, which determines how the mapper reads the state.
    pub topic: Name,
    /// The rest of the event, as bytes.
    pub state: Vec<u8>,
    /// Values for columns of your own, for queries by others: the recorder writes them, and does not read them back.
    pub columns: Columns,
}

/// Values for columns of your own.
// One word: almost no event has values, and rows are many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(
    #[expect(clippy::box_collection, reason = "a vector has three words")] Option<Box<Vec<Named>>>,
);

type Named = (Arc<str>, ColumnValue);

impl Columns {
    /// Returns the value for a column, if there is one.
    pub fn get(&self, name: &str) -> Option<&ColumnValue> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Returns all values, with the names of their columns.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ColumnValue)> {
        self.0.iter().flat_map(|values| values.iter()).map(|(name, value)| (&**name, value))
    }
}

impl FromIterator<Named> for Columns {
    fn from_iter<I: IntoIterator<Item = Named>>(values: I) -> Self {
        let values: Vec<_> = values.into_iter().collect();
        Self(if values.is_empty() { None } else { Some(Box::new(values)) })
    }
}

/// A value in a column of your own.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ColumnValue {
    /// No value.
    #[default]
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Floats are equal if their bits are: the comparison is of written values, not of their meaning.
impl PartialEq for ColumnValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Integer(one), Self::Integer(other)) => one == other,
            (Self::Real(one), Self::Real(other)) => one.to_bits() == other.to_bits(),
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Bytes(one), Self::Bytes(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for ColumnValue {}

impl From<f64> for ColumnValue {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<i64> for ColumnValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<String> for ColumnValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for ColumnValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<u8>> for ColumnValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for ColumnValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl StoredEvent {
    /// Makes a row.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if the topic is no [`Name`]: no store ever sees such a row.
    pub fn new<T>(id: Uuid, version: Version, topic: T, state: Vec<u8>) -> Result<Self, Error>
    where
        T: TryInto<Name>,
        Error: From<T::Error>,
    {
        Ok(Self::of(id, version, topic.try_into()?, state))
    }

    /// Makes a row under a topic that was checked before.
    pub const fn of(id: Uuid, version: Version, topic: Name, state: Vec<u8>) -> Self {
        Self { id, version, topic, state, columns: Columns(None) }
    }

    /// Returns the name of the aggregate's type, if this event is the notice that the aggregate is forgotten: the topic
    /// is then `<name>.Forgotten`.
    ///
    /// A reader of the log deletes all that it made from the aggregate's events. The name is the one that the type had
    /// when the notice was stored. For a sequence that is no aggregate, the name is the one passed to
    /// [`EventStore::forget`](crate::store::EventStore::forget).
    ///
    /// ```
    /// use es_runtime::Version;
    /// use es_runtime::recorder::StoredEvent;
    /// use uuid::Uuid;
    ///
    /// let row = |topic| StoredEvent::new(Uuid::nil(), Version::from(2), topic, Vec::new());
    /// assert_eq!(row("Account.Forgotten")?.forgotten(), Some("Account"));
    /// assert_eq!(row("Account.Deposited")?.forgotten(), None);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn forgotten(&self) -> Option<&str> {
        forgotten_aggregate(&self.topic)
    }
}

impl fmt::Debug for StoredEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredEvent")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("topic", &self.topic)
            // The state may hold personal data, which do not belong in logs.
            .field("state", &format_args!("{} bytes", self.state.len()))
            .finish_non_exhaustive()
    }
}

/// The end of each topic of a notice that an aggregate is forgotten.
pub(crate) const FORGOTTEN_END: &str = ".Forgotten";

/// Returns the topic of the notice that an aggregate of that name is forgotten.
pub(crate) fn forgotten_topic(aggregate: &str) -> String {
    [aggregate, FORGOTTEN_END].concat()
}

/// Returns the name of the aggregate, if rows of the topic are notices that an aggregate is forgotten.
fn forgotten_aggregate(topic: &str) -> Option<&str> {
    topic.strip_suffix(FORGOTTEN_END)
}

/// Returns whether rows of the topic are notices that an aggregate is forgotten.
pub(crate) fn is_forgotten_notice(topic: &str) -> bool {
    forgotten_aggregate(topic).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_of_a_notice_names_its_aggregate() {
        assert_eq!(forgotten_topic("Account"), "Account.Forgotten");
        assert_eq!(forgotten_aggregate(&forgotten_topic("Account")), Some("Account"));
        for other in ["Account.Opened", "Account.Forgotten.Again", "AccountForgotten", "Forgotten"] {
            assert_eq!(forgotten_aggregate(other), None, "{other}");
        }
    }
}
