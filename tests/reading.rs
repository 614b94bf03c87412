//! Reading events of one aggregate: the range, the order, and the number of pages and queries.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use es_runtime::mapper::Mapper;
use es_runtime::recorder::{
    AggregateRecorder, Commit, EventPage, EventRange, KeyRecorder, MemoryRecorder, Receipt,
};
use es_runtime::store::{EventStore, Repository};
use es_runtime::wait::may_block;
use es_runtime::{Application, Error, Id, Recorded, Version, Wait, aggregate, mutator};
use uuid::Uuid;

use crate::account::{Account, AccountEvent, open};

/// A recorder that counts the queries.
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

/// Makes a store with an account of that many events.
fn stored(events: u32) -> (EventStore, Arc<Counting>, Id<Account>) {
    let recorder = Arc::new(Counting::default());
    let store = EventStore::new(Mapper::new(), Arc::clone(&recorder) as _).unwrap();
    let mut account = open();
    (1..events).for_each(|_| account.deposit(1));
    store.put(account.pending()).wait().unwrap();
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
    assert_eq!(last(EventRange::all().before(at(8)), 2), [6, 7]);
    assert_eq!(last(EventRange::all().up_to(at(8)), 2), [7, 8]);
    assert_eq!(last(EventRange::all().after(at(6)), 20), [7, 8, 9]);
    assert_eq!(last(EventRange::all().from(at(6)), 20), [6, 7, 8, 9]);
    assert_eq!(last(EventRange::all().descending(), 2), [8, 9]);
    assert_eq!(last(EventRange::all().limit(2), 3), [8, 9], "the lower limit counts");
    assert_eq!(last(EventRange::all(), 0), [0; 0]);
    // The first events, in either order.
    let get = |range| versions(&store.get(id, range).wait().unwrap());
    assert_eq!(get(EventRange::all().limit(3)), [1, 2, 3]);
    assert_eq!(get(EventRange::all().descending().limit(3)), [9, 8, 7]);
}

/// Returns the sizes of the pages, and the number of queries.
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
        // The second query finds nothing.
        assert_eq!(pages(5, range, 5), (vec![5], 2));
        assert_eq!(pages(5, range, 6), (vec![5], 1));
        assert_eq!(pages(3, range, 1), (vec![1, 1, 1], 4));
        assert_eq!(pages(3, range, 0), (vec![1, 1, 1], 4));
        // The range ends there, so the reader queries no more.
        assert_eq!(pages(12, range.limit(5), 5), (vec![5], 1));
        assert_eq!(pages(12, range.limit(10), 5), (vec![5, 5], 2));
        assert_eq!(pages(12, range.limit(7), 5), (vec![5, 2], 2));
        assert_eq!(pages(12, range.limit(0), 5), (vec![], 0));
    }
    assert_eq!(pages(12, all.up_to(at(10)), 5), (vec![5, 5], 2));
    // An event of version 0 may exist.
    assert_eq!(pages(12, all.from(at(3)).descending(), 5), (vec![5, 5], 2));
}

thread_local! {
    /// The number of events that this thread has applied.
    static APPLIED: Cell<usize> = const { Cell::new(0) };
}

#[aggregate]
struct Meter {
    readings: u32,
}

#[mutator]
impl Meter {
    #[event(MeterInstalled)]
    fn install() -> Self {
        Self { readings: 0 }
    }

    #[event(MeterRead)]
    fn read(&mut self) {
        APPLIED.set(APPLIED.get() + 1);
        self.readings += 1;
    }
}

/// The number of events that were applied before a query, and whether the query was allowed to block.
type Query = (usize, bool);

/// A recorder that notes each query, answers at the third poll, and counts the queries under way.
#[derive(Default)]
struct Noting {
    store: MemoryRecorder,
    queries: Mutex<Vec<Query>>,
    under_way: Arc<AtomicU64>,
}

/// A guard that counts a query as under way until it is dropped.
struct UnderWay(Arc<AtomicU64>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AggregateRecorder for Noting {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.store.append(commit).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let _counted = UnderWay(Arc::clone(&self.under_way));
        self.queries.lock().unwrap().push((APPLIED.get(), may_block()));
        let mut polls = 0;
        poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            if polls > 2 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.store.select(id, range).await
    }

    delegate_commits!(store);
}

