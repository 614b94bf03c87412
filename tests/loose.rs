//! Events that belong to no aggregate stay out of the sequences of those that do.

use es_runtime::application::Batch;
use es_runtime::recorder::CommitId;
use es_runtime::{Application, Error, ErrorKind, Version, Wait};
use uuid::Uuid;

use crate::account::{Account, open};
use crate::application::{RateChanged, apps, log, saved};

fn note(app: &Application, id: Uuid, version: u32) -> Result<(), Error> {
    app.save(Batch::new().event(id, version.into(), RateChanged { per_mille: 1 })).wait().map(drop)
}

#[test]
fn an_event_without_an_aggregate_is_refused_under_the_id_of_one() {
    for app in apps() {
        let mut account = saved(&app);
        for version in [0, 3, 4, 100] {
            let error = note(&app, account.id().uuid(), version).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{version}: {error}");
            assert!(error.to_string().contains("`Account`"), "{error}");
        }
        assert_eq!(note(&app, account.id().uuid(), 1).unwrap_err().kind(), ErrorKind::Conflict);
        account.deposit(1);
        app.save(&mut account).wait().unwrap();
        assert_eq!(app.get(account.id()).wait().unwrap().balance, 11);
        // The id of what is gone stays taken.
        let id = account.id().uuid();
        app.save(&mut account.discard()).wait().unwrap();
        assert_eq!(note(&app, id, 5).unwrap_err().kind(), ErrorKind::Invalid);
    }
}

#[test]
fn one_id_is_not_that_of_an_aggregate_and_of_loose_events_in_one_batch() {
    for app in apps() {
        let mut account = open();
        let id = account.id().uuid();
        let batch = Batch::new().add(&mut account).event(id, Version::from(2), RateChanged { per_mille: 1 });
        let error = app.save(batch).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(&id.to_string()), "{error}");
        app.save(&mut account).wait().unwrap();
        assert_eq!(log(&app).len(), 1);
    }
}

#[test]
fn a_loose_event_at_the_first_version_and_an_aggregate_exclude_each_other() {
    for app in apps() {
        let id = open().id();
        note(&app, id.uuid(), 1).unwrap();
        let mut account = Account::open_with_id(id, "Ann".into());
        assert_eq!(app.save(&mut account).wait().unwrap_err().kind(), ErrorKind::Conflict);
    }
}

#[test]
fn sequences_of_loose_events_go_on_at_any_versions() {
    for app in apps() {
        let (notes, commit) = (Uuid::now_v7(), CommitId::new());
        for version in [1, 2, 0, 7] {
            note(&app, notes, version).unwrap();
        }
        let rate = || RateChanged { per_mille: 1 };
        let both = || {
            let batch = Batch::new().commit_id(commit).event(notes, Version::from(8), rate());
            batch.event(notes, Version::from(9), rate()).event(Uuid::nil(), Version::INITIAL, rate())
        };
        let first = app.save(both()).wait().unwrap();
        assert_eq!(app.save(both()).wait().unwrap(), first);
        assert_eq!(log(&app).len(), 7);
    }
}

#[test]
fn a_loose_event_of_another_version_than_the_first_begins_no_sequence() {
    for app in apps() {
        let id = open().id();
        for version in [0, 2, 5, u32::MAX] {
            let error = note(&app, id.uuid(), version).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("begins at version 1"), "{error}");
        }
        // So an aggregate that is created under this id is not disturbed.
        let mut account = Account::open_with_id(id, "Ann".into());
        app.save(&mut account).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().owner, "Ann");
    }
}
