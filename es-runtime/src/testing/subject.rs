use uuid::Uuid;

use super::codec::{encode, through};
use super::compare::compare;
use super::diff::{diff, list};
use super::history::number;
use crate::aggregate::Aggregate;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::event::Recorded;
use crate::id::{Id, Version};

/// The subject of a [`Scenario`](super::Scenario): an aggregate, or a tuple of two to four.
///
/// Only this crate can implement it.
#[diagnostic::on_unimplemented(
    message = "a scenario cannot be about `{Self}`",
    label = "neither an aggregate nor a tuple of two to four",
    note = "write `Scenario::<Account>`, or `Scenario::<(Course, Student)>` for a command that changes both"
)]
pub trait Subject: sealed::Subject + Sized {
    /// Events, a list for each aggregate.
    #[doc(hidden)]
    type Events;

    /// Events with their envelopes, a list for each aggregate.
    #[doc(hidden)]
    type Recorded: Default;

    /// The aggregates as a command leaves them.
    #[doc(hidden)]
    type Left;

    /// Returns the events behind the past ones, as recorded now and read from a store.
    #[doc(hidden)]
    #[track_caller]
    fn record(
        past: Self::Recorded,
        events: Self::Events,
        now: Timestamp,
        new_id: &dyn Fn() -> Uuid,
    ) -> Self::Recorded;

    /// Adds `more` behind the events.
    #[doc(hidden)]
    fn append(events: &mut Self::Recorded, more: Self::Recorded);

    /// Returns the lines of both as an error, unless they are the same.
    #[doc(hidden)]
    #[track_caller]
    fn compare(expected: Self::Events, recorded: &Self::Recorded) -> Result<(), String>;

    /// Returns the events as lines, with the name of each aggregate if there are several.
    #[doc(hidden)]
    #[track_caller]
    fn lines(events: &Self::Recorded) -> Vec<(Option<&'static str>, Vec<String>)>;
}

/// A trait out of reach: no other crate can implement [`Subject`].
pub(super) mod sealed {
    pub trait Subject {}
    impl<A: super::Aggregate> Subject for A {}
}

impl<A: Aggregate> Subject for A {
    type Events = Vec<A::Event>;
    type Recorded = Vec<Recorded<A::Event>>;
    type Left = Result<A, Error>;

    #[track_caller]
    fn record(
        mut past: Self::Recorded,
        events: Self::Events,
        now: Timestamp,
        new_id: &dyn Fn() -> Uuid,
    ) -> Self::Recorded {
        let stored: Vec<_> = events.iter().map(through::<A>).collect();
        let (id, version) = match past.last() {
            Some(last) => (last.envelope().id(), last.envelope().version().next()),
            None => (new_id(), Version::INITIAL),
        };
        past.extend(number::<A>(Id::from_uuid(id), version, now, stored));
        if let Err(error) = crate::aggregate::replay::<A>(past.clone()) {
            panic!(
                "the given events do not make the aggregate `{}`: {error}; give its creating event, then what changed it\n\
                 given\n{}",
                A::NAME,
                list(&lines::<A>(&past))
            );
        }
        past
    }

    fn append(events: &mut Self::Recorded, more: Self::Recorded) {
        events.extend(more);
    }

    #[track_caller]
    fn compare(expected: Self::Events, recorded: &Self::Recorded) -> Result<(), String> {
        let compared = compare::<A>(expected, recorded);
        if compared.is_same { Ok(()) } else { Err(compared.lines) }
    }

    #[track_caller]
    fn lines(events: &Self::Recorded) -> Vec<(Option<&'static str>, Vec<String>)> {
        vec![(None, lines::<A>(events))]
    }
}

/// Shows events below a heading, which names the aggregate if there are several.
#[track_caller]
pub(super) fn under<S: Subject>(heading: &str, events: &S::Recorded) -> String {
    let parts = S::lines(events).into_iter().map(|(name, lines)| {
        let name = name.map_or_else(String::new, |name| format!(" `{name}`"));
        format!("{heading}{name}\n{}", list(&lines))
    });
    parts.collect()
}

/// Shows events that nobody expected, below the name of the aggregate if there are several.
#[track_caller]
pub(super) fn unexpected<S: Subject>(events: &S::Recorded) -> String {
    let recorded = S::lines(events).into_iter().filter(|(_, lines)| !lines.is_empty());
    let parts = recorded.map(|(name, lines)| {
        let name = name.map_or_else(String::new, |name| format!("`{name}`\n"));
        name + &diff(&[], &lines)
    });
    parts.collect()
}

/// Returns the events of all aggregates as lines.
#[track_caller]
pub(super) fn flat<S: Subject>(events: &S::Recorded) -> Vec<String> {
    S::lines(events).into_iter().flat_map(|(_, lines)| lines).collect()
}

/// Returns the events of one aggregate as lines.
#[track_caller]
fn lines<A: Aggregate>(events: &[Recorded<A::Event>]) -> Vec<String> {
    events.iter().map(|recorded| encode::<A>(recorded.event()).to_string()).collect()
}

/// Returns the events of one of several aggregates as lines, below its name.
#[track_caller]
pub(super) fn named<A: Aggregate>(events: &[Recorded<A::Event>]) -> (Option<&'static str>, Vec<String>) {
    (Some(A::NAME), lines::<A>(events))
}
