//! Running commands: on one aggregate and on several, again after a conflict, with time in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::recorder::{CommitId, EventRange, MemoryRecorder};
use es_runtime::wait::Retry;
use es_runtime::{Application, ErrorKind, Id, Wait};

use crate::account::{Account, Overdrawn, open};
use crate::application::{Branch, apps, log, saved};

#[test]
fn a_command_that_replaces_the_aggregate_is_refused() {
    for app in apps() {
        let id = saved(&app).id();
        let replaced = app.execute(id, |account: &mut Account| {
            account.deposit(5);
            *account = open();
        });
        let error = replaced.wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("replaced"), "{error}");
        // The new account has the same id, but is no later state of the same aggregate.
        let mut runs = 0;
        let replaced = app.execute(id, |account: &mut Account| {
            runs += 1;
            *account = Account::open_with_id(id, "Bo".into());
        });
        assert_eq!(replaced.wait().unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(runs, 1);
        assert_eq!(app.get(id).wait().unwrap().balance, 10);
    }
}

#[test]
fn a_transfer_changes_both_accounts_or_none() {
    for app in apps() {
        let (from, to) = (saved(&app).id(), saved(&app).id());
        let transfer = |amount: i64| {
            let command = move |from: &mut Account, to: &mut Account| {
                to.deposit(amount);
                from.withdraw(amount)?;
                Ok::<_, Overdrawn>(from.balance)
            };
            app.execute((from, to), command).wait().unwrap()
        };
        assert_eq!(transfer(3), Ok(7));
        assert_eq!(transfer(8), Err(Overdrawn));
        assert_eq!([from, to].map(|id| app.get(id).wait().unwrap().balance), [7, 13]);
        // The compiler infers the parameters' types from the ids.
        app.execute((to, from), |one, other| {
            one.deposit(1);
            other.deposit(1);
        })
        .wait()
        .unwrap();
        assert_eq!([from, to].map(|id| app.get(id).wait().unwrap().balance), [8, 14]);
    }
}

#[test]
fn aggregates_of_several_types_are_saved_together() {
    for app in apps() {
        let mut branch = Branch::found();
        app.save(&mut branch).wait().unwrap();
        let (one, other, third) = (saved(&app).id(), saved(&app).id(), saved(&app).id());
        app.execute((one, branch.id()), |account: &mut Account, branch: &mut Branch| {
            account.deposit(1);
            branch.count();
        })
        .wait()
        .unwrap();
        let before = log(&app).len();
        app.execute((one, branch.id(), other), |_, branch, _| branch.count()).wait().unwrap();
        assert_eq!(log(&app).len(), before + 1, "those without events are left alone");
        app.execute((one, branch.id(), other, third), |a, b, c, d| {
            for account in [a, c, d] {
                account.deposit(1);
            }
            b.count();
        })
        .wait()
        .unwrap();
        assert_eq!(app.get(branch.id()).wait().unwrap().accounts, 3);
        assert_eq!([one, other, third].map(|id| app.get(id).wait().unwrap().balance), [12, 11, 11]);
    }
}

#[test]
fn a_conflict_about_one_of_two_runs_the_command_again_on_both() {
    for app in apps() {
        let (one, other) = (saved(&app).id(), saved(&app).id());
        let mut runs = 0;
        app.execute((one, other), |a, b| {
            runs += 1;
            if runs == 1 {
                app.execute(other, |account| account.deposit(100)).wait().unwrap();
            }
            a.deposit(1);
            b.deposit(1);
        })
        .wait()
        .unwrap();
        assert_eq!(runs, 2);
        assert_eq!([one, other].map(|id| app.get(id).wait().unwrap().balance), [11, 111]);
    }
}

