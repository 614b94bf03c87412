//! Scenarios of commands that change two aggregates, or up to four.

use std::fmt::Debug;

use uuid::Uuid;

use super::compare::{Compared, compare};
use super::events::{EventList, collect, kind};
use super::lists::EventLists;
use super::outcome::Outcome;
use super::rebuild::rebuild;
use super::scenario::{Scenario, load};
use super::subject::{Subject, named, sealed};
use super::when::pending;
use crate::aggregate::Aggregate;
use crate::clock::Timestamp;
use crate::event::Recorded;

macro_rules! several {
    ($($aggregate:ident $list:ident $kind:ident $at:tt),+) => {
        impl<$($aggregate: Aggregate),+> sealed::Subject for ($($aggregate,)+) {}

        impl<$($aggregate: Aggregate),+> Subject for ($($aggregate,)+) {
            type Events = ($(Vec<$aggregate::Event>,)+);
            type Recorded = ($(Vec<Recorded<$aggregate::Event>>,)+);
            type Left = Self;

            #[track_caller]
            fn record(
                past: Self::Recorded,
                events: Self::Events,
                now: Timestamp,
                new_id: &dyn Fn() -> Uuid
            ) -> Self::Recorded {
                ($($aggregate::record(past.$at, events.$at, now, new_id),)+)
            }

            fn append(events: &mut Self::Recorded, more: Self::Recorded) {
                $(events.$at.extend(more.$at);)+
            }

            #[track_caller]
            fn compare(expected: Self::Events, recorded: &Self::Recorded) -> Result<(), String> {
                all(&[$(($aggregate::NAME, compare::<$aggregate>(expected.$at, &recorded.$at))),+])
            }

            #[track_caller]
            fn lines(events: &Self::Recorded) -> Vec<(Option<&'static str>, Vec<String>)> {
                vec![$(named::<$aggregate>(&events.$at)),+]
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($aggregate: Aggregate, $kind, $list: EventList<$aggregate, $kind>),+>
            EventLists<($($aggregate,)+), kind::Each<($($kind,)+)>> for ($($list,)+)
        {
            fn into_lists(self) -> ($(Vec<$aggregate::Event>,)+) {
                ($(collect(self.$at),)+)
            }
        }

        impl<$($aggregate: Aggregate),+> Scenario<($($aggregate,)+)> {
            /// Runs a command on the aggregates.
            ///
            /// # Panics
            ///
            /// If a recorded event does not survive being stored, or if the stored events make another state than the
            /// command left.
            #[track_caller]
            #[must_use = "say with `then..` what is expected"]
            pub fn when<R: Debug>(
                self,
                command: impl FnOnce($(&mut $aggregate),+) -> R,
            ) -> Outcome<($($aggregate,)+), R> {
                let mut left = ($(load::<$aggregate>(&self.past.$at),)+);
                let returned = self.run(|| command($(&mut left.$at),+));
                let kept = ($(kept(&self.past.$at, left.$at),)+);
                Outcome { before: self, recorded: ($(kept.$at.1,)+), left: ($(kept.$at.0,)+), returned }
            }
        }

        #[allow(clippy::return_self_not_must_use, reason = "nobody needs what the last check of a chain returns")]
        impl<$($aggregate: Aggregate,)+ R: Debug> Outcome<($($aggregate,)+), R> {
            /// Shows `check` the aggregates as the command left them.
            ///
            /// # Panics
            ///
            /// If `check` panics.
            #[track_caller]
            pub fn then_state(self, check: impl FnOnce($(&$aggregate),+)) -> Self {
                check($(&self.left.$at),+);
                self
            }

            /// Runs another command: see `Scenario::when`.
            ///
            /// # Panics
            ///
            /// As `Scenario::when`.
            #[track_caller]
            #[must_use = "say with `then..` what is expected"]
            pub fn when<Next: Debug>(
                self,
                command: impl FnOnce($(&mut $aggregate),+) -> Next,
            ) -> Outcome<($($aggregate,)+), Next> {
                self.next().when(command)
            }
        }
    };
}
several!(A LA KA 0, B LB KB 1);
several!(A LA KA 0, B LB KB 1, C LC KC 2);
several!(A LA KA 0, B LB KB 1, C LC KC 2, D LD KD 3);

/// Returns the aggregate that a command changed, and its new events, after checking that the stored events make the
/// same aggregate.
#[track_caller]
fn kept<A: Aggregate>(past: &[Recorded<A::Event>], mut left: A) -> (A, Vec<Recorded<A::Event>>) {
    let recorded = pending(&mut left);
    match rebuild(past, Some(left), recorded) {
        (Ok(left), recorded) => (left, recorded),
        (Err(error), _) => panic!("{error}"),
    }
}

/// Returns the lines of all aggregates as an error, unless each has the expected events.
fn all(compared: &[(&str, Compared)]) -> Result<(), String> {
    if compared.iter().all(|(_, compared)| compared.is_same) {
        return Ok(());
    }
    let shown = compared.iter().map(|(name, compared)| {
        let lines = if compared.lines.is_empty() { "    nothing\n" } else { &compared.lines };
        format!("`{name}`\n{lines}")
    });
    Err(shown.collect())
}
