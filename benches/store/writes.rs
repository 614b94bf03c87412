//! B1 and B2: one writer, against one statement for each row by hand, and against all rows in one statement.

use es_runtime::Wait;
use es_runtime::recorder::Synchronous;

use crate::account::{Account, REFERENCE};
use crate::harness::{Folder, open, pragma, report, runtime, timed};
use crate::raw;

pub(crate) fn writes(
    name: &str,
    rounds: usize,
    synchronous: Synchronous,
    commits: usize,
    events: usize,
    goal: f64,
    tokio: bool,
) {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), synchronous);
    let connection = raw::open(&folder.file("raw.db"), pragma(synchronous));
    let runtime = runtime();
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut account = Account::open("Ann".to_owned());
        app.save(&mut account).wait().expect("it is saved");
        ours.push(if tokio {
            let app = app.clone();
            timed(|| {
                runtime.block_on(async {
                    tokio::spawn(async move {
                        for _ in 0..commits {
                            account.deposit(1, REFERENCE.to_owned());
                            app.save(&mut account).await.expect("it is saved");
                        }
                    })
                    .await
                    .expect("it ends");
                });
            })
        } else {
            timed(|| {
                for _ in 0..commits {
                    for _ in 0..events {
                        account.deposit(1, REFERENCE.to_owned());
                    }
                    app.save(&mut account).wait().expect("it is saved");
                }
            })
        });
        let mut account = raw::Account::open(&connection);
        by_hand.push(timed(|| (0..commits).for_each(|_| account.deposit(&connection, events))));
    }
    report(name, commits, goal, &ours, &by_hand);
}

/// Stores many events in a commit, against rows in one statement: the least work that SQLite can do.
pub(crate) fn many_rows(rounds: usize, commits: usize, events: usize) {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), Synchronous::Normal);
    let connection = raw::open(&folder.file("raw.db"), "NORMAL");
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut account = Account::open("Ann".to_owned());
        app.save(&mut account).wait().expect("it is saved");
        ours.push(timed(|| {
            for _ in 0..commits {
                (0..events).for_each(|_| account.deposit(1, REFERENCE.to_owned()));
                app.save(&mut account).wait().expect("it is saved");
            }
        }));
        let mut account = raw::Account::open(&connection);
        let statement = raw::insert_of(events);
        by_hand.push(timed(|| {
            (0..commits).for_each(|_| account.deposit_in_one(&connection, &statement, events));
        }));
    }
    let name = format!("B2 {events} events, NORMAL, one statement");
    report(&name, commits, 0.90, &ours, &by_hand);
}
