use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use es_runtime::clock::{Clock, Timestamp, rfc3339, set_clock};
use es_runtime::schema::shape;
use es_runtime::testing::ManualClock;

use serde::{Deserialize, Serialize};

use crate::account::open;

const fn micros(number: i64) -> Timestamp {
    Timestamp::from_micros(number)
}

#[test]
fn a_timestamp_is_shown_as_a_date_to_the_microsecond() {
    assert_eq!(micros(1_763_640_000_123_456).to_string(), "2025-11-20T12:00:00.123456Z");
    assert_eq!(micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
    assert_eq!(micros(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    assert_eq!(format!("{:?}", micros(0)), "Timestamp(1970-01-01T00:00:00.000000Z)");
}

#[test]
fn a_timestamp_is_stored_as_a_number() {
    assert_eq!(serde_json::to_string(&micros(-7)).unwrap(), "-7");
    assert_eq!(serde_json::from_str::<Timestamp>("1763640000123456").unwrap(), micros(1_763_640_000_123_456));
    assert!(serde_json::from_str::<Timestamp>("\"2025-11-20T12:00:00Z\"").is_err());
}

#[derive(Serialize, Deserialize)]
struct Due {
    #[serde(with = "rfc3339")]
    at: Timestamp,
    #[serde(with = "rfc3339::option", default)]
    paid: Option<Timestamp>,
}

#[test]
fn a_field_may_store_a_timestamp_as_text() {
    let due = Due { at: micros(0), paid: Some(micros(1)) };
    let json = r#"{"at":"1970-01-01T00:00:00.000000Z","paid":"1970-01-01T00:00:00.000001Z"}"#;
    assert_eq!(serde_json::to_string(&due).unwrap(), json);
    let read: Due = serde_json::from_str(json).unwrap();
    assert_eq!((read.at, read.paid), (due.at, due.paid));
    assert_eq!(serde_json::from_str::<Due>(r#"{"at":"1970-01-01T01:00:00+01:00"}"#).unwrap().paid, None);
    for wrong in
        [r#"{"at":0}"#, r#"{"at":"noon"}"#, r#"{"at":null}"#, r#"{"at":"1970-01-01T00:00:00Z","paid":0}"#]
    {
        assert!(serde_json::from_str::<Due>(wrong).is_err(), "{wrong}");
    }
    assert_eq!(shape::trace::<Due>().to_string(), "at: date-time\npaid?: date-time or null\n");
}

#[test]
fn timestamps_are_ordered_by_time() {
    assert!(micros(-1) < micros(0) && micros(0) < micros(1));
    assert_eq!(micros(5) + Duration::from_nanos(1_999), micros(6));
    assert_eq!(micros(i64::MAX - 1) + Duration::from_secs(1), micros(i64::MAX));
}

#[test]
fn a_system_time_is_cut_to_the_microsecond() {
    assert_eq!(Timestamp::from(UNIX_EPOCH + Duration::from_nanos(1_500)), micros(1));
    assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_micros(5)), micros(-5));
}

#[test]
fn events_take_the_time_of_the_system_unless_a_clock_is_set() {
    let before = Timestamp::from(SystemTime::now());
    let account = open();
    assert!(account.created_at() >= before && account.created_at() <= Timestamp::from(SystemTime::now()));
}

#[test]
fn a_clock_may_be_a_closure() {
    let _guard = set_clock(|| micros(7));
    assert_eq!(open().created_at(), micros(7));
}

#[test]
fn the_clock_is_read_once_for_each_event() {
    let reads = Cell::new(0);
    let _guard = set_clock(move || micros(reads.replace(reads.get() + 1)));
    let mut account = open();
    account.deposit(1);
    account.set_owner("Anna".into());
    assert_eq!((account.created_at(), account.modified_at()), (micros(0), micros(2)));
    let discarded = account.discard();
    let times: Vec<_> =
        discarded.pending().iter().map(|recorded| recorded.envelope().timestamp().as_micros()).collect();
    assert_eq!(times, [0, 1, 2, 3]);
}

#[test]
fn clocks_nest() {
    let _outer = ManualClock::at(micros(1)).install();
    {
        let _inner = ManualClock::at(micros(2)).install();
        assert_eq!(open().created_at(), micros(2));
    }
    assert_eq!(open().created_at(), micros(1));
}

#[test]
fn a_panic_sets_the_clock_back() {
    let _outer = ManualClock::at(micros(1)).install();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _inner = ManualClock::at(micros(2)).install();
        panic!("planned");
    }));
    assert!(panic.is_err());
    assert_eq!(open().created_at(), micros(1));
}

#[test]
fn a_clock_is_set_for_one_thread() {
    let _guard = ManualClock::at(micros(1)).install();
    assert!(thread::spawn(|| open().created_at()).join().unwrap() > micros(1));
    assert_eq!(open().created_at(), micros(1));
}

#[test]
fn clones_of_a_manual_clock_are_one_clock() {
    let clock = ManualClock::default();
    let elsewhere = clock.clone();
    thread::spawn(move || elsewhere.advance(Duration::from_micros(3))).join().unwrap();
    assert_eq!(clock.now(), ManualClock::START + Duration::from_micros(3));
    clock.set(micros(-1));
    let _guard = clock.install();
    assert_eq!(open().created_at(), micros(-1));
}
