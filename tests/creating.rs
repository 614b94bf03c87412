//! Commands that create an aggregate, alone or together with a change of another one.

use std::sync::Arc;
use std::thread;

use es_runtime::application::Find;
use es_runtime::recorder::{CommitId, MemoryRecorder};
use es_runtime::testing::faults::{Faulty, When};
use es_runtime::{Application, ErrorKind, Id, Wait};

use crate::account::{Account, Overdrawn, open};
use crate::application::{apps, saved};

#[test]
fn a_command_creates_an_aggregate_or_changes_it() {
    for app in apps() {
        let id = Id::new();
        let deposit = |amount| {
            app.execute(Find(id), move |found| {
                found.get_or_insert_with(|| Account::open_with_id(id, "Ann".into())).deposit(amount);
            })
        };
        deposit(3).wait().unwrap();
        deposit(4).wait().unwrap();
        let account = app.get(id).wait().unwrap();
        assert_eq!((account.balance, account.version().get()), (7, 3));
    }
}

#[test]
fn one_aggregate_changes_and_another_is_created_or_neither() {
    for app in apps() {
        let (from, to) = (saved(&app).id(), Id::new());
        let command = |amount: i64| {
            move |from: &mut Account, new: &mut Option<Account>| {
                new.insert(Account::open_with_id(to, "Bo".into())).deposit(amount);
                from.withdraw(amount)
            }
        };
        assert_eq!(app.execute((from, Find(to)), command(11)).wait().unwrap(), Err(Overdrawn));
        assert!(app.find(to).wait().unwrap().is_none());
        assert_eq!(app.execute((from, Find(to)), command(4)).wait().unwrap(), Ok(()));
        assert_eq!([from, to].map(|id| app.get(id).wait().unwrap().balance), [6, 4]);
    }
}

#[test]
fn of_callers_that_create_at_once_one_creates_and_the_others_change() {
    for app in apps() {
        let id = Id::new();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let deposit = |found: &mut Option<Account>| {
                        found.get_or_insert_with(|| Account::open_with_id(id, "Ann".into())).deposit(1);
                    };
                    app.execute(Find(id), deposit).wait().unwrap();
                });
            }
        });
        let account = app.get(id).wait().unwrap();
        assert_eq!((account.balance, account.version().get()), (8, 9), "one opening and eight deposits");
    }
}

#[test]
fn a_command_that_creates_nothing_saves_nothing() {
    for app in apps() {
        let id = Id::<Account>::new();
        app.execute(Find(id), |found| assert!(found.is_none())).wait().unwrap();
        assert!(app.find(id).wait().unwrap().is_none());
    }
}

#[test]
fn a_new_aggregate_has_the_id_of_its_find_and_a_found_one_stays() {
    for app in apps() {
        let (id, known) = (Id::new(), saved(&app).id());
        let other = app.execute(Find(id), |found| *found = Some(Account::open("Ann".into())));
        assert_eq!(other.wait().unwrap_err().kind(), ErrorKind::Invalid);
        let removed = app.execute(Find(known), |found| *found = None);
        assert_eq!(removed.wait().unwrap_err().kind(), ErrorKind::Invalid);
        let replaced = app.execute(Find(known), |found| {
            *found = Some(Account::open_with_id(known, "Ann".into()));
        });
        assert_eq!(replaced.wait().unwrap_err().kind(), ErrorKind::Invalid);
        let second = Id::new();
        let exchanged = app.execute((Find(id), Find(second)), |one, other| {
            *one = Some(Account::open_with_id(second, "Ann".into()));
            *other = Some(Account::open_with_id(id, "Bo".into()));
        });
        assert_eq!(exchanged.wait().unwrap_err().kind(), ErrorKind::Invalid);
        let in_the_wrong_place = app.execute((Find(id), Find(second)), |one, _| {
            *one = Some(Account::open_with_id(second, "Ann".into()));
        });
        assert_eq!(in_the_wrong_place.wait().unwrap_err().kind(), ErrorKind::Invalid);
        let moved = app.execute((Find(known), Find(id)), std::mem::swap);
        assert_eq!(moved.wait().unwrap_err().kind(), ErrorKind::Invalid);
        assert!(app.find(id).wait().unwrap().is_none());
        assert_eq!(app.get(known).wait().unwrap().version(), 2);
    }
}

#[test]
fn the_id_of_a_discarded_aggregate_is_never_used_again() {
    for app in apps() {
        let account = saved(&app);
        let id = account.id();
        app.save(&mut account.discard()).wait().unwrap();
        let mut runs = 0;
        let again = app.execute(Find(id), |found| {
            runs += 1;
            *found = Some(Account::open_with_id(id, "Ann".into()));
        });
        assert_eq!(again.wait().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(runs, 2, "another caller might have created it meanwhile, so the command runs once more");
    }
}

#[test]
fn a_request_that_arrives_twice_creates_once() {
    for app in apps() {
        let (from, id) = (saved(&app).id(), Id::from_key("request 1"));
        let open = |amount: i64| {
            app.execute_once(CommitId::from_key("open: request 1"), (from, Find(id)), move |from, new| {
                *new = Some(Account::open_with_id(id, "Bo".into()));
                from.withdraw(amount)
            })
        };
        assert_eq!(open(11).wait().unwrap(), Some(Err(Overdrawn)), "a refused command runs again");
        assert_eq!(open(4).wait().unwrap(), Some(Ok(())));
        assert_eq!(open(4).wait().unwrap(), None);
        assert_eq!(app.get(from).wait().unwrap().balance, 6);
        assert_eq!(app.get(id).wait().unwrap().version(), 1);
    }
}

#[test]
fn an_async_command_creates() {
    for app in apps() {
        let id = Id::new();
        let open = async move |found: &mut Option<Account>| {
            *found = Some(Account::open_with_id(id, "Ann".into()));
        };
        app.execute_async(Find(id), open).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().owner, "Ann");
    }
}

/// Each request arrives at three callers at once, and the store loses one answer in four.
#[test]
fn with_lost_answers_each_request_still_creates_once() {
    const REQUESTS: i64 = 100;
    let recorder = Faulty::new(MemoryRecorder::new());
    let faults = recorder.faults();
    let app = Application::on(Arc::new(recorder)).open().wait().unwrap();
    let mut account = open();
    account.deposit(REQUESTS);
    app.save(&mut account).wait().unwrap();
    let lost = faults.lose_replies(When::random(4, 7));
    let (from, ids) = (account.id(), (0..REQUESTS).map(|nr| Id::from_key(format!("request {nr}"))));
    let ids: Vec<Id<Account>> = ids.collect();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for &id in &ids {
                    let open = || {
                        app.execute_once(
                            CommitId::from_key(&id.to_string()),
                            (from, Find(id)),
                            move |from, new| {
                                assert!(new.is_none(), "the aggregate and its commit id are stored together");
                                *new = Some(Account::open_with_id(id, "Bo".into()));
                                from.withdraw(1)
                            },
                        )
                    };
                    while let Err(error) = open().wait() {
                        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
                    }
                }
            });
        }
    });
    assert!(lost.strikes() > 20, "{}", lost.strikes());
    faults.all_off();
    assert_eq!(app.get(from).wait().unwrap().balance, 0, "each request has moved 1");
    for id in ids {
        assert_eq!(app.get(id).wait().unwrap().version(), 1);
    }
}
