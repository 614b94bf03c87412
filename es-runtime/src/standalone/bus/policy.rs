//! The subscribers of an application in the stand-alone style: one stores events, one takes snapshots.

use super::{Bus, BusSubscription};
use crate::aggregate::Aggregate;
use crate::error::ErrorKind;
use crate::event::{Envelope, EventSet, Recorded};
use crate::id::Id;
use crate::observe;
use crate::store::{EventStore, Repository};
use crate::wait::Wait;

/// A subscriber that stores published events, until it is closed or dropped.
///
/// The policy stores all events of one publication together. It blocks the thread of the publisher meanwhile: with an
/// async runtime, publish where blocking is allowed.
///
/// If the store fails, so does [`Bus::publish`], and the bus skips later subscribers: subscribe this policy first. If
/// the reply of the store is lost, the policy repeats the call, and nothing is stored twice. Of two policies on one bus
/// and one store, the store refuses the second as a conflict: have one application in a process.
///
/// ```
/// use std::sync::Arc;
///
/// use es_runtime::standalone::{Bus, PersistencePolicy};
/// use es_runtime::mapper::Mapper;
/// use es_runtime::recorder::{EventRange, MemoryRecorder};
/// use es_runtime::store::EventStore;
/// use es_runtime::{Recorded, Wait, aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
///
/// let bus = Bus::<Recorded<AccountEvent>>::new();
/// let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
/// let policy = PersistencePolicy::new(&bus, store.clone());
///
/// let account = Account::open();
/// bus.publish(account.pending())?;
/// assert_eq!(store.get(account.id(), EventRange::all()).wait()?.len(), 1);
/// policy.close();
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[must_use = "it stores nothing once it is dropped"]
#[derive(Debug)]
pub struct PersistencePolicy {
    subscription: BusSubscription,
}

impl PersistencePolicy {
    /// Stores all published events.
    pub fn new<E: EventSet>(bus: &Bus<Recorded<E>>, store: EventStore) -> Self {
        Self::matching(bus, store, |_| true)
    }

    /// Stores the events that `predicate` accepts.
    pub fn matching<E: EventSet>(
        bus: &Bus<Recorded<E>>,
        store: EventStore,
        predicate: impl Fn(&Recorded<E>) -> bool + Send + Sync + 'static,
    ) -> Self {
        let subscription = bus.subscribe_batches(move |events| {
            let matching: Vec<_> = events.iter().filter(|event| predicate(event)).collect();
            if matching.is_empty() { Ok(()) } else { store.put_all(matching.into_iter()).wait().map(drop) }
        });
        Self { subscription }
    }

    /// Ends the storing.
    pub fn close(self) {
        self.subscription.close();
    }
}

/// A subscriber that takes a snapshot after every so many events of an aggregate, until it is closed or dropped.
///
/// Subscribe it after the policy that stores the events. A failed snapshot does not fail the publisher: the policy
/// takes a later one, and meanwhile loading is slower.
///
/// ```
/// # use std::sync::Arc;
/// # use es_runtime::mapper::Mapper;
/// # use es_runtime::recorder::{MemoryRecorder, MemorySnapshots};
/// # use es_runtime::store::{EventStore, SnapshotStore};
/// # use es_runtime::{Recorded, Wait, aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
/// use es_runtime::standalone::{Bus, PersistencePolicy, SnapshottingPolicy};
/// use es_runtime::store::Repository;
///
/// # let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
/// # let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
/// let bus = Bus::<Recorded<AccountEvent>>::new();
/// let repository = Repository::new(store.clone()).with_snapshots(snapshots);
/// let _storing = PersistencePolicy::new(&bus, store);
/// let _snapshots = SnapshottingPolicy::new::<Account>(&bus, repository.clone(), 2);
///
/// let mut account = Account::open();
/// account.deposit(10);
/// bus.publish(account.pending())?;
/// if let Some(snapshots) = repository.snapshots() {
///     assert_eq!(snapshots.versions(account.id()).wait()?, [2]);
/// }
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[must_use = "it takes no snapshots once it is dropped"]
#[derive(Debug)]
pub struct SnapshottingPolicy {
    subscription: BusSubscription,
}

impl SnapshottingPolicy {
    /// Takes a snapshot at each version that is a multiple of `every`, and never for 0. The policy reports a failed
    /// snapshot to [`SnapshotStore::on_snapshot_error`](crate::store::SnapshotStore::on_snapshot_error).
    pub fn new<A: Aggregate>(bus: &Bus<Recorded<A::Event>>, repository: Repository, every: u64) -> Self {
        Self::taking(bus, every, move |envelope| {
            let id = Id::<A>::from_uuid(envelope.id());
            let taken = repository.take_snapshot_at(id, envelope.version()).wait();
            // A discarded aggregate has no state to take a snapshot of.
            let failed = taken.err().filter(|error| error.kind() != ErrorKind::NotFound);
            match (failed, repository.snapshots()) {
                (None, _) => {}
                (Some(error), Some(snapshots)) => snapshots.report(&error),
                (Some(error), None) => observe::failed_snapshot(&error),
            }
        })
    }

    /// Calls `take` at each version that is a multiple of `every`, for snapshots of your own kind.
    pub fn taking<E: 'static>(
        bus: &Bus<Recorded<E>>,
        every: u64,
        take: impl Fn(&Envelope) + Send + Sync + 'static,
    ) -> Self {
        let due = move |recorded: &Recorded<E>| {
            every > 0 && recorded.envelope().version().get().is_multiple_of(every)
        };
        Self { subscription: bus.subscribe(due, move |recorded| take(recorded.envelope())) }
    }

    /// Ends the taking of snapshots.
    pub fn close(self) {
        self.subscription.close();
    }
}
