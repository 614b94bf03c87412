//! A bank account on SQLite: commands record events, the store keeps them, and a load makes the account from them
//! again.

mod account;

use es_runtime::{Application, Error, Wait};

use crate::account::{Account, Overdrawn};

fn main() -> Result<(), Error> {
    // Each run has its own file; `sqlite:bank.db` would keep it.
    let file = std::env::temp_dir().join(format!("bank-{}.db", std::process::id()));
    let app = Application::open(&format!("sqlite:{}", file.display())).wait()?;

    let mut account = Account::open("Ann".into());
    account.deposit(10);
    app.save(&mut account).wait()?; // or `.await`: one API for both worlds
    show("saved", &account);

    let mut account = app.get(account.id()).wait()?; // the id knows its aggregate
    account.set_owner("Anna".into()); // made by `#[attribute]`
    app.save(&mut account).wait()?;

    let before = app.get_at(account.id(), 2).wait()?; // time travel
    assert_eq!(before.owner, "Ann");
    show("at version 2", &before);

    // Loads, runs the command, saves; and does so again if another writer was first.
    let done = app.execute(account.id(), |account| account.withdraw(3)).wait()?;
    assert_eq!(done, Ok(()));
    let refused = app.execute(account.id(), |account| account.withdraw(30)).wait()?;
    assert_eq!(refused, Err(Overdrawn));
    show("now", &app.get(account.id()).wait()?);

    println!("its events:");
    for recorded in app.history(account.id()).wait()? {
        println!("  {} {:?}", recorded.envelope().version(), recorded.event());
    }
    app.close();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
    Ok(())
}

fn show(what: &str, account: &Account) {
    println!("{what}: {} has {} at version {}", account.owner, account.balance, account.version());
}

// Checks the shapes of the stored events against the file `events.lock`.
#[cfg(test)]
es_runtime::events_lock!();

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_runs() {
        assert!(super::main().is_ok());
    }
}
