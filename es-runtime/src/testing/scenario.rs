use std::fmt;
use std::time::Duration;

use super::clock::ManualClock;
use super::ids::Ids;
use super::lists::EventLists;
use super::subject::{Subject, flat};
use crate::aggregate::Aggregate;
use crate::clock::{Clock, Timestamp};
use crate::event::Recorded;

/// The events that are recorded before the tested command: of one aggregate, or of two to four.
///
/// Given these events, [when](Self::when) this command runs, [then](super::Outcome::then) those events are recorded:
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::Scenario;
///
/// Scenario::<Account>::given((Opened { owner: "Ann".into() }, Deposited { amount: 10 }))
///     .when(|account| account.withdraw(30))
///     .then_refused(Overdrawn);
/// ```
///
/// A command that changes two aggregates, or up to four, has a scenario of a tuple, and so are its events; `()` is none:
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::Scenario;
///
/// fn transfer(from: &mut Account, to: &mut Account, amount: i64) -> Result<(), Overdrawn> {
///     from.withdraw(amount)?;
///     to.deposit(amount);
///     Ok(())
/// }
///
/// let opened = |owner: &str| Opened { owner: owner.into() };
/// Scenario::<(Account, Account)>::given(((opened("Ann"), Deposited { amount: 10 }), opened("Bob")))
///     .when(|ann, bob| transfer(ann, bob, 3))
///     .then((Withdrawn { amount: 3 }, Deposited { amount: 3 }))
///     .when(|ann, _| ann.withdraw(2))
///     .then((Withdrawn { amount: 2 }, ()))
///     .when(|ann, bob| transfer(ann, bob, 8))
///     .then_refused(Overdrawn);
/// ```
///
/// A scenario has its own clock, which shows [`ManualClock::START`] until [`at`](Self::at) or
/// [`after`](Self::after) moves it, and its own ids, which count up from [`id(1)`](super::id()): the
/// given aggregate, or the first one that is made. After each command the aggregate is also made
/// from its stored events; a state that differs fails the test.
#[must_use = "a scenario tests nothing before `when`"]
pub struct Scenario<S: Subject> {
    clock: ManualClock,
    ids: Ids,
    pub(super) past: S::Recorded,
}

impl<S: Subject> Scenario<S> {
    /// Begins with events that are recorded already.
    ///
    /// # Panics
    ///
    /// If an event does not survive being stored, or the events of an aggregate are not its history from the creation
    /// on.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.deposit(1))
    ///     .then(Deposited { amount: 1 });
    /// ```
    #[track_caller]
    pub fn given<K>(events: impl EventLists<S, K>) -> Self {
        Self::empty().and_given(events)
    }

    /// Adds events that are recorded already, at the time that the clock shows now.
    ///
    /// # Panics
    ///
    /// As [`given`](Self::given).
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use std::time::Duration;
    /// use es_runtime::testing::{ManualClock, Scenario};
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .after(Duration::from_secs(60))
    ///     .and_given(Deposited { amount: 10 })
    ///     .when(|account| account.modified_at())
    ///     .then_returns(ManualClock::START + Duration::from_secs(60));
    /// ```
    #[track_caller]
    pub fn and_given<K>(mut self, events: impl EventLists<S, K>) -> Self {
        let new_id = || self.ids.take();
        self.past = S::record(self.past, events.into_lists(), self.clock.now(), &new_id);
        self
    }

    /// Sets the clock.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::clock::Timestamp;
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given_nothing()
    ///     .at(Timestamp::from_micros(5))
    ///     .when_created(|| Account::open("Ann".into()))
    ///     .then_state(|account| assert_eq!(account.created_at(), Timestamp::from_micros(5)));
    /// ```
    pub fn at(self, moment: Timestamp) -> Self {
        self.clock.set(moment);
        self
    }

    /// Moves the clock forward.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use std::time::Duration;
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .after(Duration::from_secs(60))
    ///     .when(|account| account.deposit(1))
    ///     .then_state(|account| assert!(account.modified_at() > account.created_at()));
    /// ```
    pub fn after(self, duration: Duration) -> Self {
        self.clock.advance(duration);
        self
    }

    fn empty() -> Self {
        crate::schema::lock::remind();
        Self { clock: ManualClock::default(), ids: Ids::from(1), past: S::Recorded::default() }
    }

    /// Runs `command` under the scenario's clock, with its ids.
    pub(super) fn run<R>(&self, command: impl FnOnce() -> R) -> R {
        let _clock = self.clock.install();
        let _ids = self.ids.install();
        command()
    }
}

impl<A: Aggregate> Scenario<A> {
    /// Begins before the aggregate exists.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::given_nothing()
    ///     .when_created(|| Account::open("Ann".into()))
    ///     .then(Opened { owner: "Ann".into() });
    /// ```
    pub fn given_nothing() -> Self {
        Self::empty()
    }
}

/// Returns the aggregate that its events make.
#[track_caller]
pub(super) fn load<A: Aggregate>(past: &[Recorded<A::Event>]) -> A {
    match crate::aggregate::replay(past.to_vec()) {
        Ok(aggregate) => aggregate,
        Err(error) => panic!("{error}; give the event that creates it, or use `when_created`"),
    }
}

impl<S: Subject> fmt::Debug for Scenario<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("clock", &self.clock.now())
            .field("past", &flat::<S>(&self.past))
            .finish_non_exhaustive()
    }
}
