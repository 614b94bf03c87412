//! Events without an aggregate stay out of the events of aggregates.

use std::sync::Arc;
use std::thread;

use es_runtime::application::Batch;
use es_runtime::clock::Timestamp;
use es_runtime::recorder::{CommitId, EventRange, MemoryRecorder};
use es_runtime::sequence::{TimeLog, TimeRange};
use es_runtime::testing::ManualClock;
use es_runtime::testing::faults::{Faulty, When};
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
        assert_eq!(note(&app, account.id().uuid(), 1).unwrap_err().kind(), ErrorKind::AlreadyExists);
        account.deposit(1);
        app.save(&mut account).wait().unwrap();
        assert_eq!(app.get(account.id()).wait().unwrap().balance, 11);
        // The id of a discarded aggregate stays taken.
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
        assert_eq!(app.save(&mut account).wait().unwrap_err().kind(), ErrorKind::AlreadyExists);
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
        // The events do not disturb an aggregate that is created under this id.
        let mut account = Account::open_with_id(id, "Ann".into());
        app.save(&mut account).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().owner, "Ann");
    }
}

/// Returns the texts and versions of a sequence of notes.
fn notes(app: &Application, id: Uuid) -> Vec<(u32, u64)> {
    let events = app.store().get_events::<RateChanged>(id, EventRange::all()).wait().unwrap();
    events.iter().map(|event| (event.event().per_mille, event.envelope().version().get())).collect()
}

fn rate(per_mille: u32) -> RateChanged {
    RateChanged { per_mille }
}

#[test]
fn appended_events_take_the_next_versions() {
    for app in apps() {
        let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
        let mut account = open();
        let batch = Batch::new().append(first, rate(1)).add(&mut account).append(first, rate(2));
        app.save(batch.append(second, rate(3))).wait().unwrap();
        app.save(Batch::new().event(second, Version::from(7), rate(4))).wait().unwrap();
        app.save(Batch::new().append(second, rate(5)).append(first, rate(6))).wait().unwrap();
        assert_eq!(notes(&app, first), [(1, 1), (2, 2), (6, 3)]);
        assert_eq!(notes(&app, second), [(3, 1), (4, 7), (5, 8)]);
        let error = app.save(Batch::new().append(account.id().uuid(), rate(7))).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
}

#[test]
fn many_append_to_one_sequence_at_once_and_none_is_lost() {
    for app in apps() {
        let id = Uuid::now_v7();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..15 {
                        let mut account = open();
                        app.save(Batch::new().add(&mut account).append(id, rate(1))).wait().unwrap();
                        assert!(account.pending().is_empty());
                    }
                });
            }
        });
        assert_eq!(notes(&app, id), (1..=60).map(|version| (1, version)).collect::<Vec<_>>());
        assert_eq!(app.ids::<Account>().wait().count(), 60);
    }
}

#[test]
fn messages_of_a_log_join_a_batch() {
    for app in apps() {
        let log = TimeLog::<RateChanged>::new(app.store().clone(), Uuid::now_v7());
        let clock = ManualClock::at(Timestamp::from_micros(1_763_640_000_000_000));
        let _stands_still = clock.install();
        let mut account = open();
        let batch = Batch::new().add(&mut account).append(&log, rate(1)).append(&log, rate(2));
        app.save(batch).wait().unwrap();
        // The event has the same microsecond, and so stands one tick later.
        app.save(Batch::new().append(&log, rate(3))).wait().unwrap();
        log.append(rate(4)).wait().unwrap();
        let messages = log.get(TimeRange::all()).wait().unwrap();
        let texts: Vec<_> = messages.iter().map(|(_, message)| message.event().per_mille).collect();
        assert_eq!(texts, [1, 2, 3, 4]);
        let wrong = TimeLog::<RateChanged>::new(app.store().clone(), account.id().uuid());
        let error = app.save(Batch::new().append(&wrong, rate(5))).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
}

#[test]
fn an_appended_event_is_stored_once_under_a_commit_id() {
    for app in apps() {
        let (id, commit) = (Uuid::now_v7(), CommitId::new());
        let mut account = saved(&app);
        for saved in 0..3 {
            if saved < 2 {
                account.deposit(1);
            }
            let mut same = app.get(account.id()).wait().unwrap();
            same.deposit(1);
            let batch = Batch::new().commit_id(commit).add(&mut same).append(id, rate(1));
            let receipt = app.save(batch).wait().unwrap();
            assert_eq!(receipt.is_repeated(), saved > 0);
            assert!(same.pending().is_empty());
        }
        assert_eq!(notes(&app, id), [(1, 1)]);
        assert_eq!(app.get(account.id()).wait().unwrap().balance, 11);
    }
}

#[test]
fn an_appended_event_whose_reply_is_lost_is_saved_again_under_its_commit_id() {
    let recorder = Faulty::new(MemoryRecorder::new());
    let faults = recorder.faults();
    let app = Application::on(Arc::new(recorder)).open().wait().unwrap();
    let (id, commit) = (Uuid::now_v7(), CommitId::new());
    let mut account = saved(&app);
    account.deposit(1);
    let lost = faults.lose_replies(When::always());
    let batch = Batch::new().commit_id(commit).add(&mut account).append(id, rate(1));
    assert_eq!(app.save(batch).wait().unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    lost.off();
    account.deposit(100);
    let batch = Batch::new().commit_id(commit).add(&mut account).append(id, rate(1));
    assert!(app.save(batch).wait().unwrap().is_repeated());
    assert_eq!(notes(&app, id), [(1, 1)]);
    assert!(account.pending().is_empty());
    assert_eq!(app.get(account.id()).wait().unwrap().balance, 111);
}
