use std::borrow::Cow;

use super::{AnyEvent, SkipReason};
use crate::error::{Error, ErrorKind};
use crate::event::{EventSet, EventType, Reading, Recorded, Topics};
use crate::registry::Registry;
use crate::store::Mappers;
use crate::stored_event::StoredEvent;

/// The events that [`Application::log`](crate::Application::log) reads: the enum of an aggregate, an event or a set of
/// them, or [`AnyEvent`].
///
/// Only this crate can implement the trait.
#[diagnostic::on_unimplemented(
    message = "the log has no events of the type `{Self}`",
    label = "neither the enum of an aggregate's events nor an event",
    note = "name the enum, as in `log::<AccountEvent>()`, an `#[event] struct`, or `AnyEvent`"
)]
pub trait Logged: sealed::Logged + Sized + Send + 'static {
    /// Returns the topics to search for; an empty list means every topic.
    #[doc(hidden)]
    fn topics() -> Vec<Cow<'static, str>>;

    #[doc(hidden)]
    fn read(row: &StoredEvent, mappers: &Mappers<'_>) -> Result<Content<Self>, Error>;
}

/// A row, as a reader of certain types of events sees it.
#[doc(hidden)]
#[derive(Debug)]
pub enum Content<E> {
    Event(Recorded<E>),
    Skipped(SkipReason),
    /// A row of other types.
    Other,
}

/// A trait out of reach: no other crate can implement [`Logged`].
mod sealed {
    pub trait Logged {}
    impl<E: super::EventSet> Logged for E {}
    impl Logged for super::AnyEvent {}
}

#[diagnostic::do_not_recommend]
impl<E: EventSet> Logged for E {
    fn topics() -> Vec<Cow<'static, str>> {
        let Some(aggregate) = E::AGGREGATE else {
            let topics =
                |event: &EventType| [event.topic()].into_iter().chain(event.aliases().iter().copied());
            return E::TYPES.iter().flat_map(topics).map(Cow::Borrowed).collect();
        };
        aggregate.all().into_iter().map(|(topic, _)| topic.into()).collect()
    }

    fn read(row: &StoredEvent, mappers: &Mappers<'_>) -> Result<Content<E>, Error> {
        let skipped = match E::AGGREGATE {
            None => {
                let is =
                    |event: &EventType| row.topic == event.topic() || event.aliases().contains(&&*row.topic);
                if !E::TYPES.iter().any(is) {
                    return Ok(Content::Other);
                }
                None
            }
            Some(aggregate) => match aggregate.read(&row.topic) {
                None if is_unknown(aggregate, row, mappers)? => Some(SkipReason::Unknown),
                None => return Ok(Content::Other),
                Some(Reading::Forgotten(_)) => Some(SkipReason::Forgotten),
                Some(Reading::Retired) => Some(SkipReason::Retired),
                Some(Reading::Event(_)) => None,
            },
        };
        if let Some(why) = skipped {
            return Ok(Content::Skipped(why));
        }
        let Some(mapper) = mappers.of(row) else { return Ok(Content::Skipped(SkipReason::Unreadable)) };
        match mapper.decode(row) {
            // The row is a shared event of another aggregate.
            Err(error) if error.kind() == ErrorKind::WrongAggregate => Ok(Content::Other),
            Err(error) => Err(error),
            Ok(Some(recorded)) => Ok(Content::Event(recorded)),
            Ok(None) => Ok(Content::Skipped(SkipReason::Retired)),
        }
    }
}

/// Returns whether a row belongs to the aggregate, by its topic or its data, though the aggregate does not know its
/// topic.
pub(crate) fn is_unknown(aggregate: Topics, row: &StoredEvent, mappers: &Mappers<'_>) -> Result<bool, Error> {
    if aggregate.owner(&row.topic).is_none() {
        return Ok(true);
    }
    // Only a shared event names its aggregate, and those that the program knows belong to others.
    match mappers.of(row) {
        Some(mapper) if Registry::global()?.event(&row.topic).is_none() => {
            Ok(mapper.owner_of(row)?.is_some_and(|owner| aggregate.is_named(&owner)))
        }
        _ => Ok(false),
    }
}

#[diagnostic::do_not_recommend]
impl Logged for AnyEvent {
    fn topics() -> Vec<Cow<'static, str>> {
        Vec::new()
    }

    fn read(row: &StoredEvent, mappers: &Mappers<'_>) -> Result<Content<Self>, Error> {
        if row.forgotten().is_some() {
            return Ok(Content::Skipped(SkipReason::Forgotten));
        }
        match mappers.of(row) {
            Some(mapper) => Self::decode(mapper, row).map(Content::Event),
            None => Ok(Content::Skipped(SkipReason::Unreadable)),
        }
    }
}
