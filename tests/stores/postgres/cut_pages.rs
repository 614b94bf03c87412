//! Pages of large events: the server sends much more than a page holds, and the recorder ends the connection.

use std::thread;
use std::time::Duration;

use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, LogPage, LogRange, Mark, Notification, Position,
    PostgresRecorder, StoredEvent, Tables,
};
use es_runtime::{Version, Wait};
use uuid::Uuid;

use super::order::hold_append;
use super::{Database, event, open};
use crate::server;

/// A page that holds none of the large events, and the size of one.
const PAGE: usize = 64 << 10;
const LARGE: usize = 300 << 10;

fn append_large(recorder: &PostgresRecorder, many: u64) -> Vec<Position> {
    let id = Uuid::now_v7();
    let large =
        |version| StoredEvent::new(id, Version::new(version).unwrap(), "Large", vec![7; LARGE]).unwrap();
    let receipt = recorder.append(Commit::new((1..=many).map(large).collect())).wait().unwrap();
    let (first, last) = receipt.positions().unwrap();
    (first.get()..=last.get()).map(|place| Position::new(place).unwrap()).collect()
}

/// Opens the log as another process does, which knows nothing of the sizes of its events.
fn reader(schema: &str) -> PostgresRecorder {
    let options = server::in_schema(schema).timeout(Duration::from_secs(3));
    options.open().unwrap().recorder(&Tables::default()).unwrap()
}

/// Reads pages until one ends the range.
fn pages(reader: &PostgresRecorder, range: &LogRange) -> Vec<LogPage> {
    let mut pages: Vec<LogPage> = Vec::new();
    loop {
        let after = pages.last().and_then(|page| page.through);
        let page = reader.read_log(range.clone().after(after).limit_bytes(PAGE)).wait().unwrap();
        let through = page.through.map(Mark::position);
        assert!(page.entries.iter().all(|entry| Some(entry.position()) <= through));
        let more = page.more;
        pages.push(page);
        if !more {
            return pages;
        }
    }
}

fn places(pages: &[LogPage]) -> Vec<Position> {
    pages.iter().flat_map(|page| &page.entries).map(Notification::position).collect()
}

pub(crate) fn readers_that_are_held_back_read_what_is_complete() {
    let Database { recorder, schema, .. } = open();
    let before = append_large(&recorder, 12);
    let last = recorder.read_log(LogRange::all().limit(0)).wait().unwrap().through;
    let held = hold_append(&schema, &Uuid::now_v7().to_string(), 1, "Held", "");
    append_large(&recorder, 12);
    let read = pages(&reader(&schema), &LogRange::all());
    assert_eq!(places(&read), before);
    assert_eq!(read.last().unwrap().through, last);
    // All that the server sends is beyond the place up to which the log is complete.
    let nothing = reader(&schema).read_log(LogRange::all().after(last).limit_bytes(PAGE)).wait().unwrap();
    assert_eq!(nothing, LogPage::last(Vec::new(), last));
    held.run("COMMIT");
    assert_eq!(
        pages(&reader(&schema), &LogRange::all()).iter().map(|page| page.entries.len()).sum::<usize>(),
        25
    );
}

pub(crate) fn a_range_that_ends_before_the_log_is_read() {
    let Database { recorder, schema, .. } = open();
    let places_of = append_large(&recorder, 14);
    let read = pages(&reader(&schema), &LogRange::all().up_to(places_of[11]));
    assert_eq!(places(&read), places_of[..12]);
}

/// Another process stores large events beyond the place that the readers of this process have reached.
pub(crate) fn large_events_of_another_process_are_read() {
    for many in [0, 3] {
        let Database { recorder, schema, .. } = open();
        let mut expected = if many > 0 { append_large(&recorder, many) } else { Vec::new() };
        for _ in 0..12 {
            recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
        }
        let reader = reader(&schema);
        // The reader reaches the end, and knows the sizes of small events only.
        reader.read_log(LogRange::all().topics(["Topic"])).wait().unwrap();
        expected.extend(append_large(&recorder, 20));
        let reading = thread::spawn(move || pages(&reader, &LogRange::all().topics(["Large"])));
        assert_eq!(places(&reading.join().unwrap()), expected);
    }
}
