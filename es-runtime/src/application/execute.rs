//! Commands: load, run, save, and again on the newest state if somebody else was first.

use super::{Application, Batch};
use crate::aggregate::{Aggregate, Seal};
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Id};
use crate::observe;

/// How often a save whose outcome is not known is asked for again.
const ASKED_AGAIN: usize = 3;
/// How often a command is repeated on the newest state before its conflict is reported. Each time, somebody else got on.
const ATTEMPTS: usize = 100;

/// What a command returns: nothing, or a `Result` that refuses with `Err`.
#[diagnostic::on_unimplemented(
    message = "a command returns nothing or a `Result`, not `{Self}`",
    label = "neither `()` nor a `Result`",
    note = "return `Ok(value)`, with the type of the refusal: `Ok::<_, Overdrawn>(value)`"
)]
pub trait CommandResult: Send {
    /// Whether the command refused: then nothing is saved.
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
    /// Loads an aggregate, runs a command on it, and saves it.
    ///
    /// If somebody else was first, the command runs again on the newest state. If it refuses, nothing is saved. What
    /// it returns is given back: of two results the outer one is the store's, the inner one the command's.
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
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`save`](Self::save); [`ErrorKind::Conflict`] only after a hundred attempts, each of which
    /// somebody else was first at. A save whose
    /// outcome is not known is asked for again a few times. If it stays unknown, the error is
    /// [`ErrorKind::OutcomeUnknown`], and the command may be stored: look before you run it again.
    pub async fn execute<A: Aggregate, R: CommandResult>(
        &self,
        id: Id<A>,
        mut command: impl FnMut(&mut A) -> R + Send,
    ) -> Result<R, Error> {
        let attempts = async {
            let mut attempt = 1;
            loop {
                let aggregate = self.get(id).await?;
                match self.run(aggregate, None, &mut command).await {
                    Err(error) if is_to_be_repeated(&error, &mut attempt) => {}
                    ended => return ended.map(|(result, _)| result),
                }
            }
        };
        observe::execute(A::NAME, id.uuid(), attempts).await
    }

    /// As [`execute`](Self::execute), but for a command that may be asked for twice, such as a request that is sent again: it
    /// is saved under a commit id that the request brings along. Returns nothing if that is stored already; nothing of this run
    /// is saved then.
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
    /// let request = CommitId::new();
    /// for _ in 0..2 {
    ///     app.execute_once(request, account.id(), |account: &mut Account| account.deposit(10)).wait()?;
    /// }
    /// assert_eq!(app.get(account.id()).wait()?.balance, 10);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute); after [`ErrorKind::OutcomeUnknown`], it may simply be asked for again.
    ///
    /// A commit id counts for one aggregate. To look for it costs as much as to look at all its events, snapshots or not.
    pub async fn execute_once<A: Aggregate, R: CommandResult>(
        &self,
        commit: CommitId,
        id: Id<A>,
        mut command: impl FnMut(&mut A) -> R + Send,
    ) -> Result<Option<R>, Error> {
        let attempts = async {
            let mut attempt = 1;
            loop {
                let loaded = self.get(id).await;
                // Asked after loading: if it was stored since, this attempt conflicts, or is the same commit. Also of what is
                // gone by now: then it was done before that.
                let may_be_done = match &loaded {
                    Ok(_) => true,
                    Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forgotten),
                };
                if may_be_done && self.store().has_commit(id.uuid(), commit).await? {
                    return Ok(None);
                }
                match self.run(loaded?, Some(commit), &mut command).await {
                    Err(error) if is_to_be_repeated(&error, &mut attempt) => {}
                    ended => return ended.map(|(result, done_before)| (!done_before).then_some(result)),
                }
            }
        };
        observe::execute(A::NAME, id.uuid(), attempts).await
    }

    /// Runs a command on an aggregate that was just loaded, and saves it. Tells whether somebody else did it first, under the
    /// same commit id.
    async fn run<A: Aggregate, R: CommandResult>(
        &self,
        mut aggregate: A,
        commit: Option<CommitId>,
        command: &mut (impl FnMut(&mut A) -> R + Send),
    ) -> Result<(R, bool), Error> {
        let result = command(&mut aggregate);
        if result.is_refused() {
            return Ok((result, false));
        }
        let mut asked = 0;
        loop {
            let batch = Batch { commit, is_looked_for: true, ..Batch::new().add(&mut aggregate) };
            match self.save(batch).await {
                // The command has run: it is this save that has to come to an end, not another run.
                Err(error) if error.kind().is_transient() && asked < ASKED_AGAIN => {
                    observe::retry(&error);
                    asked += 1;
                }
                saved => {
                    let receipt = saved?;
                    // Stored are other events than these: those of somebody else.
                    let is_other = aggregate.root_mut(Seal::new()).is_outdated();
                    return Ok((result, receipt.is_repeated() && is_other));
                }
            }
        }
    }
}

/// Whether somebody else was first, and not too often.
fn is_to_be_repeated(error: &Error, attempt: &mut usize) -> bool {
    let repeats = error.kind() == ErrorKind::Conflict && *attempt < ATTEMPTS;
    if repeats {
        observe::retry(error);
        *attempt += 1;
    }
    repeats
}
