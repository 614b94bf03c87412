use es_runtime::clock::Timestamp;
use es_runtime::error::Mismatch;
use es_runtime::testing::{ManualClock, history, id, recorded, replay};
use es_runtime::{Error, ErrorKind, Id, Recorded, Version};
use uuid::Uuid;

use crate::account::{Account, AccountAttribute, AccountEvent, Deposited, open, opened};

const START: Timestamp = ManualClock::START;

fn ann() -> Id<Account> {
    id(1)
}

fn refused(events: Vec<Recorded<AccountEvent>>) -> Error {
    replay::<Account>(events).expect_err("these events must not make an account")
}

fn corrupt(events: Vec<Recorded<AccountEvent>>) -> String {
    let error = refused(events);
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.as_mismatch().is_none());
    error.to_string()
}

#[test]
fn stored_events_make_the_aggregate_that_the_commands_made() {
    let clock = ManualClock::default();
    let guard = clock.install();
    let mut account = open();
    clock.set(Timestamp::from_micros(START.as_micros() + 7));
    account.deposit(10);
    account.set_owner("Anna".into());
    account.withdraw(4).unwrap();
    drop(guard);

    let again: Account = replay(account.pending().to_vec()).unwrap();
    assert_eq!(again.id(), account.id());
    assert_eq!(again.version(), account.version());
    assert_eq!((again.created_at(), again.modified_at()), (account.created_at(), account.modified_at()));
    assert_eq!((again.owner.as_str(), again.balance), ("Anna", 6));
}

#[test]
fn times_are_those_of_the_events() {
    let (first, last) = (Timestamp::from_micros(-5), Timestamp::from_micros(9));
    let events = [recorded(ann(), 1, first, opened()), recorded(ann(), 2, last, Deposited { amount: 1 })];
    let account: Account = replay(events).unwrap();
    assert_eq!((account.created_at(), account.modified_at()), (first, last));
}

#[test]
fn an_event_of_another_aggregate_is_refused() {
    let mut events = history(ann(), START, opened());
    events.push(recorded(id(2), 2, START, Deposited { amount: 1 }));
    let error = refused(events);
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    match error.as_mismatch() {
        Some(Mismatch::Id { expected, found, .. }) => {
            assert_eq!((*expected, *found), (ann().uuid(), id::<Account>(2).uuid()));
        }
        other => panic!("expected a mismatch of the id, found {other:?}"),
    }
}

#[test]
fn the_error_of_a_foreign_event_names_the_id_before_the_version() {
    let mut events = history(ann(), START, opened());
    events.push(recorded(id(2), 7, START, Deposited { amount: 1 }));
    assert!(matches!(refused(events).as_mismatch(), Some(Mismatch::Id { .. })));
}

fn mismatched_version(events: Vec<Recorded<AccountEvent>>) -> (Uuid, Version, Version) {
    let error = refused(events);
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    match error.as_mismatch() {
        Some(Mismatch::Version { id, expected, found, .. }) => (*id, *expected, *found),
        other => panic!("expected a mismatch of the version, found {other:?}"),
    }
}

#[test]
fn a_gap_a_repeat_and_a_step_back_are_refused() {
    for (version, what) in [(4, "gap"), (2, "repeat"), (1, "step back"), (0, "zero"), (u32::MAX, "far ahead")]
    {
        let mut events = history(ann(), START, (opened(), Deposited { amount: 1 }));
        events.push(recorded(ann(), version, START, Deposited { amount: 2 }));
        let expected = (ann().uuid(), Version::from(3), Version::from(version));
        assert_eq!(mismatched_version(events), expected, "{what}");
    }
}

#[test]
fn the_first_event_is_version_1() {
    for version in [0, 2] {
        let found = mismatched_version(vec![recorded(ann(), version, START, opened())]);
        assert_eq!(found, (ann().uuid(), Version::from(1), Version::from(version)));
    }
}

#[test]
fn an_aggregate_is_not_created_twice() {
    assert_eq!(
        corrupt(history(ann(), START, (opened(), opened()))),
        format!("event 2 of `Account` {} creates it a second time", ann())
    );
}

#[test]
fn an_aggregate_does_not_begin_with_a_change() {
    let changes = [
        AccountEvent::Deposited(Deposited { amount: 1 }),
        AccountEvent::AttributeChanged(AccountAttribute::Owner("Anna".into())),
        AccountEvent::Discarded,
    ];
    for change in changes {
        let message = corrupt(history(ann(), START, (change, opened())));
        assert_eq!(message, format!("event 1 of `Account` {} does not create one", ann()));
    }
}

#[test]
fn nothing_follows_the_end() {
    let changes = [
        AccountEvent::Deposited(Deposited { amount: 1 }),
        AccountEvent::AttributeChanged(AccountAttribute::Owner("Anna".into())),
        AccountEvent::Opened(opened()),
        AccountEvent::Discarded,
    ];
    for change in changes {
        let message = corrupt(history(ann(), START, (opened(), AccountEvent::Discarded, change)));
        assert_eq!(message, format!("event 3 of `Account` {} comes after the one that discards it", ann()));
    }
}

#[test]
fn a_discarded_aggregate_is_not_found() {
    let error = refused(history(ann(), START, (opened(), AccountEvent::Discarded)));
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "there is no `Account` 00000000-0000-7000-8000-000000000001: it is discarded"
    );
}

#[test]
fn an_aggregate_without_events_is_not_found() {
    let error = refused(Vec::new());
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "there is no such `Account`: it has no events");
}
