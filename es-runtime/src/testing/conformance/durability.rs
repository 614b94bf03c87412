//! A store that is closed and opened again still has what it acknowledged.

use super::forgetting::is_forgotten;
use super::keys::by_id;
use super::log::in_log;
use super::samples::{cursor, event, key, new_id, saying, sequence, step, under, with_keys};
use super::store::{Store, accepted, refused};
use super::way::Way;
use crate::error::Conflict;
use crate::id::Mark;
use crate::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, EventRange, KeyRecorder, LogRange, ProcessRecorder,
    SnapshotRecorder, TrackingRecorder,
};

/// A reopened store has the events, and finds conflicts and repeats as before.
pub fn events_are_there_after_reopening<R: AggregateRecorder>(
    recorder: R,
    way: Way,
    reopen: &dyn Fn(R) -> R,
) {
    let (id, mut store) = (new_id(), Store::new(recorder, way));
    let commit = Commit::new(sequence(id, 1..=3));
    let receipt = store.store(&commit);
    for number in 4..=6 {
        store.save([event(id, number)]);
        store = Store::new(reopen(store.into_recorder()), way);
        assert_eq!(store.all(id), sequence(id, 1..=number), "the events acknowledged before closing");
    }
    assert_eq!(store.store(&commit), receipt, "the receipt of a commit from before closing");
    refused(store.append(Commit::new(vec![event(id, 6)])));
    assert_eq!(store.all(id), sequence(id, 1..=6));
}

/// A reopened store has the data keys, and refuses another one as before.
pub fn keys_are_there_after_reopening<R: KeyRecorder>(recorder: R, way: Way, reopen: &dyn Fn(R) -> R) {
    let (ids, mut store) = ([new_id(), new_id()], Store::new(recorder, way));
    let mut expected = Vec::new();
    for (round, id) in (1..).zip(ids) {
        store.store(&with_keys(sequence(id, 1..=round), [key(id, "key")]));
        expected.push(key(id, "key"));
        store = Store::new(reopen(store.into_recorder()), way);
        assert!(by_id(store.keys(ids)) == by_id(expected.clone()), "the data keys from before closing");
    }
    let conflict = refused(store.append(with_keys([event(ids[0], 2)], [key(ids[0], "other")])));
    assert_eq!(conflict, Conflict::key(ids[0]), "another data key after reopening");
    store.store(&with_keys([event(ids[0], 2)], [key(ids[0], "key")]));
}

/// A forgotten aggregate stays forgotten in a reopened store, with a data key or without.
pub fn a_forgotten_aggregate_stays_forgotten_after_reopening<R: KeyRecorder>(
    recorder: R,
    way: Way,
    reopen: &dyn Fn(R) -> R,
) {
    let (keyed, plain, unknown) = (new_id(), new_id(), new_id());
    let mut store = Store::new(recorder, way);
    let commit = with_keys([event(keyed, 1)], [key(keyed, "key")]);
    let receipt = store.store(&commit);
    store.save([event(plain, 1)]);
    let notices = [keyed, plain, unknown].map(|id| store.forget(id));
    store = Store::new(reopen(store.into_recorder()), way);
    for (notice, events) in notices.into_iter().zip([1, 1, 0]) {
        let id = notice.id;
        is_forgotten(&store, id);
        store.refuse_forgotten(&with_keys([event(id, 3)], [key(id, "key")]));
        store.refuse_forgotten(&Commit::new(sequence(id, 3..=4)));
        let mut expected = sequence(id, 1..=events);
        expected.push(notice);
        assert_eq!(store.all(id), expected, "the events of a forgotten aggregate, and the notice");
        store.forget(id);
        assert_eq!(store.all(id), expected, "forgetting again after reopening");
    }
    assert_eq!(store.store(&commit), receipt, "the receipt of a commit from before forgetting and closing");
}

/// The log of a reopened store goes on behind its end, and the store uses no position twice.
pub fn the_log_goes_on_after_reopening<R: ApplicationRecorder>(
    recorder: R,
    way: Way,
    reopen: &dyn Fn(R) -> R,
) {
    let mut store = Store::new(recorder, way);
    let mut expected = Vec::new();
    for round in 0..4 {
        let before = store.newest().map(Mark::position);
        let events = sequence(new_id(), 1..=1 + round);
        let saved = store.save_at(events.clone());
        assert!(Some(saved.position()) > before, "position {saved} was given after {before:?}");
        expected.extend(events);
        let log = store.whole_log();
        store = Store::new(reopen(store.into_recorder()), way);
        assert_eq!(store.whole_log(), log, "the log after reopening");
        assert_eq!(store.newest(), Some(saved), "the newest place after reopening");
        assert_eq!(store.log(LogRange::all().after(saved)), [], "after the place that a reader kept");
    }
    assert_eq!(in_log(&store.whole_log()), expected);
}

/// A reopened store has the recorded steps.
pub fn steps_are_there_after_reopening<R: TrackingRecorder>(recorder: R, way: Way, reopen: &dyn Fn(R) -> R) {
    let (up, other, mut store) = (cursor("up"), cursor("other"), Store::new(recorder, way));
    store.track(&other, None, 9);
    for number in 1..=3 {
        store.track(&up, (number > 1).then_some(number - 1), number);
        store = Store::new(reopen(store.into_recorder()), way);
        store.is_at(&up, number);
        store.is_at(&other, 9);
        refused(store.try_track(step(&up, None, 7)));
    }
}

/// A reopened store has the steps that came with events, and knows their commits.
pub fn tracked_commits_are_there_after_reopening<R: ProcessRecorder>(
    recorder: R,
    way: Way,
    reopen: &dyn Fn(R) -> R,
) {
    let (id, up, mut store) = (new_id(), cursor("up"), Store::new(recorder, way));
    let commit = Commit::new(vec![event(id, 1)]);
    let tracked = accepted(store.append_tracked(commit.clone(), step(&up, None, 5)), "a tracked commit");
    store = Store::new(reopen(store.into_recorder()), way);
    store.is_at(&up, 5);
    let again = store.append_tracked(commit, step(&up, None, 5));
    assert_eq!(accepted(again, "the same tracked commit again"), tracked, "its receipt after reopening");
    store.refuse_process([event(id, 2)], step(&up, None, 6));
    store.process([event(id, 2)], step(&up, 5, 6));
    store.is_at(&up, 6);
}

/// A reopened store has the snapshots that were put last, and none that was removed.
pub fn snapshots_are_there_after_reopening<R: SnapshotRecorder>(
    recorder: R,
    way: Way,
    reopen: &dyn Fn(R) -> R,
) {
    let (id, cleared, mut store) = (new_id(), new_id(), Store::new(recorder, way));
    for number in 2..=5 {
        store.put(saying(id, number, "first"));
        store.put(event(id, number));
        store.put(under(id, number, "Other"));
        store.put(event(id, number - 1));
        store.delete(id, EventRange::all().limit(1));
        store.put(event(cleared, number));
        store.clear(cleared);
        store = Store::new(reopen(store.into_recorder()), way);
        assert_eq!(
            store.all_snapshots(id),
            [event(id, number)],
            "the snapshots put and removed before closing"
        );
        let others: Vec<_> = (2..=number).map(|number| under(id, number, "Other")).collect();
        assert_eq!(store.all_snapshots_of(id, "Other"), others, "those of another kind");
        assert_eq!(store.all_snapshots(cleared), [], "the snapshots cleared before closing");
    }
}
