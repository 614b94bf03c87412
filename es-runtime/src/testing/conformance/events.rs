//! A reader gets each event as the writer stored it.

use uuid::Uuid;

use super::samples::{TOPIC, event, name, new_id, numbers, sequence, stored, version};
use super::store::Store;
use crate::id::Version;
use crate::recorder::{AggregateRecorder, Commit, EventRange};

/// The store accepts a commit without events, and stores nothing.
pub fn an_empty_commit_is_accepted<R: AggregateRecorder>(store: &Store<R>) {
    let receipt = store.save([]);
    assert_eq!(receipt.positions(), None, "a commit without events has positions");
    let commit = Commit::new(Vec::new());
    assert_eq!(store.store(&commit), store.store(&commit), "the same empty commit had two receipts");
}

/// An unknown id has no events in any range, and the store reports no error.
pub fn an_unknown_id_has_no_events<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save([event(new_id(), 1)]);
    for range in
        [EventRange::all(), EventRange::all().descending().limit(1), EventRange::all().after(version(7))]
    {
        assert_eq!(store.select(id, range), [], "an id without events has some in {range:?}");
    }
}

/// An event comes back with the id, version, topic and state that it was stored with.
pub fn an_event_comes_back_as_it_was_stored<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let events = [
        stored(id, 1, "topic1", "state1"),
        stored(id, 2, "topic2", "state2"),
        stored(id, 3, "topic3", "state3"),
    ];
    store.save(&events[..1]);
    store.save(&events[1..]);
    assert_eq!(store.all(id), events);
}

/// A returned event belongs to the caller: a change of it changes nothing in the store.
pub fn a_read_event_is_the_callers_own<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save([event(id, 1)]);
    for read in &mut store.all(id) {
        read.topic = name("Changed");
        read.state.clear();
    }
    assert_eq!(store.all(id), [event(id, 1)], "a change of what was read came into the store");
}

/// The store keeps ids apart, also those that are nearly the same.
pub fn ids_are_kept_apart<R: AggregateRecorder>(store: &Store<R>) {
    let one = new_id().as_u128();
    let near = [one, one ^ 1, one ^ (1 << 127), one.swap_bytes(), 0, u128::MAX];
    let texts = [Uuid::from_bytes(*b"a' OR '1' = '1' "), Uuid::from_bytes(*b"A' OR '1' = '1' ")];
    let ids: Vec<_> = near.into_iter().map(Uuid::from_u128).chain(texts).collect();
    for id in &ids {
        store.save(sequence(*id, 1..=2));
    }
    for id in ids {
        assert_eq!(
            store.all(id),
            sequence(id, 1..=2),
            "aggregate {id} has the events of others, or lost some"
        );
    }
}

/// Versions begin anywhere from 0 on, may have gaps, and go up to the highest.
pub fn versions_begin_anywhere_and_have_gaps<R: AggregateRecorder>(store: &Store<R>) {
    let (id, max) = (new_id(), Version::MAX.get());
    store.save([event(id, 0)]);
    store.save([event(id, 7), event(id, 1_000_000_000_000)]);
    store.save([event(id, max)]);
    assert_eq!(store.all(id), sequence(id, [0, 7, 1_000_000_000_000, max]));
    let other = new_id();
    store.save([event(other, 5)]);
    assert_eq!(store.all(other), [event(other, 5)], "a sequence that begins at 5");
}

/// The store returns events in the order of their versions, in whatever order it stored them.
pub fn events_are_read_in_the_order_of_versions<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save([event(id, 3)]);
    store.save([event(id, 10), event(id, 2)]);
    store.save([event(id, 1)]);
    assert_eq!(numbers(&store.all(id)), [1, 2, 3, 10]);
    assert_eq!(numbers(&store.select(id, EventRange::all().descending())), [10, 3, 2, 1]);
}

/// A state holds any bytes, of any length from 0 to 1 MiB at least.
pub fn a_state_is_any_bytes<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let large: Vec<u8> = all.iter().copied().cycle().take(1 << 20).collect();
    let states = [Vec::new(), vec![0], vec![0; 3], b"it's \"text\"; --".to_vec(), all, large];
    let events: Vec<_> = (1..).zip(states).map(|(number, state)| stored(id, number, TOPIC, state)).collect();
    store.save(events.clone());
    for (read, stored) in store.all(id).iter().zip(&events) {
        assert!(read == stored, "a state of {} bytes came back changed", stored.state.len());
    }
    assert_eq!(store.all(id).len(), events.len(), "not every event came back");
}

/// A topic is any name, with quotes, in any script, long; the store keeps similar topics apart.
pub fn a_topic_is_any_name<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let events: Vec<_> =
        (1..).zip(topics()).map(|(number, topic)| stored(id, number, topic, "state")).collect();
    store.save(events.clone());
    for (read, stored) in store.all(id).iter().zip(&events) {
        assert!(read == stored, "a topic came back changed: {:?}", stored.topic);
    }
    assert_eq!(store.all(id).len(), events.len(), "not every event came back");
}

/// Returns topics that a careless store mistakes for others, or for code.
pub(super) fn topics() -> Vec<String> {
    let plain = [" ", "Topic", "topic", "Topic ", " Topic", "it's", "\"quoted\"", "a`b", "a\\b", "ab", "a"];
    let code = ["'; DROP TABLE stored_events; --", "%", "_opic", "$1", "?1", ":topic", "null", "[\"Topic\"]"];
    let scripts = [
        "\u{1f408} \u{54c8}\u{54c8}",
        "Straße",
        "STRASSE",
        "e\u{301}",
        "\u{e9}",
        "\u{202e}abc",
        "\u{10ffff}",
    ];
    let known = plain.into_iter().chain(code).chain(scripts).map(str::to_owned);
    let long = "long".repeat(63);
    known.chain([format!("{long}one"), format!("{long}onE"), long]).collect()
}

/// A commit holds many events, and a store many aggregates.
pub fn many_events_and_many_ids_are_kept<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save(sequence(id, 1..=3_000));
    assert_eq!(store.all(id), sequence(id, 1..=3_000), "a commit of 3,000 events");
    let ids: Vec<_> = (0..1_000).map(|_| new_id()).collect();
    let events: Vec<_> = ids.iter().map(|id| event(*id, 1)).collect();
    store.save(events.clone());
    for (id, event) in ids.into_iter().zip(events) {
        assert_eq!(store.all(id), [event], "one of 1,000 aggregates in one commit");
    }
}
