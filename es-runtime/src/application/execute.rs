//! Commands: load, run, save, and again on the newest state if another caller was first.
//!
//! Many callers on one aggregate replay it at each attempt. A snapshot every so many events, or the cache, shortens the
//! replay.

use super::command::of_new_commit;
use super::turns::{End, Turns};
use super::{Application, CommandResult, Execute, Runs, RunsAsync};
use crate::error::Error;
use crate::id::CommitId;
use crate::observe;

impl Application {
    /// Loads an aggregate, or up to four, runs a command on it, and saves it.
    ///
    /// If another caller was first, the command runs again on the newest state, after a short wait: see
    /// [`Builder::retry`](super::Builder::retry). If the command refuses, the application saves nothing. The method
    /// returns the result of the command: of two results, the outer is the store's and the inner the command's.
    ///
    /// A command that creates an aggregate gets `&mut Option<A>` for it: see [`Find`](super::Find).
    ///
    /// A command may run again, so it has to keep its values and pass on copies:
    /// `|account| account.rename(name.clone())`.
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
    /// match app.execute(account.id(), |account| account.withdraw(3)).wait()? {
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
    /// As [`get`](Self::get) and [`save`](Self::save). [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if another
    /// caller was first at each attempt. [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if `ids` holds an id twice,
    /// or if the command replaced an aggregate by another one. If the command replaces an aggregate by a copy of the
    /// same version, the application saves the events of the copy.
    ///
    /// The application offers a save of unknown outcome again a few times. If the outcome stays unknown, the error is
    /// [`ErrorKind::OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown), and the effect of the command may be stored:
    /// check before you run the command again.
    pub fn execute<T: Runs<F, R>, F, R: CommandResult>(&self, ids: T, command: F) -> Execute<'_, F, R> {
        Execute::new(Turns::new(self, None, ids), command, R::is_refused, of_new_commit)
    }

    /// Runs a command that cannot refuse, and returns its value, of any type. In all else it works as
    /// [`execute`](Self::execute).
    ///
    /// A `Result` is an ordinary value here: the application saves the events that the command recorded, for `Ok` and
    /// for `Err`.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64, pub owner: String }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 10, owner: String::new() } }
    /// #     #[event(Withdrawn)]
    /// #     fn take(&mut self, amount: i64) { self.balance -= amount; }
    /// #     #[event(Renamed)]
    /// #     pub fn rename(&mut self, owner: String) { self.owner = owner; }
    /// # }
    /// # let app = Application::open("memory:").wait()?;
    /// # let mut account = Account::open();
    /// # app.save(&mut account).wait()?;
    /// let owner = String::from("Ann");
    /// let version = app
    ///     .update(account.id(), |account| {
    ///         // A copy for each attempt: the command may run again.
    ///         account.rename(owner.clone());
    ///         account.version()
    ///     })
    ///     .wait()?;
    /// assert_eq!(version, 2);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub fn update<T: Runs<F, R>, F, R>(&self, ids: T, command: F) -> Execute<'_, F, R> {
        Execute::new(Turns::new(self, None, ids), command, |_| false, of_new_commit)
    }

    /// Runs an async command: one that calls other services before it decides. In all else it works as
    /// [`execute`](Self::execute).
    ///
    /// The command may run again, and so may its calls. It holds no lock and no transaction meanwhile; the longer it
    /// takes, the more likely another caller is first.
    ///
    /// If the future has to be `Send`, as in a task of tokio or a handler of axum, write `async move` and move owned
    /// values into the command. Rust 1.95 does not recognise that an async closure with borrowed values can be sent,
    /// and reports that `AsyncFnMut` or `Send` "is not general enough".
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64, pub owner: String }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 10, owner: String::new() } }
    /// #     #[event(Withdrawn)]
    /// #     fn take(&mut self, amount: i64) { self.balance -= amount; }
    /// #     #[event(Renamed)]
    /// #     pub fn rename(&mut self, owner: String) { self.owner = owner; }
    /// # }
    /// # #[derive(Debug)]
    /// # pub struct Blocked;
    /// async fn check(owner: &str) -> Result<(), Blocked> {
    ///     // .. asks another service
    /// #   let _ = owner;
    ///     Ok(())
    /// }
    ///
    /// # impl Account {
    /// #     pub fn withdraw(&mut self, amount: i64) { self.take(amount); }
    /// # }
    /// # async {
    /// # let app = Application::open("memory:").await?;
    /// # let mut account = Account::open();
    /// # app.save(&mut account).await?;
    /// let withdraw = async move |account: &mut Account| {
    ///     check(&account.owner).await?;
    ///     account.withdraw(3);
    ///     Ok::<_, Blocked>(account.balance)
    /// };
    /// let balance = app.execute_async(account.id(), withdraw).await?;
    /// assert!(balance.is_ok_and(|balance| balance == 7));
    /// # Ok::<(), es_runtime::Error>(())
    /// # }.wait()?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub async fn execute_async<T: RunsAsync<F, R>, F, R: CommandResult>(
        &self,
        ids: T,
        mut command: F,
    ) -> Result<R, Error> {
        let mut turns = Turns::new(self, None, ids);
        let (name, first) = turns.first();
        let runs = async {
            // Boxed, so that the future of the caller stays small.
            while let Some(mut loaded) = Box::pin(turns.load()).await? {
                let result = T::run_async(&mut loaded, &mut command).await;
                if result.is_refused() {
                    return Ok(result);
                }
                match Box::pin(turns.save(&mut loaded)).await? {
                    End::Saved => return Ok(result),
                    End::DoneBefore => break,
                    End::Again => {}
                }
            }
            of_new_commit(None)
        };
        observe::execute(name, first, runs).await
    }

    /// Runs a command as [`execute`](Self::execute) does, for a request that may arrive twice: the store keeps the
    /// commit id of the request.
    ///
    /// Returns `Some(result)` if the command ran. Returns `None`, and saves nothing, if a command under this id has
    /// already changed one of these aggregates.
    ///
    /// **Put the name of the operation into the key.** The store knows the id, but not the operation. If another
    /// operation used the id on the same aggregate, this one counts as done and never runs. So write
    /// `CommitId::from_key("deposit: ..")` for one and `CommitId::from_key("withdraw: ..")` for the other.
    ///
    /// The store does not remember a command that refused or recorded no event: such a command runs again. A command
    /// that creates an aggregate takes a [`Find`](super::Find), with an id derived from the request by
    /// [`Id::from_key`](crate::Id::from_key).
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
    /// let deposit = || app.execute_once(commit, account.id(), |account| account.deposit(10));
    /// assert_eq!(deposit().wait()?, Some(()));
    /// assert_eq!(deposit().wait()?, None);
    /// assert_eq!(app.get(account.id()).wait()?.balance, 10);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute); after [`ErrorKind::OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown), the caller
    /// may simply repeat the call.
    ///
    /// A commit id counts for the aggregates of the command. The store finds the id by an index, however many events
    /// they have.
    ///
    /// The effect of the command is always stored only once. If the reply of the store is lost, a caller recognises its
    /// own events by their values and times. Two callers whose events are equal to the microsecond may both receive the
    /// result of their run.
    pub fn execute_once<T: Runs<F, R>, F, R: CommandResult>(
        &self,
        commit: CommitId,
        ids: T,
        command: F,
    ) -> Execute<'_, F, R, Option<R>> {
        Execute::new(Turns::new(self, Some(commit), ids), command, R::is_refused, Ok)
    }
}
