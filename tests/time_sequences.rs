//! Sequences by time: places, ties, and UUIDs that have a time in them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use es_runtime::clock::{Timestamp, set_clock};
use es_runtime::mapper::Mapper;
use es_runtime::recorder::{
    AggregateRecorder, Commit, EventPage, EventRange, KeyRecorder, MemoryRecorder, Receipt, SqliteOptions,
    Tables,
};
use es_runtime::sequence::{Moment, TimeLog, TimeRange, TimeUuid, UuidTime};
use es_runtime::store::EventStore;
use es_runtime::testing::ManualClock;
use es_runtime::{Error, ErrorKind, EventSet, Metadata, Version, Wait, event};
use uuid::{Uuid, uuid};

#[event]
struct Logged {
    message: String,
}

#[event]
struct Alarm {
    level: u8,
}

#[derive(Clone, Debug, EventSet)]
enum Entry {
    Logged(Logged),
    Alarm(Alarm),
}

fn logged(message: impl Into<String>) -> Logged {
    Logged { message: message.into() }
}

fn stores() -> [EventStore; 2] {
    let sqlite = SqliteOptions::in_memory().open().unwrap().recorder(&Tables::default()).unwrap();
    [
        EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new())).unwrap(),
        EventStore::new(Mapper::new(), Arc::new(sqlite)).unwrap(),
    ]
}

fn messages<T: Moment>(log: &TimeLog<Logged, T>, range: TimeRange<T>) -> Vec<String> {
    log.get(range).wait().unwrap().into_iter().map(|(_, logged)| logged.into_event().message).collect()
}

/// Makes a log of three messages, a minute apart.
fn minutes<T: Moment>(store: EventStore) -> (TimeLog<Logged, T>, [T; 3]) {
    let clock = ManualClock::default();
    let _guard = clock.install();
    let log = TimeLog::new(store, Uuid::now_v7());
    let places = ["one", "two", "three"].map(|message| {
        clock.advance(Duration::from_secs(60));
        log.append(logged(message)).wait().unwrap()
    });
    (log, places)
}

fn ranges<T: Moment>(store: EventStore) {
    let (log, [one, two, three]) = minutes::<T>(store);
    assert!(one < two && two < three);
    let all = TimeRange::all;
    assert_eq!(messages(&log, all()), ["one", "two", "three"]);
    assert_eq!(messages(&log, all().descending()), ["three", "two", "one"]);
    assert_eq!(messages(&log, all().after(one)), ["two", "three"]);
    assert_eq!(messages(&log, all().from(two).limit(1)), ["two"]);
    assert_eq!(messages(&log, all().before(two)), ["one"]);
    assert_eq!(messages(&log, all().up_to(two).descending().limit(1)), ["two"]);
    assert_eq!(messages(&log, all().after(one).before(three)), ["two"]);
    assert_eq!(messages(&log, all().after(two).before(two)), [""; 0]);
    assert_eq!(log.get_one(two).wait().unwrap().unwrap().event().message, "two");
    let between = T::at(Version::new(two.place().get() + 1).unwrap()).unwrap();
    assert!(log.get_one(between).wait().unwrap().is_none());
    let places: Vec<T> = log.get(all()).wait().unwrap().into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, [one, two, three]);
}

#[test]
fn messages_are_read_by_time() {
    stores().into_iter().for_each(ranges::<Timestamp>);
    stores().into_iter().for_each(ranges::<UuidTime>);
}

#[test]
fn a_place_is_the_time_of_the_clock() {
    let [store, _] = stores();
    let (log, [one, ..]) = minutes::<Timestamp>(store.clone());
    assert_eq!(one, ManualClock::START + Duration::from_secs(60));
    let (_, message) = log.get(TimeRange::all().limit(1)).wait().unwrap().pop().unwrap();
    assert_eq!(message.envelope().timestamp(), one);
    assert_eq!(message.envelope().version().get(), one.as_micros().unsigned_abs());
    let (log, [one, ..]) = minutes::<UuidTime>(store);
    assert_eq!(one.timestamp(), ManualClock::START + Duration::from_secs(60));
    let (_, message) = log.get(TimeRange::all().limit(1)).wait().unwrap().pop().unwrap();
    assert_eq!(message.envelope().version().get(), one.ticks());
}

