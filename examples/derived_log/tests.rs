use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use es_runtime::recorder::{ApplicationRecorder, LogRange, MemoryRecorder};
use es_runtime::testing::faults::{Faulty, When};
use es_runtime::{Error, ErrorKind};
use uuid::Uuid;

use super::*;

const SECRET: &str = "a secret of the bank";

/// More turns than derivers need, even if each of their commits fails once.
const TURNS: usize = 1_000;

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}

/// A bank with two accounts and `references` payments, of which each third is stored twice.
fn bank(references: usize) -> Application {
    let bank = Application::open("memory:").wait().unwrap();
    let (mut ann, mut bob) = (Account::open("Ann Smith".to_owned()), Account::open("Bob Jones".to_owned()));
    for number in 0..references {
        let account = if number % 2 == 0 { &mut ann } else { &mut bob };
        for _ in 0..if number % 3 == 0 { 2 } else { 1 } {
            account.pay_in(i64::try_from(number).unwrap(), format!("invoice {number}"));
        }
        bank.save((&mut ann, &mut bob)).wait().unwrap();
    }
    bank
}

/// Derives up to so many events; returns whether there were some.
fn derive(bank: &Application, payments: &Application, most: usize) -> Result<bool, Error> {
    let mut deriver = Deriver::new(payments, SECRET)?;
    let left = deriver.log(bank).limit(most).next_page().wait()?.map_or(0, |page| page.entries.len());
    let mut events = deriver.log(bank).limit(left).follow();
    deriver.follow(&mut events).map(|()| left > 0)
}

fn paid(payments: &Application) -> Vec<(Uuid, i64)> {
    let page = payments.log::<Paid>().next_page().wait().unwrap();
    let entries = page.map(|page| page.entries).unwrap_or_default();
    entries.iter().map(|paid| (paid.event().account, paid.event().cents)).collect()
}

fn open(folder: &Path) -> Application {
    Application::open_file(folder.join("payments.db")).wait().unwrap()
}

#[test]
fn each_payment_is_derived_once_wherever_the_program_stops() {
    let bank = bank(20);
    let expected: Vec<i64> = (0..20).collect();
    for most in [1, 2, 3, 5, 100] {
        let folder = tempfile::tempdir().unwrap();
        // Each turn is a program of its own.
        while derive(&bank, &open(folder.path()), most).unwrap() {}
        let derived = paid(&open(folder.path()));
        assert_eq!(derived.iter().map(|(_, cents)| *cents).collect::<Vec<_>>(), expected, "{most} at a time");
    }
}

#[test]
fn a_reply_that_is_lost_costs_and_doubles_no_payment() {
    let bank = bank(20);
    let recorder = Faulty::new(MemoryRecorder::new()).with_process();
    let lost = recorder.faults().lose_replies(When::every(3));
    let payments = Application::on(Arc::new(recorder)).open().wait().unwrap();
    for turn in 0.. {
        assert!(turn < TURNS, "the deriver never ends");
        match derive(&bank, &payments, 100) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}"),
        }
    }
    assert!(lost.strikes() > 5, "only {} replies were lost", lost.strikes());
    assert_eq!(
        paid(&payments).iter().map(|(_, cents)| *cents).collect::<Vec<_>>(),
        (0..20).collect::<Vec<_>>()
    );
}

#[test]
fn two_derivers_at_once_derive_each_payment_once() {
    let (bank, folder) = (bank(30), tempfile::tempdir().unwrap());
    thread::scope(|scope| {
        for most in [4, 7] {
            let (bank, payments) = (&bank, open(folder.path()));
            scope.spawn(move || {
                for turn in 0.. {
                    assert!(turn < TURNS, "the derivers never end");
                    match derive(bank, &payments, most) {
                        Ok(false) => break,
                        Ok(true) => {}
                        Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
                    }
                }
            });
        }
    });
    let cents: Vec<i64> = paid(&open(folder.path())).iter().map(|(_, cents)| *cents).collect();
    assert_eq!(cents, (0..30).collect::<Vec<_>>());
}

#[test]
fn the_derived_log_names_nobody_and_still_tells_accounts_apart() {
    let (bank, folder) = (bank(10), tempfile::tempdir().unwrap());
    let payments = open(folder.path());
    derive(&bank, &payments, 100).unwrap();
    let derived = paid(&payments);
    let accounts: BTreeSet<Uuid> = derived.iter().map(|(account, _)| *account).collect();
    assert_eq!(accounts.len(), 2);
    let known: BTreeSet<Uuid> = bank
        .recorder()
        .read_log(LogRange::all())
        .wait()
        .unwrap()
        .entries
        .iter()
        .map(|row| row.event.id)
        .collect();
    assert!(accounts.is_disjoint(&known), "an account has the id by which the bank knows it");
    assert!(
        derived.iter().all(|(account, cents)| *account == derived[usize::try_from(cents % 2).unwrap()].0)
    );
    payments.close();
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for name in ["Ann", "Bob", "invoice"] {
            let is_in = bytes.windows(name.len()).any(|piece| piece == name.as_bytes());
            assert!(!is_in, "`{name}` is in the file");
        }
    }
}

#[test]
fn a_push_that_went_missing_is_noticed_by_the_next_and_pulled() {
    let (bank, payments) = (bank(30), Application::open("memory:").wait().unwrap());
    let copy = Application::open("memory:").wait().unwrap();
    let receiver = Receiver::new(&copy, payments.sections(10).unwrap()).unwrap();
    let (mut sent, mut last, mut stored, mut pulled) = (0, None, 0, 0);
    while derive(&bank, &payments, 3).unwrap() {
        for push in pushes(&payments, last).unwrap() {
            (sent, last) = (sent + 1, Some(push.row.mark()));
            // The network loses each fourth, and the last two.
            if sent % 4 == 2 || sent > 28 {
                continue;
            }
            match receiver.receive(&push).unwrap() {
                Received::Stored => stored += 1,
                // A pull may bring what is pushed next.
                Received::Pulled(rows) => pulled += rows,
                Received::Known => {}
            }
        }
    }
    assert!(stored >= 7 && pulled >= 14, "{stored} stored, {pulled} pulled");
    assert_eq!((sent, stored + pulled), (30, 28));
    assert_eq!(receiver.pull().unwrap(), 2, "no later push tells of the last");
    assert_eq!(paid(&copy), paid(&payments));
}

#[test]
fn pushes_that_come_twice_or_late_are_known() {
    let [payments, copy] = [(); 2].map(|()| Application::open("memory:").wait().unwrap());
    derive(&bank(30), &payments, 100).unwrap();
    let pushed = pushes(&payments, None).unwrap();
    let receiver = Receiver::new(&copy, payments.sections(10).unwrap()).unwrap();
    assert_eq!(receiver.receive(&pushed[0]).unwrap(), Received::Stored);
    assert_eq!(receiver.receive(&pushed[0]).unwrap(), Received::Known);
    assert_eq!(receiver.receive(&pushed[5]).unwrap(), Received::Pulled(29));
    assert_eq!(receiver.receive(&pushed[2]).unwrap(), Received::Known);
    assert_eq!(paid(&copy), paid(&payments));
}