impl KeyRecorder for Noting {
    delegate_keys!(store);
}

fn noting(events: u32) -> (Repository, Arc<Noting>, Id<Meter>) {
    let recorder = Arc::new(Noting::default());
    let store = EventStore::new(Mapper::new(), Arc::clone(&recorder) as _).unwrap();
    let mut meter = Meter::install();
    (1..events).for_each(|_| meter.read());
    store.put(meter.pending()).wait().unwrap();
    APPLIED.set(0);
    (Repository::new(store), recorder, meter.id())
}

#[test]
fn on_an_executor_pages_begin_small_and_the_next_one_is_asked_for_before_the_last_one_is_replayed() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (events, on_executor, waiting) in [
        (255, vec![0], vec![0]),
        (256, vec![0, 0], vec![0]),
        (1_999, vec![0, 0, 255, 767], vec![0]),
        (2_000, vec![0, 0, 255, 767], vec![0, 1_999]),
        (4_000, vec![0, 0, 255, 767, 1_791], vec![0, 1_999, 3_999]),
        (4_500, vec![0, 0, 255, 767, 1_791], vec![0, 1_999, 3_999]),
    ] {
        for is_waiting in [false, true] {
            let (repository, recorder, id) = noting(events);
            let loading = repository.get(id);
            let meter = if is_waiting { loading.wait() } else { runtime.block_on(loading) };
            assert_eq!(meter.unwrap().readings, events - 1);
            let applied = if is_waiting { &waiting } else { &on_executor };
            let expected: Vec<Query> = applied.iter().map(|applied| (*applied, is_waiting)).collect();
            assert_eq!(*recorder.queries.lock().unwrap(), expected, "{events} events");
            assert_eq!(recorder.under_way.load(Ordering::Relaxed), 0);
        }
    }
    // The query asks for nothing beyond the version.
    let (repository, recorder, id) = noting(4_500);
    let past = runtime.block_on(repository.get_at(id, 2_000)).unwrap();
    assert_eq!((past.readings, recorder.queries.lock().unwrap().len()), (1_999, 4));
}

#[test]
fn a_load_that_is_dropped_leaves_no_query_under_way() {
    for polls in 1..=4 {
        let (repository, recorder, id) = noting(4_500);
        {
            let mut loading = pin!(repository.get(id));
            for _ in 0..polls {
                assert!(loading.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            assert_eq!(recorder.under_way.load(Ordering::Relaxed), 1);
        }
        assert_eq!(recorder.under_way.load(Ordering::Relaxed), 0);
        assert_eq!(repository.get(id).wait().unwrap().readings, 4_499);
    }
}

#[test]
fn a_long_history_is_replayed_whole_on_a_waiting_thread_and_on_an_executor() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let file = format!("sqlite:{}", folder.path().join("meters.db").display());
    let one_reader = format!("sqlite:{}?readers=1", folder.path().join("others.db").display());
    for uri in ["memory:", "sqlite::memory:", &file, &one_reader] {
        let app = Application::open(uri).wait().unwrap();
        let mut meter = Meter::install();
        (1..10_001).for_each(|_| meter.read());
        app.save(&mut meter).wait().unwrap();
        let id = meter.id();
        let seen = |meter: &Meter| (meter.readings, meter.version().get());
        assert_eq!(seen(&app.get(id).wait().unwrap()), (10_000, 10_001));
        let past = app.get_at(id, 9_000).wait().unwrap();
        assert_eq!(seen(&past), (8_999, 9_000));
        let other = app.clone();
        let loaded = runtime.block_on(runtime.spawn(async move { other.get(id).await })).unwrap().unwrap();
        assert_eq!(seen(&loaded), (10_000, 10_001));
        // A load that is dropped at any point keeps no reader busy.
        for polls in 1..8 {
            let mut loading = pin!(app.get(id));
            for _ in 0..polls {
                if loading.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
                std::thread::yield_now();
            }
        }
        assert_eq!(seen(&app.get(id).wait().unwrap()), (10_000, 10_001));
    }
}