#[test]
fn a_tie_takes_the_next_free_tick() {
    for store in stores() {
        let now = Timestamp::from_micros(1_000_000);
        let _clock = set_clock(move || now);
        let log = TimeLog::<Logged>::new(store, Uuid::now_v7());
        let appended = |message: &str| log.append(logged(message)).wait().unwrap().as_micros();
        let earlier = set_clock(|| Timestamp::from_micros(1_000_002));
        assert_eq!(appended("was there"), 1_000_002);
        drop(earlier);
        assert_eq!(["a", "b", "c", "d"].map(appended), [1_000_000, 1_000_001, 1_000_003, 1_000_004]);
        assert_eq!(messages(&log, TimeRange::all()), ["a", "b", "was there", "c", "d"]);
        let last = log.get(TimeRange::all().descending().limit(1)).wait().unwrap();
        assert_eq!(last[0].1.envelope().timestamp(), now, "the time is the true one");
    }
}

#[test]
fn more_ties_than_a_page_are_passed() {
    let [store, _] = stores();
    let _clock = set_clock(|| Timestamp::from_micros(7));
    let log = TimeLog::<Logged, UuidTime>::new(store, Uuid::now_v7());
    let places: Vec<u64> =
        (0..600).map(|number| log.append(logged(number.to_string())).wait().unwrap().ticks()).collect();
    assert!(places.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert_eq!(messages(&log, TimeRange::all().descending().limit(1)), ["599"]);
}

#[test]
fn many_threads_append_at_one_moment() {
    for store in stores() {
        let log = TimeLog::<Logged>::new(store, Uuid::now_v7());
        let places: Vec<Timestamp> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let log = log.clone();
                    scope.spawn(move || {
                        let _clock = set_clock(|| Timestamp::from_micros(7));
                        (0..25)
                            .map(|number| log.append(logged(format!("{thread}.{number}"))).wait().unwrap())
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), 100);
        assert_eq!(messages(&log, TimeRange::all()).into_iter().collect::<BTreeSet<_>>().len(), 100);
        assert_eq!(places.iter().max(), Some(&Timestamp::from_micros(106)), "no tick is left out");
    }
}

/// A recorder that reports each place as taken by another writer.
#[derive(Default)]
struct AlwaysTaken {
    asked: AtomicU32,
    store: MemoryRecorder,
}

impl AggregateRecorder for AlwaysTaken {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let row = &commit.events()[0];
        Err(es_runtime::error::Conflict::version(row.id, row.version, Some(row.version)).into())
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.store.select(id, range).await
    }

    delegate_commits!(store);
}

impl KeyRecorder for AlwaysTaken {
    delegate_keys!(store);
}

#[test]
fn the_search_for_a_free_tick_ends() {
    let recorder = Arc::new(AlwaysTaken::default());
    let store = EventStore::new(Mapper::new(), Arc::clone(&recorder) as _).unwrap();
    let error = TimeLog::<Logged>::new(store, Uuid::now_v7()).append(logged("x")).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("append again"), "{error}");
    assert_eq!(recorder.asked.load(Ordering::Relaxed), 64);
}

