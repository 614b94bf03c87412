//! The process whose disk fails: it saves until its input ends, and prints the outcome of each save.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, thread};

use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, Commit, CommitId, EventRange, SqliteOptions, SqliteRecorder, Synchronous, Tables,
};
use es_runtime::{Error, ErrorKind, Version, Wait};
use uuid::Uuid;

/// A number of events that does not fit into SQLite's cache.
pub(crate) const LARGE: u8 = 2;

/// Makes the events of an aggregate, all of one save; each holds their number.
pub(crate) fn commit(id: Uuid, count: u8) -> Commit {
    let size = if count == LARGE { 1_500_000 } else { 300 };
    let event = |version| StoredEvent::new(id, Version::from(version), "Saved", vec![count; size]).unwrap();
    Commit::with_id(CommitId::from_uuid(id), (1..=u32::from(count)).map(event).collect())
}

pub(crate) fn open(file: &Path, synchronous: Synchronous) -> Result<SqliteRecorder, Error> {
    SqliteOptions::file(file).synchronous(synchronous).open()?.recorder(&Tables::default())
}

pub(crate) fn save_until_told(file: &Path) {
    let setting = |name| env::var(name).expect("the parent sets it");
    let synchronous = match setting("FAILING_DISK_SYNCHRONOUS").as_str() {
        "full" => Synchronous::Full,
        _ => Synchronous::Normal,
    };
    let writers: u64 = setting("FAILING_DISK_WRITERS").parse().expect("a number");
    let recorder = open(file, synchronous).unwrap_or_else(|error| {
        tell(&format!("{:?} {error}", error.kind()));
        std::process::exit(1);
    });
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..writers {
            let (recorder, ends) = (&recorder, &ends);
            scope.spawn(move || {
                for round in 0_u64.. {
                    if ends.load(Ordering::Relaxed) {
                        break;
                    }
                    save(recorder, writer, round, ends);
                }
            });
        }
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ends.store(true, Ordering::Relaxed);
    });
}

/// Saves a new aggregate; as long as the outcome is unknown, again under the same id.
fn save(recorder: &SqliteRecorder, writer: u64, round: u64, ends: &AtomicBool) {
    let count = match round % 40 {
        7 => LARGE,
        round if round % 2 == 0 => 1,
        _ => 3,
    };
    let id = Uuid::now_v7();
    loop {
        let saved = recorder.append(commit(id, count));
        // The save runs on this thread, or on the store's own.
        let saved = if round % 3 == 2 { futures_executor::block_on(saved) } else { saved.wait() };
        let Err(error) = saved else {
            tell(&format!("{writer} {id} {count} Saved"));
            return;
        };
        tell(&format!("{writer} {id} {count} {:?} {error}", error.kind()));
        match recorder.select(id, EventRange::all()).wait() {
            Ok(page) => assert!(page.events.is_empty(), "a save that failed can be read: {error}"),
            Err(other) => panic!("reading fails because writing does: {other}"),
        }
        // The process would print faster than the parent can read.
        thread::sleep(Duration::from_millis(1));
        if error.kind() != ErrorKind::OutcomeUnknown || ends.load(Ordering::Relaxed) {
            return;
        }
    }
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).expect("somebody listens");
}
