//! The store keeps new events together with the step of the reader that made them, or neither.

use std::sync::Barrier;
use std::thread;

use super::conflicts;
use super::log::in_log;
use super::samples::{cursor, event, key, mark, new_id, sequence, step, with_keys};
use super::steps::names;
use super::store::{Store, accepted, refused};
use crate::error::{Conflict, ErrorKind};
use crate::recorder::{Commit, KeyRecorder, ProcessRecorder, Receipt};

/// The store records the step together with the events.
pub fn a_step_is_recorded_with_the_events<R: ProcessRecorder>(store: &Store<R>) {
    let (id, up) = (new_id(), cursor("up"));
    store.process(sequence(id, 1..=2), step(&up, None, 1));
    store.is_at(&up, 1);
    store.process([event(id, 3)], step(&up, 1, 2));
    store.is_at(&up, 2);
    store.process([event(id, 4)], step(&up, 2, 24));
    store.is_at(&up, 24);
    assert_eq!(in_log(&store.whole_log()), sequence(id, 1..=4));
}

/// The store records the step of a commit without events: a reader also tracks the events that it skips.
pub fn a_step_needs_no_events<R: ProcessRecorder>(store: &Store<R>) {
    let up = cursor("up");
    let receipt = store.process([], step(&up, None, 1));
    assert_eq!(receipt.positions(), None, "a commit without events has positions");
    store.is_at(&up, 1);
    store.process([], step(&up, 1, 3));
    store.is_at(&up, 3);
    store.track(&up, 3, 4);
    store.process([], step(&up, 4, 5));
    assert_eq!(store.newest(), None, "a step took a place in the log");
}

/// A commit without a step leaves the reader's mark as it is.
pub fn events_without_a_step_leave_it<R: ProcessRecorder>(store: &Store<R>) {
    let (id, up) = (new_id(), cursor("up"));
    store.process([event(id, 1)], step(&up, None, 7));
    store.save([event(id, 2)]);
    store.is_at(&up, 7);
}

/// A repeated tracked commit gets the first receipt, and changes neither events nor step.
pub fn a_repeated_tracked_commit_changes_nothing<R: ProcessRecorder>(store: &Store<R>) {
    let (id, up) = (new_id(), cursor("up"));
    let mut from = None;
    for events in [vec![event(id, 1)], sequence(id, 2..=3)] {
        let at = events[0].version.get() * 10;
        let commit = Commit::new(events);
        let append = |from, to| store.append_tracked(commit.clone(), step(&up, from, to));
        let first = accepted(append(from, at), "a tracked commit");
        assert!(!first.is_repeated(), "the first receipt says that it was stored before");
        let again = accepted(append(from, at), "the same tracked commit again");
        assert_eq!(again, first, "the second receipt of a tracked commit");
        assert!(again.is_repeated(), "a receipt does not say that it was stored before");
        store.track(&up, at, at + 1);
        let again = accepted(append(from, at), "the same tracked commit, after others");
        assert_eq!(again, first, "the receipt of a tracked commit after others");
        // The store knows the commit, and does not record the step that comes with it now.
        let again = accepted(append(Some(at + 1), at + 5), "the same commit with a later step");
        assert_eq!(again, first, "the receipt of a commit with a later step");
        store.is_at(&up, at + 1);
        from = Some(at + 1);
    }
    assert_eq!(store.all(id), sequence(id, 1..=3));
}

/// Of several readers that process the same upstream event at the same time one records it.
pub fn of_several_readers_of_an_event_one_records_it<R: ProcessRecorder>(store: &Store<R>) {
    const ROUNDS: u64 = 30;
    let (up, barrier) = (cursor("up"), Barrier::new(6));
    let won: usize = thread::scope(|scope| {
        let process = || {
            let mut won = 0;
            for to in 1..=ROUNDS {
                barrier.wait();
                let commit = Commit::new(vec![event(new_id(), to), event(new_id(), to)]);
                let step = step(&up, (to > 1).then_some(to - 1), to);
                if let Ok(receipt) = store.append_tracked(commit, step) {
                    store.resolve(&receipt);
                    won += 1;
                }
            }
            won
        };
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(process)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panic!("a save panicked"))).sum()
    });
    let versions: Vec<_> = store.whole_log().iter().map(|entry| entry.event.version.get()).collect();
    let once: Vec<_> = (1..=ROUNDS).flat_map(|position| [position, position]).collect();
    assert_eq!(versions, once, "the events that were recorded for each upstream position");
    assert_eq!(won as u64, ROUNDS, "as many calls returned that they recorded it");
    store.is_at(&up, ROUNDS);
}

/// If the store refuses the step, it keeps no events: the step begins before or after the recorded mark, or at none.
pub fn a_refused_step_stores_no_events<R: ProcessRecorder>(store: &Store<R>) {
    let (one, other, up) = (new_id(), new_id(), cursor("up"));
    store.process(sequence(one, 1..=2), step(&up, None, 5));
    for from in [None, Some(4), Some(6)] {
        let step = step(&up, from, 9);
        for events in [vec![event(other, 1)], sequence(other, 1..=3), Vec::new()] {
            names(&store.refuse_process(events, step.clone()), &step, Some(mark(5)));
        }
    }
    assert_eq!(store.all(other), [], "the events of a refused step are stored");
    store.is_at(&up, 5);
    store.process([event(other, 1)], step(&up, 5, 6));
    store.save_at([event(other, 2)]);
    store.is_at(&up, 6);
    assert_eq!(store.whole_log().len(), 4);
}

