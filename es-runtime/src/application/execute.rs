//! Commands: load, run, save, and again on the newest state if somebody else was first.
//!
//! Many callers on one aggregate replay it at each attempt. A snapshot every so many events, or the cache, shortens that.

use std::collections::HashSet;
use std::time::Duration;

use uuid::Uuid;

use super::{Application, Batch, Targets};
use crate::aggregate::Seal;
use crate::error::{Error, ErrorKind};
use crate::id::CommitId;
use crate::observe;
use crate::wait::Retry;

/// The number of times that a save with an unknown outcome is offered.
const OFFERS: u32 = 4;

/// A hundred attempts, soon one after the other: each conflict means that another caller got on.
pub(super) const RETRY: Retry = Retry::new()
    .attempts(100)
    .wait(Duration::from_micros(200))
    .longest_wait(Duration::from_millis(50))
    .jitter(1.0);

/// What a command returns: nothing, or a `Result` that refuses with `Err`.
#[diagnostic::on_unimplemented(
    message = "a command returns nothing or a `Result`, not `{Self}`",
    label = "neither `()` nor a `Result`",
    note = "return `Ok(value)`, with the type of the refusal: `Ok::<_, Overdrawn>(value)`"
)]
pub trait CommandResult: Send {
    /// Returns whether the command refused: then nothing is saved.
    fn is_refused(&self) -> bool;
}

impl CommandResult for () {
    fn is_refused(&self) -> bool {
        false
    }
}

impl<T: Send, E: Send> CommandResult for Result<T, E> {
    fn is_refused(&self) -> bool {
        self.is_err()
    }
}