#[test]
fn a_clock_that_shows_no_place_is_refused() {
    let [store, _] = stores();
    let _clock = set_clock(|| Timestamp::from_micros(-1));
    let log = TimeLog::<Logged>::new(store.clone(), Uuid::now_v7());
    let error = log.append(logged("x")).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("before 1970"), "{error}");
    // A time-UUID begins in 1582.
    let log = TimeLog::<Logged, UuidTime>::new(store, Uuid::now_v7());
    assert_eq!(log.append(logged("x")).wait().unwrap().timestamp(), Timestamp::from_micros(-1));
    let _clock = set_clock(|| Timestamp::from_micros(i64::MAX));
    assert_eq!(log.append(logged("x")).wait().unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn the_last_place_has_no_next_one() {
    let [store, _] = stores();
    let _clock = set_clock(|| Timestamp::from_micros(i64::MAX));
    let log = TimeLog::<Logged>::new(store, Uuid::now_v7());
    log.append(logged("x")).wait().unwrap();
    assert_eq!(log.append(logged("y")).wait().unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn a_log_holds_several_types_with_metadata() {
    let [store, _] = stores();
    let log = TimeLog::<Entry>::new(store, Uuid::now_v7());
    log.append(logged("started")).wait().unwrap();
    log.append_with(Alarm { level: 3 }, Metadata::new().with_actor("ann")).wait().unwrap();
    let entries = log.get(TimeRange::all()).wait().unwrap();
    assert!(matches!(entries[0].1.event(), Entry::Logged(_)));
    assert!(matches!(entries[1].1.event(), Entry::Alarm(Alarm { level: 3 })));
    assert_eq!(entries[1].1.metadata().actor(), Some("ann"));
}

#[test]
fn logs_are_apart() {
    let [store, _] = stores();
    let [one, other] = [0, 1].map(|_| TimeLog::<Logged>::new(store.clone(), Uuid::now_v7()));
    one.append(logged("one")).wait().unwrap();
    assert_eq!(messages(&other, TimeRange::all()), [""; 0]);
    assert_ne!(one.id(), other.id());
}

// The same moment, from the standard's own examples: 2022-02-22T19:22:22Z.
const V1: Uuid = uuid!("C232AB00-9414-11EC-B3C8-9F6BDECED846");
const V6: Uuid = uuid!("1EC9414C-232A-6B00-B3C8-9F6BDECED846");
const V7: Uuid = uuid!("017F22E2-79B0-7CC3-98C4-DC0C0C07398F");

#[test]
fn the_time_of_a_uuid_is_read_from_each_version() {
    let times = [V1, V6, V7].map(|id| UuidTime::of_uuid(id).unwrap());
    assert_eq!(times[0].ticks(), 0x01EC_9414_C232_AB00);
    assert_eq!([times[1], times[2]], [times[0]; 2]);
    assert_eq!(times[0].timestamp().to_string(), "2022-02-22T19:22:22.000000Z");
    assert_eq!(UuidTime::of(times[0].timestamp()).unwrap(), times[0]);
    for other in [Uuid::nil(), Uuid::max(), uuid!("919108f7-52d1-4320-9bac-f847db4148a8")] {
        assert_eq!(UuidTime::of_uuid(other), None);
    }
}

#[test]
fn the_bounds_hold_all_uuids_of_a_time() {
    for (id, version) in [(V1, TimeUuid::V1), (V6, TimeUuid::V6), (V7, TimeUuid::V7)] {
        let time = UuidTime::of_uuid(id).unwrap();
        let bounds = time.uuids(version);
        assert!(bounds.contains(&id), "{id} {bounds:?}");
        for end in [bounds.start(), bounds.end()] {
            assert_eq!(UuidTime::of_uuid(*end), Some(time));
            assert_eq!(end.get_version_num(), id.get_version_num());
        }
        let next = UuidTime::new(time.ticks() + 10_000).unwrap();
        assert!(!next.uuids(version).contains(&id));
    }
    for time in [UuidTime::MIN, UuidTime::MAX] {
        for version in [TimeUuid::V1, TimeUuid::V6] {
            assert_eq!(UuidTime::of_uuid(*time.uuids(version).end()), Some(time));
        }
    }
    assert_eq!(
        UuidTime::of_uuid(*UuidTime::MIN.uuids(TimeUuid::V7).start()).unwrap().timestamp().as_micros(),
        0
    );
}

#[test]
fn places_and_moments_are_turned_into_each_other() {
    for ticks in [0, 1, UuidTime::MAX.ticks()] {
        let moment = UuidTime::new(ticks).unwrap();
        assert_eq!(UuidTime::at(moment.place()).unwrap(), moment);
        // The time is exact to the microsecond.
        assert_eq!(UuidTime::of(moment.timestamp()).unwrap().ticks(), ticks / 10 * 10);
    }
    assert_eq!(UuidTime::new(1 << 60), None);
    assert_eq!(UuidTime::at(Version::MAX).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(Timestamp::at(Version::MAX).unwrap().as_micros(), i64::MAX);
    assert_eq!(Timestamp::from_micros(-5).place(), 0);
}

#[test]
fn a_time_log_appends_to_no_aggregate() {
    for store in stores() {
        let account = crate::account::open();
        store.put(account.pending()).wait().unwrap();
        let log = TimeLog::<Logged>::new(store.clone(), account.id().uuid());
        // The log refuses each time: it does not forget the refusal.
        for _ in 0..2 {
            let error = log.append(logged("no")).wait().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("is that of a `Account`"), "{error}");
        }
        assert_eq!(store.get(account.id(), EventRange::all()).wait().unwrap().len(), 1);
        // Two sets of events may share a log.
        let id = Uuid::now_v7();
        store.put(&[es_runtime::event::Recorded::now(id, 1, Alarm { level: 1 })]).wait().unwrap();
        TimeLog::<Logged>::new(store, id).append(logged("yes")).wait().unwrap();
    }
}

#[test]
fn a_time_log_checks_its_id_once() {
    let (store, id) = (stores().into_iter().next().unwrap(), Uuid::now_v7());
    let log = TimeLog::<Logged>::new(store.clone(), id);
    log.append(logged("one")).wait().unwrap();
    store.put(&[es_runtime::event::Recorded::now(id, 1, Alarm { level: 1 })]).wait().unwrap();
    log.clone().append(logged("two")).wait().unwrap();
}
