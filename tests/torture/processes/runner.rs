//! The threads that process the log: each consumer runs in every process, in batches that overlap.

use std::thread;
use std::time::Duration;

use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    ApplicationRecorder, Commit, Cursor, LogRange, Notification, ProcessRecorder, Step, TrackingRecorder,
};
use es_runtime::{Application, ErrorKind, Version, Wait};
use uuid::Uuid;

use super::domain::TOPICS;
use super::report::Report;
use crate::random::Random;

pub(crate) const CONSUMERS: [&str; 2] = ["balances", "letters"];

pub(crate) fn cursor(consumer: &'static str) -> Cursor {
    Cursor::new(consumer, "purses").expect("both are names")
}

/// Returns the topic of the events that a consumer stores.
pub(crate) fn effect(consumer: &str) -> String {
    format!("effect of {consumer}")
}

/// Processes the log until no event comes any more.
pub(crate) fn run(app: &Application, consumer: &'static str, seed: u64, is_end: impl Fn() -> bool) -> Report {
    let recorder = app.recorder().as_process().expect("it tracks");
    let (mut random, mut report, cursor) = (Random::new(seed), Report::default(), cursor(consumer));
    loop {
        let is_end = is_end();
        let from = recorder.tracked(&cursor).wait().expect("the place can be read");
        let batch = 1 + usize::try_from(random.below(20)).unwrap_or_default();
        let range = LogRange::all().after(from).topics(TOPICS).limit(batch);
        let page = recorder.read_log(range).wait().expect("the log can be read");
        let Some(to) = page.through.filter(|through| Some(*through) != from) else {
            if is_end && !page.more {
                return report;
            }
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        if random.chance(4) {
            // The pause gives another process the time to take the same step.
            thread::sleep(Duration::from_micros(random.below(2_000)));
        }
        let step = Step::new(cursor.clone(), from, to).expect("the log goes forward");
        let effects: Vec<_> = page.entries.iter().map(|entry| effect_of(consumer, entry)).collect();
        let done = if effects.is_empty() {
            recorder.track(step).wait()
        } else {
            recorder.append_tracked(Commit::new(effects), step).wait().map(drop)
        };
        match done {
            Ok(()) => report.steps += 1,
            Err(error) if error.kind() == ErrorKind::Conflict => report.steps_refused += 1,
            Err(error) => panic!("a step is refused as {:?}: {error}", error.kind()),
        }
    }
}

/// Makes the event that a consumer stores for an event of the log. Only the step prevents a second one.
fn effect_of(consumer: &str, cause: &Notification) -> StoredEvent {
    let state = cause.position().to_string().into_bytes();
    StoredEvent::new(Uuid::now_v7(), Version::INITIAL, effect(consumer), state).expect("it is an event")
}
