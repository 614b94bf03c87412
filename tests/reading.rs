//! Reading events of one aggregate: which, in which order, in how many pages and queries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_runtime::mapper::Mapper;
use es_runtime::recorder::{
    AggregateRecorder, Commit, EventPage, EventRange, KeyRecorder, MemoryRecorder, Receipt,
};
use es_runtime::store::EventStore;
use es_runtime::{Error, Id, Recorded, Version, Wait};
use uuid::Uuid;

use crate::account::{Account, AccountEvent, open};

/// Counts the queries.
#[derive(Default)]
struct Counting {
    store: MemoryRecorder,
    queries: AtomicU64,
}

impl AggregateRecorder for Counting {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.store.append(commit).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        self.store.select(id, range).await
    }

    delegate_commits!(store);
}

impl KeyRecorder for Counting {
    delegate_keys!(store);
}

/// A store with an account of so many events.
fn stored(events: u32) -> (EventStore, Arc<Counting>, Id<Account>) {
    let recorder = Arc::new(Counting::default());
    let store = EventStore::new(Mapper::new(), Arc::clone(&recorder) as _).unwrap();
    let mut account = open();
    (1..events).for_each(|_| account.deposit(1));
    store.put::<Account>(account.pending()).wait().unwrap();
    (store, recorder, account.id())
}

fn versions<'a>(events: impl IntoIterator<Item = &'a Recorded<AccountEvent>>) -> Vec<u64> {
    events.into_iter().map(|event| event.envelope().version().get()).collect()
}

fn at(version: u32) -> Version {
    version.into()
}

#[test]
fn one_event_is_read_by_its_version() {
    let (store, recorder, id) = stored(4);
    for version in 1..=4 {
        assert_eq!(versions(&store.event_at(id, version).wait().unwrap()), [u64::from(version)]);
    }
    assert_eq!(recorder.queries.load(Ordering::Relaxed), 4);
    for version in [at(0), at(5), Version::MAX] {
        assert!(store.event_at(id, version).wait().unwrap().is_none(), "{version}");
    }
    assert!(store.event_at(open().id(), 1).wait().unwrap().is_none());
}

#[test]
fn the_most_recent_event_is_the_one_at_a_version_or_before_and_strictly_before() {
    let (store, _, id) = stored(4);
    for version in 0..=4 {
        let up_to = versions(&store.most_recent(id, at(version)).wait().unwrap());
        assert_eq!(up_to, (version > 0).then_some(u64::from(version)).into_iter().collect::<Vec<_>>());
        let before = versions(&store.most_recent_before(id, version).wait().unwrap());
        let expected = (version > 1).then(|| u64::from(version) - 1);
        assert_eq!(before, expected.into_iter().collect::<Vec<_>>());
    }
    assert_eq!(versions(&store.most_recent_before(id, Version::MAX).wait().unwrap()), [4]);
    assert_eq!(versions(&store.first(id).wait().unwrap()), [1]);
    assert_eq!(versions(&store.last(id).wait().unwrap()), [4]);
}

#[test]
fn the_last_events_of_a_range_come_oldest_first() {
    let (store, recorder, id) = stored(9);
    let last = |range, many| versions(&store.get_last(id, range, many).wait().unwrap());
    assert_eq!(last(EventRange::all(), 3), [7, 8, 9]);
    assert_eq!(recorder.queries.load(Ordering::Relaxed), 1, "the others are not read");
    assert_eq!(last(EventRange::all().lt(at(8)), 2), [6, 7]);
    assert_eq!(last(EventRange::all().lte(at(8)), 2), [7, 8]);
    assert_eq!(last(EventRange::all().gt(at(6)), 20), [7, 8, 9]);
    assert_eq!(last(EventRange::all().gte(at(6)), 20), [6, 7, 8, 9]);
    assert_eq!(last(EventRange::all().descending(), 2), [8, 9]);
    assert_eq!(last(EventRange::all().limit(2), 3), [8, 9], "the lower limit counts");
    assert_eq!(last(EventRange::all(), 0), [0; 0]);
    // The first ones, in either order.
    let get = |range| versions(&store.get(id, range).wait().unwrap());
    assert_eq!(get(EventRange::all().limit(3)), [1, 2, 3]);
    assert_eq!(get(EventRange::all().descending().limit(3)), [9, 8, 7]);
}

/// The sizes of the pages, and the number of queries.
fn pages(events: u32, range: EventRange, size: usize) -> (Vec<usize>, u64) {
    let (store, recorder, id) = stored(events);
    let mut stream = store.stream(id, range).page_size(size);
    let (mut sizes, mut seen) = (Vec::new(), Vec::new());
    while let Some(page) = stream.next_page().wait().unwrap() {
        sizes.push(page.len());
        seen.extend(versions(&page));
    }
    assert!(stream.next_page().wait().unwrap().is_none());
    let queries = recorder.queries.load(Ordering::Relaxed);
    assert_eq!(seen, versions(&store.get(id, range).wait().unwrap()), "the same events in the same order");
    (sizes, queries)
}

#[test]
fn pages_are_as_long_as_asked_for_and_each_is_one_query() {
    let all = EventRange::all();
    for range in [all, all.descending()] {
        assert_eq!(pages(12, range, 5), (vec![5, 5, 2], 3));
        // The second finds nothing.
        assert_eq!(pages(5, range, 5), (vec![5], 2));
        assert_eq!(pages(5, range, 6), (vec![5], 1));
        assert_eq!(pages(3, range, 1), (vec![1, 1, 1], 4));
        assert_eq!(pages(3, range, 0), (vec![1, 1, 1], 4));
        // The range ends there: no more is asked for.
        assert_eq!(pages(12, range.limit(5), 5), (vec![5], 1));
        assert_eq!(pages(12, range.limit(10), 5), (vec![5, 5], 2));
        assert_eq!(pages(12, range.limit(7), 5), (vec![5, 2], 2));
        assert_eq!(pages(12, range.limit(0), 5), (vec![], 0));
    }
    assert_eq!(pages(12, all.lte(at(10)), 5), (vec![5, 5], 2));
    // Version 0 may be there.
    assert_eq!(pages(12, all.gte(at(3)).descending(), 5), (vec![5, 5], 2));
}