/// If the store refuses the events, it does not record the step.
pub fn refused_events_leave_the_step<R: ProcessRecorder>(store: &Store<R>) {
    let (id, up, new) = (new_id(), cursor("up"), cursor("new"));
    store.process(sequence(id, 1..=2), step(&up, None, 1));
    conflicts::check(&store.refuse_process([event(id, 2)], step(&up, 1, 2)), id, Some(1), Some(2));
    conflicts::check(&store.refuse_process(sequence(id, 2..=3), step(&up, 1, 5)), id, Some(1), Some(2));
    store.refuse_process([event(id, 3), event(id, 3)], step(&up, 1, 6));
    store.refuse_process([event(id, 1)], step(&new, None, 1));
    store.is_at(&up, 1);
    store.is_at(&new, None);
    store.process([event(id, 3)], step(&up, 1, 2));
    store.is_at(&up, 2);
}

/// Several commits with their steps stand in the order of the call, and a repeated call stores nothing.
pub fn several_tracked_commits_stand_in_their_order<R: ProcessRecorder>(store: &Store<R>) {
    let (ids, up) = ([new_id(), new_id()], cursor("up"));
    let commits: Vec<_> = (1..=30_u64)
        .map(|number| {
            let from = (number > 1).then_some(number - 1);
            let mut events = vec![event(if number % 2 == 0 { ids[0] } else { ids[1] }, number.div_ceil(2))];
            events.extend((number % 5 == 0).then(|| event(new_id(), 1)));
            (Commit::new(events), step(&up, from, number))
        })
        .collect();
    let receipts = accepted(store.append_tracked_all(commits.clone()), "several tracked commits");
    for ((commit, _), receipt) in commits.iter().zip(&receipts) {
        assert_eq!(receipt.commit(), commit.id(), "the receipts, in the order of the commits");
        store.resolve(receipt);
    }
    store.is_at(&up, 30);
    let stored: Vec<_> = commits.iter().flat_map(|(commit, _)| commit.events().to_vec()).collect();
    assert_eq!(in_log(&store.whole_log()), stored, "the log after several tracked commits");
    let again = accepted(store.append_tracked_all(commits), "the same tracked commits again");
    assert_eq!(again, receipts, "the receipts of the same commits");
    assert!(again.iter().all(Receipt::is_repeated), "a receipt does not say that it was stored before");
    assert_eq!(in_log(&store.whole_log()), stored, "the log after a repeated call");
    assert_eq!(accepted(store.append_tracked_all(Vec::new()), "no commits"), []);
}

/// If the store refuses one of several commits, it stores none after it, and no step without its events.
pub fn a_refused_commit_stops_those_after_it<R: ProcessRecorder>(store: &Store<R>) {
    let taken = new_id();
    store.save([event(taken, 1)]);
    for bad in 0..4 {
        let (id, up) = (new_id(), cursor(format!("up {bad}")));
        let mut commits: Vec<_> = (1..=4)
            .map(|number| {
                let from = (number > 1).then_some(number - 1);
                (Commit::new(vec![event(id, number)]), step(&up, from, number))
            })
            .collect();
        if let Some((commit, _)) = commits.get_mut(bad) {
            *commit = Commit::new(vec![event(taken, 1)]);
        }
        refused(store.append_tracked_all(commits));
        let stored = store.all(id).len() as u64;
        assert!(stored <= bad as u64, "a commit after a refused one is stored");
        assert_eq!(store.all(id), sequence(id, 1..=stored), "a first part of several commits");
        store.is_at(&up, (stored > 0).then_some(stored));
    }
}

/// A tracked commit brings its data keys.
pub fn a_tracked_commit_brings_its_keys<R: ProcessRecorder + KeyRecorder>(store: &Store<R>) {
    let (id, up) = (new_id(), cursor("up"));
    let commit = with_keys([event(id, 1)], [key(id, "key")]);
    accepted(store.append_tracked(commit, step(&up, None, 1)), "a tracked commit with a data key");
    assert_eq!(store.key(id), Some(key(id, "key")), "the data key that came with a tracked commit");
    store.is_at(&up, 1);
    store.forget(id);
    store.is_at(&up, 1);
}

/// If the store refuses the step, it keeps no data keys; if it refuses those, or an aggregate is forgotten, it does
/// not record the step.
pub fn keys_and_steps_are_refused_together<R: ProcessRecorder + KeyRecorder>(store: &Store<R>) {
    let (id, other, gone, up) = (new_id(), new_id(), new_id(), cursor("up"));
    store.track(&up, None, 5);
    let late = with_keys([event(other, 1)], [key(other, "key")]);
    let elsewhere = step(&up, 4, 6);
    names(&refused(store.append_tracked(late, elsewhere.clone())), &elsewhere, Some(mark(5)));
    assert_eq!(store.key(other), None, "the data key of a refused step is stored");
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    let keyed = with_keys([event(id, 2)], [key(id, "other")]);
    assert_eq!(refused(store.append_tracked(keyed, step(&up, 5, 6))), Conflict::key(id));
    store.is_at(&up, 5);
    store.forget(gone);
    let answer = store.append_tracked(Commit::new(vec![event(gone, 9)]), step(&up, 5, 7));
    let kind = answer.map_err(|error| error.kind());
    assert_eq!(kind, Err(ErrorKind::Forgotten), "a tracked commit of a forgotten aggregate");
    store.is_at(&up, 5);
    let keyed = with_keys([event(id, 2)], [key(id, "key")]);
    accepted(store.append_tracked(keyed, step(&up, 5, 6)), "a tracked commit with its key");
    store.is_at(&up, 6);
}
