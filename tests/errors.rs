use std::error::Error as _;

use es_runtime::error::Mismatch;
use es_runtime::id::Mark;
use es_runtime::testing::{ManualClock, decode, id, recorded, replay};
use es_runtime::{Error, ErrorKind, Id};
use uuid::Uuid;

use crate::account::{Account, Deposited, opened};

fn wrong_version() -> Error {
    let first: Id<Account> = id(1);
    replay::<Account>([
        recorded(first, 1, ManualClock::START, opened()),
        recorded(first, 3, ManualClock::START, Deposited { amount: 1 }),
    ])
    .unwrap_err()
}

fn wrong_id() -> Error {
    replay::<Account>([
        recorded(id(1), 1, ManualClock::START, opened()),
        recorded(Id::from_uuid(Uuid::nil()), 2, ManualClock::START, Deposited { amount: 1 }),
    ])
    .unwrap_err()
}

#[test]
fn a_message_gives_the_fact_the_evidence_and_the_remedy() {
    assert_eq!(
        wrong_version().to_string(),
        "aggregate 00000000-0000-7000-8000-000000000001 expects event version 2 next but was given 3; \
         versions are 1, 2, 3 and so on without gap or repeat"
    );
    assert_eq!(
        wrong_id().to_string(),
        "an event of aggregate 00000000-0000-0000-0000-000000000000 was applied to aggregate \
         00000000-0000-7000-8000-000000000001; read the events of one aggregate at a time"
    );
}

#[test]
fn a_mismatch_holds_the_expected_and_the_found_value() {
    let error = wrong_version();
    let mismatch = error.as_mismatch().unwrap();
    assert_eq!(mismatch.to_string(), error.to_string());
    assert!(matches!(mismatch, Mismatch::Version { .. }));
    assert!(matches!(wrong_id().as_mismatch(), Some(Mismatch::Id { .. })));
    assert!(replay::<Account>([]).unwrap_err().as_mismatch().is_none());
}

#[test]
fn debug_is_text_with_the_kind_and_the_causes() {
    let error = replay::<Account>([]).unwrap_err();
    assert_eq!(format!("{error:?}"), "NotFound: there is no such `Account`: it has no events");
    // `Debug` does not repeat a cause that the message quotes.
    let error = decode::<Account>("Account.Deposited", 1, "7").unwrap_err();
    assert_eq!(format!("{error:?}"), format!("Schema: {error}"));
    assert!(error.to_string().contains(&error.source().unwrap().to_string()), "{error}");
    let error = Error::new(ErrorKind::Storage, "outer").with_source(error.with_source("innermost"));
    let shown = format!("{error:?}");
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert_eq!((lines[0], lines[2]), ("Storage: outer", "  caused by: innermost"));
    assert!(lines[1].starts_with("  caused by: "), "{shown}");
}

#[test]
fn a_text_that_is_no_id_is_an_invalid_value() {
    fn parsed(text: &str) -> Result<Id<Account>, Error> {
        Ok(text.parse()?)
    }
    let error = parsed("seven").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().starts_with("\"seven\" is no id; "), "{error}");
    assert!(error.source().unwrap().is::<es_runtime::id::ParseIdError>());
    assert!(parsed(&Uuid::nil().to_string()).is_ok());
}

#[test]
fn a_text_that_is_no_mark_is_an_invalid_value() {
    fn parsed(text: &str) -> Result<Mark, Error> {
        Ok(text.parse()?)
    }
    let error = parsed("position 0").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().starts_with("\"position 0\" is no mark; "), "{error}");
    assert!(parsed("position 1 (commit 0199a9b2-7c1e-7d3a-9c41-6f2d1ac49f6a)").is_ok());
}

#[test]
fn a_cause_can_be_followed() {
    let error = decode::<Account>("Account.Deposited", 1, "7").unwrap_err();
    let cause = error.source().unwrap();
    assert!(cause.is::<serde_json::Error>());
    assert!(wrong_version().source().is_none());
}

#[test]
fn an_error_goes_wherever_errors_go() {
    fn fails() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        replay::<Account>([])?;
        Ok(())
    }
    let error = fails().unwrap_err();
    assert_eq!(error.downcast_ref::<Error>().map(Error::kind), Some(ErrorKind::NotFound));
}