#[test]
fn one_id_given_twice_is_refused() {
    for app in apps() {
        let id = saved(&app).id();
        let error = app.execute((id, id), |a, b| {
            a.deposit(1);
            b.deposit(1);
        });
        assert_eq!(error.wait().unwrap_err().kind(), ErrorKind::Invalid);
        let as_branch = Id::<Branch>::from_uuid(id.uuid());
        let error = app.execute((id, saved(&app).id(), as_branch), |_, _, _| ()).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("twice"), "{error}");
        let missing = open().id();
        let error = app.execute((id, missing), |a, _| a.deposit(1)).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(app.get(id).wait().unwrap().balance, 10);
    }
}

#[test]
fn exchanged_aggregates_are_refused() {
    for app in apps() {
        let (one, other) = (saved(&app).id(), saved(&app).id());
        let exchanged = app.execute((one, other), |a, b| {
            std::mem::swap(a, b);
            a.deposit(1);
        });
        assert_eq!(exchanged.wait().unwrap_err().kind(), ErrorKind::Invalid);
    }
}

#[test]
fn a_transfer_that_is_asked_for_twice_is_done_once() {
    for app in apps() {
        let (from, to, request) = (saved(&app).id(), saved(&app).id(), CommitId::new());
        for asked in 0..3 {
            let done = app.execute_once(request, (from, to), |from, to| {
                to.deposit(4);
                from.withdraw(4)
            });
            assert_eq!(done.wait().unwrap(), (asked == 0).then_some(Ok(())));
        }
        // The commit id counts for each of the two alone, and together with another aggregate.
        assert!(app.execute_once(request, from, |from| from.deposit(1)).wait().unwrap().is_none());
        let third = saved(&app).id();
        assert!(app.execute_once(request, (third, to), |a, _| a.deposit(1)).wait().unwrap().is_none());
        assert_eq!([from, to, third].map(|id| app.get(id).wait().unwrap().balance), [6, 14, 10]);
    }
}

/// Runs a command whose every attempt comes too late; returns the number of attempts.
fn too_late(app: &Application) -> u32 {
    let (id, mut runs) = (saved(app).id(), 0);
    let failed = app.execute(id, |account| {
        runs += 1;
        let mut other = app.get(id).wait().unwrap();
        other.deposit(1);
        app.save(&mut other).wait().unwrap();
        account.deposit(1);
    });
    assert_eq!(failed.wait().unwrap_err().kind(), ErrorKind::Conflict);
    runs
}

#[test]
fn a_command_is_repeated_as_often_as_the_application_says() {
    let retry = Retry::new().attempts(7).wait(Duration::ZERO);
    let app = Application::builder("memory:").retry(retry).open().wait().unwrap();
    assert_eq!(too_late(&app), 7);
    assert_eq!(too_late(&app.with_retry(Retry::new().attempts(1))), 1);
    assert_eq!(too_late(&app), 7, "only for the calls through it");
}

#[test]
fn a_command_waits_before_it_is_repeated() {
    let retry = Retry::new().attempts(4).wait(Duration::from_millis(3)).jitter(0.0);
    let app = Application::builder("memory:").retry(retry).open().wait().unwrap();
    let begun = Instant::now();
    assert_eq!(too_late(&app), 4);
    assert!(begun.elapsed() >= Duration::from_millis(3 + 6 + 12));
}

#[test]
fn transfers_in_all_directions_lose_nothing() {
    let app = Application::on(Arc::new(MemoryRecorder::new())).open().wait().unwrap();
    let ids: Vec<_> = (0..4).map(|_| saved(&app).id()).collect();
    let runs = AtomicU32::new(0);
    thread::scope(|scope| {
        for from in 0..4 {
            let (app, ids, runs) = (&app, &ids, &runs);
            scope.spawn(move || {
                for round in 1..=25 {
                    let to = ids[(from + 1 + round % 3) % 4];
                    let transfer = |from: &mut Account, to: &mut Account| {
                        runs.fetch_add(1, Ordering::Relaxed);
                        to.deposit(1);
                        from.deposit(-1);
                    };
                    app.execute((ids[from], to), transfer).wait().unwrap();
                }
            });
        }
    });
    let balances: i64 = ids.iter().map(|id| app.get(*id).wait().unwrap().balance).sum();
    assert_eq!(balances, 40);
    let events: usize =
        ids.iter().map(|id| app.store().get(*id, EventRange::all()).wait().unwrap().len()).sum();
    assert_eq!(events, 4 * 2 + 2 * 100);
    assert!(runs.into_inner() >= 100);
}

