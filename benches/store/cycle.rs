//! Load, change and save a large aggregate in a loop, as a program does for each request.
//!
//! By hand with a cache: the account stays in memory, and the program asks for later rows before it inserts. By hand
//! without a cache: the program replays all rows.

use es_runtime::Wait;
use es_runtime::recorder::Synchronous;
use es_runtime::store::Cache;

use crate::account::{Account, REFERENCE};
use crate::harness::{Folder, open_with, report, timed};
use crate::raw;

pub(crate) fn cycle(rounds: usize, events: usize, times: usize, is_cached: bool) {
    let folder = Folder::new();
    let path = folder.file("ours.db");
    let app = if is_cached {
        open_with(&path, Synchronous::Normal, |builder| builder.cache(Cache::of(100)))
    } else {
        open_with(&path, Synchronous::Normal, |builder| builder)
    };
    let connection = raw::open(&folder.file("raw.db"), "NORMAL");
    let mut account = Account::open("Ann".to_owned());
    (1..events).for_each(|_| account.deposit(1, REFERENCE.to_owned()));
    app.save(&mut account).wait().expect("it is saved");
    let id = account.id();
    drop(app.get(id).wait().expect("it is there"));
    let mut raw = raw::Account::open(&connection);
    raw.deposit(&connection, events - 1);
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(timed(|| {
            for _ in 0..times {
                let mut account = app.get(id).wait().expect("it is there");
                account.deposit(1, REFERENCE.to_owned());
                app.save(&mut account).wait().expect("it is saved");
            }
        }));
        by_hand.push(timed(|| {
            for _ in 0..times {
                if is_cached {
                    raw.catch_up(&connection);
                } else {
                    std::hint::black_box(raw::replay(&connection, raw.id()));
                }
                raw.deposit(&connection, 1);
            }
        }));
    }
    let cached = if is_cached { "cached" } else { "no cache" };
    report(&format!("load, change, save at {events} events, {cached}"), times, 0.70, &ours, &by_hand);
}
