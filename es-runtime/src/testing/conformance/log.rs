//! The log holds all events, each at its position.

use super::samples::{event, key, new_id, sequence, under, with_keys};
use super::store::Store;
use crate::recorder::{ApplicationRecorder, Commit, KeyRecorder, LogRange, Notification, Position};
use crate::stored_event::StoredEvent;

/// The log of a store without events is empty, and has no newest mark.
pub fn an_empty_log_has_no_places<R: ApplicationRecorder>(store: &Store<R>) {
    assert_eq!(store.newest(), None, "the newest place of an empty log");
    for range in [LogRange::all(), LogRange::all().limit(3), LogRange::all().topics(["Topic"])] {
        assert_eq!(store.log(range), []);
    }
    let receipt = store.save([]);
    assert_eq!(store.resolve(&receipt), None, "an empty commit has a place");
    assert_eq!(store.newest(), None, "an empty commit took a place");
}

/// The log holds each event as the writer stored it, in the order of the commits and in the order within them.
pub fn the_log_holds_every_event_in_order<R: ApplicationRecorder>(store: &Store<R>) {
    let (one, other) = (new_id(), new_id());
    let events = [
        under(one, 1, "topic1"),
        under(one, 2, "topic2"),
        under(other, 1, "topic3"),
        under(one, 3, "topic1"),
        under(other, 2, "topic1"),
        under(one, 4, "topic2"),
    ];
    store.save_at(&events[..2]);
    store.save_at(&events[2..3]);
    store.save_at(&events[3..]);
    let log = store.whole_log();
    assert_eq!(in_log(&log), events);
    ascending(&log);
}

/// The positions of a commit follow each other without a gap, as its receipt says.
pub fn a_receipt_names_the_positions_of_its_events<R: ApplicationRecorder>(store: &Store<R>) {
    for many in [1, 2, 7, 1, 300] {
        let id = new_id();
        let receipt = store.save(sequence(id, 1..=many));
        let resolved = store.resolve(&receipt);
        let log = store.whole_log();
        let own: Vec<_> = log.iter().filter(|notification| notification.event.id == id).collect();
        assert_eq!(own.len() as u64, many);
        let (first, last) = (own[0].position(), own[own.len() - 1].position());
        assert_eq!(resolved, Some(own[own.len() - 1].mark()), "the place that the receipt resolves to");
        assert!(own.iter().all(|entry| entry.mark().commit() == receipt.commit()), "the commit at a place");
        assert_eq!(
            last.get() - first.get() + 1,
            many,
            "a commit of {many} events has gaps: {first} to {last}"
        );
        if let Some(named) = receipt.positions() {
            assert_eq!(named, (first, last), "the positions in the receipt");
        }
    }
    let receipt = store.save([]);
    assert_eq!(store.resolve(&receipt), None, "a commit without events resolves to a place");
}

/// A refused commit leaves nothing in the log.
pub fn a_refused_commit_is_not_in_the_log<R: ApplicationRecorder>(store: &Store<R>) {
    let id = new_id();
    let first = store.save_at([event(id, 1)]);
    store.refuse([event(new_id(), 1), event(id, 1)]);
    store.refuse([event(id, 1), event(new_id(), 1)]);
    store.refuse([event(id, 2), event(id, 2)]);
    assert_eq!(in_log(&store.whole_log()), [event(id, 1)]);
    assert_eq!(store.newest(), Some(first), "the newest place after refused commits");
    let second = store.save_at([event(id, 2)]);
    assert_eq!(in_log(&store.log(LogRange::all().after(first))), [event(id, 2)]);
    assert_eq!(store.newest(), Some(second));
}

/// A repeated commit stands in the log once, at its first positions.
pub fn a_repeated_commit_stands_in_the_log_once<R: ApplicationRecorder>(store: &Store<R>) {
    let (one, other) = (new_id(), new_id());
    let commit = Commit::new(vec![event(one, 1), event(other, 1), event(one, 2)]);
    let place = store.store_at(&commit);
    store.save_at([event(other, 2)]);
    let before = store.whole_log();
    assert_eq!(store.store_at(&commit), place, "the place of a commit that was saved again");
    assert_eq!(store.whole_log(), before, "saving a commit again changed the log");
}

/// The newest mark is that of the last event.
pub fn the_newest_place_is_that_of_the_last_event<R: ApplicationRecorder>(store: &Store<R>) {
    for many in [1, 3, 1] {
        let saved = store.save_at(sequence(new_id(), 1..=many));
        assert_eq!(store.newest(), Some(saved), "the newest place");
        let log = store.whole_log();
        assert_eq!(log.last().map(Notification::mark), Some(saved), "the end of the log");
    }
}

/// The store uses a position once: each new one is above all earlier ones, also after refused and repeated commits.
pub fn positions_only_grow<R: ApplicationRecorder>(store: &Store<R>) {
    let taken = new_id();
    let repeated = Commit::new(sequence(taken, 1..=2));
    let mut highest = store.store_at(&repeated).position();
    for round in 0..30 {
        match round % 3 {
            0 => drop(store.refuse([event(new_id(), 1), event(new_id(), 1), event(taken, 1)])),
            1 => drop(store.store(&repeated)),
            _ => drop(store.save([])),
        }
        let saved = store.save_at([event(new_id(), 1), event(new_id(), 1)]).position();
        assert!(saved > highest, "position {saved} was given after {highest}");
        highest = saved;
    }
    ascending(&store.whole_log());
}

/// `forget` leaves each event at its position, adds the notice at the end, and the log goes on.
pub fn forgetting_adds_a_notice_to_the_log<R: ApplicationRecorder + KeyRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    store.store_at(&with_keys([event(other, 1), event(id, 1), event(id, 2)], [key(id, "key")]));
    let last = store.save_at([event(other, 2)]);
    let before = store.whole_log();
    let notices = [store.forget(id), store.forget(new_id())];
    // The next event stands after the notices: the log shows them now.
    let next = store.save_at([event(other, 3)]);
    let log = store.whole_log();
    assert_eq!(log[..before.len()], before, "the log before the notices");
    assert_eq!(
        in_log(&log[before.len()..]),
        [&notices[..], &[event(other, 3)]].concat(),
        "the log after that"
    );
    ascending(&log);
    assert!(next.position() > last.position(), "position {next} was given after {last}");
    assert_eq!(store.newest(), Some(next), "the newest place");
    store.refuse_forgotten(&Commit::new(vec![event(other, 4), event(id, 9)]));
    store.forget(id);
    assert_eq!(store.whole_log(), log, "the log holds an event that was refused, or done before");
}

/// The log shows an acknowledged commit at once.
pub fn an_acknowledged_commit_is_in_the_log<R: ApplicationRecorder>(store: &Store<R>) {
    let mut before = None;
    for number in 1..=50 {
        let id = new_id();
        let saved = store.save_at(sequence(id, number..=number + 1));
        let read = store.log(LogRange::all().after(before));
        assert_eq!(in_log(&read), sequence(id, number..=number + 1), "the log after {before:?}");
        assert_eq!(store.newest(), Some(saved), "the newest place");
        before = Some(saved);
    }
}

pub(super) fn in_log(log: &[Notification]) -> Vec<StoredEvent> {
    log.iter().map(|notification| notification.event.clone()).collect()
}

#[track_caller]
pub(super) fn ascending(log: &[Notification]) {
    let positions: Vec<Position> = log.iter().map(Notification::position).collect();
    let grows = positions.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(grows, "the positions of the log do not grow: {positions:?}");
}
