//! Saving and loading, on memory and on SQLite.

use std::sync::atomic::{AtomicU32, Ordering};

use es_runtime::application::Batch;
use es_runtime::clock::Timestamp;
use es_runtime::error::Conflict;
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, EventRange, LogRange, Mark, Notification, Position,
};
use es_runtime::testing::ManualClock;
use es_runtime::{Application, ErrorKind, Event, Id, Metadata, Version, Wait, aggregate, event, mutator};
use std::time::Duration;
use uuid::Uuid;

use crate::account::{Account, Overdrawn, Withdrawn, open};

#[event]
pub(crate) struct RateChanged {
    pub(crate) per_mille: u32,
}

#[aggregate]
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) accounts: u32,
}

#[mutator]
impl Branch {
    #[event(BranchOpened)]
    pub(crate) fn found() -> Self {
        Self { accounts: 0 }
    }

    #[event(AccountCounted)]
    pub(crate) fn count(&mut self) {
        self.accounts += 1;
    }
}

/// Every kind of store that needs nothing set up.
pub(crate) fn apps() -> Vec<Application> {
    ["memory:", "sqlite::memory:"].map(|uri| Application::open(uri).wait().unwrap()).into()
}

pub(crate) fn log(app: &Application) -> Vec<Notification> {
    app.recorder().read_log(LogRange::all()).wait().unwrap().entries
}

pub(crate) fn saved(app: &Application) -> Account {
    let mut account = open();
    account.deposit(10);
    app.save(&mut account).wait().unwrap();
    account
}

#[test]
fn a_loaded_aggregate_equals_the_saved_one() {
    for app in apps() {
        let mut account = open();
        account.deposit(10);
        account.set_owner("Anna".into());
        let receipt = app.save(&mut account).wait().unwrap();
        assert!(account.pending().is_empty());
        assert_eq!(app.resolve(&receipt).wait().unwrap().map(Mark::position), Position::new(3));

        let again = app.get(account.id()).wait().unwrap();
        assert_eq!((again.balance, again.owner.as_str(), again.version()), (10, "Anna", account.version()));
        assert_eq!((again.created_at(), again.modified_at()), (account.created_at(), account.modified_at()));
        assert!(again.pending().is_empty());
    }
}

#[test]
fn metadata_of_an_application_add_up() {
    for app in apps() {
        let ann = app.with_metadata(Metadata::new().with_actor("ann").with("channel", "web"));
        let bob = ann.with_metadata(Metadata::new().with_actor("bob").with_correlation(7));
        let stored = |app: &Application| {
            let id = saved(app).id();
            app.store().get(id, EventRange::all()).wait().unwrap()[0].metadata().clone()
        };
        let expected = Metadata::new().with_actor("bob").with("channel", "web").with_correlation(7);
        assert_eq!(stored(&bob), expected);
        assert_eq!(stored(&bob.with_metadata(Metadata::new())), expected);
        assert_eq!(stored(&ann).actor(), Some("ann"));
        assert!(stored(&app).is_empty());
    }
}

#[test]
fn a_loaded_aggregate_goes_on() {
    for app in apps() {
        let id = saved(&app).id();
        let mut account = app.get(id).wait().unwrap();
        account.withdraw(3).unwrap();
        app.save(&mut account).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().balance, 7);
        // Nothing pending: nothing is stored.
        let before = log(&app).len();
        app.save(&mut account).wait().unwrap();
        assert_eq!(log(&app).len(), before);
    }
}

