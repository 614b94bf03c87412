//! B4 and B5: replaying an aggregate, and reading the log.

use es_runtime::recorder::{ApplicationRecorder, LogRange, Synchronous};
use es_runtime::{Application, Recorded, Wait};

use crate::account::{Account, AccountEvent, REFERENCE};
use crate::harness::{Folder, open, report, timed};
use crate::raw;

pub(crate) fn replay(rounds: usize, events: usize) {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), Synchronous::Normal);
    let connection = raw::open(&folder.file("raw.db"), "NORMAL");
    let mut account = Account::open("Ann".to_owned());
    (1..events).for_each(|_| account.deposit(1, REFERENCE.to_owned()));
    app.save(&mut account).wait().expect("it is saved");
    let mut raw = raw::Account::open(&connection);
    raw.deposit(&connection, events - 1);
    let expected = i64::try_from(events - 1).expect("few");
    let get = async |app: &Application| {
        let account = app.get(account.id()).await.expect("it is there");
        assert_eq!((account.balance, account.owner.as_str()), (expected, "Ann"));
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("it starts");
    let (mut waited, mut polled, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds * 20 {
        waited.push(timed(|| get(&app).wait()));
        polled.push(timed(|| runtime.block_on(get(&app))));
        by_hand.push(timed(|| assert_eq!(raw::replay(&connection, raw.id()), expected)));
    }
    report(&format!("B4 replay {events} events"), events, 0.70, &waited, &by_hand);
    report("B4 the same under tokio, against waiting", events, 0.90, &polled, &waited);
}

pub(crate) fn log(rounds: usize, events: usize) {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), Synchronous::Normal);
    let connection = raw::open(&folder.file("raw.db"), "NORMAL");
    let mut account = Account::open("Ann".to_owned());
    let mut raw = raw::Account::open(&connection);
    (1..events).for_each(|_| account.deposit(1, REFERENCE.to_owned()));
    app.save(&mut account).wait().expect("it is saved");
    raw.deposit(&connection, events - 1);
    let expected = i64::try_from(events - 1).expect("few");
    let read = async |app: &Application| {
        let (mut after, mut sum) = (None, 0);
        loop {
            let page = LogRange::all().after(after).limit(1_000);
            let page = app.recorder().read_log(page).await.expect("it is read");
            for entry in &page.entries {
                let event = app.store().mapper().decode::<AccountEvent>(&entry.event).expect("an event");
                if let Some(AccountEvent::Deposited(deposited)) = event.as_ref().map(Recorded::event) {
                    sum += deposited.amount;
                }
            }
            if !page.more {
                break;
            }
            after = page.through;
        }
        assert_eq!(sum, expected);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("it starts");
    let (mut waited, mut polled, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        waited.push(timed(|| read(&app).wait()));
        polled.push(timed(|| runtime.block_on(read(&app))));
        by_hand.push(timed(|| assert_eq!(raw::read_log(&connection), expected)));
    }
    report("B5 the log, pages of 1,000", events, 0.70, &waited, &by_hand);
    report("B5 the same under tokio, against waiting", events, 0.90, &polled, &waited);
}
