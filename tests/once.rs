//! Commit ids of the caller: a command that comes twice runs once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use es_runtime::application::Batch;
use es_runtime::clock::{Timestamp, set_clock};
use es_runtime::recorder::CommitId;
use es_runtime::store::Cache;
use es_runtime::{Application, Error, ErrorKind, Version, Wait};
use uuid::Uuid;

use crate::account::{Account, open};
use crate::application::{RateChanged, apps, log, saved};

#[test]
fn a_command_under_one_id_runs_once() {
    for app in apps() {
        let id = saved(&app).id();
        let request = CommitId::new();
        let mut runs = 0;
        for asked in 0..3 {
            let mut deposit = |account: &mut Account| {
                runs += 1;
                account.deposit(10);
            };
            let done = app.execute_once(request, id, &mut deposit).wait().unwrap();
            assert_eq!(done.is_some(), asked == 0);
            // Commands of other writers in between change nothing.
            app.execute(id, |account: &mut Account| account.deposit(1)).wait().unwrap();
        }
        assert_eq!(runs, 1);
        assert_eq!(app.get(id).wait().unwrap().balance, 23);
        let other = CommitId::new();
        app.execute_once(other, id, |account: &mut Account| account.deposit(10)).wait().unwrap().unwrap();
        assert_eq!(app.get(id).wait().unwrap().balance, 33);
    }
}

#[test]
fn a_refused_request_may_be_repeated() {
    for app in apps() {
        let id = saved(&app).id();
        let request = CommitId::new();
        let withdraw = |account: &mut Account| account.withdraw(100);
        assert!(app.execute_once(request, id, withdraw).wait().unwrap().unwrap().is_err());
        app.execute(id, |account: &mut Account| account.deposit(100)).wait().unwrap();
        assert!(app.execute_once(request, id, withdraw).wait().unwrap().unwrap().is_ok());
        assert!(app.execute_once(request, id, withdraw).wait().unwrap().is_none());
        assert_eq!(app.get(id).wait().unwrap().balance, 10);
    }
}

#[test]
fn a_request_that_arrives_many_times_at_once_is_done_once() {
    for app in apps() {
        let id = saved(&app).id();
        for round in 1..=10 {
            let request = CommitId::new();
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        app.execute_once(request, id, |account: &mut Account| account.deposit(1))
                            .wait()
                            .unwrap()
                    });
                    scope.spawn(|| {
                        app.execute(id, |account: &mut Account| account.deposit(1_000)).wait().unwrap();
                    });
                }
            });
            assert_eq!(app.get(id).wait().unwrap().balance, 10 + round + round * 4_000);
        }
    }
}

