use std::time::Duration;

use super::BatchSize;

/// The choice after an event that a handler refuses, or whose row the program cannot read.
///
/// An event that the program does not know is no such failure: it stops the runner under each choice, unless the
/// arguments of the projection end with `..`.
///
/// An error that [may pass](crate::ErrorKind::is_transient), such as that of a lost connection, is no such failure: the
/// runner tries again until it passes. Nor is an error of the database of the view itself. On SQLite, a disk that is full
/// or fails ends the runner as [`Storage`](crate::ErrorKind::Storage), and a damaged file as
/// [`Corrupt`](crate::ErrorKind::Corrupt), under each choice; no event is recorded as failed. While another process holds
/// the file, or no memory is left, the runner tries again.
///
/// An event after whose failure SQLite has rolled back the whole transaction (`RAISE(ROLLBACK, ..)`, `OR ROLLBACK`) stops
/// the runner under each choice.
///
/// ```standalone_crate
/// # use es_runtime::{Application, Wait, aggregate, mutator, projection};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
/// use es_runtime::projection::OnFailure;
/// use es_runtime::view::Result;
///
/// #[derive(Default)]
/// pub struct Total { cents: i64 }
///
/// #[projection(Account, ..)]
/// impl Total {
///     #[event]
///     fn deposited(&mut self, event: &Deposited) -> Result {
///         self.cents = self.cents.checked_add(event.amount).ok_or("the total is too large")?;
///         Ok(())
///     }
/// }
///
/// let app = Application::open("memory:").wait()?;
/// let total = app.project(Total::default()).on_failure(OnFailure::Park).in_memory().start().wait()?;
/// let (mut one, mut other) = (Account::open(), Account::open());
/// one.deposit(i64::MAX);
/// app.save(&mut one).wait()?;
/// other.deposit(1);
/// app.save(&mut other).wait()?;
/// total.caught_up().wait()?;
///
/// let failed = total.failed().wait()?;
/// assert_eq!(failed[0].id, other.id().uuid());
/// println!("{}", failed[0]); // the event, its aggregate, the handler and the error
/// assert_eq!(total.drop_failed(failed[0].id).wait()?, 1); // or `retry`, once the handler is mended
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnFailure {
    /// The runner stops before the event, with an error that names it. Started again, it begins with that event.
    #[default]
    Stop,
    /// The runner records the failure in the view, and goes on with the next event.
    Skip,
    /// The runner sets the event and all later events of the same aggregate aside, in their order, and goes on with other
    /// aggregates. Its handle lists the events, and tries them again or drops them.
    Park,
}

/// The choice if the code of a projection differs from the code that wrote the rows of its view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnChange {
    /// The runner does not start: its error names the choices.
    #[default]
    Refuse,
    /// The runner first rebuilds the view from the beginning of the log; the old rows serve until the new ones replace
    /// them. Of several processes that start so, one rebuilds, and the others wait for it.
    Rebuild,
    /// The runner goes on with the old rows: the change makes no difference to them.
    Accept,
}

/// The settings of a runner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) size: BatchSize,
    pub(crate) on_failure: OnFailure,
    pub(crate) on_change: OnChange,
    /// The time between two looks of a runner that leaves the work to another process.
    pub(crate) look: Duration,
}

impl Rules {
    pub(crate) const fn new() -> Self {
        Self {
            size: BatchSize::new(),
            on_failure: OnFailure::Stop,
            on_change: OnChange::Refuse,
            look: Duration::from_millis(500),
        }
    }
}
