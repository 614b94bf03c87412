//! The log as a program reads it: the program's events with their marks, and the skipped ones.

use es_runtime::application::Batch;
use es_runtime::id::{Mark, Slices};
use es_runtime::log::{AnyEvent, Log, LogEvents, Logged, SkipReason};
use es_runtime::recorder::{AggregateRecorder, Commit, Notification, StoredEvent};
use es_runtime::{Application, ErrorKind, Metadata, Version, Wait};
use uuid::Uuid;

use crate::account::{AccountEvent, Deposited, open};
use crate::application::{Branch, BranchEvent, RateChanged, apps, log as rows, saved};
use crate::shared_events::{Loan, LoanEvent, NoteTaken, Savings, SavingsEvent};

fn pages<E: Logged>(mut log: Log<E>) -> Vec<LogEvents<E>> {
    std::iter::from_fn(|| log.next_page().wait().unwrap()).collect()
}

fn events<E: Logged>(log: Log<E>) -> Vec<E> {
    let entries = pages(log).into_iter().flat_map(|page| page.entries);
    entries.map(|entry| entry.into_recorded().into_event()).collect()
}

fn skipped<E: Logged>(log: Log<E>) -> Vec<(Uuid, SkipReason)> {
    let skipped = pages(log).into_iter().flat_map(|page| page.skipped);
    skipped.map(|skipped| (skipped.id, skipped.why)).collect()
}

/// Stores a row as a newer release would.
pub(crate) fn newer(app: &Application, id: Uuid, version: u32, topic: &'static str, of: &str) -> Mark {
    let state = format!(r#"{{"at":1763640000123456,{of}"data":{{"seats":4}}}}"#).into_bytes();
    let row = StoredEvent::new(id, Version::from(version), topic, state).unwrap();
    app.recorder().append(Commit::new(vec![row])).wait().unwrap().mark().unwrap()
}

#[test]
fn the_log_of_an_aggregate_has_its_events_with_their_places() {
    for app in apps() {
        let app = app.with_metadata(Metadata::new().with_actor("ann"));
        let (mut account, mut branch) = (saved(&app), Branch::found());
        branch.count();
        account.set_owner("Anna".into());
        app.save((&mut branch, &mut account)).wait().unwrap();
        app.save(&mut account.discard()).wait().unwrap();
        let page = app.log::<AccountEvent>().next_page().wait().unwrap().unwrap();
        assert!(page.skipped.is_empty());
        let topics: Vec<_> =
            rows(&app).into_iter().filter(|row| row.event.topic.starts_with("Account.")).collect();
        assert_eq!(page.entries.len(), topics.len());
        for (entry, row) in page.entries.iter().zip(&topics) {
            assert_eq!((entry.mark(), entry.envelope().id()), (row.mark(), row.event.id));
            assert_eq!((entry.position(), entry.envelope().version()), (row.position(), row.event.version));
            assert_eq!(entry.metadata().get("actor"), Some("ann"));
        }
        assert!(matches!(page.entries[1].event(), AccountEvent::Deposited(Deposited { amount: 10 })));
        assert_eq!(page.through, rows(&app).last().map(Notification::mark));
        assert_eq!(events(app.log::<BranchEvent>()).len(), 2);
    }
}

#[test]
fn a_reader_goes_on_after_the_mark_that_it_kept() {
    for app in apps() {
        assert!(app.log::<AccountEvent>().next_page().wait().unwrap().is_none());
        let account = saved(&app);
        app.save(&mut Branch::found()).wait().unwrap();
        let mut log = app.log::<AccountEvent>();
        let page = log.next_page().wait().unwrap().unwrap();
        assert_eq!(page.entries.len(), 2);
        assert!(log.next_page().wait().unwrap().is_none(), "there is nothing new");
        // A page without events still has the mark up to which it was read.
        app.save(&mut Branch::found()).wait().unwrap();
        log.more().wait().unwrap();
        let empty = log.next_page().wait().unwrap().unwrap();
        assert!(empty.entries.is_empty() && empty.through != page.through);
        app.update(account.id(), |account| account.deposit(7)).wait().unwrap();
        let later = app.log::<AccountEvent>().after(empty.through);
        assert!(matches!(events(later)[..], [AccountEvent::Deposited(Deposited { amount: 7 })]));
        // The same holds for a reader that begins at a position and ends at another.
        let first = page.entries[0].position();
        assert_eq!(events(app.log::<AccountEvent>().from(first).up_to(first)).len(), 1);
        assert_eq!(events(app.log::<AccountEvent>().from(page.entries[1].position())).len(), 2);
        let halves = Slices::split::<2>().map(|half| events(app.log::<AccountEvent>().slices(half)).len());
        assert_eq!(halves.iter().sum::<usize>(), 3);
    }
}

#[test]
fn a_limit_ends_the_log_within_a_page() {
    for app in apps() {
        let mut accounts: Vec<_> = (0..2_500).map(|_| open()).collect();
        app.save(&mut accounts).wait().unwrap();
        app.save(&mut Branch::found()).wait().unwrap();
        for limit in [0, 1, 999, 1_000, 1_001, 2_500, 9_999] {
            let pages = pages(app.log::<AccountEvent>().limit(limit));
            let count: usize = pages.iter().map(|page| page.entries.len()).sum();
            assert_eq!(count, limit.min(2_500));
            // The reader's mark is no further than the last event that it got.
            let last = pages.last().and_then(|page| page.entries.last());
            if let (Some(last), true) = (last, limit < 2_500) {
                assert_eq!(pages.last().and_then(|page| page.through), Some(last.mark()));
            }
        }
    }
}

#[test]
fn events_of_one_type_and_of_any_are_read() {
    for app in apps() {
        let mut account = saved(&app);
        account.set_owner("Anna".into());
        app.save(Batch::new().add(&mut account).append(Uuid::now_v7(), RateChanged { per_mille: 5 }))
            .wait()
            .unwrap();
        assert!(matches!(events(app.log::<RateChanged>())[..], [RateChanged { per_mille: 5 }]));
        newer(&app, Uuid::now_v7(), 1, "Cinema.Opened", "");
        let any = events(app.log::<AnyEvent>());
        let topics: Vec<_> = any.iter().map(|event| &*event.topic).collect();
        let shown = [
            "Account.Opened",
            "Account.Deposited",
            "Account.AttributeChanged",
            "RateChanged",
            "Cinema.Opened",
        ];
        assert_eq!(topics, shown);
        assert_eq!(
            any.iter().map(AnyEvent::name).collect::<Vec<_>>()[1..],
            [Some("Deposited"), Some("AttributeChanged"), Some("RateChanged"), None]
        );
        let json = serde_json::to_value(&any[1]).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"topic": "Account.Deposited", "version": 1, "data": {"amount": 10}})
        );
    }
}

