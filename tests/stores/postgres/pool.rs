//! The connections that read.

use std::thread;
use std::time::{Duration, Instant};

use es_runtime::Wait;
use es_runtime::recorder::{ApplicationRecorder, KeyRecorder, LogRange, Tables};

use super::promises::hold_table;
use crate::server::{self, by_hand};

/// The server works on a read that was given up, and another connection is free.
pub(crate) fn a_read_that_was_given_up_keeps_no_other_waiting() {
    let schema = server::new_schema();
    let options = server::in_schema(&schema).connections(2).application_name(format!("{schema}_pool"));
    let recorder = options.open().unwrap().recorder(&Tables::default()).unwrap();
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{schema}_pool' AND wait_event_type = 'Lock'"
    );
    // Two reads at the same time make two connections.
    let holding = hold_table(&schema, "stored_events", 0.5);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| recorder.read_log(LogRange::all()).wait().unwrap());
        }
    });
    holding.join().unwrap();
    let holding = hold_table(&schema, "stored_events", 3.0);
    let mut given_up = Box::pin(recorder.read_log(LogRange::all()));
    assert!(smol::block_on(smol::future::poll_once(&mut given_up)).is_none());
    let began = Instant::now();
    while by_hand(&waiting) != ["1"] {
        assert!(began.elapsed() < Duration::from_secs(2), "the read does not wait");
        thread::sleep(Duration::from_millis(5));
    }
    drop(given_up);
    // The task of the read ends a moment after its caller.
    thread::sleep(Duration::from_millis(100));
    recorder.select_keys(Vec::new()).wait().unwrap();
    assert!(!holding.is_finished(), "a read waited for one that was given up");
    holding.join().unwrap();
}
