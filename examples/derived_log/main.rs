//! A derived log: a second application, whose log is made of the log of a bank. It leaves names out, has each payment
//! once, and can be given to others. One of these keeps a copy: it is pushed to, and pulls what it was not pushed.
//!
//! - `derive` reads the bank's log, and stores payments with its place, in one transaction: a payment is neither lost nor
//!   doubled, wherever the program stops.
//! - `receive` notices by the place before a pushed row that an earlier row went missing, and pulls.

mod bank;
mod derive;
mod receive;
#[cfg(test)]
mod tests;

use std::thread;
use std::time::Duration;

use es_runtime::wait::timeout;
use es_runtime::{Application, Wait};

use self::bank::Account;
use self::derive::{Deriver, Paid};
use self::receive::{Received, Receiver, pushes};

/// The longest time that the deriver may need: it may have ended with an error.
const LONG: Duration = Duration::from_secs(20);

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    let open = |name: &str| Application::open_file(folder.path().join(name)).wait();
    let (bank, payments) = (open("bank.db")?, open("payments.db")?);

    // Follows the bank until somebody stops it.
    let mut deriver = Deriver::new(&payments, "a secret of the bank")?;
    let mut events = deriver.log(&bank).follow();
    let stop = events.stop_handle();
    let deriving = thread::spawn(move || deriver.follow(&mut events));

    let mut ann = Account::open("Ann Smith".to_owned());
    ann.pay_in(1_000, "invoice 1".to_owned());
    bank.save(&mut ann).wait()?;
    // The bank reads the file of another bank twice, so it has this payment twice.
    for _ in 0..2 {
        ann.pay_in(250, "invoice 2".to_owned());
    }
    let saved = bank.save(&mut ann).wait()?;

    let mut paid = payments.log::<Paid>().follow();
    for expected in [1_000, 250] {
        let next = timeout(LONG, paid.next()).wait()?.ok_or("somebody closed the payments")??;
        assert_eq!(next.event().cents, expected);
    }
    Deriver::new(&payments, "a secret of the bank")?.reaches(saved.mark(), LONG)?;
    stop.stop();
    deriving.join().map_err(|_| "the deriver panicked")??;
    assert_eq!(payments.log::<Paid>().next_page().wait()?.map_or(0, |page| page.entries.len()), 2);

    // The network loses the first of two pushed rows: the receiver pulls it when the second arrives.
    let receiver = Receiver::new(&open("copy.db")?, payments.sections(100)?)?;
    let pushed = pushes(&payments, None)?;
    let last = pushed.last().ok_or("there are payments")?;
    assert_eq!(receiver.receive(last)?, Received::Pulled(2));
    assert_eq!(receiver.receive(last)?, Received::Known);
    println!("{} payments are derived, and copied", pushed.len());
    Ok(())
}
