use std::fmt::Debug;

use super::diff::{diff, list};
use super::lists::EventLists;
use super::outcome::Outcome;
use super::subject::{Subject, flat, under, unexpected};
use crate::aggregate::Aggregate;

#[allow(clippy::return_self_not_must_use, reason = "nobody needs what the last check of a chain returns")]
impl<A: Aggregate, R: Debug> Outcome<A, R> {
    /// Shows `check` the aggregate as the command left it.
    ///
    /// # Panics
    ///
    /// If there is no aggregate, or `check` panics.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.deposit(10))
    ///     .then_state(|account| assert_eq!((account.balance, account.version().get()), (10, 2)));
    /// ```
    #[track_caller]
    pub fn then_state(self, check: impl FnOnce(&A)) -> Self {
        match &self.left {
            Ok(aggregate) => check(aggregate),
            Err(error) => panic!("there is no state to look at: {error}\n{}", self.circumstances()),
        }
        self
    }
}

#[allow(clippy::return_self_not_must_use, reason = "nobody needs what the last check of a chain returns")]
impl<S: Subject, R: Debug> Outcome<S, R> {
    /// Checks that the command recorded these events, in this order, and no others.
    ///
    /// Events are the same if their JSON is; no event needs `PartialEq`.
    ///
    /// # Panics
    ///
    /// If the command recorded other events; the message shows both, and the given events.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| {
    ///         account.deposit(10);
    ///         account.set_owner("Anna".into());
    ///     })
    ///     .then((Deposited { amount: 10 }, AccountAttribute::Owner("Anna".into())));
    /// ```
    #[track_caller]
    pub fn then<K>(self, expected: impl EventLists<S, K>) -> Self {
        if let Err(lines) = S::compare(expected.into_lists(), &self.recorded) {
            panic!(
                "the command recorded other events than expected; correct one of the two (- expected, + recorded)\n{lines}{}",
                self.circumstances()
            );
        }
        self
    }

    /// Checks that the command recorded no event.
    ///
    /// # Panics
    ///
    /// If the command recorded an event.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.withdraw(1))
    ///     .then_nothing();
    /// ```
    #[track_caller]
    pub fn then_nothing(self) -> Self {
        assert!(
            flat::<S>(&self.recorded).is_empty(),
            "the command recorded events where none are expected; correct one of the two\n{}{}",
            unexpected::<S>(&self.recorded),
            self.circumstances()
        );
        self
    }

    /// Checks the value that the command returned.
    ///
    /// # Panics
    ///
    /// If the command returned another value.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.withdraw(1))
    ///     .then_returns(Err(Overdrawn));
    /// ```
    #[track_caller]
    pub fn then_returns<V: Debug>(self, expected: V) -> Self
    where
        R: PartialEq<V>,
    {
        assert!(self.returned == expected, "{}", self.other_value(&expected, &self.returned));
        self
    }

    fn circumstances(&self) -> String {
        let given = under::<S>("given", &self.before.past);
        format!("{given}returned\n{}", list(&shown(&self.returned)))
    }

    fn other_value(&self, expected: &dyn Debug, returned: &dyn Debug) -> String {
        format!(
            "the command returned another value than expected; correct one of the two (- expected, + returned)\n{}{}{}",
            diff(&shown(expected), &shown(returned)),
            under::<S>("given", &self.before.past),
            under::<S>("recorded", &self.recorded)
        )
    }
}

#[allow(clippy::return_self_not_must_use, reason = "nobody needs what the last check of a chain returns")]
impl<S: Subject, T: Debug, E: Debug> Outcome<S, Result<T, E>> {
    /// Checks that the command refused: it returned this error and recorded no event.
    ///
    /// `Application::execute` saves nothing of a command that returns an error, so events that the command recorded
    /// before would be lost. For an error without `PartialEq`, use [`returned`](Self::returned).
    ///
    /// # Panics
    ///
    /// If the command did not fail, failed with another error, or recorded events.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.withdraw(1))
    ///     .then_refused(Overdrawn);
    /// ```
    #[track_caller]
    pub fn then_refused<V: Debug>(self, expected: V) -> Self
    where
        E: PartialEq<V>,
    {
        let is_expected = self.returned.as_ref().is_err_and(|error| *error == expected);
        assert!(is_expected, "{}", self.other_value(&Err::<(), _>(expected), &self.returned));
        assert!(
            flat::<S>(&self.recorded).is_empty(),
            "the command refused after it had recorded events; let it check everything first, and record then\n{}{}",
            unexpected::<S>(&self.recorded),
            self.circumstances()
        );
        self
    }
}

const ONE_LINE: usize = 80;

/// Returns the value's `Debug`, on one line if it fits.
fn shown(value: &dyn Debug) -> Vec<String> {
    let line = format!("{value:?}");
    if line.len() <= ONE_LINE {
        vec![line]
    } else {
        format!("{value:#?}").lines().map(str::to_owned).collect()
    }
}
