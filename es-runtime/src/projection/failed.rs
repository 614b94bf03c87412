//! Events that failed, as a view keeps them.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::batch::Item;
use super::{HandledRow, Projection};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::id::{Mark, Version};
use crate::log::LogEvent;
use crate::view::{self, BoxError};

/// An event that a projection did not handle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedEvent {
    /// The place of the event in the log.
    pub mark: Mark,
    /// The id of the aggregate.
    pub id: Uuid,
    /// The version of the event.
    pub version: Version,
    /// The topic of the event, such as `Account.Deposited`; `a row` if it cannot be read.
    pub event: String,
    /// The name of the method that handles the event; empty if the row cannot be read.
    pub handler: String,
    /// The error of the handler. Empty for an event that waits behind a failed one of its aggregate.
    pub error: String,
    /// True if the event waits to be tried again, or dropped. The runner skipped any other event for good.
    pub is_parked: bool,
    /// The time of the failure.
    pub at: Timestamp,
}

impl FailedEvent {
    pub(crate) fn of<P: Projection>(
        item: &LogEvent<Item<P::Seen>>,
        error: Option<&BoxError>,
        is_parked: bool,
    ) -> Self {
        let (event, handler) = named::<P>(item.event());
        let envelope = item.envelope();
        Self {
            mark: item.mark(),
            id: envelope.id(),
            version: envelope.version(),
            event,
            handler: handler.to_owned(),
            error: error.map(view::shown).unwrap_or_default(),
            is_parked,
            at: Timestamp::now(),
        }
    }
}

impl fmt::Display for FailedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mark, id, version, handler, error, .. } = self;
        let event = quoted(&self.event);
        write!(f, "{event} (version {version} of {id}, at {mark}) in `{handler}`: ")?;
        f.write_str(if error.is_empty() { "waits for an earlier event of the aggregate" } else { error })
    }
}

/// Returns the error of a runner that an event stops.
pub(crate) fn stopped<P: Projection>(item: &LogEvent<Item<P::Seen>>, cause: BoxError) -> Error {
    let kind = cause.downcast_ref::<Error>().map_or(ErrorKind::Invalid, Error::kind);
    Error::new(
        kind,
        format!(
            "the projection `{}` stopped before position {}: {}; mend the cause and start again, or choose with \
             `on_failure` to skip or park such events",
            P::NAME,
            item.mark().position(),
            failure::<P>(item, &cause)
        ),
    )
    .with_source(cause)
}

/// Returns the error of a parked event that fails once more.
pub(crate) fn fails_again<P: Projection>(item: &LogEvent<Item<P::Seen>>, cause: BoxError) -> Error {
    let kind = cause.downcast_ref::<Error>().map_or(ErrorKind::Invalid, Error::kind);
    let (name, failure) = (P::NAME, failure::<P>(item, &cause));
    let message = format!(
        "an event of the projection `{name}` fails again, and stays parked with all later ones of its aggregate: {failure}; mend \
         the handler and call `retry` again, or give the events up with `drop_failed`"
    );
    Error::new(kind, message).with_source(cause)
}

/// Returns the error of a commit that an inline view does not take.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn refused<P: Projection>(item: &LogEvent<Item<P::Seen>>, cause: BoxError) -> Error {
    let (name, failure) = (P::NAME, failure::<P>(item, &cause));
    let message =
        format!("nothing is stored, because the inline view `{name}` does not take an event: {failure}");
    // Any other kind of the cause would say how the view fares, not the save.
    let is_of_store = cause.downcast_ref::<Error>().is_some_and(|cause| cause.kind() == ErrorKind::Storage);
    let kind = if is_of_store { ErrorKind::Storage } else { ErrorKind::Invalid };
    Error::new(kind, message).with_source(cause)
}

/// Returns a text that names the event, its handler and the error.
fn failure<P: Projection>(item: &LogEvent<Item<P::Seen>>, cause: &BoxError) -> String {
    let (event, handler) = named::<P>(item.event());
    let (version, id): (Version, Uuid) = (item.envelope().version(), item.envelope().id());
    let what = if handler.is_empty() {
        "cannot be read".to_owned()
    } else {
        format!("failed in the handler `{handler}`")
    };
    format!("{} (version {version} of {id}) {what}: {}", quoted(&event), view::shown(cause))
}

/// Returns the name of an event as code; words such as `a row` stay words.
fn quoted(event: &str) -> String {
    if event.contains(' ') { event.to_owned() } else { format!("`{event}`") }
}

/// Returns the names of an event and of its handler.
fn named<P: Projection>(item: &Item<P::Seen>) -> (String, &'static str) {
    let Item::Handled(routed) = item else { return ("a row".to_owned(), "") };
    let mut handlers = P::HANDLERS.iter();
    let Some(handler) = handlers.find(|handler| handler.number == routed.handler) else {
        return ("a row".to_owned(), "");
    };
    let aggregate = P::SOURCES.get(handler.source).map_or("", |topics| topics.name);
    let event = match handler.of {
        HandledRow::OfType(event) => event.topic().to_owned(),
        HandledRow::Attribute(name) => format!("{aggregate}.AttributeChanged[{name}]"),
        HandledRow::End => format!("{aggregate}.Discarded"),
        HandledRow::Forgotten => format!("{aggregate}.Forgotten"),
        HandledRow::Retired(topic) => topic.to_owned(),
        HandledRow::Every => format!("an event of {aggregate}"),
    };
    (event, handler.method)
}
