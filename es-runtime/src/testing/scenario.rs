use std::fmt;
use std::time::Duration;

use super::clock::ManualClock;
use super::codec::{encode, through};
use super::diff::list;
use super::events::{EventList, collect};
use super::history::number;
use super::ids::Ids;
use crate::aggregate::Aggregate;
use crate::clock::{Clock, Timestamp};
use crate::event::Recorded;
use crate::id::{Id, Version};

/// What has happened to one aggregate before the command that is tested.
///
/// Given these events, [when](Self::when) this command runs, [then](super::Outcome::then) those are recorded:
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::Scenario;
///
/// Scenario::<Account>::given((Opened { owner: "Ann".into() }, Deposited { amount: 10 }))
///     .when(|account| account.withdraw(30))
///     .then_nothing()
///     .then_error(Overdrawn);
/// ```
///
/// A scenario has its own clock, which shows [`ManualClock::START`] until [`at`](Self::at) or
/// [`after`](Self::after) moves it, and its own ids, which count up from [`id(1)`](super::id()): the
/// aggregate that is given, or the first one that is made. After each command the aggregate is also made
/// from its stored events; a state that differs fails the test.
#[must_use = "a scenario tests nothing before `when`"]
pub struct Scenario<A: Aggregate> {
    clock: ManualClock,
    ids: Ids,
    pub(super) past: Vec<Recorded<A::Event>>,
}

impl<A: Aggregate> Scenario<A> {
    /// Begins with events that are recorded already.
    ///
    /// # Panics
    ///
    /// If an event does not survive being stored, or they are not the events of one aggregate from its
    /// creation on.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.deposit(1))
    ///     .then(Deposited { amount: 1 });
    /// ```
    #[track_caller]
    pub fn given<K>(events: impl EventList<A, K>) -> Self {
        Self::given_nothing().and_given(events)
    }

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
        Self { clock: ManualClock::default(), ids: Ids::from(1), past: Vec::new() }
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
    ///     .then_returns(ManualClock::START.after(Duration::from_secs(60)));
    /// ```
    #[track_caller]
    pub fn and_given<K>(mut self, events: impl EventList<A, K>) -> Self {
        let stored: Vec<_> = collect(events).iter().map(through::<A>).collect();
        let (id, version) = match self.past.last() {
            Some(last) => (last.envelope().id(), last.envelope().version().next()),
            None => (self.ids.take(), Version::INITIAL),
        };
        self.past.extend(number::<A>(Id::from_uuid(id), version, self.clock.now(), stored));
        if let Err(error) = crate::aggregate::replay::<A>(self.past.clone()) {
            panic!(
                "the given events do not make the aggregate `{}`: {error}; give its creating event, then what changed it\n\
                 given\n{}",
                A::NAME,
                list(&lines::<A>(&self.past))
            );
        }
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
    /// use es_runtime::testing::{ManualClock, Scenario};
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .after(Duration::from_secs(60))
    ///     .when(|account| account.deposit(1))
    ///     .then_state(|account| assert!(account.modified_at() > account.created_at()));
    /// ```
    pub fn after(self, duration: Duration) -> Self {
        self.clock.advance(duration);
        self
    }

    /// The aggregate that has been given.
    #[track_caller]
    pub(super) fn aggregate(&self) -> A {
        match crate::aggregate::replay(self.past.clone()) {
            Ok(aggregate) => aggregate,
            Err(error) => panic!("{error}; give the event that creates it, or use `when_created`"),
        }
    }

    /// Runs `command` under the scenario's clock, with its ids.
    pub(super) fn run<R>(&self, command: impl FnOnce() -> R) -> R {
        let _clock = self.clock.install();
        let _ids = self.ids.install();
        command()
    }
}

impl<A: Aggregate> fmt::Debug for Scenario<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("clock", &self.clock.now())
            .field("past", &lines::<A>(&self.past))
            .finish_non_exhaustive()
    }
}

/// The events as lines.
#[track_caller]
pub(super) fn lines<A: Aggregate>(events: &[Recorded<A::Event>]) -> Vec<String> {
    events.iter().map(|recorded| encode::<A>(recorded.event()).to_string()).collect()
}
