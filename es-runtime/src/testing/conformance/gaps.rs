//! A store takes gapless events if they follow stored ones, or not at all.

use super::conflicts::check;
use super::samples::{event, key, new_id, notice, sequence};
use super::store::{Store, refused};
use crate::error::ErrorKind;
use crate::recorder::{AggregateRecorder, Commit, CommitId, KeyRecorder, StoredKey};
use crate::stored_event::StoredEvent;

/// A commit without gaps is a conflict if an event follows neither a stored event nor one before it in the commit.
pub fn a_commit_without_gaps_follows_what_is_stored<R: AggregateRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    store.save(sequence(id, 1..=3));
    let refuse = |events: Vec<StoredEvent>| refused(store.append(following(events)));
    for many in [1, 2, 20, 200] {
        check(&refuse(sequence(id, 5..5 + many)), id, Some(4), Some(3));
        check(&refuse(sequence(other, 2..2 + many)), other, Some(1), None);
    }
    check(&refuse(vec![event(id, 4), event(id, 6)]), id, Some(5), Some(3));
    check(&refuse(vec![event(id, 5), event(id, 4)]), id, Some(4), Some(3));
    check(&refuse(vec![event(id, 4), event(other, 2)]), other, Some(1), None);
    check(&refuse(vec![event(other, 1), event(id, 9)]), id, Some(8), Some(3));
    // A taken version conflicts as in any commit.
    check(&refuse(sequence(id, 3..=4)), id, Some(2), Some(3));
    assert_eq!(
        (store.all(id), store.all(other)),
        (sequence(id, 1..=3), vec![]),
        "a refused commit left events"
    );
}

/// The store accepts a commit without gaps whose events follow at each aggregate, and knows the commit if it comes
/// again.
pub fn a_commit_without_gaps_goes_on_with_each_aggregate<R: AggregateRecorder>(store: &Store<R>) {
    let [one, other, long] = [(); 3].map(|()| new_id());
    store.store(&following(sequence(one, 1..=2)));
    store.store(&following(vec![event(one, 3)]));
    let crossed = following(vec![event(other, 1), event(one, 4), event(other, 2), event(one, 5)]);
    let receipt = store.store(&crossed);
    store.store(&following(sequence(other, 3..=4)));
    store.store(&following(sequence(long, 1..=100)));
    store.store(&following(sequence(long, 101..=200)));
    for (id, last) in [(one, 5), (other, 4), (long, 200)] {
        assert_eq!(store.all(id), sequence(id, 1..=last), "the events that commits without gaps stored");
    }
    let again = store.store(&crossed);
    assert_eq!((&again, again.is_repeated()), (&receipt, true), "a commit without gaps that was done before");
}

/// A commit may ask for gapless events among its first ones only.
pub fn a_commit_may_be_without_gaps_in_its_first_events<R: AggregateRecorder>(store: &Store<R>) {
    let (id, loose) = (new_id(), new_id());
    store.save([event(id, 1)]);
    let commit = |first: u64, other: u64| {
        let commit = Commit::new(vec![event(id, first), event(loose, other)]);
        commit.without_gaps_in_the_first(1)
    };
    check(&refused(store.append(commit(3, 1))), id, Some(2), Some(1));
    store.store(&commit(2, 1));
    if store.recorder().limits().sparse_versions {
        store.store(&commit(3, 7));
    } else {
        store.refuse_as(ErrorKind::Unsupported, &commit(3, 7));
    }
    // The commit names more events than it has: the rule holds for all of them.
    let many = Commit::new(vec![event(id, 9)]).without_gaps_in_the_first(5);
    check(&refused(store.append(many)), id, Some(8), Some(store.all(id).len() as u64));
}

/// Versions 0 and 1 follow no event.
pub fn a_sequence_without_gaps_begins_at_0_or_1<R: AggregateRecorder>(store: &Store<R>) {
    for first in [0, 1].into_iter().filter(|first| *first == 1 || store.recorder().limits().sparse_versions) {
        let id = new_id();
        store.store(&following(sequence(id, first..=first + 1)));
        store.store(&following(vec![event(id, first + 2)]));
        assert_eq!(store.all(id), sequence(id, first..=first + 2));
    }
}

/// The store refuses a gap also in an aggregate that has a data key, or gets its first with the commit.
pub fn a_data_key_hides_no_gap<R: KeyRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    let keyed = |id, events: Vec<StoredEvent>| following(events).with_keys(vec![key(id, "own")]);
    store.store(&keyed(id, sequence(id, 1..=2)));
    check(&refused(store.append(keyed(id, vec![event(id, 4)]))), id, Some(3), Some(2));
    check(&refused(store.append(keyed(other, vec![event(other, 2)]))), other, Some(1), None);
    assert_eq!(store.keys([other]), [], "a refused commit left a data key");
    store.store(&keyed(id, vec![event(id, 3)]));
    assert_eq!(store.all(id), sequence(id, 1..=3));
}

/// A gapless notice of forgetting that follows no stored event is a conflict, too; then the store forgets nothing.
pub fn a_notice_without_gaps_follows_what_is_stored<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    store.store(&following(sequence(id, 1..=2)).with_keys(vec![key(id, "own")]));
    let forget = |number| {
        let notice = following(vec![notice(id, number)]);
        store.way().run(store.recorder().forget(id, notice))
    };
    check(&refused(forget(4)), id, Some(3), Some(2));
    assert_eq!(
        (store.key(id), store.all(id)),
        (Some(key(id, "own")), sequence(id, 1..=2)),
        "after a refused notice"
    );
    assert!(forget(3).is_ok(), "a notice that follows the last event is refused");
    assert_eq!(store.key(id), Some(StoredKey::forgotten(id)));
}

fn following(events: Vec<StoredEvent>) -> Commit {
    Commit::with_id(CommitId::new(), events).without_gaps()
}
