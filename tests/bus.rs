//! Publish and subscribe: the handlers that the bus calls, their order, and the effect of a failure; the policies.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use es_runtime::error::Conflict;
use es_runtime::event::EventSet;
use es_runtime::mapper::Mapper;
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, Commit, EventPage, EventRange, KeyRecorder, MemoryRecorder, MemorySnapshots, Receipt,
    SnapshotRecorder, SqliteOptions, Tables,
};
use es_runtime::standalone::{Bus, BusSubscription, PersistencePolicy, SnapshottingPolicy};
use es_runtime::store::{EventStore, Repository, SnapshotStore};
use es_runtime::{Envelope, Error, ErrorKind, Event, Id, Recorded, Version, Wait};
use uuid::Uuid;

use crate::account::{Account, AccountEvent, Deposited, Opened, Withdrawn, open};

type AccountBus = Bus<Recorded<AccountEvent>>;

/// The values that handlers received, each behind the name of its handler.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn subscribe(&self, bus: &Bus<u32>, name: &'static str) -> BusSubscription {
        let seen = self.clone();
        bus.subscribe(|_| true, move |number| seen.note(format!("{name}{number}")))
    }
}

fn failure() -> Error {
    Error::new(ErrorKind::Storage, "the disk is full; make room")
}

#[test]
fn handlers_are_called_in_order_each_once_for_each_event() {
    let (bus, seen) = (Bus::new(), Seen::default());
    let _kept = ["a", "b", "c"].map(|name| seen.subscribe(&bus, name));
    bus.publish(&[1, 2]).unwrap();
    assert_eq!(seen.take(), ["a1", "a2", "b1", "b2", "c1", "c2"]);
    bus.clone().publish(&[3]).unwrap();
    assert_eq!(seen.take(), ["a3", "b3", "c3"], "a copy is the same bus");
    Bus::new().publish(&[3]).unwrap();
    assert_eq!(seen.take(), [""; 0], "another bus is another");
}

#[test]
fn only_what_the_predicate_lets_pass_comes() {
    let (bus, seen) = (Bus::new(), Seen::default());
    let noting = seen.clone();
    let _odd = bus.subscribe(|number: &u32| number % 2 == 1, move |number| noting.note(number.to_string()));
    bus.publish(&[1, 2, 3]).unwrap();
    bus.publish(&[4]).unwrap();
    assert_eq!(seen.take(), ["1", "3"]);
}

#[test]
fn batches_come_whole_and_never_empty() {
    let (bus, seen) = (Bus::new(), Seen::default());
    let noting = seen.clone();
    let _batches = bus.subscribe_batches(move |numbers: &[u32]| noting.note(format!("{numbers:?}")));
    bus.publish(&[1, 2]).unwrap();
    bus.publish(&[]).unwrap();
    assert_eq!(seen.take(), ["[1, 2]"]);
}

#[test]
fn a_dropped_subscription_ends_and_a_forgotten_one_stays() {
    let (bus, seen) = (Bus::new(), Seen::default());
    let (dropped, closed) = (seen.subscribe(&bus, "dropped"), seen.subscribe(&bus, "closed"));
    seen.subscribe(&bus, "forgotten").forget();
    assert_eq!(bus.subscribers(), 3);
    drop(dropped);
    closed.close();
    assert_eq!(bus.subscribers(), 1);
    bus.publish(&[1]).unwrap();
    assert_eq!(seen.take(), ["forgotten1"]);
    let kept = seen.subscribe(&bus, "kept");
    drop(bus);
    drop(kept);
}

