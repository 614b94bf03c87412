//! A recorder with faults: each fault strikes at the calls that the test chose, and does what its name says.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::Mark;
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, EventRange, KeyRecorder, LogRange,
    MemoryRecorder, MemorySnapshots, Notification, ProcessRecorder, Receipt, SnapshotRecorder, Step,
    TrackingRecorder,
};
use es_runtime::testing::faults::{Call, Faults, Faulty, Gate, Hold, When};
use es_runtime::wait::timeout;
use es_runtime::{ErrorKind, Version, Wait};
use uuid::Uuid;

type Recorder = Faulty<MemoryRecorder>;

fn recorder() -> Recorder {
    Faulty::new(MemoryRecorder::new())
}

fn event(id: Uuid, version: u32) -> StoredEvent {
    StoredEvent::new(id, Version::from(version), "Account.Deposited", b"{}".to_vec()).unwrap()
}

/// Makes a commit of two events of a new aggregate.
fn commit() -> Commit {
    let id = Uuid::now_v7();
    Commit::new(vec![event(id, 1), event(id, 2)])
}

fn append(recorder: &Recorder) -> Mark {
    recorder.append(commit()).wait().unwrap().mark().unwrap()
}

fn log(recorder: &Recorder) -> Vec<u64> {
    let page = recorder.read_log(LogRange::all()).wait().unwrap();
    assert!(page.entries.last().map(Notification::position) <= page.through.map(Mark::position));
    page.entries.iter().map(|entry| entry.position().get()).collect()
}

fn visible(recorder: &Recorder, range: LogRange) -> Vec<u64> {
    recorder.visible(range).wait().unwrap().iter().map(|entry| entry.position().get()).collect()
}

fn through(recorder: &Recorder) -> Option<u64> {
    let page = recorder.read_log(LogRange::all().limit(0)).wait().unwrap();
    page.through.map(|through| through.position().get())
}

fn is_ready(future: impl Future) -> bool {
    timeout(Duration::from_millis(20), future).wait().is_ok()
}

#[test]
fn a_commit_that_is_held_back_holds_up_the_log_and_not_the_tables() {
    let recorder = recorder();
    recorder.faults().hold_back(When::at_call(2), Hold::UntilShown);
    let first = append(&recorder);
    let held = append(&recorder);
    append(&recorder);
    assert_eq!(log(&recorder), [1, 2]);
    assert_eq!(through(&recorder), Some(2));
    assert_eq!(visible(&recorder, LogRange::all()), [1, 2, 5, 6]);
    assert_eq!(visible(&recorder, LogRange::all().after(first).limit(1)), [5]);
    assert_eq!(visible(&recorder, LogRange::all().limit(3)), [1, 2, 5]);
    assert_eq!(recorder.faults().held().iter().map(Receipt::mark).collect::<Vec<_>>(), [Some(held)]);
    recorder.faults().show(CommitId::new());
    assert_eq!(through(&recorder), Some(2), "another commit was shown");
    recorder.faults().show(held.commit());
    assert_eq!(log(&recorder), [1, 2, 3, 4, 5, 6]);
    assert_eq!(visible(&recorder, LogRange::all()), [1, 2, 3, 4, 5, 6]);
    assert_eq!(recorder.faults().counts().held_back, 1);
}

#[test]
fn a_log_whose_first_commit_is_held_back_looks_empty_and_still_compares_marks() {
    let recorder = recorder();
    recorder.faults().hold_back(When::at_call(1), Hold::UntilShown);
    let held = append(&recorder);
    assert_eq!(log(&recorder), [0; 0]);
    assert_eq!(through(&recorder), None);
    let elsewhere = Mark::new(held.position(), CommitId::new());
    let diverged = recorder.read_log(LogRange::all().after(elsewhere)).wait().unwrap_err();
    assert_eq!(diverged.as_diverged().unwrap().kept, elsewhere);
    // The log does not send back a reader that already knows the commit's mark.
    assert_eq!(recorder.read_log(LogRange::all().after(held)).wait().unwrap().through, Some(held));
}

