//! The views that projections write: values in memory, SQLite files, PostgreSQL schemas, or a database of your own.
//!
//! A handler writes through a transaction. The view commits it together with its place: the mark up to which it has handled
//! the log. So the rows and the place always agree, whatever happens to the process.
//!
//! A view keeps texts of the library beside your rows, each under a key: the places of its projections, and the events
//! that failed. [`View`] is all that the library needs of a database.

mod tx;
mod claim;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "postgres")]
pub mod postgres;

use std::error::Error as StdError;
use std::future::{Future, ready};

use serde::{Deserialize, Serialize};

pub use self::claim::Claim;
pub use self::tx::{AsyncTx, BlockingTx};
use crate::error::Error;

/// Any error of a handler.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The result of a handler: `?` takes the errors of every driver.
pub type Result<T = (), E = BoxError> = std::result::Result<T, E>;

/// A connection to a database that projections write to, with at most one open transaction.
///
/// The texts of the library are rows of a table with two columns: a key, which orders by its bytes, and a value. Every
/// call but [`begin`](Self::begin) comes within a transaction.
///
/// - Of two transactions that read one key, the second waits for the end of the first, or fails with a transient error.
///   A transaction that begins later sees what the earlier one committed.
/// - After an error of any call, the library rolls back. After an error that [may pass](crate::ErrorKind::is_transient),
///   it opens the view anew and tries again.
///
/// An implementation for a database in memory, whose transaction is a copy of all that the database holds:
///
/// ```standalone_crate
/// # use es_runtime::{Application, Id, Wait, aggregate, mutator, projection};
/// # #[aggregate]
/// # pub struct Account { balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
/// use std::cell::RefCell;
/// use std::collections::BTreeMap;
/// use std::sync::{Arc, Mutex};
///
/// use es_runtime::view::{self, BlockingTx, BoxError, Object, OpenView, View};
/// use es_runtime::{Error, ErrorKind};
///
/// type Done<T = ()> = Result<T, Error>;
///
/// #[derive(Clone, Default)]
/// struct Content {
///     cents: BTreeMap<Id<Account>, i64>,
///     /// The texts of the library.
///     texts: BTreeMap<String, String>,
///     commits: u64,
/// }
///
/// #[derive(Clone, Default)]
/// struct Database(Arc<Mutex<Content>>);
///
/// /// Handlers share the transaction, so it changes behind a shared reference.
/// struct Tx(RefCell<Content>);
///
/// impl BlockingTx for Tx {}
///
/// struct Open {
///     database: Database,
///     tx: Tx,
///     point: Content,
/// }
///
/// impl OpenView for Database {
///     type View = Open;
///
///     async fn open(&self) -> Done<Open> {
///         Ok(Open { database: self.clone(), tx: Tx(RefCell::default()), point: Content::default() })
///     }
/// }
///
/// impl View for Open {
///     type Tx = Tx;
///
///     fn tx(&self) -> &Tx {
///         &self.tx
///     }
///
///     async fn begin(&mut self) -> Done {
///         self.tx.0.replace(self.database.0.lock().unwrap().clone());
///         Ok(())
///     }
///
///     async fn commit(&mut self) -> Done {
///         let mut content = self.database.0.lock().unwrap();
///         let changed = self.tx.0.get_mut();
///         if content.commits != changed.commits {
///             // The error may pass: the library tries again.
///             return Err(Error::new(ErrorKind::Unavailable, "another transaction came first"));
///         }
///         changed.commits += 1;
///         *content = changed.clone();
///         Ok(())
///     }
///
///     async fn roll_back(&mut self) -> Done {
///         Ok(()) // nobody sees the copy, and the next transaction replaces it
///     }
///
///     async fn save_point(&mut self) -> Done {
///         self.point = self.tx.0.borrow().clone();
///         Ok(())
///     }
///
///     async fn back_to_save_point(&mut self) -> Done {
///         self.tx.0.replace(self.point.clone());
///         Ok(())
///     }
///
///     async fn run(&mut self, _statements: &str) -> Done<Vec<Object>> {
///         Ok(Vec::new()) // without `beside`, nobody asks what was made
///     }
///
///     async fn get(&mut self, key: &str) -> Done<Option<String>> {
///         Ok(self.tx.0.borrow().texts.get(key).cloned())
///     }
///
///     async fn put(&mut self, key: &str, value: &str) -> Done {
///         self.tx.0.get_mut().texts.insert(key.to_owned(), value.to_owned());
///         Ok(())
///     }
///
///     async fn remove(&mut self, key: &str) -> Done {
///         self.tx.0.get_mut().texts.remove(key);
///         Ok(())
///     }
///
///     async fn list(&mut self, prefix: &str) -> Done<Vec<(String, String)>> {
///         let content = self.tx.0.borrow();
///         let from_prefix = content.texts.range(prefix.to_owned()..);
///         let found = from_prefix.take_while(|(key, _)| key.starts_with(prefix));
///         Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
///     }
///
///     fn passing(_: &BoxError) -> Option<Error> {
///         None // no error of a handler may pass
///     }
/// }
///
/// struct Balances;
///
/// #[projection(Account, ..)]
/// impl Balances {
///     const TABLES: &str = "";
///
///     #[event]
///     fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> view::Result {
///         *tx.0.borrow_mut().cents.entry(id).or_default() += event.amount;
///         Ok(())
///     }
/// }
///
/// let app = Application::open("memory:").wait()?;
/// let (database, mut account) = (Database::default(), Account::open());
/// let balances = app.project(Balances).in_blocking_view(database.clone()).start().wait()?;
/// account.deposit(10);
/// let receipt = app.save(&mut account).wait()?;
/// balances.reached(&receipt).wait()?;
/// assert_eq!(database.0.lock().unwrap().cents[&account.id()], 10);
/// balances.stop().wait()?;
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub trait View: Send + 'static {
    /// The transaction that handlers write through: a [`BlockingTx`], or an [`AsyncTx`]. Handlers share it: a driver
    /// that needs its connection exclusively puts it behind a lock.
    type Tx;

    /// True if the error of a statement may come after its handler has ended, so that the wrong handler seems to have failed.
    /// In a transaction with a [point](Self::save_point), each handler gets the errors of its own statements.
    #[doc(hidden)]
    const IS_LATE: bool = false;

    /// Returns the open transaction.
    fn tx(&self) -> &Self::Tx;

    /// Begins a transaction.
    fn begin(&mut self) -> impl Future<Output = std::result::Result<(), Error>> + Send;

    /// Commits the transaction. Fails, and commits nothing, if a handler has ended the transaction by hand.
    fn commit(&mut self) -> impl Future<Output = std::result::Result<(), Error>> + Send;

    /// Rolls the transaction back, if one is open.
    fn roll_back(&mut self) -> impl Future<Output = std::result::Result<(), Error>> + Send;

    /// Sets a point within the transaction, in place of an earlier one.
    fn save_point(&mut self) -> impl Future<Output = std::result::Result<(), Error>> + Send;

    /// Undoes everything since the last [point](Self::save_point).
    fn back_to_save_point(&mut self) -> impl Future<Output = std::result::Result<(), Error>> + Send;

    /// Runs statements without parameters, which make the tables of a projection, and returns what they made: tables, views,
    /// indexes and so on. A view that cannot be [rebuilt](OpenView::beside) beside its old rows may return nothing.
    fn run(
        &mut self,
        statements: &str,
    ) -> impl Future<Output = std::result::Result<Vec<Object>, Error>> + Send;

    /// Returns the value under a key.
    fn get(&mut self, key: &str) -> impl Future<Output = std::result::Result<Option<String>, Error>> + Send;

    /// Sets the value under a key.
    fn put(&mut self, key: &str, value: &str) -> impl Future<Output = std::result::Result<(), Error>> + Send;

    /// Removes a key.
    fn remove(&mut self, key: &str) -> impl Future<Output = std::result::Result<(), Error>> + Send;

    /// Returns all keys that begin with `prefix`, in their order, with their values.
    fn list(
        &mut self,
        prefix: &str,
    ) -> impl Future<Output = std::result::Result<Vec<(String, String)>, Error>> + Send;

    /// Returns the error of the library for a handler's error that says nothing about the event: one that may pass, such as
    /// that of a lost connection, after which the library tries again; or one of the database itself, such as that of a
    /// damaged file, which ends the projection. Any other error is that of the handler: another attempt would fail, too.
    fn passing(error: &BoxError) -> Option<Error>;

    /// Returns whether the transaction is still open after a handler; false if it was rolled back. Fails if the handler
    /// committed it.
    #[doc(hidden)]
    fn is_still_open(&self) -> std::result::Result<bool, Error> {
        Ok(true)
    }

    /// Returns whether an error of the view is that of a statement of a handler, which came late, or which the handler kept
    /// to itself.
    #[doc(hidden)]
    fn is_late(error: &Error) -> bool {
        let _ = error;
        false
    }
}

