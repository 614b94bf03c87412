//! The thread that saves, forgets and renews data keys.

use es_runtime::{Application, Error, ErrorKind, Wait};

use super::domain::{Purse, purse};
use super::report::{Report, now};
use crate::random::Random;

/// The number of purses that are in use at a time.
const PURSES: u64 = 12;
/// The number of operations after which the oldest purse goes out of use.
const RENEWED: u64 = 8;

pub(crate) fn write(app: &Application, seed: u64, operations: u64) -> Report {
    let mut writer = Writer { app, random: Random::new(seed), report: Report::default() };
    for operation in 0..operations {
        let first = operation / RENEWED;
        let number = first + writer.random.below(PURSES);
        match writer.random.below(48) {
            0 => writer.forget(number),
            1..6 => writer.renew(number),
            6..18 => {
                let other = first + PURSES + writer.random.below(3);
                writer.save(&[number, other]);
            }
            _ => writer.save(&[number]),
        }
    }
    writer.report
}

struct Writer<'a> {
    app: &'a Application,
    random: Random,
    report: Report,
}

impl Writer<'_> {
    /// Saves events of several purses in one commit.
    fn save(&mut self, numbers: &[u64]) {
        let mut purses = Vec::new();
        for number in numbers {
            match self.app.get(purse(*number)).wait() {
                Ok(purse) => purses.push(purse),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    purses.push(Purse::open_purse_with_id(purse(*number), *number));
                }
                Err(error) if error.kind() == ErrorKind::Forgotten => {}
                Err(error) => panic!("{error}"),
            }
        }
        for purse in &mut purses {
            for _ in 0..=self.random.below(3) {
                purse.fill(self.random.below(1_000));
            }
        }
        match self.app.save(&mut purses).wait() {
            Ok(receipt) => {
                if let Some((first, last)) = receipt.positions() {
                    self.report.saved.push((receipt.commit(), first.get(), last.get(), now()));
                }
            }
            Err(error) => self.refused(&error),
        }
    }

    fn forget(&mut self, number: u64) {
        match self.app.forget(purse(number)).wait() {
            Ok(_) => self.report.forgotten.push(purse(number).uuid()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.refused(&error),
        }
    }

    fn renew(&mut self, number: u64) {
        let is_renewed = self.app.store().renew_key(purse(number).uuid()).wait();
        self.report.renewed += u64::from(is_renewed.expect("the data key can be renewed"));
    }

    /// Counts a refusal that another, faster process caused. Nothing else may refuse a writer.
    fn refused(&mut self, error: &Error) {
        let kind = error.kind();
        let is_late = matches!(kind, ErrorKind::Conflict | ErrorKind::AlreadyExists | ErrorKind::Forgotten);
        assert!(is_late, "refused as {kind:?}: {error}");
        self.report.conflicts += 1;
    }
}
