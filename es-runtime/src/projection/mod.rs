//! Projections: handlers of events that keep a view up to date.
//!
//! `#[projection(Account)] impl Balances` makes an impl of handlers a [`Projection`].
//! [`Application::project`](crate::Application::project) starts it: workers read the log from the place of the view, call the
//! handlers, and commit rows and place in one transaction. A [`Handle`] waits for the view, checks it, and stops it. The
//! [guide](crate::guide::projections) shows all of it.
//!
//! # Before the deployment
//!
//! A view refuses to go on under other code. `views_lock!()`, with the feature `testing`, makes a test that reports each
//! projection whose code is not the recorded one.

mod origin;
mod given;
mod handler;
mod seen;
mod routes;
mod batch;
mod policy;
mod failed;
mod keys;
mod waiting;
mod status;
mod write;
mod target;
mod inline;
mod lag;
mod health;
mod memory;
mod prepare;
mod worker;
mod parked;
mod driver;
mod tools;
mod handle;
mod switch;
mod way;
mod registered;
mod plan;
mod rebuild;
mod runner;
mod start;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod states;
#[doc(hidden)]
pub mod checks;
#[cfg(feature = "testing")]
pub mod lock;

use std::borrow::Cow;
use std::future::Future;

pub use self::batch::BatchSize;
pub use self::failed::FailedEvent;
pub use self::given::Given;
pub use self::handle::{Handle, Reached};
#[doc(hidden)]
pub use self::handler::{HandledRow, Handler, Handles};
pub use self::health::Health;
pub use self::memory::Memory;
pub use self::origin::{Any, Origin};
use self::policy::Rules;
pub use self::policy::{OnChange, OnFailure};
pub use self::rebuild::{Progress, Rebuilding};
pub(crate) use self::registered::Projections;
pub use self::runner::Runner;
#[doc(hidden)]
pub use self::seen::{ReadResult, ReadRow, Row, Seen, wrong_handler};
pub use self::start::{Project, ProjectIn};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::states::{KeepState, keep_state};
pub use self::status::RunnerState;
use crate::event::Topics;
use crate::view::{self, AsyncTx, BlockingTx};

/// The handlers of the events of some aggregates. `#[projection]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "not a projection",
    note = "write `#[projection(Account)] impl {Self} {{ .. }}`, with the aggregates that it reads"
)]
pub trait Projection: Sized + Send + Sync + 'static {
    /// The stable name, under which the view keeps its place in the log.
    const NAME: &'static str;
    /// A number that changes with the code of the handlers.
    const FINGERPRINT: u64;
    /// The aggregates, in the order of the arguments.
    #[doc(hidden)]
    const SOURCES: &'static [Topics];
    /// The handlers, with their numbers.
    #[doc(hidden)]
    const HANDLERS: &'static [Handler];
    /// True if the arguments end with `..`: events without a handler do not matter, known or not.
    #[doc(hidden)]
    const IS_PARTIAL: bool = false;
    /// An event of one of the aggregates, with its origin.
    #[doc(hidden)]
    type Seen: Send + Sync + 'static;

    /// Reads a row as an event of the aggregate of this number; `None` if the aggregate has no such number.
    ///
    /// # Errors
    ///
    /// Those of the mapper.
    #[doc(hidden)]
    fn read(source: usize, row: Row<'_>) -> ReadResult<Self::Seen>;
}

/// A projection whose view is a value in memory: its handlers take `&mut self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view in memory",
    label = "not a view in memory",
    note = "handlers of a view in memory take `&mut self`, and no transaction"
)]
pub trait InMemory: Projection {
    /// Calls the handler of this number.
    ///
    /// # Errors
    ///
    /// Those of the handler.
    #[doc(hidden)]
    fn apply(&mut self, handler: usize, seen: &Self::Seen) -> view::Result;
}

/// A projection whose handlers write through a transaction on the thread of the view.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view in a file",
    label = "not a view in a file",
    note = "handlers of a view in a file are `fn` and take `tx: &sqlite::Tx`"
)]
pub trait Blocking: Projection {
    /// The statements that make the tables.
    const TABLES: &'static str;

    /// Returns the statements that make the tables, for a projection that computes them.
    #[doc(hidden)]
    fn tables() -> Cow<'static, str> {
        Self::TABLES.into()
    }

    /// The transaction that the handlers take.
    type Tx: BlockingTx;

    /// Calls the handler of this number.
    ///
    /// # Errors
    ///
    /// Those of the handler.
    #[doc(hidden)]
    fn apply(&self, handler: usize, seen: &Self::Seen, tx: &Self::Tx) -> view::Result;
}

/// A projection whose handlers write through a transaction of an async driver.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view in a database with an async driver",
    label = "not an async view",
    note = "handlers of such a view are `async fn` and take the transaction, as `tx: &postgres::Tx`"
)]
pub trait Async: Projection {
    /// The statements that make the tables.
    const TABLES: &'static str;

    /// Returns the statements that make the tables, for a projection that computes them.
    #[doc(hidden)]
    fn tables() -> Cow<'static, str> {
        Self::TABLES.into()
    }

    /// The transaction that the handlers take.
    type Tx: AsyncTx + Send + Sync;

    /// Calls the handler of this number.
    ///
    /// # Errors
    ///
    /// Those of the handler.
    #[doc(hidden)]
    fn apply<'a>(
        &'a self,
        handler: usize,
        seen: &'a Self::Seen,
        tx: &'a Self::Tx,
    ) -> impl Future<Output = view::Result> + Send + 'a;
}