#[test]
fn a_writer_reads_its_own_commit_though_it_is_held_back() {
    let recorder = recorder();
    recorder.faults().hold_back(When::always(), Hold::UntilShown);
    let commit = commit();
    let receipt = recorder.append(commit.clone()).wait().unwrap();
    let id = commit.events()[0].id;
    assert_eq!(recorder.select(id, EventRange::all()).wait().unwrap().events, commit.events());
    let again = recorder.append(commit).wait().unwrap();
    assert!(again.is_repeated() && again == receipt);
    assert_eq!(
        recorder.append(Commit::new(vec![event(id, 2)])).wait().unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert_eq!(recorder.faults().counts().held_back, 1, "repeats and refused commits are not held back");
    recorder.faults().show_all();
    assert_eq!(through(&recorder), Some(2));
}

#[test]
fn resolving_waits_until_the_log_shows_the_commit() {
    let recorder = recorder();
    recorder.faults().hold_back(When::at_call(1), Hold::UntilShown);
    let held = append(&recorder);
    let later = recorder.append(commit()).wait().unwrap();
    assert!(!is_ready(recorder.resolve(&later)));
    thread::scope(|scope| {
        let resolved = scope.spawn(|| recorder.resolve(&later).wait().unwrap());
        thread::sleep(Duration::from_millis(5));
        recorder.faults().show(held.commit());
        assert_eq!(resolved.join().unwrap(), later.mark());
    });
    assert_eq!(through(&recorder), Some(4));
}

#[test]
fn beyond_waits_for_what_the_log_shows() {
    let recorder = recorder();
    let first = append(&recorder);
    recorder.faults().hold_back(When::at_call(1), Hold::UntilShown);
    append(&recorder);
    assert!(is_ready(recorder.beyond(None)));
    assert!(!is_ready(recorder.beyond(Some(first))));
    recorder.faults().show_all();
    assert!(is_ready(recorder.beyond(Some(first))));
}

#[test]
fn holding_back_ends_after_so_many_commits_or_after_a_time() {
    let recorder = recorder();
    let switch = recorder.faults().hold_back(When::at_call(1), Hold::ForCommits(2));
    for expected in [None, None, Some(6)] {
        append(&recorder);
        assert_eq!(through(&recorder), expected);
    }
    switch.off();
    recorder.faults().hold_back(When::at_call(1), Hold::For(Duration::from_millis(10)));
    let began = Instant::now();
    let receipt = recorder.append(commit()).wait().unwrap();
    recorder.resolve(&receipt).wait().unwrap();
    assert!(began.elapsed() >= Duration::from_millis(10));
    assert_eq!(through(&recorder), Some(8));
}

#[test]
fn the_log_never_goes_back_and_never_fills_up_while_commits_are_held_back() {
    let recorder = recorder();
    recorder.faults().hold_back(When::random(2, 1), Hold::For(Duration::from_millis(1)));
    recorder.faults().stall_before(Call::ReadLog, When::random(3, 2), Duration::from_millis(1));
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut seen: Vec<u64> = Vec::new();
            while !is_done.load(Ordering::SeqCst) {
                let now = log(&recorder);
                assert!(now.starts_with(&seen), "{now:?} after {seen:?}");
                seen = now;
            }
        });
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let receipt = recorder.append(commit()).wait().unwrap();
                        let mark = recorder.resolve(&receipt).wait().unwrap().unwrap();
                        assert!(through(&recorder) >= Some(mark.position().get()));
                    }
                });
            }
        });
        is_done.store(true, Ordering::SeqCst);
    });
    assert_eq!(log(&recorder), (1..=400).collect::<Vec<_>>());
}

#[test]
fn a_commit_given_up_while_it_is_held_back_holds_up_nobody() {
    let gate = Gate::closed();
    let inner = Faulty::new(MemoryRecorder::new());
    inner.faults().stall_before(Call::Append, When::at_call(2), &gate);
    let recorder = Faulty::new(inner);
    recorder.append(commit()).wait().unwrap();
    recorder.faults().hold_back(When::at_call(1), Hold::UntilShown);
    {
        let mut given_up = pin!(recorder.append(commit()));
        assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(gate.waiting(), 1);
    }
    assert_eq!(gate.waiting(), 0);
    let mark = recorder.append(commit()).wait().unwrap().mark();
    assert_eq!(recorder.read_log(LogRange::all()).wait().unwrap().through, mark);
    assert_eq!(recorder.faults().held(), []);
}

#[test]
fn a_lost_reply_leaves_the_commit_stored() {
    let recorder = recorder();
    let cursor = Cursor::new("balances", "bank").unwrap();
    let step = Step::new(cursor.clone(), None, append(&recorder)).unwrap();
    recorder.faults().lose_replies(When::at_call(1));
    let commit = commit();
    let lost = recorder.append_tracked(commit.clone(), step.clone()).wait().unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(recorder.tracked(&cursor).wait().unwrap(), Some(step.to()));
    assert!(recorder.append_tracked(commit, step).wait().unwrap().is_repeated());
    assert_eq!(recorder.faults().counts().failed_after, 1);
}

#[test]
fn a_failure_before_the_commit_stores_nothing_and_one_after_it_all() {
    for (is_after, kind) in [(false, ErrorKind::Unavailable), (true, ErrorKind::Storage)] {
        let recorder = recorder();
        let commit = commit();
        let fail = if is_after { Faults::fail_after } else { Faults::fail_before };
        fail(&recorder.faults(), Call::Append, When::at_call(1), kind);
        assert_eq!(recorder.append(commit.clone()).wait().unwrap_err().kind(), kind);
        assert_eq!(log(&recorder).is_empty(), !is_after);
        assert_eq!(recorder.append(commit).wait().unwrap().is_repeated(), is_after);
        let counts = recorder.faults().counts();
        assert_eq!((counts.failed_before, counts.failed_after), (u64::from(!is_after), u64::from(is_after)));
    }
}

