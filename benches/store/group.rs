//! B3: many writers, each a commit of one event at a time; by hand with group commit.

use std::sync::mpsc;
use std::thread;

use es_runtime::Wait;
use es_runtime::recorder::Synchronous;

use crate::account::{Account, REFERENCE};
use crate::harness::{Folder, open, report, runtime, timed};
use crate::raw;

pub(crate) fn concurrent(rounds: usize, writers: usize, commits: usize, tokio: bool, goal: f64) {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), Synchronous::Full);
    let connection = raw::open(&folder.file("raw.db"), "FULL");
    let each = commits.div_ceil(writers);
    let runtime = runtime();
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    let mut connection = Some(connection);
    for _ in 0..rounds {
        let accounts: Vec<Account> = (0..writers).map(|_| Account::open("Ann".to_owned())).collect();
        ours.push(if tokio {
            timed(|| {
                runtime.block_on(async {
                    let tasks: Vec<_> = accounts
                        .into_iter()
                        .map(|mut account| {
                            let app = app.clone();
                            tokio::spawn(async move {
                                for _ in 0..each {
                                    account.deposit(1, REFERENCE.to_owned());
                                    app.save(&mut account).await.expect("it is saved");
                                }
                            })
                        })
                        .collect();
                    for task in tasks {
                        task.await.expect("it ends");
                    }
                });
            })
        } else {
            timed(|| {
                thread::scope(|scope| {
                    for mut account in accounts {
                        let app = app.clone();
                        scope.spawn(move || {
                            for _ in 0..each {
                                account.deposit(1, REFERENCE.to_owned());
                                app.save(&mut account).wait().expect("it is saved");
                            }
                        });
                    }
                });
            })
        });
        let held = connection.take().expect("it was given back");
        let (taken, held) = grouped(held, writers, each);
        by_hand.push(taken);
        connection = Some(held);
    }
    let face = if tokio { "tokio" } else { "threads" };
    report(&format!("B3 {writers} writers, 1 event, FULL, {face}"), each * writers, goal, &ours, &by_hand);
}

/// By hand: a thread commits everything that came in meanwhile, in one transaction.
fn grouped(
    connection: rusqlite::Connection,
    writers: usize,
    each: usize,
) -> (std::time::Duration, rusqlite::Connection) {
    type Request = (raw::Account, mpsc::SyncSender<raw::Account>);
    let (send, receive) = mpsc::channel::<Request>();
    let accounts: Vec<_> = (0..writers).map(|_| raw::Account::open(&connection)).collect();
    let committer = thread::spawn(move || {
        while let Ok(first) = receive.recv() {
            let mut requests = vec![first];
            requests.extend(receive.try_iter().take(511));
            connection
                .prepare_cached("BEGIN IMMEDIATE")
                .and_then(|mut begin| begin.execute([]))
                .expect("it begins");
            for (account, _) in &mut requests {
                account.deposit(&connection, 1);
            }
            connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])).expect("it ends");
            for (account, answer) in requests {
                let _ = answer.send(account);
            }
        }
        connection
    });
    let taken = timed(|| {
        thread::scope(|scope| {
            for mut account in accounts {
                let send = send.clone();
                scope.spawn(move || {
                    let (answer, answered) = mpsc::sync_channel(1);
                    for _ in 0..each {
                        send.send((account, answer.clone())).expect("it is taken");
                        account = answered.recv().expect("it is answered");
                    }
                });
            }
        });
    });
    drop(send);
    (taken, committer.join().expect("it ends"))
}