#[test]
fn a_command_runs_in_a_task_of_an_executor() {
    let tokio = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    for app in apps() {
        let (one, other) = (saved(&app).id(), saved(&app).id());
        let task = {
            let app = app.clone();
            tokio.spawn(async move {
                app.execute((one, other), |a, b| {
                    a.deposit(1);
                    b.withdraw(1)
                })
                .await?
                .ok();
                app.execute_once(CommitId::new(), one, |account| account.deposit(1)).await
            })
        };
        tokio.block_on(task).unwrap().unwrap();
        assert_eq!(app.get(one).wait().unwrap().balance, 12);
    }
}

#[test]
fn an_async_command_runs_in_a_task_of_an_executor() {
    async fn allowed(amount: i64) -> Result<i64, Overdrawn> {
        tokio::task::yield_now().await;
        if amount > 5 { Err(Overdrawn) } else { Ok(amount) }
    }
    let tokio = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    for app in apps() {
        let (one, other) = (saved(&app).id(), saved(&app).id());
        let (task, names) = (app.clone(), vec![String::from("Bo")]);
        let task = async move {
            let withdraw = async move |account: &mut Account| {
                account.withdraw(allowed(4).await?)?;
                Ok::<_, Overdrawn>(account.balance)
            };
            assert_eq!(task.execute_async(one, withdraw).await?, Ok(6));
            let refused = async move |a: &mut Account, b: &mut Account| {
                a.deposit(1);
                b.set_owner(names[0].clone());
                b.withdraw(allowed(6).await?)
            };
            assert_eq!(task.execute_async((one, other), refused).await?, Err(Overdrawn));
            let moved = async |a: &mut Account, b: &mut Account| {
                a.deposit(allowed(2).await.unwrap_or_default());
                b.deposit(1);
            };
            task.execute_async((one, other), moved).await
        };
        tokio.block_on(tokio.spawn(task)).unwrap().unwrap();
        assert_eq!([one, other].map(|id| app.get(id).wait().unwrap().balance), [8, 11]);
        assert_eq!(app.get(other).wait().unwrap().owner, "Ann");
    }
}

#[test]
fn an_async_command_runs_again_after_a_conflict() {
    for app in apps() {
        let (id, mut runs) = (saved(&app).id(), 0);
        let command = async |account: &mut Account| {
            runs += 1;
            if runs < 3 {
                app.update(id, |account| account.deposit(100)).await.unwrap();
            }
            account.deposit(1);
        };
        app.execute_async(id, command).wait().unwrap();
        assert_eq!((runs, app.get(id).wait().unwrap().balance), (3, 211));
        let replaced = app.execute_async(id, async |account: &mut Account| *account = open());
        assert_eq!(replaced.wait().unwrap_err().kind(), ErrorKind::Invalid);
    }
}

#[test]
fn an_update_returns_any_value() {
    for app in apps() {
        let (one, other) = (saved(&app).id(), saved(&app).id());
        let balance = app.update(one, |account| {
            account.deposit(1);
            account.balance
        });
        assert_eq!(balance.wait().unwrap(), 11);
        let both = app.update((one, other), |one, other| {
            one.deposit(1);
            // `update` ignores the refusal, and saves the recorded events.
            other.withdraw(100)
        });
        assert_eq!(both.wait().unwrap(), Err(Overdrawn));
        assert_eq!([one, other].map(|id| app.get(id).wait().unwrap().balance), [12, 10]);
        // The command may hold a value that is not `Send`.
        let seen = std::rc::Rc::new(std::cell::Cell::new(0));
        app.update(one, |account| seen.set(account.balance)).wait().unwrap();
        assert_eq!(seen.get(), 12);
    }
}