#[test]
fn a_call_that_fails_before_it_did_anything_is_not_held_back_too() {
    let recorder = recorder();
    recorder.faults().hold_back(When::always(), Hold::UntilShown);
    recorder.faults().fail_before(Call::Any, When::at_call(1), ErrorKind::Timeout);
    recorder.append(commit()).wait().unwrap_err();
    assert_eq!(recorder.faults().counts().held_back, 0);
}

#[test]
fn calls_stall_for_a_time_or_until_a_test_lets_them_go() {
    let recorder = recorder();
    let time = Duration::from_millis(10);
    recorder.faults().stall_before(Call::Select, When::at_call(1), time);
    let began = Instant::now();
    recorder.select(Uuid::nil(), EventRange::all()).wait().unwrap();
    assert!(began.elapsed() >= time);

    let gate = Gate::closed();
    let switch = recorder.faults().stall_after(Call::Append, When::always(), &gate);
    thread::scope(|scope| {
        let writer = scope.spawn(|| append(&recorder));
        while gate.waiting() == 0 {
            thread::yield_now();
        }
        assert_eq!(log(&recorder), [1, 2], "it is stored, and the answer is late");
        assert!(!writer.is_finished());
        gate.open();
        assert_eq!(writer.join().unwrap().position(), 2);
    });
    append(&recorder);
    gate.close();
    assert!(!is_ready(recorder.append(commit())));
    assert_eq!(switch.strikes(), 3);
    assert_eq!(recorder.faults().counts().stalled, 4);
}

#[test]
fn a_wake_up_gets_lost() {
    let recorder = recorder();
    append(&recorder);
    let switch = recorder.faults().stall_after(Call::Beyond, When::at_call(1), &Gate::closed());
    assert!(!is_ready(recorder.beyond(None)));
    assert!(is_ready(recorder.beyond(None)));
    assert_eq!(switch.strikes(), 1);
}

/// Returns those of the first `calls` calls at which a fault strikes.
fn struck(when: When, calls: u64) -> Vec<u64> {
    let recorder = recorder();
    recorder.faults().fail_before(Call::Tracked, when, ErrorKind::Unavailable);
    let cursor = Cursor::new("balances", "bank").unwrap();
    (1..=calls).filter(|_| recorder.tracked(&cursor).wait().is_err()).collect()
}

#[test]
fn a_fault_strikes_at_the_calls_that_were_asked_for() {
    assert_eq!(struck(When::at_call(3), 9), [3]);
    assert_eq!(struck(When::every(3), 9), [3, 6, 9]);
    assert_eq!(struck(When::always(), 3), [1, 2, 3]);
    assert_eq!(struck(When::every(0), 9), [0; 0]);
    let random = struck(When::random(4, 7), 1_000);
    assert!((150..350).contains(&random.len()), "{} of 1,000", random.len());
    assert_eq!(random, struck(When::random(4, 7), 1_000), "the same seed");
    assert_ne!(random, struck(When::random(4, 8), 1_000), "another seed");
}

#[test]
fn a_fault_that_is_off_neither_strikes_nor_counts_calls() {
    let recorder = recorder();
    let switch = recorder.faults().fail_before(Call::ReadLog, When::at_call(2), ErrorKind::Unavailable);
    let read = || recorder.read_log(LogRange::all()).wait().is_ok();
    assert!(read());
    switch.off();
    assert!(read() && read());
    switch.on();
    assert!(!read());
    recorder.faults().fail_before(Call::Any, When::always(), ErrorKind::Unavailable);
    assert!(!read());
    recorder.faults().all_off();
    assert!(read());
    assert_eq!(recorder.faults().counts().failed_before, 2);
}

#[test]
fn the_objects_behind_it_have_its_faults() {
    let recorder = recorder();
    recorder.faults().fail_before(Call::Any, When::always(), ErrorKind::Unavailable);
    let keys = recorder.as_keys().unwrap();
    assert!(keys.select_keys(vec![Uuid::nil()]).wait().is_err());
    let process = recorder.as_process().unwrap();
    assert!(process.read_log(LogRange::all()).wait().is_err());
    let plain = Faulty::plain(MemoryRecorder::new());
    assert!(plain.as_keys().is_none() && plain.as_process().is_none());
    assert!(plain.with_keys().as_keys().is_some());
}

#[test]
fn snapshots_have_faults_too() {
    let snapshots = Faulty::plain(MemorySnapshots::new());
    snapshots.faults().fail_after(Call::Put, When::at_call(1), ErrorKind::OutcomeUnknown);
    let snapshot = event(Uuid::nil(), 1);
    assert!(snapshots.put(snapshot.clone()).wait().is_err());
    let stored = SnapshotRecorder::select(&snapshots, Uuid::nil(), &snapshot.topic, EventRange::all());
    assert_eq!(stored.wait().unwrap(), [snapshot]);
}
