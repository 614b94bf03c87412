//! The proof of the torture `linear` accepts the answers that one store with one lock could make, and no others.

#[path = "torture/linear/history.rs"]
mod history;

use self::history::What::{Appended, Read, Refused, Unknown};
use self::history::{Operation, What, violations};

/// Makes a history of operations, each from one moment to another.
fn history(operations: impl IntoIterator<Item = (u64, u64, What)>) -> Vec<Operation> {
    operations.into_iter().map(|(begin, end, what)| Operation { begin, end, what }).collect()
}

/// The tokens of versions 1 to 4.
const STORED: [u64; 4] = [0, 20, 30, 40];

/// Returns the appends of versions 2 to 4, one after the other.
fn appends() -> [(u64, u64, What); 3] {
    [
        (10, 20, Appended { version: 2, token: 20 }),
        (30, 40, Appended { version: 3, token: 30 }),
        (50, 60, Appended { version: 4, token: 40 }),
    ]
}

#[track_caller]
fn accepts(more: impl IntoIterator<Item = (u64, u64, What)>) {
    assert_eq!(violations(&history(appends().into_iter().chain(more)), &STORED), Vec::<String>::new());
}

#[track_caller]
fn rejects(more: impl IntoIterator<Item = (u64, u64, What)>) {
    assert_ne!(violations(&history(appends().into_iter().chain(more)), &STORED), Vec::<String>::new());
}

#[test]
fn answers_that_one_lock_could_give_are_linearizable() {
    accepts([]);
    accepts([(35, 36, Read { version: 2, token: 20 }), (36, 37, Read { version: 3, token: 30 })]);
    accepts([(0, 100, Read { version: 1, token: 0 }), (0, 100, Read { version: 4, token: 40 })]);
    accepts([(35, 38, Refused { behind: 2 }), (25, 28, Refused { behind: 1 })]);
    accepts([(1, 2, Unknown { version: 5, token: 99 })]);
}

#[test]
fn a_stale_read_is_not_linearizable() {
    rejects([(21, 22, Read { version: 1, token: 0 })]);
    // Both reads overlap the appends, but the second begins after the first has ended.
    rejects([(32, 33, Read { version: 3, token: 30 }), (34, 35, Read { version: 2, token: 20 })]);
}

#[test]
fn a_read_of_what_nobody_has_asked_to_store_yet_is_not_linearizable() {
    rejects([(5, 9, Read { version: 2, token: 20 })]);
}

#[test]
fn a_read_of_an_event_that_is_gone_is_not_linearizable() {
    rejects([(25, 26, Read { version: 2, token: 21 })]);
    rejects([(65, 66, Read { version: 5, token: 50 })]);
}

#[test]
fn a_lost_append_is_not_linearizable() {
    rejects([(70, 80, Appended { version: 5, token: 50 })]);
    rejects([(30, 40, Appended { version: 3, token: 31 })]);
}

#[test]
fn a_conflict_with_nothing_is_not_linearizable() {
    rejects([(70, 80, Refused { behind: 4 })]);
    rejects([(22, 25, Refused { behind: 2 })]);
}

#[test]
fn an_event_from_nowhere_is_not_linearizable() {
    let history = history(appends().into_iter().take(2));
    assert_ne!(violations(&history, &STORED), Vec::<String>::new());
    assert_eq!(violations(&history, &STORED[..3]), Vec::<String>::new());
}

#[test]
fn an_append_without_an_outcome_may_have_been_stored() {
    let mut known = history(appends().into_iter().take(2));
    known.extend(history([(50, 55, Unknown { version: 4, token: 40 })]));
    assert_eq!(violations(&known, &STORED), Vec::<String>::new());
    known.extend(history([(45, 48, Read { version: 4, token: 40 })]));
    assert_ne!(violations(&known, &STORED), Vec::<String>::new());
}