#[test]
fn a_handler_is_dropped_with_its_subscription_or_with_the_bus() {
    let held = Arc::new(());
    let bus = Bus::<u32>::new();
    let [one, other] = [Arc::clone(&held), Arc::clone(&held)];
    let first = bus.subscribe(|_| true, move |_| drop(Arc::clone(&one)));
    bus.subscribe(|_| true, move |_| drop(Arc::clone(&other))).forget();
    drop(first);
    assert_eq!(Arc::strong_count(&held), 2);
    drop(bus);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_handler_that_must_succeed_ends_the_publishing() {
    let (bus, seen) = (Bus::new(), Seen::default());
    let _before = seen.subscribe(&bus, "before");
    let noting = seen.clone();
    let strict = bus.subscribe(
        |_| true,
        move |number: &u32| {
            noting.note(format!("strict{number}"));
            if *number == 2 { Err(failure()) } else { Ok(()) }
        },
    );
    let _after = seen.subscribe(&bus, "after");
    let error = bus.publish(&[1, 2, 3]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(seen.take(), ["before1", "before2", "before3", "strict1", "strict2"]);
    bus.publish(&[1]).unwrap();
    assert_eq!(seen.take(), ["before1", "strict1", "after1"], "it is still subscribed");
    drop(strict);
    bus.publish(&[2]).unwrap();
    assert_eq!(seen.take(), ["before2", "after2"]);
}

#[test]
fn a_failing_view_fails_nobody() {
    let (bus, seen) = (Bus::new(), Seen::default());
    let noting = seen.clone();
    let view = |_: &u32| -> Result<(), Error> { Err(failure()) };
    let _view = bus.subscribe(
        |_| true,
        move |number| {
            // The handler decides about its errors.
            if let Err(error) = view(number) {
                noting.note(error.to_string());
            }
        },
    );
    let _after = seen.subscribe(&bus, "after");
    bus.publish(&[1]).unwrap();
    assert_eq!(seen.take(), ["the disk is full; make room", "after1"]);
}

#[test]
fn a_handler_that_panics_leaves_the_bus_in_order() {
    let (bus, seen) = (Bus::new(), Seen::default());
    let panicking = bus.subscribe(|number: &u32| *number == 1, |number| assert_eq!(*number, 0, "on purpose"));
    let _after = seen.subscribe(&bus, "after");
    crate::failure::failure(|| bus.publish(&[1]).unwrap());
    assert_eq!(seen.take(), [""; 0]);
    bus.publish(&[2]).unwrap();
    drop(panicking);
    bus.publish(&[1]).unwrap();
    assert_eq!(seen.take(), ["after2", "after1"]);
}

#[test]
fn handlers_subscribe_unsubscribe_and_publish() {
    let (bus, seen) = (Bus::<u32>::new(), Seen::default());
    let last = Arc::new(Mutex::new(None));
    let (inner, noting, ends, late) = (bus.clone(), seen.clone(), Arc::clone(&last), Arc::default());
    let held: Arc<Mutex<Vec<BusSubscription>>> = Arc::clone(&late);
    let _first = bus.subscribe(
        |number| *number == 1,
        move |_| {
            held.lock().unwrap().push(noting.subscribe(&inner, "late"));
            drop(ends.lock().unwrap().take());
            inner.publish(&[2])
        },
    );
    *last.lock().unwrap() = Some(seen.subscribe(&bus, "last"));
    bus.publish(&[1]).unwrap();
    // `late` subscribed too late for 1, `last` was gone before its turn.
    assert_eq!(seen.take(), ["late2"]);
    late.lock().unwrap().clear();
    assert_eq!(bus.subscribers(), 1);
}

#[test]
fn a_handler_may_end_its_own_subscription() {
    let (bus, count) = (Bus::<u32>::new(), Arc::new(AtomicU32::new(0)));
    let own = Arc::new(Mutex::new(None));
    let (counting, ends) = (Arc::clone(&count), Arc::clone(&own));
    *own.lock().unwrap() = Some(bus.subscribe(
        |_| true,
        move |_| {
            counting.fetch_add(1, Ordering::Relaxed);
            drop(ends.lock().unwrap().take());
        },
    ));
    bus.publish(&[1]).unwrap();
    bus.publish(&[2]).unwrap();
    assert_eq!((count.load(Ordering::Relaxed), bus.subscribers()), (1, 0));
}

#[test]
fn many_threads_publish_subscribe_and_unsubscribe() {
    let (bus, total) = (Bus::<u32>::new(), Arc::new(AtomicUsize::new(0)));
    let adding = Arc::clone(&total);
    let _counts = bus.subscribe(
        |_| true,
        move |_| {
            adding.fetch_add(1, Ordering::Relaxed);
        },
    );
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..500 {
                    let short = bus.subscribe(|_| true, |_| {});
                    bus.publish(&[number]).unwrap();
                    drop(short);
                }
            });
        }
    });
    assert_eq!((total.load(Ordering::Relaxed), bus.subscribers()), (2_000, 1));
}