/// The way to a [`View`]: each worker opens it, and opens it again after a lost connection. [`View`] shows an implementation.
///
/// An async driver works where its futures are polled. If it needs a runtime there, as most do, give the future of
/// [`Runner::run`](crate::projection::Runner::run) to that runtime: the threads of
/// [`start`](crate::projection::ProjectIn::start) have none.
pub trait OpenView: Send + Sync + 'static {
    /// The view.
    type View: View;

    /// Opens the view, and makes the table of the library if it is missing.
    fn open(&self) -> impl Future<Output = std::result::Result<Self::View, Error>> + Send;

    /// Returns the view in which a rebuild makes new rows beside the old ones, or `None` if this view cannot be rebuilt
    /// while it serves.
    ///
    /// The library makes the tables again there, and handles the log from its beginning. Then, in one transaction of the
    /// view, the new rows replace the old ones.
    fn beside(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Claims the view at [`beside`](Self::beside) for one rebuild. The claim ends when it is dropped, and when the process
    /// ends, even if it is killed. Without it, two processes that rebuild one view disturb each other: the first to end
    /// removes the new rows of the other.
    ///
    /// # Errors
    ///
    /// [`InProgress`](crate::ErrorKind::InProgress) while somebody else holds the claim.
    fn claim(&self) -> impl Future<Output = std::result::Result<Claim, Error>> + Send {
        ready(Ok(Claim::unguarded()))
    }

    /// Lets an open view see the rows at [`beside`](Self::beside). No transaction is open.
    fn link(&self, view: &mut Self::View) -> impl Future<Output = std::result::Result<(), Error>> + Send {
        let _ = view;
        ready(Err(not_beside()))
    }

    /// Puts the objects at [`beside`](Self::beside), with their rows, in the place of the old ones, within the transaction
    /// of the view. Objects of other projections stay.
    fn replace(
        &self,
        view: &mut Self::View,
        old: &[Object],
        new: &[Object],
    ) -> impl Future<Output = std::result::Result<(), Error>> + Send {
        let _ = (view, old, new);
        ready(Err(not_beside()))
    }

    /// Removes the view at [`beside`](Self::beside), if it is there. Nobody has it open.
    fn clear(&self) -> impl Future<Output = std::result::Result<(), Error>> + Send {
        ready(Err(not_beside()))
    }

    /// Waits for work on an open view. A view whose driver has a runtime of its own may let the waiting thread drive it.
    #[doc(hidden)]
    fn attend<F: Future + Send>(&self, work: F) -> impl Future<Output = F::Output> + Send {
        work
    }
}

