//! A store notices a mark of another log: after a restore, a fail-over, or under another path.

use super::marks::some_log;
use super::samples::{event, new_id};
use super::store::Store;
use crate::error::{Diverged, ErrorKind};
use crate::id::{CommitId, Mark, Position};
use crate::recorder::{ApplicationRecorder, LogRange, Notification};

/// A reader that kept another commit than the one at that position gets `Diverged`, which names both.
pub fn another_commit_at_a_place_is_noticed<R: ApplicationRecorder>(store: &Store<R>) {
    let log = some_log(store);
    for entry in &log {
        let kept = Mark::new(entry.position(), CommitId::new());
        check(store, kept, Some(entry.mark().commit()));
    }
    // The store knows these commits, at other positions.
    for pair in log.windows(2).filter(|pair| pair[0].mark().commit() != pair[1].mark().commit()) {
        let kept = Mark::new(pair[1].position(), pair[0].mark().commit());
        check(store, kept, Some(pair[1].mark().commit()));
    }
}

/// A reader with a mark behind the end of the log, or of an empty one, gets `Diverged` without a found commit.
pub fn a_place_beyond_the_end_is_noticed<R: ApplicationRecorder>(store: &Store<R>) {
    let first = Mark::new(Position::FIRST, CommitId::new());
    check(store, first, None);
    let log = some_log(store);
    let Some(last) = log.last().map(Notification::mark) else { panic!("the log is empty") };
    for beyond in [1, 2, 1_000_000] {
        let Some(position) = Position::new(last.position().get() + beyond) else { continue };
        check(store, Mark::new(position, last.commit()), None);
    }
    check(store, Mark::new(Position::MAX, CommitId::new()), None);
}

/// A reader that was ahead of the cut gets `Diverged`; each other reader reads on.
pub fn a_log_that_was_cut_back_is_noticed<R: ApplicationRecorder>(store: &Store<R>) {
    let log = some_log(store);
    // The marks of the events that were cut off.
    let cut_off: Vec<_> = (1..=5_u64).map(|number| (number, CommitId::new())).collect();
    let Some(last) = log.last().map(Notification::mark) else { panic!("the log is empty") };
    let ahead = |(number, commit): (u64, CommitId)| {
        Position::new(last.position().get() + number).map(|position| Mark::new(position, commit))
    };
    for kept in cut_off.iter().copied().filter_map(ahead) {
        check(store, kept, None);
    }
    for _ in 0..5 {
        store.save_at([event(new_id(), 1)]);
    }
    let after = store.log(LogRange::all().after(last));
    for kept in cut_off.into_iter().filter_map(ahead) {
        let found = after.iter().find(|entry| entry.position() == kept.position());
        check(store, kept, found.map(|entry| entry.mark().commit()));
    }
}

/// Checks that a reader with this mark gets `Diverged`, whatever it reads.
#[track_caller]
fn check<R: ApplicationRecorder>(store: &Store<R>, kept: Mark, found: Option<CommitId>) {
    for range in [
        LogRange::all(),
        LogRange::all().limit(0),
        LogRange::all().limit(3),
        LogRange::all().topics(["rare"]),
        LogRange::all().up_to(Position::FIRST),
    ] {
        match store.try_log_page(range.clone().after(kept)) {
            Ok(page) => panic!("{kept} is of another log, and was read on from as {page:?}, {range:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Diverged, "it is reported as another kind: {error}");
                assert_eq!(error.as_diverged(), Some(&Diverged::new(kept, found)), "{error}");
            }
        }
    }
}
