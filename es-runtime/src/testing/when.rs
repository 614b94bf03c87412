use std::fmt::Debug;

use super::or_error::OrError;
use super::outcome::Outcome;
use super::scenario::{Scenario, load};
use crate::aggregate::{Aggregate, Discarded, Seal};
use crate::event::Recorded;

impl<A: Aggregate> Scenario<A> {
    /// Runs a command on the aggregate.
    ///
    /// # Panics
    ///
    /// If there is no aggregate, if a recorded event does not survive being stored, or if the stored events make
    /// another state than the command left.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when(|account| account.set_owner("Anna".into()))
    ///     .then(AccountAttribute::Owner("Anna".into()));
    /// ```
    #[track_caller]
    #[must_use = "say with `then..` what is expected"]
    pub fn when<R: Debug>(self, command: impl FnOnce(&mut A) -> R) -> Outcome<A, R> {
        let mut aggregate = load::<A>(&self.past);
        let returned = self.run(|| command(&mut aggregate));
        let recorded = pending(&mut aggregate);
        Outcome::of_one(self, Some(aggregate), recorded, returned)
    }

    /// Runs a command that makes the aggregate, or fails to make it.
    ///
    /// # Panics
    ///
    /// If events are given, and as [`when`](Self::when).
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// fn open(owner: &str) -> Result<Account, &'static str> {
    ///     if owner.is_empty() { Err("no owner") } else { Ok(Account::open(owner.into())) }
    /// }
    /// Scenario::<Account>::given_nothing()
    ///     .when_created(|| open("Ann"))
    ///     .then(Opened { owner: "Ann".into() });
    /// Scenario::<Account>::given_nothing().when_created(|| open("")).then_refused("no owner");
    /// ```
    #[track_caller]
    #[must_use = "say with `then..` what is expected"]
    pub fn when_created<R: OrError<A>>(self, command: impl FnOnce() -> R) -> Outcome<A, R::Returned> {
        assert!(
            self.past.is_empty(),
            "events are given, so the `{}` exists and is not created again; begin with `given_nothing`",
            A::NAME
        );
        let (mut aggregate, returned) = self.run(command).split();
        let recorded = aggregate.as_mut().map_or_else(Vec::new, pending);
        Outcome::of_one(self, aggregate, recorded, returned)
    }

    /// Runs a command that ends the aggregate, or fails to end it.
    ///
    /// # Panics
    ///
    /// As [`when`](Self::when).
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::Scenario;
    /// Scenario::<Account>::given(Opened { owner: "Ann".into() })
    ///     .when_discarded(Account::discard)
    ///     .then(AccountEvent::Discarded);
    /// ```
    #[track_caller]
    #[must_use = "say with `then..` what is expected"]
    pub fn when_discarded<R: OrError<Discarded<A>>>(
        self,
        command: impl FnOnce(A) -> R,
    ) -> Outcome<A, R::Returned> {
        let aggregate = load::<A>(&self.past);
        let (discarded, returned) = self.run(|| command(aggregate)).split();
        let recorded = discarded.map_or_else(Vec::new, |discarded| discarded.pending().to_vec());
        Outcome::of_one(self, None, recorded, returned)
    }
}

/// Returns the events that a command recorded.
#[track_caller]
pub(super) fn pending<A: Aggregate>(aggregate: &mut A) -> Vec<Recorded<A::Event>> {
    let root = aggregate.root_mut(Seal::new());
    if let Err(error) = root.check_whole() {
        panic!("{error}");
    }
    root.pending().to_vec()
}