#[test]
fn events_are_subscribed_to_by_type() {
    let (bus, seen) = (AccountBus::new(), Seen::default());
    let noting = seen.clone();
    let _deposits = bus.subscribe_to(move |deposited: &Deposited, envelope: &Envelope| {
        noting.note(format!("{} at {}", deposited.amount, envelope.version()));
    });
    let noting = seen.clone();
    let _booked = bus.subscribe_to_any([Deposited::TYPE, Withdrawn::TYPE], move |recorded| {
        noting.note(format!("booked at {}", recorded.envelope().version()));
    });
    let mut account = open();
    account.deposit(10);
    account.set_owner("Anna".into());
    account.withdraw(3).unwrap();
    bus.publish(account.pending()).unwrap();
    assert_eq!(seen.take(), ["10 at 2", "booked at 2", "booked at 4"]);
    let strict = bus.subscribe_to(|_: &Opened, _: &Envelope| Err(failure()));
    assert_eq!(bus.publish(account.pending()).unwrap_err().kind(), ErrorKind::Storage);
    drop(strict);
}

#[test]
fn types_are_taken_from_the_list_of_the_aggregate_too() {
    let (bus, seen) = (AccountBus::new(), Seen::default());
    let frozen = AccountEvent::TYPES.iter().filter(|known| known.name() == "Frozen").copied();
    let noting = seen.clone();
    let _frozen = bus.subscribe_to_any(frozen, move |recorded| {
        noting.note(recorded.envelope().version().to_string());
    });
    let mut account = open();
    account.freeze();
    account.set_owner("Anna".into());
    bus.publish(account.discard().pending()).unwrap();
    assert_eq!(seen.take(), ["2"]);
}

fn memory() -> EventStore {
    EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new())).unwrap()
}

fn stored(store: &EventStore, id: Id<Account>) -> usize {
    store.get(id, EventRange::all()).wait().unwrap().len()
}

#[test]
fn the_persistence_policy_stores_until_it_is_closed() {
    let (bus, store) = (AccountBus::new(), memory());
    let policy = PersistencePolicy::new(&bus, store.clone());
    let mut account = open();
    account.deposit(10);
    bus.publish(account.pending()).unwrap();
    assert_eq!(Repository::new(store.clone()).get(account.id()).wait().unwrap().balance, 10);
    policy.close();
    assert_eq!(bus.subscribers(), 0);
    let other = open();
    bus.publish(other.pending()).unwrap();
    assert_eq!(stored(&store, other.id()), 0);
}

#[test]
fn the_persistence_policy_stores_what_matches() {
    let (bus, store) = (AccountBus::new(), memory());
    let _policy = PersistencePolicy::matching(&bus, store.clone(), |recorded| {
        !matches!(recorded.event(), AccountEvent::Deposited(_))
    });
    let mut account = open();
    account.deposit(10);
    bus.publish(account.pending()).unwrap();
    assert_eq!(stored(&store, account.id()), 1);
    bus.publish(&account.pending()[1..]).unwrap();
    assert_eq!(stored(&store, account.id()), 1, "nothing matches, nothing is stored");
}

#[test]
fn refused_events_reach_no_view_and_the_store_keeps_none_of_them() {
    let (bus, store, seen) = (AccountBus::new(), memory(), Seen::default());
    let _policy = PersistencePolicy::new(&bus, store.clone());
    let noting = seen.clone();
    let _view = bus.subscribe(|_| true, move |recorded| noting.note(format!("{:?}", recorded.event())));
    let mut account = open();
    bus.publish(account.pending()).unwrap();
    assert_eq!(seen.take().len(), 1);
    account.deposit(1);
    // The store has the first event: a second policy conflicts, and so does a second publishing.
    let error = bus.publish(account.pending()).unwrap_err();
    assert!(matches!(error.as_conflict(), Some(Conflict::Version { .. })), "{error}");
    assert_eq!((seen.take().len(), stored(&store, account.id())), (0, 1));
}

#[test]
fn a_second_policy_on_one_store_is_noticed() {
    let (bus, store) = (AccountBus::new(), memory());
    let _policies = [0, 1].map(|_| PersistencePolicy::new(&bus, store.clone()));
    let account = open();
    assert_eq!(bus.publish(account.pending()).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(stored(&store, account.id()), 1);
}

#[test]
fn many_threads_publish_to_one_policy() {
    let recorder = SqliteOptions::in_memory().open().unwrap().recorder(&Tables::default()).unwrap();
    let (bus, store) = (AccountBus::new(), EventStore::new(Mapper::new(), Arc::new(recorder)).unwrap());
    let _policy = PersistencePolicy::new(&bus, store.clone());
    let publish = || {
        let mut account = open();
        account.deposit(1);
        bus.publish(account.pending()).unwrap();
        account.id()
    };
    let ids: Vec<Id<Account>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| (0..25).map(|_| publish()).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 100);
    assert!(ids.into_iter().all(|id| stored(&store, id) == 2));
}

