//! Errors about a row, which name the row but not its content.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::event::{EventSet, Topics};
use crate::registry::Registry;
use crate::stored_event::StoredEvent;

/// The row, as a message names it.
pub(super) struct Place<'a>(pub(super) &'a StoredEvent);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoredEvent { id, version, topic, .. } = self.0;
        write!(f, "event {version} of aggregate {id}, a `{topic}`")
    }
}

#[cold]
pub(super) fn at_row(row: &StoredEvent, error: Error) -> Error {
    Error::new(error.kind(), format!("{}: {error}", Place(row))).with_source(error)
}

#[cold]
pub(super) fn not_in_set<E: EventSet>(row: &StoredEvent) -> Error {
    let known: Vec<String> = E::TYPES.iter().map(|known| format!("`{}`", known.topic())).collect();
    let message = format!(
        "{} is not among the events that are read here, {}; a newer release may have stored it, or the id is \
         another's; if the event was renamed, keep the old topic in `ALIASES`",
        Place(row),
        known.join(", ")
    );
    Error::new(ErrorKind::UnknownTopic, message)
}

#[cold]
pub(super) fn of_another(row: &StoredEvent, expected: &Topics, name: &str) -> Error {
    let message = format!("{} belongs to a `{name}`, not to a `{}`; check the id", Place(row), expected.name);
    Error::new(ErrorKind::WrongAggregate, message)
}

#[cold]
pub(super) fn unknown_topic(row: &StoredEvent, expected: &Topics) -> Error {
    let registry = Registry::global().ok();
    if let Some(other) = registry.and_then(|registry| registry.reader(&row.topic)) {
        let message =
            format!("{}: the id is that of a `{}`, not of a `{}`", Place(row), other.name(), expected.name);
        return Error::new(ErrorKind::WrongAggregate, message);
    }
    match registry.and_then(|registry| registry.event(&row.topic)) {
        Some(event) => Error::new(
            ErrorKind::WrongAggregate,
            format!(
                "{} belongs to another aggregate than `{}`: the event is declared at {}; check the id",
                Place(row),
                expected.name,
                event.place()
            ),
        ),
        None => Error::new(
            ErrorKind::UnknownTopic,
            format!(
                "{} is not known to `{}`; a newer release may have stored it; if the event was renamed, keep the \
                 old topic in `aliases`, if it is gone, in `#[mutator(retired = [..])]`",
                Place(row),
                expected.name
            ),
        ),
    }
}
