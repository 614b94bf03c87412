//! A reader steps from its recorded mark, and from nowhere else: it applies each event once, and leaves none out.

use std::sync::Barrier;
use std::thread;

use super::samples::{cursor, mark, position, step};
use super::store::{Store, refused};
use crate::error::Conflict;
use crate::id::{CommitId, Mark};
use crate::recorder::{Step, TrackingRecorder};

/// The store has no mark of a reader before its first step.
pub fn nothing_is_tracked_before_the_first_step<R: TrackingRecorder>(store: &Store<R>) {
    store.is_at(&cursor("up"), None);
    store.track(&cursor("up"), None, 1);
    store.is_at(&cursor("other"), None);
}

/// The store records a step, without events too, to any mark: a step may skip positions.
pub fn a_step_is_recorded<R: TrackingRecorder>(store: &Store<R>) {
    let up = cursor("up");
    let mut from = None;
    for to in [1, 2, 24, 25] {
        store.track(&up, from, to);
        store.is_at(&up, to);
        from = Some(to);
    }
}

/// A step begins where the last one ended. From any other mark it is a conflict, which names the reader and the
/// recorded mark, and changes nothing.
pub fn a_step_begins_where_the_last_ended<R: TrackingRecorder>(store: &Store<R>) {
    let up = cursor("up");
    check(store, &step(&up, 1, 2), None);
    store.track(&up, None, 10);
    for from in [None, Some(5), Some(9), Some(11)] {
        for to in [12, 40] {
            check(store, &step(&up, from, to), Some(10));
        }
    }
    store.track(&up, 10, 20);
    // These steps were done before, in whole or in part.
    for (from, to) in [(None, 10), (Some(10), 20), (None, 20), (Some(10), 15), (Some(10), 30)] {
        check(store, &step(&up, from, to), Some(20));
    }
    store.track(&up, 20, 21);
}

/// Two runners of one reader may overlap in any way, with batches of their own: they apply each event once.
pub fn overlapping_batches_are_applied_once<R: TrackingRecorder>(store: &Store<R>) {
    let up = cursor("up");
    let mut applied = Vec::new();
    let mut places = [None; 2];
    // Turn by turn: the runner that steps, and the length of its step.
    let turns =
        [(0, 10), (1, 5), (0, 3), (1, 20), (1, 20), (0, 25), (0, 30), (1, 30), (1, 2), (0, 9), (1, 1)];
    for (runner, many) in turns {
        let from = places[runner];
        let to = from.unwrap_or(0) + many;
        if store.try_track(step(&up, from, to)).is_ok() {
            applied.extend(from.unwrap_or(0) + 1..=to);
            places[runner] = Some(to);
        } else {
            // The runner that lost goes on from the recorded mark.
            places[runner] = store.tracked(&up).map(|mark| mark.position().get());
        }
    }
    assert!(applied.len() > 20, "so few events were applied: {}", applied.len());
    assert_eq!(
        applied,
        (1..=applied.len() as u64).collect::<Vec<_>>(),
        "the events that two runners applied"
    );
}

/// The store knows a mark by its commit: it refuses a step from a mark of another log at the same position.
pub fn a_step_compares_the_commit_too<R: TrackingRecorder>(store: &Store<R>) {
    let up = cursor("up");
    store.track(&up, None, 10);
    let elsewhere = Mark::new(position(10), CommitId::new());
    let Ok(step) = Step::new(up.clone(), Some(elsewhere), mark(11)) else { panic!("a step forward") };
    check(store, &step, Some(10));
}

/// A step may end at any position that a log can have, up to the highest.
pub fn a_tracked_position_is_any<R: TrackingRecorder>(store: &Store<R>) {
    let (up, max) = (cursor("up"), i64::MAX.unsigned_abs());
    let mut from = None;
    for to in [1, 2, 1 << 31, 1 << 32, 1 << 53, max - 1, max] {
        store.track(&up, from, to);
        store.is_at(&up, to);
        from = Some(to);
    }
}

/// Of several runners that record the same step at the same time one wins, and the others conflict.
pub fn of_several_runners_one_steps<R: TrackingRecorder>(store: &Store<R>) {
    const ROUNDS: u64 = 30;
    let (up, barrier) = (cursor("up"), Barrier::new(6));
    let answers: Vec<_> = thread::scope(|scope| {
        let run = || {
            let mut answers = Vec::new();
            for to in 1..=ROUNDS {
                barrier.wait();
                answers.push(store.try_track(step(&up, (to > 1).then_some(to - 1), to)));
            }
            answers
        };
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(run)).collect();
        let answers =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panic!("a step panicked")));
        answers.flatten().collect()
    });
    let lost: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    assert_eq!(lost.len() as u64, 5 * ROUNDS, "of six runners five lose in each round");
    for error in lost {
        assert!(error.as_conflict().is_some(), "the error of a loser is no conflict: {error}");
    }
    store.is_at(&up, ROUNDS);
}

/// A step that nobody polls is not recorded.
pub fn a_step_that_is_never_polled_is_not_recorded<R: TrackingRecorder>(store: &Store<R>) {
    let up = cursor("up");
    drop(store.recorder().track(step(&up, None, 1)));
    store.is_at(&up, None);
    store.track(&up, None, 2);
}

/// Checks that the store refuses the step, since another mark is recorded.
#[track_caller]
fn check<R: TrackingRecorder>(store: &Store<R>, step: &Step, found: Option<u64>) {
    let cursor = step.cursor();
    names(&refused(store.try_track(step.clone())), step, found.map(mark));
    store.is_at(cursor, found);
}

/// Checks that a conflict names the reader, the mark at which the step begins, and the recorded mark.
#[track_caller]
pub(super) fn names(conflict: &Conflict, step: &Step, found: Option<Mark>) {
    let (consumer, upstream) = (step.cursor().consumer.clone(), step.cursor().upstream.clone());
    let expected = Conflict::tracking(consumer, upstream, step.from(), found);
    assert_eq!(*conflict, expected, "the conflict of a step");
}