/// Stores, but loses the first replies.
struct LosesReplies {
    inner: MemoryRecorder,
    left: AtomicU32,
}

impl AggregateRecorder for LosesReplies {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        let receipt = self.inner.append(commit).await?;
        let lost = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if lost.is_ok() {
            return Err(Error::new(ErrorKind::OutcomeUnknown, "the reply was lost; save again"));
        }
        Ok(receipt)
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.inner.select(id, range).await
    }

    delegate_commits!(inner);
}

impl KeyRecorder for LosesReplies {
    delegate_keys!(inner);
}

#[test]
fn a_lost_reply_is_asked_for_again() {
    for (lost, fails) in [(2, false), (3, true)] {
        let recorder = LosesReplies { inner: MemoryRecorder::new(), left: AtomicU32::new(lost) };
        let (bus, store) = (AccountBus::new(), EventStore::new(Mapper::new(), Arc::new(recorder)).unwrap());
        let _policy = PersistencePolicy::new(&bus, store.clone());
        let account = open();
        let published = bus.publish(account.pending());
        assert_eq!(published.is_err(), fails);
        assert_eq!(stored(&store, account.id()), 1);
    }
}

/// Refuses every commit.
struct Refuses;

impl SnapshotRecorder for Refuses {
    async fn put(&self, _: StoredEvent) -> Result<(), Error> {
        Err(failure())
    }

    async fn select(&self, _: Uuid, _: &str, _: EventRange) -> Result<Vec<StoredEvent>, Error> {
        Ok(Vec::new())
    }

    async fn versions(&self, _: Uuid, _: &str, _: EventRange) -> Result<Vec<Version>, Error> {
        Ok(Vec::new())
    }

    async fn delete(&self, _: Uuid, _: &str, _: EventRange) -> Result<(), Error> {
        Ok(())
    }

    async fn clear(&self, _: Uuid) -> Result<(), Error> {
        Ok(())
    }
}

fn repository(snapshots: impl SnapshotRecorder) -> Repository {
    Repository::new(memory()).with_snapshots(SnapshotStore::new(Arc::new(snapshots)))
}

#[test]
fn the_snapshotting_policy_takes_one_at_each_multiple() {
    let (bus, repository) = (AccountBus::new(), repository(MemorySnapshots::new()));
    let _storing = PersistencePolicy::new(&bus, repository.store().clone());
    let policy = SnapshottingPolicy::new::<Account>(&bus, repository.clone(), 2);
    let mut account = open();
    let id = account.id();
    let taken = || -> Vec<u64> {
        let versions = repository.snapshots().unwrap().versions(id).wait().unwrap();
        versions.into_iter().map(Version::get).collect()
    };
    bus.publish(account.pending()).unwrap();
    assert_eq!(taken(), [0; 0]);
    for _ in 2..=7 {
        account.deposit(1);
        bus.publish(&account.pending()[account.pending().len() - 1..]).unwrap();
    }
    assert_eq!(taken(), [2, 4, 6]);
    assert_eq!(repository.get(id).wait().unwrap().balance, 6);
    // The eighth event discards the account: a discarded account gets no snapshot.
    let discarded = account.discard();
    bus.publish(&discarded.pending()[7..]).unwrap();
    assert_eq!(taken(), [2, 4, 6]);
    assert_eq!(repository.get(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
    policy.close();
    assert_eq!(bus.subscribers(), 1);
}

#[test]
fn a_failing_snapshot_is_reported_and_fails_no_publishing() {
    let (bus, repository, seen) = (AccountBus::new(), repository(Refuses), Seen::default());
    let _storing = PersistencePolicy::new(&bus, repository.store().clone());
    let noting = seen.clone();
    let snapshots = repository.snapshots().cloned().unwrap();
    let snapshots = snapshots.on_snapshot_error(move |error| noting.note(error.to_string()));
    let repository = repository.with_snapshots(snapshots);
    let _policy = SnapshottingPolicy::new::<Account>(&bus, repository.clone(), 1);
    let _never = SnapshottingPolicy::new::<Account>(&bus, repository, 0);
    bus.publish(open().pending()).unwrap();
    assert_eq!(seen.take(), ["the disk is full; make room"]);
}
