//! Nothing of an upstream application is processed twice.

use super::log::in_log;
use super::store::{Store, accepted, event, key, new_id, refused, sequence, tracking, with_keys};
use crate::error::{Conflict, ErrorKind};
use crate::recorder::{Commit, ProcessRecorder};

/// A tracking that is not beyond the recorded one is a conflict, which says what is recorded.
pub fn a_tracking_goes_only_forward<R: ProcessRecorder>(store: &Store<R>) {
    store.track([], "up1", 21);
    store.track([], "up1", 22);
    store.track([], "up2", 21);
    for (upstream, position, found) in [("up1", 21, 22), ("up1", 22, 22), ("up2", 21, 21), ("up1", 1, 22)] {
        check(&store.refuse_tracked([], upstream, position), upstream, position, found);
    }
    store.track([], "up1", 24);
    check(&store.refuse_tracked([], "up1", 23), "up1", 23, 24);
    let tracked = ["up1", "up2", "up3"].map(|upstream| store.tracked(upstream));
    assert_eq!(tracked, [Some(24), Some(21), None], "a refused tracking changed what is tracked");
}

/// If the tracking is refused, the events are not stored.
pub fn a_refused_tracking_stores_no_events<R: ProcessRecorder>(store: &Store<R>) {
    let (one, other) = (new_id(), new_id());
    store.track(sequence(one, 1..=2), "up", 1);
    check(&store.refuse_tracked([event(other, 1)], "up", 1), "up", 1, 1);
    check(&store.refuse_tracked(sequence(other, 1..=3), "up", 1), "up", 1, 1);
    assert_eq!(store.all(other), [], "the events of a refused tracking are stored");
    store.track([event(other, 1)], "up", 2);
    store.save([event(other, 2)]);
    assert_eq!(store.tracked("up"), Some(2));
    assert_eq!(in_log(&store.whole_log()).len(), 4);
}

/// If the events are refused, the tracking is not recorded.
pub fn refused_events_leave_the_tracking<R: ProcessRecorder>(store: &Store<R>) {
    let id = new_id();
    store.track(sequence(id, 1..=2), "up", 1);
    super::conflicts::check(&store.refuse_tracked([event(id, 2)], "up", 2), id, Some(1), Some(2));
    super::conflicts::check(&store.refuse_tracked(sequence(id, 2..=3), "up", 5), id, Some(1), Some(2));
    store.refuse_tracked([event(id, 3), event(id, 3)], "up", 6);
    store.refuse_tracked([event(id, 1)], "new", 1);
    assert_eq!(store.tracked("up"), Some(1), "the tracking of refused events is recorded");
    assert_eq!(store.tracked("new"), None, "the tracking of refused events is recorded");
    store.track([event(id, 3)], "up", 2);
    assert_eq!(store.tracked("up"), Some(2));
}

/// If the tracking is refused, the data keys are not stored; if they are, or an aggregate is forgotten, the tracking
/// is not recorded.
pub fn keys_and_tracking_are_refused_together<R: ProcessRecorder>(store: &Store<R>) {
    let (id, other, gone) = (new_id(), new_id(), new_id());
    store.track([], "up", 5);
    let late = with_keys([event(other, 1)], [key(other, "key")]);
    check(&refused(store.append_tracked(late, tracking("up", 5))), "up", 5, 5);
    assert_eq!(store.key(other), None, "the data key of a refused tracking is stored");
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    let keyed = with_keys([event(id, 2)], [key(id, "other")]);
    assert_eq!(refused(store.append_tracked(keyed, tracking("up", 6))), Conflict::key(id));
    assert_eq!(store.tracked("up"), Some(5), "the tracking of a refused data key is recorded");
    store.forget(gone);
    let answer = store.append_tracked(Commit::new(vec![event(gone, 1)]), tracking("up", 7));
    let kind = answer.map_err(|error| error.kind());
    assert_eq!(kind, Err(ErrorKind::Forgotten), "a tracked commit of a forgotten aggregate");
    assert_eq!(store.tracked("up"), Some(5), "the tracking of a forgotten aggregate's events is recorded");
    let keyed = with_keys([event(id, 2)], [key(id, "key")]);
    accepted(store.append_tracked(keyed, tracking("up", 6)), "a tracked commit with its key");
}

#[track_caller]
fn check(conflict: &Conflict, upstream: &str, position: u64, found: u64) {
    let expected = Conflict::tracking(upstream, position, found);
    assert_eq!(*conflict, expected, "the conflict of a tracking");
}
