//! B4 and B5: an aggregate replayed, and the log read.

use es_runtime::recorder::{LogRange, Synchronous};
use es_runtime::{Recorded, Wait};

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
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..rounds * 20 {
        ours.push(timed(|| {
            let account = app.get(account.id()).wait().expect("it is there");
            assert_eq!((account.balance, account.owner.as_str()), (expected, "Ann"));
        }));
        by_hand.push(timed(|| assert_eq!(raw::replay(&connection, raw.id()), expected)));
    }
    report(&format!("B4 replay {events} events"), events, 0.70, &ours, &by_hand);
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
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(timed(|| {
            let (mut after, mut sum) = (None, 0);
            loop {
                let page = LogRange::all().after(after).limit(1_000);
                let page = app.recorder().select_log_dyn(page).wait().expect("it is read");
                let Some(last) = page.last() else { break };
                after = Some(last.position);
                for notification in &page {
                    let event =
                        app.store().mapper().decode::<Account>(&notification.event).expect("an event");
                    if let Some(AccountEvent::Deposited(deposited)) = event.as_ref().map(Recorded::event) {
                        sum += deposited.amount;
                    }
                }
            }
            assert_eq!(sum, expected);
        }));
        by_hand.push(timed(|| assert_eq!(raw::read_log(&connection), expected)));
    }
    report("B5 the log, pages of 1,000", events, 0.70, &ours, &by_hand);
}
