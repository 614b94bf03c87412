//! The store keeps the marks of readers apart.

use super::events::topics;
use super::samples::{cursor, name};
use super::store::Store;
use crate::id::{Name, Slices};
use crate::recorder::{Cursor, TrackingRecorder};

/// The store keeps the readers of one log apart, whatever their names.
pub fn readers_of_one_log_are_kept_apart<R: TrackingRecorder>(store: &Store<R>) {
    let named = |consumer: String| Cursor { consumer: name(consumer), ..cursor("up") };
    are_kept_apart(store, &topics().into_iter().map(named).collect::<Vec<_>>());
}

/// The store keeps the logs of one reader apart, whatever the names of their applications.
pub fn logs_of_one_reader_are_kept_apart<R: TrackingRecorder>(store: &Store<R>) {
    are_kept_apart(store, &topics().into_iter().map(cursor).collect::<Vec<_>>());
}

/// The store keeps the slices of one reader's workers apart, also if they overlap.
pub fn slices_of_one_reader_are_kept_apart<R: TrackingRecorder>(store: &Store<R>) {
    let runs = [(0, 1_023), (0, 511), (512, 1_023), (0, 0), (0, 1), (1, 1), (511, 511), (1_023, 1_023)];
    let slices = runs.map(|(first, last)| Slices::new(first..=last).unwrap_or_default());
    are_kept_apart(store, &slices.map(|slices| cursor("up").with_slices(slices)));
}

/// The store keeps two readers apart whose names and logs read the same when they are run together.
pub fn names_are_not_run_together<R: TrackingRecorder>(store: &Store<R>) {
    let pairs =
        [("ab", "c"), ("a", "bc"), ("a:b", "c"), ("a", "b:c"), ("c", "ab"), ("a/b", "c"), ("a", "b/c")];
    let cursors = pairs.map(|(consumer, upstream)| Cursor { consumer: name(consumer), ..cursor(upstream) });
    are_kept_apart(store, &cursors);
}

/// The names of a reader and of a log have up to 255 bytes, both at once.
pub fn names_have_up_to_255_bytes<R: TrackingRecorder>(store: &Store<R>) {
    let longest = |end: &str| "n".repeat(Name::MAX_BYTES - end.len()) + end;
    let pairs = [["a", "a"], ["a", "b"], ["b", "a"], ["b", "b"]].map(|pair| pair.map(longest));
    let cursors = pairs.map(|[consumer, upstream]| Cursor { consumer: name(consumer), ..cursor(upstream) });
    are_kept_apart(store, &cursors);
}

#[track_caller]
fn are_kept_apart<R: TrackingRecorder>(store: &Store<R>, cursors: &[Cursor]) {
    for (number, cursor) in (1..).zip(cursors) {
        store.is_at(cursor, None);
        store.track(cursor, None, number);
        store.track(cursor, number, number + 100);
    }
    for (number, cursor) in (1..).zip(cursors) {
        store.is_at(cursor, number + 100);
    }
}
