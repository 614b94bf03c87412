//! Readers that follow a log in which later commits can be read before earlier ones: in one test, the right reader
//! passes and each naive one fails.

mod naive;
mod right;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use es_runtime::id::{Position, Slices};
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, LogRange, MemoryRecorder, Notification,
};
use es_runtime::testing::faults::{Call, Faulty, Hold, When};
use es_runtime::{Version, Wait};
use uuid::Uuid;

use self::naive::{Beyond, Filtering, Highest};
use self::right::Right;

type Log = Faulty<MemoryRecorder>;

const DEPOSITED: &str = "Account.Deposited";
const CLOSED: &str = "Account.Closed";

/// A reader of the log that keeps its mark.
trait Follower: Send {
    /// Reads on once from the mark. Returns whether there was an event.
    fn read_on(&mut self, log: &Log, view: &View) -> bool;
}

/// The number of times that followers applied each event.
#[derive(Default)]
struct View(Mutex<BTreeMap<Position, u32>>);

impl View {
    fn apply(&self, entries: &[Notification]) {
        let mut applied = self.0.lock().unwrap();
        for entry in entries {
            *applied.entry(entry.position()).or_default() += 1;
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Faults {
    missed: usize,
    doubled: usize,
    unwanted: usize,
}

const NONE: Faults = Faults { missed: 0, doubled: 0, unwanted: 0 };

/// Lets followers share the work on one view, while others write.
fn follow(
    followers: Vec<Box<dyn Follower>>,
    is_delayed: bool,
    is_wanted: impl Fn(&Notification) -> bool,
) -> Faults {
    let log = Faulty::new(MemoryRecorder::new());
    let faults = log.faults();
    if is_delayed {
        faults.hold_back(When::random(3, 7), Hold::For(Duration::from_millis(2)));
        faults.hold_back(When::every(10), Hold::ForCommits(3));
    }
    // The batches of two runners overlap.
    faults.stall_after(Call::ReadLog, When::random(4, 8), Duration::from_millis(1));
    let (view, is_done) = (View::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        for mut follower in followers {
            let (log, view, is_done) = (&log, &view, &is_done);
            scope.spawn(move || {
                loop {
                    let is_last = is_done.load(Ordering::SeqCst);
                    if !follower.read_on(log, view) && is_last {
                        return;
                    }
                }
            });
        }
        write(&log);
        faults.show_all();
        is_done.store(true, Ordering::SeqCst);
    });
    assert_eq!(faults.counts().held_back > 20, is_delayed, "{:?}", faults.counts());
    found(&log, &view, is_wanted)
}

/// Compares the events that followers applied with the log.
fn found(log: &Log, view: &View, is_wanted: impl Fn(&Notification) -> bool) -> Faults {
    let applied = view.0.lock().unwrap();
    let mut found = Faults::default();
    for entry in log.read_log(LogRange::all()).wait().unwrap().entries {
        match (applied.get(&entry.position()).copied().unwrap_or(0), is_wanted(&entry)) {
            (0, true) => found.missed += 1,
            (1, true) | (0, false) => {}
            (_, true) => found.doubled += 1,
            (_, false) => found.unwanted += 1,
        }
    }
    found
}

/// Runs four writers at once, each with accounts of its own.
fn write(log: &Log) {
    thread::scope(|scope| {
        for writer in 0..4_u64 {
            scope.spawn(move || {
                for round in 0..40 {
                    append(log, 1 + (writer + round) % 3);
                    thread::sleep(Duration::from_micros(200));
                }
            });
        }
    });
}

fn append(log: &Log, events: u64) {
    let id = Uuid::now_v7();
    let event = |version: u64| {
        let topic = if version.is_multiple_of(2) { CLOSED } else { DEPOSITED };
        StoredEvent::new(id, Version::new(version).unwrap(), topic, b"{}".to_vec()).unwrap()
    };
    log.append(Commit::new((1..=events).map(event).collect())).wait().unwrap();
}

fn followers<F: Follower + 'static>(followers: impl IntoIterator<Item = F>) -> Vec<Box<dyn Follower>> {
    followers.into_iter().map(|follower| Box::new(follower) as _).collect()
}

fn is_closed(entry: &Notification) -> bool {
    entry.event.topic == *CLOSED
}

#[test]
fn the_right_follower_sees_every_event_once() {
    for page in [1, 3, 1_000] {
        let pages = LogRange::all().limit(page);
        let two = || followers([Right::new(pages.clone()), Right::new(pages.clone())]);
        assert_eq!(follow(two(), true, |_| true), NONE, "two runners, pages of {page}");
        let filtering = followers([Right::new(pages.clone().topics([CLOSED]))]);
        assert_eq!(follow(filtering, true, is_closed), NONE, "a filter by topic, pages of {page}");
        let shares = Slices::split::<4>();
        let sharing = followers(shares.map(|slices| Right::new(pages.clone()).of_slices(slices)));
        assert_eq!(follow(sharing, true, |_| true), NONE, "four shares of the slices, pages of {page}");
    }
}

/// Lets naive followers read until one of them makes a mistake: on a machine that is busy elsewhere, a run may not reach
/// the moment in which they make it.
fn mistakes(naive: impl Fn() -> Vec<Box<dyn Follower>>, is_wanted: impl Fn(&Notification) -> bool) -> Faults {
    const RUNS: usize = 30;
    let mut runs = (0..RUNS).map(|_| follow(naive(), true, &is_wanted));
    runs.find(|found| *found != NONE).unwrap_or(NONE)
}

#[test]
fn a_follower_that_keeps_the_highest_position_it_saw_misses_events() {
    for page in [1, 3, 1_000] {
        let found = mistakes(|| followers([Highest::new(page)]), |_| true);
        assert!(found.missed > 0 && found.doubled == 0, "pages of {page}: {found:?}");
    }
}

#[test]
fn a_filter_that_keeps_the_newest_position_of_the_log_misses_events() {
    for page in [1, 3, 1_000] {
        let found = mistakes(|| followers([Filtering::new(page)]), is_closed);
        assert!(found.missed > 0 && found.doubled == 0, "pages of {page}: {found:?}");
    }
}

#[test]
fn two_runners_whose_steps_only_go_forward_apply_events_twice() {
    let two = || {
        let reached = Beyond::beginning();
        followers([Beyond::new(&reached, 3), Beyond::new(&reached, 5)])
    };
    let found = mistakes(two, |_| true);
    assert!(found.doubled > 0 && found.missed == 0, "{found:?}");
}

/// The naive follower fails because of the delay, and of nothing else in the test.
#[test]
fn the_naive_follower_passes_where_commits_appear_in_order() {
    assert_eq!(follow(followers([Highest::new(3)]), false, |_| true), NONE);
}
