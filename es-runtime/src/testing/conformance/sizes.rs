//! Each store holds these sizes, or names a lower limit and refuses larger commits whole.

use super::samples::{event, new_id, stored, under};
use super::store::Store;
use crate::error::ErrorKind;
use crate::id::Name;
use crate::recorder::{AggregateRecorder, Commit};

/// An event of 5 MB comes back whole.
pub fn an_event_has_five_megabytes<R: AggregateRecorder>(store: &Store<R>) {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(5_000_000).collect();
    let event = stored(new_id(), 1, "Topic", bytes);
    let commit = Commit::new(vec![event.clone()]);
    if is_beyond_a_limit(store, &commit) {
        return;
    }
    store.store(&commit);
    assert!(store.all(event.id) == [event], "an event of 5 MB came back changed");
}

/// The store keeps a commit of events of 20,000 aggregates as one, and knows it when it comes again.
pub fn a_commit_has_twenty_thousand_aggregates<R: AggregateRecorder>(store: &Store<R>) {
    let events: Vec<_> = (0..20_000).map(|_| event(new_id(), 1)).collect();
    let commit = Commit::new(events);
    if is_beyond_a_limit(store, &commit) {
        return;
    }
    let receipt = store.store(&commit);
    for event in commit.events().iter().step_by(97).chain(commit.events().last()) {
        assert!(store.all(event.id) == [event.clone()], "an event of 20,000 in one commit");
    }
    assert_eq!(store.store(&commit), receipt, "the receipt of a commit of 20,000 aggregates that came again");
}

/// A topic has up to 255 bytes, and two that differ in the last byte are two topics.
pub fn a_topic_has_255_bytes<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let longest = |end: &str| "\u{fc}".repeat(127) + end;
    let events = [under(id, 1, longest("a")), under(id, 2, longest("b")), under(id, 3, "x".repeat(255))];
    assert!(events.iter().all(|event| event.topic.len() == Name::MAX_BYTES), "topics of 255 bytes");
    store.save(events.clone());
    assert_eq!(store.all(id), events, "events under topics of 255 bytes");
}

/// Returns whether the commit is beyond a limit that the store names; if so, checks that the store refuses the commit
/// and keeps nothing of it.
#[track_caller]
fn is_beyond_a_limit<R: AggregateRecorder>(store: &Store<R>, commit: &Commit) -> bool {
    let is_beyond = store.recorder().limits().check(commit).is_err();
    if is_beyond {
        store.refuse_as(ErrorKind::Unsupported, commit);
        for event in commit.events().iter().step_by(997) {
            assert!(store.all(event.id).is_empty(), "a part of a commit beyond a limit is stored");
        }
    }
    is_beyond
}