#[test]
fn the_past_is_loaded_by_version_and_by_time() {
    for app in apps() {
        let clock = ManualClock::default();
        let _guard = clock.install();
        let mut account = open();
        for amount in [10, 25, 30] {
            clock.advance(Duration::from_secs(60));
            account.deposit(amount);
        }
        app.save(&mut account).wait().unwrap();
        let id = account.id();
        let balance = |version: u32| app.get_at(id, version).wait().unwrap().balance;
        assert_eq!([1, 2, 3, 4, 5].map(balance), [0, 10, 35, 65, 65]);
        assert_eq!(app.get_at(id, 2).wait().unwrap().version(), 2);
        let after = |seconds| ManualClock::START + Duration::from_secs(seconds);
        let balance = |seconds| app.get_at(id, after(seconds)).wait().unwrap().balance;
        assert_eq!([0, 59, 60, 179, 180, 9_999].map(balance), [0, 0, 10, 35, 65, 65]);
        for at in [Timestamp::from_micros(0).into(), es_runtime::store::At::from(0)] {
            assert_eq!(app.get_at(id, at).wait().unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}

#[test]
fn an_aggregate_that_was_never_saved_is_not_found() {
    for app in apps() {
        let id = Id::<Account>::new();
        assert_eq!(app.get(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
        assert!(!app.contains(id).wait().unwrap());
        assert!(app.contains(saved(&app).id()).wait().unwrap());
    }
}

#[test]
fn a_discarded_aggregate_is_gone_once_that_is_saved() {
    for app in apps() {
        let account = saved(&app);
        let id = account.id();
        let mut discarded = account.discard();
        assert!(app.contains(id).wait().unwrap(), "not before it is saved");
        app.save(&mut discarded).wait().unwrap();
        assert!(discarded.pending().is_empty());
        assert!(!app.contains(id).wait().unwrap());
        let error = app.get(id).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("it is discarded"), "{error}");
        assert_eq!(app.get_at(id, 2).wait().unwrap().balance, 10, "the past is still there");
        // The id is never used again.
        let mut again = Account::open_with_id(id, "Bob".into());
        let error = app.save(&mut again).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(
            error.to_string(),
            format!(
                "aggregate {id} exists already, at version 3; load it, or create another: the id of a discarded one is \
                 never used again"
            )
        );
        // Of what is not there at all, nothing is said about the past.
        let unknown = Id::<Account>::new();
        let message = |found: Result<(), es_runtime::Error>| found.unwrap_err().to_string();
        assert!(message(app.get(unknown).wait().map(drop)).ends_with(": it has no events"));
        assert!(
            message(app.get_at(unknown, 1).wait().map(drop))
                .ends_with("it has no events, or none until then")
        );
    }
}

#[test]
fn the_id_of_another_aggregate_has_another_error_than_an_unknown_one() {
    for app in apps() {
        let account = saved(&app);
        let error = app.get(Id::<Branch>::from_uuid(account.id().uuid())).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongAggregate);
        assert!(error.to_string().ends_with(": the id is that of a `Account`, not of a `Branch`"), "{error}");
        let row = StoredEvent::new(
            Uuid::now_v7(),
            Version::INITIAL,
            "Newer.Opened",
            br#"{"at":1,"data":{}}"#.to_vec(),
        )
        .unwrap();
        let id = Id::<Branch>::from_uuid(row.id);
        app.recorder().append(Commit::new(vec![row])).wait().unwrap();
        let error = app.get(id).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownTopic);
        assert!(error.to_string().contains("`Newer.Opened`"), "{error}");
    }
}

#[test]
fn of_two_that_save_the_same_version_one_wins_and_the_other_learns_why() {
    for app in apps() {
        let id = saved(&app).id();
        let (mut one, mut other) = (app.get(id).wait().unwrap(), app.get(id).wait().unwrap());
        one.deposit(1);
        other.deposit(2);
        other.deposit(3);
        app.save(&mut one).wait().unwrap();
        let error = app.save(&mut other).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        match error.as_conflict() {
            Some(Conflict::Version { id: found_id, expected, found, .. }) => {
                assert_eq!(*found_id, id.uuid());
                assert_eq!((*expected, *found), (Some(Version::from(2)), Some(Version::from(3))));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(other.pending().len(), 2, "the events are kept");
        assert_eq!(app.get(id).wait().unwrap().balance, 11);
    }
}

#[test]
fn a_command_runs_again_on_the_newest_state() {
    for app in apps() {
        let id = saved(&app).id();
        let mut runs = 0;
        let interfering = app.clone();
        let left = app.execute(id, |account: &mut Account| {
            runs += 1;
            if runs == 1 {
                interfering
                    .execute(id, |account: &mut Account| {
                        account.deposit(100);
                        Ok::<_, Overdrawn>(())
                    })
                    .wait()
                    .unwrap()
                    .unwrap();
            }
            account.withdraw(50).map(|()| account.balance)
        });
        // The first run refuses on the old state.
        assert_eq!(left.wait().unwrap(), Err(Overdrawn));
        let left = app.execute(id, |account: &mut Account| account.withdraw(50).map(|()| account.balance));
        assert_eq!(left.wait().unwrap(), Ok(60));
    }
}

#[test]
fn many_threads_execute_without_a_lost_update() {
    for app in apps() {
        let id = saved(&app).id();
        let runs = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut done = 0;
                    while done < 25 {
                        let deposited = app.execute(id, |account: &mut Account| {
                            runs.fetch_add(1, Ordering::Relaxed);
                            account.deposit(1);
                            Ok::<_, ()>(())
                        });
                        match deposited.wait() {
                            Ok(_) => done += 1,
                            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
                        }
                    }
                });
            }
        });
        let account = app.get(id).wait().unwrap();
        assert_eq!((account.balance, account.version().get()), (210, 202));
        assert!(runs.into_inner() >= 200);
    }
}