/// A table, or another object of a database, that the statements of a projection made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Object {
    /// The kind in the words of the database: `table`, `view`, `index`.
    pub kind: String,
    /// The name.
    pub name: String,
}

/// Reports a view that cannot be rebuilt while it serves.
fn not_beside() -> Error {
    Error::new(
        crate::ErrorKind::Unsupported,
        "this view cannot be made anew beside its old rows; drop its tables and the rows of `es_view`, and start again",
    )
}

/// Reports a rebuild of a view that somebody else rebuilds now, and holds a lock.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn claimed(kind: &str, lock: &dyn std::fmt::Display) -> Error {
    Error::new(
        crate::ErrorKind::InProgress,
        format!(
            "another process, or another call, makes this view anew already: it holds the lock of {kind} {lock}; wait for its \
             end, or stop it, and the next rebuild goes on where it stopped"
        ),
    )
}

/// Returns the text of a handler's error.
pub(crate) fn shown(error: &BoxError) -> String {
    #[cfg(feature = "postgres")]
    if let Some(cause) = error.downcast_ref() {
        return postgres::text_of(cause);
    }
    error.to_string()
}

/// Reports a statement that should have changed one row.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn not_one_row(rows: u64, sql: &str) -> BoxError {
    format!("the statement changed {rows} rows, not one: {}", shortened(sql)).into()
}

/// Returns the beginning of a statement on one line.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn shortened(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

/// Reports a transaction that was rolled back within a handler.
pub(crate) fn rolled_back() -> Error {
    Error::new(
        crate::ErrorKind::Storage,
        "the database rolled the transaction back after an error that the handler kept to itself, or the handler did; hand \
         each error on with `?`",
    )
}

/// Reports a handler that ended the transaction.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn ended_by_hand() -> Error {
    Error::new(
        crate::ErrorKind::Invalid,
        "a handler ended the transaction of its view by hand, so that rows and place may differ; remove the `COMMIT` or \
         `ROLLBACK`, and rebuild the view",
    )
}
