//! One writer, which commits one event, or ten at a time.

use std::iter;

use es_runtime::{Application, Wait};

use crate::account::{Account, REFERENCE};
use crate::by_hand::{self, Connection};
use crate::measure::{Side, in_tasks, on_this_thread, report, rounds, tokio};
use crate::server::Server;

pub(crate) fn writer(server: &Server, many_rounds: usize, commits: usize, events: usize) {
    let (schema, asynchronous) = (server.schema(), server.schema());
    let (table, asynchronous_table) = (server.by_hand(), server.by_hand());
    let (app, asynchronous_app) = (schema.application(), asynchronous.application());
    let (alone, tokio) = (on_this_thread(), tokio());
    let mut account = Account::open("Ann".to_owned());
    let ours: Side<'_> = Box::new(|| {
        for _ in 0..commits {
            deposit(&mut account, events);
            app.save(&mut account).wait().expect("it is saved");
        }
    });
    let connection = alone.block_on(Connection::open(&table));
    let (mut raw, first) = by_hand::Account::open();
    alone.block_on(connection.insert([&first]));
    let by_hand: Side<'_> = Box::new(|| {
        alone.block_on(async {
            for _ in 0..commits {
                connection.insert(&raw.deposit(events)).await;
            }
        });
    });
    let mut accounts = vec![Account::open("Ann".to_owned())];
    let ours_in_tasks: Side<'_> = Box::new(|| {
        in_tasks(&tokio, &mut accounts, |account| {
            save_again(asynchronous_app.clone(), account, commits, events)
        });
    });
    let (raw, first) = by_hand::Account::open();
    let other = tokio.block_on(async {
        let other = Connection::open(&asynchronous_table).await;
        other.insert([&first]).await;
        other
    });
    let mut both: Vec<_> = iter::once((other, raw)).collect();
    let by_hand_in_tasks: Side<'_> = Box::new(|| {
        in_tasks(&tokio, &mut both, |(connection, mut raw)| async move {
            for _ in 0..commits {
                connection.insert(&raw.deposit(events)).await;
            }
            (connection, raw)
        });
    });
    let sides = [ours, by_hand, ours_in_tasks, by_hand_in_tasks];
    let [ours, by_hand, ours_in_tasks, by_hand_in_tasks] = rounds(server, many_rounds, sides);
    let event = if events == 1 { "1 event".to_owned() } else { format!("{events} events") };
    report(&format!("1 writer, {event}"), commits, Some(0.90), &ours, &by_hand);
    let name = format!("1 writer, {event}, tokio");
    report(&name, commits, Some(0.90), &ours_in_tasks, &by_hand_in_tasks);
}

pub(crate) fn deposit(account: &mut Account, events: usize) {
    (0..events).for_each(|_| account.deposit(1, REFERENCE.to_owned()));
}

/// Saves deposits, commit by commit, and returns the account.
pub(crate) async fn save_again(
    app: Application,
    mut account: Account,
    commits: usize,
    events: usize,
) -> Account {
    for _ in 0..commits {
        deposit(&mut account, events);
        app.save(&mut account).await.expect("it is saved");
    }
    account
}
