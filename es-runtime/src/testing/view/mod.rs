//! Given / then for views: events go in, and rows come out, the same for batches of every size.

#[cfg(feature = "sqlite")]
mod twice;
#[cfg(feature = "sqlite")]
mod rows;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use uuid::Uuid;

#[cfg(feature = "sqlite")]
pub use self::rows::Values;
use super::clock::ManualClock;
use super::events::{EventList, collect};
use super::history::recorded;
use crate::aggregate::Aggregate;
use crate::application::Application;
use crate::id::Id;
use crate::projection::{BatchSize, InMemory, Projection};
use crate::wait::Wait;

/// The sizes of the batches in which a view is made, the usual one first.
const SIZES: [usize; 4] = [1_000, 1, 2, 3];

/// Events of any aggregates, from which a projection makes its view.
///
/// The view is made four times, with batches of 1,000 events and of 1, 2 and 3. It has to be the same each time: a handler
/// may use nothing but the event, its origin and the rows. In a file, each transaction is also rolled back once and
/// repeated, as after a lost connection.
///
/// ```standalone_crate
/// # #[cfg(feature = "sqlite")] {
/// # use es_runtime::{aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open(owner: String) -> Self { _ = owner; Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
/// use es_runtime::testing::ViewScenario;
/// use es_runtime::view::{Result, sqlite::Tx};
/// use es_runtime::{Id, projection};
///
/// struct Balances;
///
/// #[projection(Account, ignore = [discarded])]
/// impl Balances {
///     const TABLES: &str = "CREATE TABLE balances (id BLOB PRIMARY KEY, owner TEXT, cents INTEGER)";
///
///     #[event]
///     fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
///         tx.run("INSERT INTO balances VALUES (?1, ?2, 0)", (id, &event.owner))
///     }
///
///     #[event]
///     fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
///         tx.run_one("UPDATE balances SET cents = cents + ?2 WHERE id = ?1", (id, event.amount))
///     }
/// }
///
/// let (ann, bob) = (Id::<Account>::from_key("ann"), Id::<Account>::from_key("bob"));
/// ViewScenario::of(|| Balances)
///     .given(ann, (Opened { owner: "Ann".into() }, Deposited { amount: 10 }))
///     .given(bob, Opened { owner: "Bob".into() })
///     .given(ann, Deposited { amount: 5 })
///     .then_rows("SELECT owner, cents FROM balances ORDER BY owner", [("Ann", 15), ("Bob", 0)]);
/// # }
/// ```
///
/// A view in memory is looked at by a closure:
///
/// ```standalone_crate
/// # use es_runtime::{aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// use es_runtime::testing::ViewScenario;
/// use es_runtime::{Id, projection};
///
/// #[derive(Default)]
/// struct Count { accounts: usize }
///
/// #[projection(Account, ..)]
/// impl Count {
///     #[event]
///     fn opened(&mut self, _: &Opened) { self.accounts += 1; }
/// }
///
/// ViewScenario::of(Count::default)
///     .given(Id::<Account>::from_key("ann"), Opened {})
///     .then(|count| assert_eq!(count.accounts, 1));
/// ```
pub struct ViewScenario<P, F> {
    make: F,
    app: Application,
    /// The number of events that each aggregate has.
    versions: BTreeMap<Uuid, u32>,
    of: PhantomData<fn() -> P>,
}

impl<P, F> fmt::Debug for ViewScenario<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewScenario").field("versions", &self.versions).finish_non_exhaustive()
    }
}

impl<P: Projection, F: Fn() -> P> ViewScenario<P, F> {
    /// Begins with a log without events. `make` makes the projection for each time that the view is made.
    ///
    /// # Panics
    ///
    /// If names or topics of the aggregates in this program clash.
    #[track_caller]
    #[must_use = "a scenario tests nothing before `then` or `then_rows`"]
    pub fn of(make: F) -> Self {
        let app = or_panic(Application::open("memory:").wait());
        Self { make, app, versions: BTreeMap::new(), of: PhantomData }
    }

    /// Adds events of an aggregate to the log, as one commit.
    ///
    /// # Panics
    ///
    /// If an event cannot be stored.
    #[track_caller]
    #[must_use = "a scenario tests nothing before `then` or `then_rows`"]
    pub fn given<A: Aggregate, K>(mut self, id: Id<A>, events: impl EventList<A, K>) -> Self {
        let version = self.versions.entry(id.uuid()).or_default();
        let mut rows = Vec::new();
        for event in collect::<A, K>(events) {
            *version += 1;
            rows.push(recorded(id, *version, ManualClock::START, event));
        }
        or_panic(self.app.store().put(&rows).wait());
        self
    }
}

impl<P: InMemory, F: Fn() -> P> ViewScenario<P, F> {
    /// Makes the view with batches of each size, and calls `check` with it.
    ///
    /// # Panics
    ///
    /// If a handler fails; with the panic of `check`.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often the last call of a test")]
    pub fn then(self, check: impl Fn(&P)) -> Self {
        for size in SIZES {
            let project = self.app.project((self.make)()).batch(BatchSize::new().events(size));
            let runner = or_panic(project.in_memory().open().wait());
            let view = runner.handle();
            or_panic(view.ask_to_drain().wait());
            or_panic(runner.run().wait());
            view.read(&check);
        }
        self
    }
}

#[track_caller]
fn or_panic<T>(done: Result<T, crate::Error>) -> T {
    match done {
        Ok(done) => done,
        Err(error) => panic!("{error}"),
    }
}
