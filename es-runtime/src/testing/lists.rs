use super::events::{EventList, collect, kind};
use super::subject::Subject;
use crate::aggregate::Aggregate;

/// Events of all aggregates of a scenario: an [`EventList`], or a tuple with one for each aggregate.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::Scenario;
///
/// let opened = |owner: &str| Opened { owner: owner.into() };
/// Scenario::<(Account, Account)>::given((opened("Ann"), [opened("Bob")]))
///     .when(|_, bob| bob.deposit(1))
///     .then(((), Deposited { amount: 1 }));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event, or a list of events, of `{S}`",
    label = "not events of `{S}`",
    note = "give one event, a tuple of up to 12, a `Vec` or an array; each an event struct that \
            `#[mutator] impl {S}` handles, a variant of its event enum, or a changed attribute; and for a tuple of \
            aggregates a tuple of these, with `()` for none"
)]
pub trait EventLists<S: Subject, Kind> {
    /// Returns the events, a list for each aggregate.
    fn into_lists(self) -> S::Events;
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, K, L: EventList<A, K>> EventLists<A, kind::One<K>> for L {
    fn into_lists(self) -> Vec<A::Event> {
        collect(self)
    }
}