#[test]
fn shared_events_are_those_of_the_aggregate_that_recorded_them() {
    for app in apps() {
        let (mut savings, mut loan) = (Savings::open(), Loan::grant());
        savings.take_note("saved");
        loan.take_note("lent");
        app.save((&mut savings, &mut loan)).wait().unwrap();
        let lent = events(app.log::<LoanEvent>());
        assert!(
            matches!(&lent[..], [LoanEvent::LoanGranted(_), LoanEvent::NoteTaken(note)] if note.text == "lent")
        );
        assert_eq!(events(app.log::<SavingsEvent>()).len(), 2);
        assert_eq!(events(app.log::<NoteTaken>()).len(), 2);
    }
}

#[test]
fn rows_that_this_program_does_not_know_are_skipped_and_named() {
    for app in apps() {
        let account = saved(&app);
        let id = account.id().uuid();
        newer(&app, id, 3, "Account.Seated", "");
        newer(&app, Uuid::now_v7(), 1, "Branch.Seated", "");
        let shared = Uuid::now_v7();
        newer(&app, shared, 1, "Seated", r#""of":"Account","#);
        newer(&app, shared, 2, "Seated", r#""of":"Branch","#);
        let unknown = skipped(app.log::<AccountEvent>());
        assert_eq!(unknown, [(id, SkipReason::Unknown), (shared, SkipReason::Unknown)]);
        assert_eq!(events(app.log::<AccountEvent>()).len(), 2);
        // The application reads known topics only.
        assert!(skipped(app.log::<AccountEvent>().known_topics()).is_empty());
        assert_eq!(events(app.log::<AccountEvent>().known_topics()).len(), 2);
    }
}

#[test]
fn a_damaged_row_is_an_error_and_no_gap() {
    for app in apps() {
        saved(&app);
        let row =
            StoredEvent::new(Uuid::now_v7(), Version::INITIAL, "Account.Opened", b"{".to_vec()).unwrap();
        app.recorder().append(Commit::new(vec![row])).wait().unwrap();
        for known in [false, true] {
            let log = app.log::<AccountEvent>();
            let mut log = if known { log.known_topics() } else { log };
            let page = log.next_page().wait().unwrap().unwrap();
            assert_eq!(
                (page.entries.len(), page.through),
                (2, Some(page.entries[1].mark())),
                "before the row"
            );
            for _ in 0..2 {
                assert_eq!(log.next_page().wait().unwrap_err().kind(), ErrorKind::Corrupt);
            }
        }
        app.close();
        assert_eq!(app.log::<AnyEvent>().next_page().wait().unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[test]
fn a_page_reports_the_rows_of_forgotten_aggregates_as_skipped() {
    for app in crate::data_keys::apps() {
        let (gone, stays) = (saved(&app), saved(&app));
        app.forget(gone.id()).wait().unwrap();
        let id = gone.id().uuid();
        let expected =
            [(id, SkipReason::Unreadable), (id, SkipReason::Unreadable), (id, SkipReason::Forgotten)];
        assert_eq!(skipped(app.log::<AccountEvent>()), expected);
        assert_eq!(skipped(app.log::<AccountEvent>().known_topics()), expected);
        assert_eq!(skipped(app.log::<AnyEvent>()), expected);
        let page = app.log::<AccountEvent>().next_page().wait().unwrap().unwrap();
        assert!(page.entries.iter().all(|entry| entry.envelope().id() == stays.id().uuid()));
        assert_eq!(page.entries.len(), 2);
    }
}
