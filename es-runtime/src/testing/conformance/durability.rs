//! What was acknowledged is there after closing and opening again.

use super::log::in_log;
use super::store::{Store, accepted, event, new_id, refused, sequence, tracking};
use super::way::Way;
use crate::recorder::{AggregateRecorder, ApplicationRecorder, Commit, ProcessRecorder};

/// Events are there after opening again, and conflicts and repeats are found as before.
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
        assert_eq!(store.all(id), sequence(id, 1..=number), "what was acknowledged before closing");
    }
    assert_eq!(store.store(&commit), receipt, "the receipt of a commit from before closing");
    refused(store.append(Commit::new(vec![event(id, 6)])));
    assert_eq!(store.all(id), sequence(id, 1..=6));
}

/// The log goes on where it was, and no position is used again.
pub fn the_log_goes_on_after_reopening<R: ApplicationRecorder>(
    recorder: R,
    way: Way,
    reopen: &dyn Fn(R) -> R,
) {
    let mut store = Store::new(recorder, way);
    let mut expected = Vec::new();
    for round in 0..4 {
        let before = store.last_position();
        let events = sequence(new_id(), 1..=1 + round);
        let saved = store.save_at(events.clone());
        assert!(Some(saved) > before, "position {saved} was given after {before:?}");
        expected.extend(events);
        let log = store.whole_log();
        store = Store::new(reopen(store.into_recorder()), way);
        assert_eq!(store.whole_log(), log, "the log after reopening");
        assert_eq!(store.last_position(), Some(saved), "the last position after reopening");
    }
    assert_eq!(in_log(&store.whole_log()), expected);
}

/// What is tracked stays so.
pub fn the_tracking_is_there_after_reopening<R: ProcessRecorder>(
    recorder: R,
    way: Way,
    reopen: &dyn Fn(R) -> R,
) {
    let (id, mut store) = (new_id(), Store::new(recorder, way));
    let commit = Commit::new(vec![event(id, 1)]);
    let tracked = accepted(store.append_tracked(commit.clone(), tracking("up", 5)), "a tracked commit");
    store.track([], "other", 9);
    store = Store::new(reopen(store.into_recorder()), way);
    assert_eq!([store.tracked("up"), store.tracked("other")], [Some(5), Some(9)], "after reopening");
    let again = accepted(store.append_tracked(commit, tracking("up", 5)), "the same tracked commit again");
    assert_eq!(again, tracked, "the receipt of a tracked commit after reopening");
    store.refuse_tracked([event(id, 2)], "up", 5);
    store.track([event(id, 2)], "up", 6);
    assert_eq!(store.tracked("up"), Some(6));
}
