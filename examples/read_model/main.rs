//! A read model: the balances of all accounts as rows of an SQLite file, which follow the events, and are made anew, with
//! a progress bar, while the old ones serve. `in_schema` does the same on a PostgreSQL server, if there is one.

#[path = "../hello/account.rs"]
mod account;
mod in_schema;
#[path = "../server.rs"]
mod server;

use std::time::Duration;

use es_runtime::projection::{OnFailure, Progress};
use es_runtime::view::sqlite::Tx;
use es_runtime::view::{BoxError, Result};
use es_runtime::{Application, Id, Wait, projection};
use indicatif::ProgressBar;

use self::account::{Account, Deposited, Opened, Withdrawn};

/// Balances, for the page that lists them.
struct Balances;

#[projection(Account)]
impl Balances {
    const TABLES: &str =
        "CREATE TABLE balances (id BLOB PRIMARY KEY, owner TEXT NOT NULL, cents INTEGER NOT NULL) STRICT";

    #[event]
    fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances VALUES (?1, ?2, 0)", (id, &event.owner))
    }

    #[event]
    fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, event.amount, tx)
    }

    #[event]
    fn withdrawn(event: &Withdrawn, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, -event.amount, tx)
    }

    #[attribute(owner)]
    fn renamed(owner: &str, id: Id<Account>, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET owner = ?2 WHERE id = ?1", (id, owner))
    }

    #[discarded]
    #[forgotten]
    fn gone(id: Id<Account>, tx: &Tx) -> Result {
        tx.run("DELETE FROM balances WHERE id = ?1", (id,))
    }

    /// Without an attribute, a method is a helper.
    fn add(id: Id<Account>, cents: i64, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET cents = cents + ?2 WHERE id = ?1", (id, cents))
    }
}

fn main() -> std::result::Result<(), BoxError> {
    in_file()?;
    in_schema::run()
}

fn in_file() -> std::result::Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let app = Application::open_file(folder.path().join("bank.db")).wait()?;
    let file = folder.path().join("balances.db");
    let balances = app.project(Balances).in_file(&file).start().wait()?;

    // A caller waits for its own event, and no longer.
    let mut ann = Account::open("Ann".into());
    ann.deposit(10);
    let receipt = app.save(&mut ann).wait()?;
    balances.reached(&receipt).within(Duration::from_secs(5)).wait()?;
    let cents = |owner: &str| -> std::result::Result<i64, BoxError> {
        let sql = "SELECT cents FROM balances WHERE owner = ?1";
        Ok(balances.connect()?.query_row(sql, [owner], |row| row.get(0))?)
    };
    assert_eq!(cents("Ann")?, 10);

    for number in 0..500 {
        let mut account = Account::open(format!("account {number}"));
        account.deposit(number);
        app.save(&mut account).wait()?;
    }

    // The rows are made anew from the first event. Meanwhile the old ones serve, and the projection goes on.
    let bar = ProgressBar::new(0);
    let shown = bar.clone();
    let rebuild = app.project(Balances).on_failure(OnFailure::Stop).in_file(&file).rebuild();
    rebuild.on_progress(move |progress| show(&shown, &progress)).wait()?;
    bar.finish();
    assert_eq!(cents("account 499")?, 499);

    ann.set_owner("Anna".into());
    ann.withdraw(3).map_err(|_| "Ann has 10")?;
    let receipt = app.save(&mut ann).wait()?;
    balances.reached(&receipt).within(Duration::from_secs(5)).wait()?;
    assert_eq!(cents("Anna")?, 7);

    // A health check reads the head of the log, and compares.
    let health = balances.health().wait()?;
    println!("{health}");
    assert!(health.is_healthy() && health.behind == 0);
    balances.stop().wait()?;
    Ok(())
}

/// Shows the place that a rebuild has reached, and the head of the log.
fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.newest.map_or(0, |mark| mark.position().get()));
    bar.set_position(progress.handled.map_or(0, |mark| mark.position().get()));
}

#[cfg(test)]
mod tests {
    use es_runtime::testing::ViewScenario;

    use super::*;

    #[test]
    fn the_example_runs_in_a_file() {
        in_file().unwrap();
    }

    #[test]
    fn the_example_runs_in_a_schema() {
        in_schema::run().unwrap();
    }

    #[test]
    fn balances_follow_the_events_of_each_account() {
        let (ann, bob) = (Id::<Account>::from_key("ann"), Id::<Account>::from_key("bob"));
        ViewScenario::of(|| Balances)
            .given(ann, (Opened { owner: "Ann".into() }, Deposited { amount: 10 }))
            .given(bob, Opened { owner: "Bob".into() })
            .given(ann, Withdrawn { amount: 3 })
            .then_rows("SELECT owner, cents FROM balances ORDER BY owner", [("Ann", 7), ("Bob", 0)]);
    }
}