impl Application {
    /// Loads an aggregate, or up to four, runs a command on it, and saves it.
    ///
    /// If another caller was first, the command runs again on the newest state, after a short wait: see
    /// [`Builder::retry`](super::Builder::retry). If the command refuses, nothing is saved. Its result is returned: of two results
    /// the outer one is the store's, the inner one the command's.
    ///
    /// Each attempt loads the aggregate again, so many callers on one aggregate replay all its events at each conflict.
    /// [Snapshots every so many events](super::Builder::snapshot_every) or [the cache](super::Builder::cache) shorten the
    /// replay.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 10 } }
    /// #     #[event(Withdrawn)]
    /// #     fn take(&mut self, amount: i64) { self.balance -= amount; }
    /// # }
    /// # #[derive(Debug)]
    /// # pub struct Overdrawn;
    /// # impl Account {
    /// #     pub fn withdraw(&mut self, amount: i64) -> Result<(), Overdrawn> {
    /// #         if amount > self.balance { return Err(Overdrawn); }
    /// #         self.take(amount);
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let app = Application::open("memory:").wait()?;
    /// # let mut account = Account::open();
    /// # app.save(&mut account).wait()?;
    /// match app.execute(account.id(), |account: &mut Account| account.withdraw(3)).wait()? {
    ///     Ok(()) => println!("here you are"),
    ///     Err(Overdrawn) => println!("not enough"),
    /// }
    /// // A transfer changes both accounts, or none.
    /// # let mut other = Account::open();
    /// # app.save(&mut other).wait()?;
    /// let transfer = |from: &mut Account, to: &mut Account| {
    ///     from.withdraw(2)?;
    ///     to.take(-2);
    ///     Ok::<_, Overdrawn>(())
    /// };
    /// let moved = app.execute((account.id(), other.id()), transfer).wait()?;
    /// assert!(moved.is_ok());
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`save`](Self::save). [`ErrorKind::Conflict`] if another caller was first at each attempt.
    /// [`ErrorKind::Invalid`] if an id stands there twice, or the command replaced an aggregate by another one. A command that
    /// replaces it by a copy of the same version has the events of that copy saved.
    ///
    /// A save whose outcome is not known is offered again a few times. If it stays unknown, the error is
    /// [`ErrorKind::OutcomeUnknown`], and the command may be stored: look before you run it again.
    pub async fn execute<T: Targets<F, R>, F, R: CommandResult>(
        &self,
        ids: T,
        command: F,
    ) -> Result<R, Error> {
        self.execute_under(None, ids, command).await?.ok_or_else(|| {
            // Nobody else knows the commit id that the library made.
            Error::new(ErrorKind::Corrupt, "the store reports a new commit as done before; check the store")
        })
    }

    /// Runs a command as [`execute`](Self::execute) does, for a request that may be sent twice: the store keeps the commit id
    /// that the request brings along.
    ///
    /// Returns `Some(result)` if the command ran. Returns `None` if a command under this id changed one of these aggregates
    /// before; then nothing is saved.
    ///
    /// **Put the operation's name into the key.** The store knows the id, and not the operation: an id that another operation
    /// used on the same aggregate counts as done, and this operation never runs. So write
    /// `CommitId::from_key("deposit: ..")` for one and `CommitId::from_key("withdraw: ..")` for the other.
    ///
    /// What it refused, and what recorded no event, is not remembered: it runs again. To create an aggregate only once,
    /// derive its id from the request: [`Id::from_key`](crate::Id::from_key).
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator, recorder::CommitId};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    /// # let app = Application::open("memory:").wait()?;
    /// # let mut account = Account::open();
    /// # app.save(&mut account).wait()?;
    /// let key = "8e03978e-40d5-43dd-bc93-6894a57f9324"; // of the request
    /// let commit = CommitId::from_key(&format!("deposit: {key}"));
    /// let deposit = || app.execute_once(commit, account.id(), |account: &mut Account| account.deposit(10));
    /// assert_eq!(deposit().wait()?, Some(()));
    /// assert_eq!(deposit().wait()?, None);
    /// assert_eq!(app.get(account.id()).wait()?.balance, 10);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute); after [`ErrorKind::OutcomeUnknown`], it may simply be asked for again.
    ///
    /// A commit id counts for the aggregates of the command. The store finds it by an index, however many events they have.
    ///
    /// Its effect is stored once, always. If the reply of the store is lost, a caller knows its own events by their values and
    /// times: two callers whose events are equal to the microsecond may both get the result of their run.
    pub async fn execute_once<T: Targets<F, R>, F, R: CommandResult>(
        &self,
        commit: CommitId,
        ids: T,
        command: F,
    ) -> Result<Option<R>, Error> {
        self.execute_under(Some(commit), ids, command).await
    }

    /// Runs a command until it is saved without a conflict. Returns `None` if another caller did it under the commit id.
    async fn execute_under<T: Targets<F, R>, F, R: CommandResult>(
        &self,
        commit: Option<CommitId>,
        ids: T,
        mut command: F,
    ) -> Result<Option<R>, Error> {
        let named = ids.ids(Seal::new());
        refuse_twins(&named)?;
        let (name, first) = named.first().copied().unwrap_or_default();
        let runs = async {
            let mut attempts = self.retry.begin();
            loop {
                let loaded = ids.load(self, Seal::new()).await;
                if let Some(commit) = commit
                    && self.is_done(commit, &named, loaded.as_ref().err()).await?
                {
                    return Ok(None);
                }
                match self.run::<T, F, R>(loaded?, commit, &mut command).await {
                    Err(error) if error.kind() == ErrorKind::Conflict && attempts.again().await => {
                        observe::retry(&error);
                    }
                    ended => return ended,
                }
            }
        };
        // Boxed once: the futures of loading and saving would be copied into each caller's.
        observe::execute(name, first, Box::pin(runs)).await
    }

    /// Returns whether one of the aggregates has events under the commit id.
    ///
    /// Ask after loading: if it is stored since, this attempt conflicts, or is the same commit. An aggregate that is gone may
    /// have done the command before it went.
    async fn is_done(
        &self,
        commit: CommitId,
        named: &[(&str, Uuid)],
        not_loaded: Option<&Error>,
    ) -> Result<bool, Error> {
        if not_loaded.is_some_and(|error| !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forgotten))
        {
            return Ok(false);
        }
        for (_, id) in named {
            if self.store().has_commit(*id, commit).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Runs a command on aggregates that were just loaded, and saves them. Returns `None` if somebody else did it first, under
    /// the same commit id.
    async fn run<T: Targets<F, R>, F, R: CommandResult>(
        &self,
        mut loaded: T::Loaded,
        commit: Option<CommitId>,
        command: &mut F,
    ) -> Result<Option<R>, Error> {
        let places = |loaded: &mut T::Loaded| places(&T::batch(loaded, Seal::new()));
        let before = places(&mut loaded);
        let result = T::run(&mut loaded, command, Seal::new());
        if result.is_refused() {
            return Ok(Some(result));
        }
        if places(&mut loaded) != before {
            return Err(Error::new(
                ErrorKind::Invalid,
                "the command replaced its aggregate by another one, and its events with it; call methods of the aggregate, \
                 and save another one with `Application::save`",
            ));
        }
        // The command has run: it is this save that has to come to an end, not another run.
        let mut offers = self.retry.attempts(OFFERS).begin();
        loop {
            let batch = Batch { commit, is_looked_for: true, ..T::batch(&mut loaded, Seal::new()) };
            match self.save(batch).await {
                Err(error) if error.is_transient() && offers.again().await => observe::retry(&error),
                saved => {
                    saved?;
                    // An outdated root had other events than those that somebody else stored.
                    let is_other =
                        T::batch(&mut loaded, Seal::new()).roots.iter().any(|root| root.is_outdated());
                    return Ok((!is_other).then_some(result));
                }
            }
        }
    }
}

/// Returns the ids of the aggregates, each with the version that is stored.
fn places(batch: &Batch<'_>) -> Vec<(Uuid, u64)> {
    batch.roots.iter().map(|root| (root.id(), root.stored_version())).collect()
}

fn refuse_twins(named: &[(&'static str, Uuid)]) -> Result<(), Error> {
    let mut ids = HashSet::new();
    match named.iter().find(|(_, id)| !ids.insert(*id)) {
        None => Ok(()),
        Some((name, id)) => Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "the command was given `{name}` {id} twice; name each aggregate once, and pass it on within the command"
            ),
        )),
    }
}