#[test]
fn a_batch_is_stored_whole_or_not_at_all() {
    for app in apps() {
        let mut account = saved(&app);
        let mut stale = app.get(account.id()).wait().unwrap();
        account.deposit(1);
        app.save(&mut account).wait().unwrap();
        stale.deposit(5);
        let mut branch = Branch::found();
        let before = log(&app).len();
        let error = app.save((&mut branch, &mut stale)).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(log(&app).len(), before);
        assert!(!app.contains(branch.id()).wait().unwrap());

        account.deposit(2);
        branch.count();
        let loose = Uuid::now_v7();
        let batch = Batch::new().add((&mut branch, &mut account)).event(
            loose,
            Version::INITIAL,
            RateChanged { per_mille: 5 },
        );
        let receipt = app.save(batch).wait().unwrap();
        let (first, last) = receipt.positions().unwrap();
        assert_eq!(last.get() - first.get(), 3);
        assert_eq!(app.get(branch.id()).wait().unwrap().accounts, 1);
        let rows = log(&app);
        let last = &rows.last().unwrap().event;
        assert_eq!((last.id, last.topic.as_ref()), (loose, RateChanged::TOPIC));
        assert_eq!(app.store().mapper().decode_event::<RateChanged>(last).unwrap().event().per_mille, 5);
    }
}

#[test]
fn an_event_of_an_aggregate_is_not_stored_past_its_commands() {
    for app in apps() {
        let mut account = saved(&app);
        assert_eq!(account.withdraw(1_000), Err(Overdrawn));
        let past = Withdrawn { amount: 1_000 };
        let batch = Batch::new().add(&mut account).event(account_id(&app), Version::from(3), past);
        let error = app.save(batch).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("`Withdrawn` is an event of the aggregate `Account`"), "{error}");
        assert_eq!(app.get(account.id()).wait().unwrap().balance, 10);
    }
}

fn account_id(app: &Application) -> Uuid {
    log(app)[0].event.id
}

#[test]
fn slices_tuples_and_nested_batches_are_saved() {
    for app in apps() {
        let mut many: Vec<Account> = (0..3).map(|_| open()).collect();
        let (mut one, gone) = (Branch::found(), Branch::found());
        let mut gone = gone.discard();
        app.save((&mut many, (&mut one, &mut gone))).wait().unwrap();
        assert_eq!(log(&app).len(), 6);
        let mut gone: Vec<_> = many.drain(1..).map(Account::discard).collect();
        app.save((&mut gone, &mut [Branch::found(), Branch::found()])).wait().unwrap();
        assert_eq!(log(&app).len(), 10);
        assert!(many.iter().all(|account| account.pending().is_empty()));
        app.save(&mut [][..] as &mut [Account]).wait().unwrap();
        app.save(Batch::new()).wait().unwrap();
        assert_eq!(log(&app).len(), 10);
    }
}

#[test]
fn one_aggregate_twice_in_a_batch_is_refused() {
    for app in apps() {
        let account = saved(&app);
        let (mut one, mut other) =
            (app.get(account.id()).wait().unwrap(), app.get(account.id()).wait().unwrap());
        one.deposit(1);
        other.deposit(1);
        let error = app.save((&mut one, &mut other)).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(&account.id().to_string()), "{error}");
    }
}

#[test]
fn metadata_is_stored_with_each_event() {
    for app in apps() {
        let metadata = Metadata::new().with_actor("ann").with_correlation("7");
        let mut account = open();
        account.deposit(1);
        app.with_metadata(metadata.clone()).save(&mut account).wait().unwrap();
        account.deposit(2);
        app.save(&mut account).wait().unwrap();
        let events = app.store().get(account.id(), EventRange::all()).wait().unwrap();
        let found: Vec<_> = events.iter().map(|event| event.metadata().clone()).collect();
        assert_eq!(found, [metadata.clone(), metadata, Metadata::new()]);
    }
}

#[test]
fn long_histories_are_read_in_pages() {
    for app in apps() {
        let mut account = open();
        (0..4_999).for_each(|_| account.deposit(1));
        app.save(&mut account).wait().unwrap();
        let again = app.get(account.id()).wait().unwrap();
        assert_eq!((again.balance, again.version().get()), (4_999, 5_000));
        let count = |range| app.store().get(account.id(), range).wait().unwrap().len();
        assert_eq!(count(EventRange::all()), 5_000);
        assert_eq!(count(EventRange::all().limit(4_500)), 4_500);
        assert_eq!(count(EventRange::all().limit(4_000).descending()), 4_000);
        assert_eq!(count(EventRange::all().after(Version::from(10)).up_to(Version::from(4_010))), 4_000);
        let last = app.store().get(account.id(), EventRange::all().descending().limit(2_001)).wait().unwrap();
        let versions: Vec<u64> = last.iter().map(|event| event.envelope().version().get()).collect();
        assert_eq!(versions, (3_000..=5_000).rev().collect::<Vec<_>>());
        let mut stream = app.store().stream(account.id(), EventRange::all());
        let mut seen = 0;
        while let Some(page) = stream.next_page().wait().unwrap() {
            assert!(page.len() <= 2_000);
            seen += page.len();
        }
        assert_eq!(seen, 5_000);
    }
}

#[test]
fn commands_of_many_at_once_are_all_done() {
    for app in apps() {
        let id = saved(&app).id();
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| app.execute(id, |account: &mut Account| account.deposit(1)).wait().unwrap());
            }
        });
        assert_eq!(app.get(id).wait().unwrap().balance, 50);
    }
}
