use std::time::Duration;

use es_runtime::testing::{ManualClock, Scenario, decode, encode, id, ids_from, replay};
use es_runtime::{Discarded, ErrorKind};

use crate::account::{Account, AccountEvent, Deposited, open, opened};

#[test]
fn discarding_is_the_last_event() {
    let _ids = ids_from(1);
    let clock = ManualClock::default();
    let _clock = clock.install();
    let mut account = open();
    account.deposit(10);
    clock.advance(Duration::from_secs(60));
    let discarded = account.discard();
    assert_eq!(discarded.id(), id(1));
    assert_eq!(discarded.version(), 3);
    let last = discarded.pending()[2].envelope();
    assert_eq!((last.id(), last.version().get()), (id::<Account>(1).uuid(), 3));
    assert_eq!(last.timestamp(), ManualClock::START + Duration::from_secs(60));
    assert!(matches!(
        discarded.pending().iter().map(es_runtime::Recorded::event).collect::<Vec<_>>()[..],
        [AccountEvent::Opened(_), AccountEvent::Deposited(_), AccountEvent::Discarded]
    ));
}

#[test]
fn a_discard_leaves_saved_events_out_of_pending() {
    let account: Account = replay(open().pending().to_vec()).unwrap();
    let discarded = account.discard();
    assert_eq!((discarded.version().get(), discarded.pending().len()), (2, 1));
}

#[test]
fn a_discarded_aggregate_cannot_be_loaded() {
    let discarded = open().discard();
    let error = replay::<Account>(discarded.pending().to_vec()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn the_end_is_stored_without_data() {
    let encoded = encode::<Account>(&AccountEvent::Discarded);
    assert_eq!((encoded.topic(), encoded.version(), encoded.data()), ("Account.Discarded", 1, "{}"));
}

#[test]
fn unknown_fields_of_a_discarded_event_are_ignored() {
    let event = decode::<Account>("Account.Discarded", 1, r#"{"why":"closed"}"#).unwrap();
    assert!(matches!(event, AccountEvent::Discarded));
}

#[test]
fn debug_shows_which_aggregate_it_was() {
    let _ids = ids_from(1);
    assert_eq!(
        format!("{:?}", open().discard()),
        "Discarded { id: Id(00000000-0000-7000-8000-000000000001), version: Version(2) }"
    );
}

#[test]
fn a_command_can_refuse_to_discard() {
    fn close(account: Account) -> Result<Discarded<Account>, &'static str> {
        if account.balance == 0 { Ok(account.discard()) } else { Err("not empty") }
    }
    Scenario::<Account>::given(opened())
        .when_discarded(close)
        .then(AccountEvent::Discarded)
        .then_returns(Ok(()));
    Scenario::<Account>::given((opened(), Deposited { amount: 1 }))
        .when_discarded(close)
        .then_refused("not empty")
        .when(|account| account.withdraw(1))
        .when_discarded(close)
        .then(AccountEvent::Discarded);
}
