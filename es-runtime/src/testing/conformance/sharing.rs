//! Two handles on one store, as two processes have them, each see what the other stores.

use super::log::in_log;
use super::samples::{cursor, event, form, key, new_id, sequence, step, with_keys};
use super::store::{Store, refused};
use super::{conflicts, waking};
use crate::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, KeyRecorder, LogRange, TrackingRecorder,
};

/// Each handle reads at once the events that the other stores.
pub fn another_handle_sees_what_is_stored<R: AggregateRecorder>(one: &Store<R>, other: &Store<R>) {
    let id = new_id();
    for number in 1..=20 {
        let (writer, reader) = if number % 2 == 0 { (one, other) } else { (other, one) };
        let commit = Commit::new(vec![event(id, number), event(new_id(), 1)]);
        let receipt = writer.store(&commit);
        assert_eq!(reader.all(id), sequence(id, 1..=number), "the events that another handle has stored");
        assert_eq!(
            reader.store(&commit),
            receipt,
            "the receipt of the events that another handle has stored"
        );
    }
}

/// A version that one handle has taken conflicts at the other, which names the newest one.
pub fn another_handle_knows_what_is_taken<R: AggregateRecorder>(one: &Store<R>, other: &Store<R>) {
    let id = new_id();
    one.save([event(id, 1)]);
    other.save([event(id, 2)]);
    one.save([event(id, 3)]);
    conflicts::check(&other.refuse([event(id, 3)]), id, Some(2), Some(3));
    other.save([event(id, 4)]);
    conflicts::check(&one.refuse(sequence(id, 4..=5)), id, Some(3), Some(4));
    assert_eq!(one.all(id), sequence(id, 1..=4));
}

/// Data keys, their new forms, and forgotten aggregates count for both handles.
pub fn another_handle_sees_keys_and_what_is_forgotten<R: KeyRecorder>(one: &Store<R>, other: &Store<R>) {
    let id = new_id();
    one.store(&with_keys([event(id, 1)], [key(id, "key")]));
    assert_eq!(other.key(id), Some(key(id, "key")), "a data key that another handle has stored");
    refused(other.append(with_keys([event(id, 2)], [key(id, "other")])));
    let renewed = form(id, "key", "renewed");
    assert!(other.replace(key(id, "key"), renewed.clone()), "a key was not replaced");
    assert_eq!(one.key(id), Some(renewed), "a data key that another handle has renewed");
    other.store(&with_keys([event(id, 2)], [key(id, "key")]));
    let notice = one.forget(id);
    other.refuse_forgotten(&with_keys([event(id, 4)], [key(id, "key")]));
    assert_eq!(other.all(id)[2..], [notice], "the notice that another handle has stored");
}

/// Both handles have one log in one order: positions go on, and each reads on from the mark of the other.
pub fn another_handle_reads_the_log<R: ApplicationRecorder>(one: &Store<R>, other: &Store<R>) {
    let mut before = None;
    for number in 1..=20 {
        let (writer, reader) = if number % 2 == 0 { (one, other) } else { (other, one) };
        let events = sequence(new_id(), number..=number + 1);
        let saved = writer.save_at(events.clone());
        let read = reader.log(LogRange::all().after(before));
        assert_eq!(in_log(&read), events, "the events that another handle has stored, after {before:?}");
        assert_eq!(reader.newest(), Some(saved), "the newest place, which another handle knows");
        before = Some(saved);
    }
    assert_eq!(one.whole_log(), other.whole_log(), "the log as two handles read it");
}

/// A commit of one handle wakes a reader that waits at the other.
pub fn another_handle_is_woken<R: ApplicationRecorder>(one: &Store<R>, other: &Store<R>) {
    for (writer, reader) in [(one, other), (other, one)] {
        waking::is_woken(writer, reader);
    }
}

/// A step that one handle has recorded counts for the other.
pub fn another_handle_sees_the_steps<R: TrackingRecorder>(one: &Store<R>, other: &Store<R>) {
    let up = cursor("up");
    one.track(&up, None, 1);
    other.is_at(&up, 1);
    refused(other.try_track(step(&up, None, 2)));
    other.track(&up, 1, 2);
    one.is_at(&up, 2);
    refused(one.try_track(step(&up, 1, 3)));
    one.track(&up, 2, 3);
}
