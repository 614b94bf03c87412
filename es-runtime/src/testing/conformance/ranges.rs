//! A range selects events of an aggregate.

use super::samples::{event, new_id, numbers, sequence, version};
use super::store::Store;
use crate::id::Version;
use crate::recorder::{AggregateRecorder, EventRange};

/// The versions of the events that [`combinations`] select from.
pub(super) const STORED: [u64; 6] = [0, 1, 2, 5, 7, Version::MAX.get()];
const BOUNDS: [Option<u64>; 7] =
    [None, Some(0), Some(1), Some(3), Some(5), Some(8), Some(Version::MAX.get())];
const LIMITS: [Option<usize>; 5] = [None, Some(0), Some(1), Some(3), Some(usize::MAX)];

/// Every combination of bounds, limit and order selects the events that it names.
pub fn every_range_selects_what_it_says<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    // The events come out of order, in several commits, among others.
    store.save(sequence(id, [5, 1]));
    store.save([event(new_id(), 2), event(id, STORED[5]), event(new_id(), 3)]);
    store.save(sequence(id, [0]));
    store.save(sequence(id, [7, 2]));
    for (range, expected) in combinations() {
        assert_eq!(numbers(&store.select(id, range)), expected, "{range:?}");
    }
}

/// The store finds the last events from the end, as the search for a snapshot does.
pub fn the_last_events_are_found_from_the_end<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save(sequence(id, 1..=3));
    let last = EventRange::all().descending().limit(1);
    assert_eq!(store.select(id, last), [event(id, 3)], "the last event");
    assert_eq!(store.select(id, last.up_to(version(2))), [event(id, 2)], "the last event up to version 2");
    let between = EventRange::all().after(version(1)).up_to(version(2));
    assert_eq!(store.select(id, between), [event(id, 2)], "after version 1, up to version 2");
    let two = EventRange::all().descending().limit(2);
    assert_eq!(numbers(&store.select(id, two)), [3, 2], "the last two events");
}

/// A limit of 0 selects nothing, and a limit above the number of events selects all.
pub fn a_limit_is_exact<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save(sequence(id, 1..=20));
    for limit in [0, 1, 2, 19, 20, 21, usize::MAX] {
        let found = store.select(id, EventRange::all().limit(limit));
        assert_eq!(found, sequence(id, 1..=limit.min(20) as u64), "limit {limit}");
    }
}

/// Returns every combination of bounds, with limits and orders, and the versions of [`STORED`] that it selects.
pub(super) fn combinations() -> impl Iterator<Item = (EventRange, Vec<u64>)> {
    let bounds =
        pairs().flat_map(|(after, from)| pairs().map(move |(before, up_to)| [after, from, before, up_to]));
    // Limits and orders take turns, so that each meets each bound.
    let mut nr = 0;
    bounds.flat_map(move |bounds| {
        let limits: Vec<_> = LIMITS.into_iter().skip(nr % 2).step_by(2).collect();
        let first = nr;
        nr += limits.len();
        (first..).zip(limits).map(move |(nr, limit)| {
            let descending = nr % 3 == 0;
            (range(bounds, limit, descending), model(bounds, limit, descending))
        })
    })
}

fn pairs() -> impl Iterator<Item = (Option<u64>, Option<u64>)> {
    BOUNDS.into_iter().flat_map(|one| BOUNDS.into_iter().map(move |other| (one, other)))
}

fn range(
    [after, from, before, up_to]: [Option<u64>; 4],
    limit: Option<usize>,
    descending: bool,
) -> EventRange {
    let mut range = EventRange::all();
    range = after.map_or(range, |bound| range.after(version(bound)));
    range = from.map_or(range, |bound| range.from(version(bound)));
    range = before.map_or(range, |bound| range.before(version(bound)));
    range = up_to.map_or(range, |bound| range.up_to(version(bound)));
    range = limit.map_or(range, |limit| range.limit(limit));
    if descending { range.descending() } else { range }
}

fn model([after, from, before, up_to]: [Option<u64>; 4], limit: Option<usize>, descending: bool) -> Vec<u64> {
    let meant = |number: &u64| {
        after.is_none_or(|bound| *number > bound)
            && from.is_none_or(|bound| *number >= bound)
            && before.is_none_or(|bound| *number < bound)
            && up_to.is_none_or(|bound| *number <= bound)
    };
    let mut found: Vec<_> = STORED.into_iter().filter(meant).collect();
    if descending {
        found.reverse();
    }
    found.truncate(limit.unwrap_or(usize::MAX));
    found
}
