//! Many writers in one process, each a commit at a time; by hand with a connection for each writer, and with a group
//! commit over one connection or two.

use es_runtime::Wait;

use crate::account::Account;
use crate::by_hand::{self, Connection};
use crate::group::{Tasks, Threads};
use crate::measure::{self, Figures, Side, on_this_thread, report, rounds};
use crate::one::{deposit, save_again};
use crate::server::Server;

/// The goal against a group commit by hand.
const GOAL: f64 = 0.90;

/// The work of many writers: so many commits in a round, each of so many events.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) rounds: usize,
    pub(crate) writers: usize,
    pub(crate) commits: usize,
    pub(crate) events: usize,
    /// The goal against a connection for each writer.
    pub(crate) goal: Option<f64>,
}

pub(crate) fn in_threads(server: &Server, load: &Load) {
    let Load { rounds: many_rounds, writers, commits, events, goal } = *load;
    let each = commits.div_ceil(writers);
    let (schema, tables) = (server.schema(), [(); 3].map(|()| server.by_hand()));
    let app = schema.application();
    let mut accounts: Vec<Account> = (0..writers).map(|_| Account::open("Ann".to_owned())).collect();
    let ours: Side<'_> = Box::new(|| {
        measure::in_threads(&mut accounts, |account| {
            for _ in 0..each {
                deposit(account, events);
                app.save(&mut *account).wait().expect("it is saved");
            }
        });
    });
    let connected = |_| {
        let runtime = on_this_thread();
        let connection = runtime.block_on(Connection::open(&tables[0]));
        (runtime, connection, by_hand::Account::open().0)
    };
    let mut alone: Vec<_> = (0..writers).map(connected).collect();
    let each_alone: Side<'_> = Box::new(|| {
        measure::in_threads(&mut alone, |(runtime, connection, account)| {
            runtime.block_on(async {
                for _ in 0..each {
                    connection.insert(&account.deposit(events)).await;
                }
            });
        });
    });
    let grouped = |lanes: usize| -> Side<'_> {
        let group = Threads::start(&tables[lanes], lanes);
        let mut accounts: Vec<_> =
            (0..writers).map(|_| (group.caller(), by_hand::Account::open().0)).collect();
        Box::new(move || {
            measure::in_threads(&mut accounts, |(call, account)| {
                (0..each).for_each(|_| call(account.deposit(events)));
            });
            // The group lives as long as the closure.
            let _ = &group;
        })
    };
    let figures = rounds(server, many_rounds, [ours, each_alone, grouped(1), grouped(2)]);
    print(&format!("{writers} threads, {}", named(events)), each * writers, goal, &figures);
}

pub(crate) fn in_tasks(server: &Server, load: &Load) {
    let Load { rounds: many_rounds, writers, commits, events, goal } = *load;
    let each = commits.div_ceil(writers);
    let (schema, tables) = (server.schema(), [(); 3].map(|()| server.by_hand()));
    let (app, runtime) = (schema.application(), measure::tokio());
    let mut accounts: Vec<Account> = (0..writers).map(|_| Account::open("Ann".to_owned())).collect();
    let ours: Side<'_> = Box::new(|| {
        measure::in_tasks(&runtime, &mut accounts, |account| save_again(app.clone(), account, each, events));
    });
    let connected = |_| (runtime.block_on(Connection::open(&tables[0])), by_hand::Account::open().0);
    let mut alone: Vec<_> = (0..writers).map(connected).collect();
    let each_alone: Side<'_> = Box::new(|| {
        measure::in_tasks(&runtime, &mut alone, |(connection, mut account)| async move {
            for _ in 0..each {
                connection.insert(&account.deposit(events)).await;
            }
            (connection, account)
        });
    });
    let grouped = |lanes: usize| -> Side<'_> {
        let group = Tasks::start(&runtime, &tables[lanes], lanes);
        let mut accounts: Vec<_> = (0..writers).map(|_| by_hand::Account::open().0).collect();
        let runtime = &runtime;
        Box::new(move || {
            measure::in_tasks(runtime, &mut accounts, |account| {
                commit_again(group.clone(), account, each, events)
            });
        })
    };
    let figures = rounds(server, many_rounds, [ours, each_alone, grouped(1), grouped(2)]);
    print(&format!("{writers} tasks, {}", named(events)), each * writers, goal, &figures);
}

/// Stores deposits by hand, commit by commit, and returns the account.
async fn commit_again(
    group: Tasks,
    mut account: by_hand::Account,
    commits: usize,
    events: usize,
) -> by_hand::Account {
    for _ in 0..commits {
        group.commit(account.deposit(events)).await;
    }
    account
}

fn named(events: usize) -> String {
    if events == 1 { "1 event".to_owned() } else { format!("{events} events") }
}

fn print(name: &str, commits: usize, goal: Option<f64>, figures: &[Figures; 4]) {
    let [ours, alone, one, two] = figures;
    report(&format!("{name}, against a connection each"), commits, goal, ours, alone);
    report(&format!("{name}, a group on 1 connection"), commits, Some(GOAL), ours, one);
    report(&format!("{name}, a group on 2 connections"), commits, Some(GOAL), ours, two);
}