#[test]
fn a_batch_under_one_id_is_stored_once_also_with_loose_events() {
    for app in apps() {
        let (mut account, commit, rates) = (open(), CommitId::new(), Uuid::now_v7());
        let changed = |per_mille| RateChanged { per_mille };
        let batch = Batch::new().commit_id(commit).add(&mut account);
        let first = app.save(batch.event(rates, Version::INITIAL, changed(1))).wait().unwrap();
        assert_eq!(first.commit(), commit);
        // The aggregate has no pending events: the rest of the batch is stored already.
        let batch = Batch::new().commit_id(commit).add(&mut account);
        app.save(batch.event(rates, Version::INITIAL, changed(1))).wait().unwrap();
        // The caller makes the aggregates again, under ids from the request.
        let mut again = Account::open_with_id(account.id(), "Ann".into());
        let batch = Batch::new().commit_id(commit).add(&mut again);
        assert_eq!(app.save(batch.event(rates, Version::INITIAL, changed(1))).wait().unwrap(), first);
        assert!(again.pending().is_empty());
        assert_eq!(log(&app).len(), 2);
        // Under another commit id the batch is a conflict.
        let batch = Batch::new().event(rates, Version::INITIAL, changed(1));
        assert_eq!(app.save(batch).wait().unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
}

#[test]
fn a_batch_that_arrives_many_times_at_once_is_stored_whole_and_never_told_as_a_part() {
    for app in apps() {
        for _ in 0..40 {
            let ids: Vec<_> = (0..7).map(|_| saved(&app).id()).collect();
            let (request, barrier) = (CommitId::new(), Barrier::new(8));
            let save = || {
                let mut accounts: Vec<Account> = app.get_many(ids.clone()).wait().unwrap();
                for account in &mut accounts {
                    account.deposit(5);
                }
                barrier.wait();
                app.save(Batch::new().commit_id(request).add(accounts.as_mut_slice())).wait()
            };
            let answers: Vec<_> = thread::scope(|scope| {
                let callers: Vec<_> = (0..8).map(|_| scope.spawn(save)).collect();
                callers.into_iter().map(|caller| caller.join().unwrap()).collect()
            });
            for answer in &answers {
                let kind = answer.as_ref().map(|_| ()).map_err(Error::kind);
                assert!(matches!(kind, Ok(()) | Err(ErrorKind::Conflict)), "{answer:?}");
            }
            assert!(answers.iter().any(Result::is_ok));
            assert!(ids.iter().all(|id| app.get(*id).wait().unwrap().balance == 15));
        }
    }
}

#[test]
fn a_used_commit_id_stores_nothing_for_a_root_that_was_loaded_later() {
    for app in apps() {
        let id = saved(&app).id();
        let commit = CommitId::new();
        for round in 0..3 {
            let mut account = app.get(id).wait().unwrap();
            account.deposit(5);
            let receipt = app.save(Batch::new().commit_id(commit).add(&mut account)).wait().unwrap();
            assert_eq!((receipt.commit(), receipt.is_repeated()), (commit, round > 0));
            if round > 0 {
                // The root's state is not the stored one.
                assert!(account.pending().is_empty());
                account.deposit(1);
                let error = app.save(&mut account).wait().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Invalid);
                assert!(error.to_string().contains("load it again"), "{error}");
            }
        }
        assert_eq!(app.get(id).wait().unwrap().balance, 15);
    }
}

#[test]
fn other_values_at_the_same_places_are_not_taken_for_what_is_stored() {
    for uri in ["memory:", "sqlite::memory:"] {
        for cache in [Cache::of(10), Cache::of(10).trusting()] {
            let builder = Application::builder(uri).snapshot_every::<Account>(1).cache(cache);
            let app = builder.open().wait().unwrap();
            let id = saved(&app).id();
            let (mut one, mut other) = (app.get(id).wait().unwrap(), app.get(id).wait().unwrap());
            let commit = CommitId::new();
            one.deposit(1);
            other.deposit(1_000);
            assert!(!app.save(Batch::new().commit_id(commit).add(&mut one)).wait().unwrap().is_repeated());
            assert!(app.save(Batch::new().commit_id(commit).add(&mut other)).wait().unwrap().is_repeated());
            assert_eq!(app.get(id).wait().unwrap().balance, 11);
            other.deposit(1);
            assert_eq!(app.save(&mut other).wait().unwrap_err().kind(), ErrorKind::Invalid);
        }
    }
}

#[test]
fn of_two_simultaneous_requests_one_learns_that_it_was_done() {
    for app in apps() {
        let id = saved(&app).id();
        for _ in 0..20 {
            let (request, ran) = (CommitId::new(), AtomicU32::new(0));
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let done = app.execute_once(request, id, |account: &mut Account| account.deposit(1));
                        ran.fetch_add(u32::from(done.wait().unwrap().is_some()), Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(ran.into_inner(), 1);
        }
        assert_eq!(app.get(id).wait().unwrap().balance, 30);
    }
}

#[test]
fn of_two_requests_with_equal_events_one_learns_that_it_was_done() {
    for app in apps() {
        let id = saved(&app).id();
        for round in 1..=200 {
            let (request, start) = (CommitId::new(), Barrier::new(2));
            let ask = || {
                let _standing = set_clock(|| Timestamp::from_micros(7));
                start.wait();
                app.execute_once(request, id, |account: &mut Account| account.deposit(1)).wait().unwrap()
            };
            let ran: usize = thread::scope(|scope| {
                let asked = [scope.spawn(ask), scope.spawn(ask)];
                asked.into_iter().filter_map(|asked| asked.join().unwrap()).count()
            });
            assert_eq!(ran, 1, "round {round}");
            assert_eq!(app.get(id).wait().unwrap().balance, 10 + round);
        }
    }
}

#[test]
fn a_request_from_before_the_discard_is_known_after_it() {
    for app in apps() {
        let id = saved(&app).id();
        let (request, deposit) = (CommitId::new(), |account: &mut Account| account.deposit(1));
        app.execute_once(request, id, deposit).wait().unwrap().unwrap();
        let account = app.get(id).wait().unwrap();
        app.save(&mut account.discard()).wait().unwrap();
        assert_eq!(app.execute_once(request, id, deposit).wait().unwrap(), None);
        let other = app.execute_once(CommitId::new(), id, deposit).wait();
        assert_eq!(other.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[test]
fn parts_under_different_ids_are_refused() {
    for app in apps() {
        let (mut one, mut other) = (open(), open());
        let part = |account| Batch::new().commit_id(CommitId::new()).add(account);
        let batch = Batch::new().add(part(&mut one)).add(part(&mut other));
        assert_eq!(app.save(batch).wait().unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!((one.pending().len(), other.pending().len()), (1, 1));
    }
}

#[test]
fn other_events_under_a_used_id_are_a_conflict() {
    for app in apps() {
        let commit = CommitId::new();
        let mut account = open();
        app.save(Batch::new().commit_id(commit).add(&mut account)).wait().unwrap();
        let (mut one, mut other) =
            (app.get(account.id()).wait().unwrap(), app.get(account.id()).wait().unwrap());
        let used = CommitId::new();
        one.deposit(1);
        app.save(Batch::new().commit_id(used).add(&mut one)).wait().unwrap();
        other.set_owner("Bo".into());
        let error: Error = app.save(Batch::new().commit_id(used).add(&mut other)).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
}

#[test]
fn a_root_of_another_store_conflicts_if_it_would_leave_a_gap() {
    let open_one = || Application::open("sqlite::memory:").wait().unwrap();
    let (here, there) = (open_one(), open_one());
    let mut account = saved(&here);
    account.deposit(1);
    let error = there.save(&mut account).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("loaded the aggregate from another store"), "{error}");
    assert_eq!(there.get(account.id()).wait().unwrap_err().kind(), ErrorKind::NotFound);
    let mut batch = saved(&here);
    batch.deposit(1);
    assert!(there.save((&mut account, &mut batch)).wait().is_err());
    // The store from which the accounts were loaded takes them, and so does the same database opened twice.
    here.save((&mut account, &mut batch)).wait().unwrap();
    account.deposit(1);
    let again = Application::on(Arc::clone(here.recorder())).open().wait().unwrap();
    again.save(&mut account).wait().unwrap();
    account.deposit(1);
    here.save(&mut account).wait().unwrap();
    assert_eq!(here.get(account.id()).wait().unwrap().version(), account.version());
}

#[test]
fn a_commit_id_of_a_key_never_changes() {
    let commit = CommitId::from_key("ann: 8e03978e-40d5-43dd-bc93-6894a57f9324");
    assert_eq!(commit.uuid(), uuid::uuid!("0624a0e8-c329-55b2-b32b-8315634a4bce"));
    assert_ne!(commit, CommitId::from_key("bob: 8e03978e-40d5-43dd-bc93-6894a57f9324"));
}

#[test]
fn a_batch_of_which_a_part_was_done_is_refused_and_keeps_all_of_it() {
    for app in apps() {
        let (one, other) = (saved(&app).id(), saved(&app).id());
        let (commit, rates) = (CommitId::new(), Uuid::now_v7());
        app.execute_once(commit, one, |account: &mut Account| account.deposit(1)).wait().unwrap().unwrap();
        let (mut one, mut other) = (app.get(one).wait().unwrap(), app.get(other).wait().unwrap());
        one.deposit(5);
        other.deposit(5);
        let batch = Batch::new().commit_id(commit).add((&mut one, &mut other));
        let error =
            app.save(batch.event(rates, Version::INITIAL, RateChanged { per_mille: 1 })).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().starts_with("1 of 3 parts"), "{error}");
        assert_eq!((one.pending().len(), other.pending().len()), (1, 1));
        app.save((&mut one, &mut other)).wait().unwrap();
    }
}

#[test]
fn loose_events_under_a_used_id_are_not_stored_at_another_version() {
    for app in apps() {
        let (commit, rates) = (CommitId::new(), Uuid::now_v7());
        let save = |version: u32| {
            let event = RateChanged { per_mille: 1 };
            app.save(Batch::new().commit_id(commit).event(rates, version.into(), event)).wait().unwrap()
        };
        assert!(!save(1).is_repeated());
        assert!(save(2).is_repeated());
        assert_eq!(log(&app).len(), 1);
    }
}

#[test]
fn a_repeated_receipt_resolves_no_earlier_and_idle_roots_go_on() {
    for app in apps() {
        let (id, mut idle, commit) = (saved(&app).id(), saved(&app), CommitId::new());
        let deposit = |idle: &mut Account| {
            let mut account = app.get(id).wait().unwrap();
            account.deposit(1);
            app.save(Batch::new().commit_id(commit).add(&mut account).add(idle)).wait().unwrap()
        };
        let first = app.resolve(&deposit(&mut idle)).wait().unwrap().unwrap();
        let again = deposit(&mut idle);
        assert!(again.is_repeated());
        assert!(app.resolve(&again).wait().unwrap().unwrap().position() >= first.position());
        idle.deposit(1);
        app.save(&mut idle).wait().unwrap();
    }
}

#[test]
fn one_id_for_the_whole_replaces_those_of_its_parts() {
    for app in apps() {
        let (mut one, mut other) = (open(), open());
        let part = |account| Batch::new().commit_id(CommitId::new()).add(account);
        let batch = Batch::new().add(part(&mut one)).add(part(&mut other));
        app.save(batch.commit_id(CommitId::new())).wait().unwrap();
    }
}
