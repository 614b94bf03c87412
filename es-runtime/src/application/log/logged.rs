use std::borrow::Cow;

use super::{AnyEvent, SkipReason};
use crate::aggregate::{Aggregate, Events, Reading, Seal, Topics};
use crate::error::{Error, ErrorKind};
use crate::event::{EventType, Recorded};
use crate::event_set::{EventSet, OfAggregate, OfSet};
use crate::registry::Registry;
use crate::store::Mappers;
use crate::stored_event::StoredEvent;

/// Events that [`Application::log`](crate::Application::log) reads: the enum of an aggregate, an event or a set of them, or
/// [`AnyEvent`].
///
/// `M` tells the three apart, and is always inferred. Only this crate can implement it.
#[diagnostic::on_unimplemented(
    message = "the log has no events of the type `{Self}`",
    label = "neither the enum of an aggregate's events nor an event",
    note = "name the enum, as in `log::<AccountEvent>()`, an `#[event] struct`, or `AnyEvent`"
)]
pub trait Logged<M>: Sized + Send + 'static {
    /// The topics that are looked for; none is every topic.
    #[doc(hidden)]
    fn topics(seal: Seal) -> Vec<Cow<'static, str>>;

    #[doc(hidden)]
    fn read(row: &StoredEvent, mappers: &Mappers<'_>, seal: Seal) -> Result<Content<Self>, Error>;
}

/// A row, to the reader of some types of events.
#[doc(hidden)]
#[derive(Debug)]
pub enum Content<E> {
    Event(Recorded<E>),
    Skipped(SkipReason),
    /// A row of other types.
    Other,
}

/// Says that the events are of any type: see [`Logged`].
#[derive(Debug)]
pub enum OfAny {}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, E: Events<A>> Logged<OfAggregate<A>> for E
where
    A: Aggregate<Event = E>,
{
    fn topics(_: Seal) -> Vec<Cow<'static, str>> {
        Topics::of::<A>().all().into_iter().map(|(topic, _)| topic.into()).collect()
    }

    fn read(row: &StoredEvent, mappers: &Mappers<'_>, _: Seal) -> Result<Content<E>, Error> {
        let reading = match Topics::of::<A>().read(&row.topic) {
            None if is_unknown::<A>(row, mappers)? => return Ok(Content::Skipped(SkipReason::Unknown)),
            None => return Ok(Content::Other),
            Some(reading) => reading,
        };
        match (reading, mappers.of(row)) {
            (Reading::Forgotten(_), _) => Ok(Content::Skipped(SkipReason::Forgotten)),
            (Reading::Retired, _) => Ok(Content::Skipped(SkipReason::Retired)),
            (Reading::Event(_), None) => Ok(Content::Skipped(SkipReason::Unreadable)),
            (Reading::Event(_), Some(mapper)) => match mapper.decode::<A>(row) {
                // A shared event, of another aggregate.
                Err(error) if error.kind() == ErrorKind::WrongAggregate => Ok(Content::Other),
                Err(error) => Err(error),
                Ok(Some(recorded)) => Ok(Content::Event(recorded)),
                Ok(None) => Ok(Content::Skipped(SkipReason::Retired)),
            },
        }
    }
}

/// Returns whether a row with a topic that the aggregate does not know is its own all the same, by its topic or its data.
fn is_unknown<A: Aggregate>(row: &StoredEvent, mappers: &Mappers<'_>) -> Result<bool, Error> {
    let mut names = [A::NAME].into_iter().chain(A::ALIASES.iter().copied());
    if names.any(|name| row.topic.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))) {
        return Ok(true);
    }
    // Only a shared event names its aggregate. Those of the program are known to be of others.
    match mappers.of(row) {
        Some(mapper) if Registry::global()?.event(&row.topic).is_none() => {
            let owner = mapper.owner_of(row)?;
            Ok(owner.is_some_and(|owner| owner == A::NAME || A::ALIASES.contains(&&*owner)))
        }
        _ => Ok(false),
    }
}

#[diagnostic::do_not_recommend]
impl<E: EventSet> Logged<OfSet> for E {
    fn topics(_: Seal) -> Vec<Cow<'static, str>> {
        let topics = |event: &EventType| [event.topic()].into_iter().chain(event.aliases().iter().copied());
        E::TYPES.iter().flat_map(topics).map(Cow::Borrowed).collect()
    }

    fn read(row: &StoredEvent, mappers: &Mappers<'_>, _: Seal) -> Result<Content<E>, Error> {
        let is = |event: &EventType| row.topic == event.topic() || event.aliases().contains(&&*row.topic);
        if !E::TYPES.iter().any(is) {
            return Ok(Content::Other);
        }
        match mappers.of(row) {
            Some(mapper) => mapper.decode_in(row).map(Content::Event),
            None => Ok(Content::Skipped(SkipReason::Unreadable)),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Logged<OfAny> for AnyEvent {
    fn topics(_: Seal) -> Vec<Cow<'static, str>> {
        Vec::new()
    }

    fn read(row: &StoredEvent, mappers: &Mappers<'_>, _: Seal) -> Result<Content<Self>, Error> {
        if row.forgotten().is_some() {
            return Ok(Content::Skipped(SkipReason::Forgotten));
        }
        match mappers.of(row) {
            Some(mapper) => AnyEvent::decode(mapper, row).map(Content::Event),
            None => Ok(Content::Skipped(SkipReason::Unreadable)),
        }
    }
}
