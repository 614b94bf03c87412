//! Readers share the log by slices of aggregates.

use std::collections::HashSet;

use uuid::Uuid;

use super::samples::{new_id, under};
use super::store::Store;
use crate::id::{Mark, Slice, Slices};
use crate::recorder::{ApplicationRecorder, LogRange, Notification};

/// However workers share the slices, they read each event once, in the order of the log.
pub fn slices_make_the_log<R: ApplicationRecorder>(store: &Store<R>) {
    let log = of_many_aggregates(store);
    let uneven = [(0, 0), (1, 1), (2, 300), (301, 1_022), (1_023, 1_023)]
        .map(|(first, last)| Slices::new(first..=last).unwrap_or_default());
    for shares in [&Slices::split::<1>()[..], &Slices::split::<2>(), &Slices::split::<7>(), &uneven] {
        let mut read: Vec<Notification> = Vec::new();
        for share in shares {
            let own = store.log(LogRange::all().slices(*share).limit(1_000));
            assert!(own.windows(2).all(|pair| pair[0].position() < pair[1].position()), "slices {share}");
            read.extend(own);
        }
        read.sort_by_key(Notification::position);
        assert!(read == log, "{} shares have {} of {} events", shares.len(), read.len(), log.len());
    }
}

/// A run of slices selects the events of those aggregates whose ids fall into it, by the published hash.
pub fn a_run_of_slices_is_that_of_ids<R: ApplicationRecorder>(store: &Store<R>) {
    let log = of_many_aggregates(store);
    for number in [0, 1, 100, 511, 512, 600, 1_022] {
        let Some(slices) = Slices::new(number..=number + 1) else { continue };
        let own = store.log(LogRange::all().slices(slices));
        let meant: Vec<_> =
            log.iter().filter(|entry| slices.contains(Slice::of(entry.event.id))).cloned().collect();
        assert!(own == meant, "slices {slices} have {} events, and {} are meant", own.len(), meant.len());
    }
    for entry in log.iter().step_by(20) {
        let slice = Slice::of(entry.event.id).get();
        let own = Slices::new(slice..=slice).unwrap_or_default();
        let found = store.log(LogRange::all().slices(own));
        assert!(
            found.contains(entry),
            "slice {slice} does not have an event of aggregate {}",
            entry.event.id
        );
        assert_eq!(entry.slice().get(), slice, "the slice of an entry");
    }
}

/// A limit counts the events of the slices, and pages return all of them, up to the end of the log.
pub fn pages_of_slices_lose_nothing<R: ApplicationRecorder>(store: &Store<R>) {
    let log = of_many_aggregates(store);
    let [_, share, _] = Slices::split::<3>();
    let meant: Vec<_> = log.iter().filter(|entry| share.contains(entry.slice())).cloned().collect();
    for size in [1, 10, 1_000] {
        let (mut read, mut reached) = (Vec::new(), None::<Mark>);
        loop {
            let page = store.read_on(&LogRange::all().slices(share).limit(size), &mut reached);
            assert!(page.entries.len() <= size, "a page of {size} has {} events", page.entries.len());
            read.extend(page.entries);
            if !page.more {
                break;
            }
        }
        assert!(read == meant, "pages of {size} give {} of {} events", read.len(), meant.len());
        assert_eq!(reached, log.last().map(Notification::mark), "where a reader of a share comes to");
    }
    let few = store.log(LogRange::all().slices(share).limit(5));
    assert!(few == meant[..5], "a limit counts the events of the slices");
}

/// Stores events of aggregates with ids of many kinds, in commits of several aggregates.
fn of_many_aggregates<R: ApplicationRecorder>(store: &Store<R>) -> Vec<Notification> {
    let counted = (0..60_u128).flat_map(|number| [number, number << 64, number << 120]).map(Uuid::from_u128);
    let mut ids: Vec<_> = counted.chain((0..60).map(|_| new_id())).collect();
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(*id));
    for ids in ids.chunks(9) {
        store.save_at(ids.iter().map(|id| under(*id, 1, "t")).collect::<Vec<_>>());
        store.save_at(ids.iter().rev().map(|id| under(*id, 2, "t")).collect::<Vec<_>>());
    }
    store.whole_log()
}
