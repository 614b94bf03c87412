//! Nothing of an upstream application is processed twice.

use super::log::in_log;
use super::store::{Store, event, new_id, sequence};
use crate::error::Conflict;
use crate::recorder::ProcessRecorder;

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

#[track_caller]
fn check(conflict: &Conflict, upstream: &str, position: u64, found: u64) {
    let expected = Conflict::tracking(upstream, position, found);
    assert_eq!(*conflict, expected, "the conflict of a tracking");
}
