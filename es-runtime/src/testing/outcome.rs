use std::fmt::{self, Debug};
use std::time::Duration;

use super::or_error::OrError;
use super::rebuild::rebuild;
use super::scenario::Scenario;
use super::subject::{Subject, flat};
use crate::aggregate::{Aggregate, Discarded};
use crate::clock::Timestamp;
use crate::event::Recorded;

/// The outcome of a command: the events that it recorded, the value that it returned, the state that it left.
///
/// The next command sees the aggregate as this one left it.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::Scenario;
///
/// Scenario::<Account>::given(Opened { owner: "Ann".into() })
///     .when(|account| account.deposit(10))
///     .then(Deposited { amount: 10 })
///     .when(|account| account.withdraw(3))
///     .then(Withdrawn { amount: 3 })
///     .then_returns(Ok(()))
///     .then_state(|account| assert_eq!(account.balance, 7));
/// ```
pub struct Outcome<S: Subject, R> {
    pub(super) before: Scenario<S>,
    pub(super) recorded: S::Recorded,
    pub(super) left: S::Left,
    pub(super) returned: R,
}

impl<A: Aggregate, R: Debug> Outcome<A, R> {
    #[track_caller]
    pub(super) fn of_one(
        before: Scenario<A>,
        left: Option<A>,
        recorded: Vec<Recorded<A::Event>>,
        returned: R,
    ) -> Self {
        let (left, recorded) = rebuild(&before.past, left, recorded);
        Self { before, recorded, left, returned }
    }

    /// Runs another command: see [`Scenario::when`].
    ///
    /// # Panics
    ///
    /// As [`Scenario::when`].
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.deposit(1))
    ///     .when(|account| account.withdraw(1))
    ///     .then(Withdrawn { amount: 1 });
    /// ```
    #[track_caller]
    #[must_use = "say with `then..` what is expected"]
    pub fn when<S: Debug>(self, command: impl FnOnce(&mut A) -> S) -> Outcome<A, S> {
        self.next().when(command)
    }

    /// Runs a command that ends the aggregate: see [`Scenario::when_discarded`].
    ///
    /// # Panics
    ///
    /// As [`Scenario::when`].
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::given_nothing()
    ///     .when_created(|| Account::open("Ann".into()))
    ///     .when_discarded(Account::discard)
    ///     .then(AccountEvent::Discarded);
    /// ```
    #[track_caller]
    #[must_use = "say with `then..` what is expected"]
    pub fn when_discarded<S: OrError<Discarded<A>>>(
        self,
        command: impl FnOnce(A) -> S,
    ) -> Outcome<A, S::Returned> {
        self.next().when_discarded(command)
    }
}

impl<S: Subject, R: Debug> Outcome<S, R> {
    /// Returns the events that the command recorded, with their versions and times; for several aggregates, a list for
    /// each.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::{ManualClock, Scenario};
    /// let outcome = Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.deposit(10));
    /// assert_eq!(outcome.recorded()[0].envelope().version(), 2);
    /// assert_eq!(outcome.recorded()[0].envelope().timestamp(), ManualClock::START);
    /// ```
    pub const fn recorded(&self) -> &S::Recorded {
        &self.recorded
    }

    /// Returns the value that the command returned, for a check of your own.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// let outcome = Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.withdraw(1));
    /// assert!(outcome.returned().is_err());
    /// ```
    pub const fn returned(&self) -> &R {
        &self.returned
    }

    /// Sets the clock for the next command.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::clock::Timestamp;
    /// use es_runtime::testing::Scenario;
    /// // Nothing is recorded as older than what came before it.
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.deposit(1))
    ///     .at(Timestamp::from_micros(0))
    ///     .when(|account| account.deposit(2))
    ///     .then_state(|account| assert_eq!(account.modified_at(), account.created_at()));
    /// ```
    #[must_use = "the next command comes after it"]
    pub fn at(self, moment: Timestamp) -> Scenario<S> {
        self.next().at(moment)
    }

    /// Moves the clock forward for the next command.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use std::time::Duration;
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.deposit(1))
    ///     .after(Duration::from_secs(60))
    ///     .when(|account| account.deposit(2))
    ///     .then_state(|account| assert!(account.modified_at() > account.created_at()));
    /// ```
    #[must_use = "the next command comes after it"]
    pub fn after(self, duration: Duration) -> Scenario<S> {
        self.next().after(duration)
    }

    /// Adds the recorded events to the given ones.
    pub(super) fn next(mut self) -> Scenario<S> {
        S::append(&mut self.before.past, self.recorded);
        self.before
    }
}

impl<S: Subject, R: Debug> fmt::Debug for Outcome<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("before", &self.before)
            .field("recorded", &flat::<S>(&self.recorded))
            .field("returned", &self.returned)
            .finish_non_exhaustive()
    }
}
