//! Killed at any moment and called again, a copy goes on where it was.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use es_runtime::recorder::{
    AggregateRecorder, Commit, CommitId, KeyRecorder, MemoryRecorder, ProcessRecorder, Step, copy,
};
use es_runtime::testing::faults::{Call, Faults, Faulty, When};
use es_runtime::{ErrorKind, Wait};
use uuid::Uuid;

use super::copied::{are_equal, cursor, event, log};
use super::{filled, sqlite};

/// Copies with a fault at each call in turn, each time into a new target, and again without it.
fn at_each_call<R: ProcessRecorder + KeyRecorder>(
    new: impl Fn() -> R,
    is_of_source: bool,
    fault: impl Fn(&Faults, u64),
) -> u64 {
    for number in 1.. {
        let (from, to) = (Faulty::new(filled()), Faulty::new(new()));
        let faults = if is_of_source { from.faults() } else { to.faults() };
        fault(&faults, number);
        let copied = copy(&from, &to).page_bytes(8).wait();
        let struck = faults.counts();
        faults.all_off();
        let is_struck = struck.failed_before + struck.failed_after > 0;
        assert!(is_struck || copied.is_ok(), "{copied:?}");
        copy(&from, &to).page_bytes(8).wait().unwrap_or_else(|error| panic!("after call {number}: {error}"));
        are_equal(from.inner(), to.inner());
        if !is_struck {
            return number;
        }
    }
    0
}

#[test]
fn a_copy_that_ends_before_any_call_goes_on() {
    let before =
        |faults: &Faults, at| drop(faults.fail_before(Call::Any, When::at_call(at), ErrorKind::Storage));
    assert!(at_each_call(MemoryRecorder::new, false, before) > 30);
    assert!(at_each_call(sqlite, false, before) > 30);
    assert!(at_each_call(MemoryRecorder::new, true, before) > 20);
}

#[test]
fn a_copy_that_ends_after_any_call_goes_on() {
    let after =
        |faults: &Faults, at| drop(faults.fail_after(Call::Any, When::at_call(at), ErrorKind::Storage));
    assert!(at_each_call(MemoryRecorder::new, false, after) > 30);
    assert!(at_each_call(sqlite, false, after) > 30);
}

#[test]
fn a_copy_survives_lost_answers() {
    for call in [Call::Append, Call::Forget, Call::Track] {
        let lose =
            |faults: &Faults, at| drop(faults.fail_after(call, When::at_call(at), ErrorKind::OutcomeUnknown));
        assert!(at_each_call(MemoryRecorder::new, false, lose) > 1);
    }
    let (from, to) = (filled(), Faulty::new(MemoryRecorder::new()));
    to.faults().lose_replies(When::every(2));
    copy(&from, &to).page_bytes(8).wait().expect("a lost answer is no reason to give up");
    are_equal(&from, to.inner());
}

#[test]
fn a_copy_gives_up_when_a_store_stays_away() {
    let (from, to) = (filled(), Faulty::new(MemoryRecorder::new()));
    to.faults().fail_before(Call::Append, When::always(), ErrorKind::Unavailable);
    assert_eq!(copy(&from, &to).wait().unwrap_err().kind(), ErrorKind::Unavailable);
}

/// A page of PostgreSQL may end within a large commit while somebody writes.
#[test]
fn a_commit_of_which_a_part_was_copied_is_completed() {
    let (from, to, id) = (MemoryRecorder::new(), MemoryRecorder::new(), Uuid::now_v7());
    let whole =
        Commit::once(CommitId::new(), (1..=5).map(|version| event(id, version, "Topic", "x")).collect());
    from.append(whole.clone()).wait().unwrap();
    from.append(Commit::new(vec![event(id, 6, "Topic", "x")])).wait().unwrap();
    let part = Commit::once(whole.id(), whole.events()[..3].to_vec());
    let reached = log(&from)[2].mark();
    to.append_tracked(part, Step::new(cursor(), None, reached).unwrap()).wait().unwrap();
    assert_eq!(copy(&from, &to).wait().unwrap().events, 3);
    are_equal(&from, &to);
    assert!(to.append(whole).wait().unwrap().is_repeated());
}

#[test]
fn a_copy_that_is_dropped_goes_on() {
    let from = filled();
    for polls in 0..40 {
        let to = sqlite();
        {
            let mut copying = pin!(copy(&from, &to).page_bytes(8).into_future());
            for _ in 0..polls {
                if copying.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
                thread::sleep(Duration::from_micros(200));
            }
        }
        copy(&from, &to).wait().unwrap();
        are_equal(&from, &to);
    }
}
