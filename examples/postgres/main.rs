//! PostgreSQL: the bank of the README on a server, by one URI; several processes; two applications in one database.
//!
//! `ES_POSTGRES_URL=postgresql://localhost/bank cargo run --example postgres` uses the database that the variable names.
//! Without it, the example starts a private server, if PostgreSQL is installed.

#[path = "../hello/account.rs"]
mod account;
#[path = "../server.rs"]
mod server;

use std::thread;

use es_runtime::recorder::{ApplicationRecorder, LogRange, Tables};
use es_runtime::{Application, Error, ErrorKind, Id, Wait};

use crate::account::{Account, Overdrawn};

/// The processes that share the database; here they are threads, each with connections of its own.
const PROCESSES: usize = 3;

fn main() -> Result<(), Error> {
    let Some(database) = server::find("postgres") else { return Ok(()) };
    let uri = database.uri();
    let id = bank(&uri)?;
    several_processes(&uri, id)?;
    two_applications(&uri, id)
}

/// The program of the README. Only the URI is another one.
fn bank(uri: &str) -> Result<Id<Account>, Error> {
    let app = Application::open(uri).wait()?;
    let mut account = Account::open("Ann".into());
    account.deposit(10);
    app.save(&mut account).wait()?;

    let mut account = app.get(account.id()).wait()?;
    account.set_owner("Anna".into());
    assert_eq!(account.withdraw(30), Err(Overdrawn));
    app.save(&mut account).wait()?;

    let before = app.get_at(account.id(), 2).wait()?;
    assert_eq!((before.owner.as_str(), account.owner.as_str()), ("Ann", "Anna"));
    println!("{} had the name {} at version 2", account.owner, before.owner);
    app.close();
    Ok(account.id())
}

/// Several processes change one account: conflicts are repeated, and no deposit is lost.
fn several_processes(uri: &str, id: Id<Account>) -> Result<(), Error> {
    let work = || -> Result<(), Error> {
        let app = Application::open(uri).wait()?;
        for _ in 0..10 {
            app.execute(id, |account: &mut Account| account.deposit(1)).wait()?;
        }
        app.close();
        Ok(())
    };
    thread::scope(|scope| {
        let processes: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(work)).collect();
        processes.into_iter().try_for_each(|process| process.join().expect("no process panics"))
    })?;
    let app = Application::open(uri).wait()?;
    assert_eq!(app.get(id).wait()?.balance, 40);
    println!("{PROCESSES} processes made 10 deposits each");
    app.close();
    Ok(())
}

/// A second application has tables of its own in the same database: another log, which knows nothing of the first.
fn two_applications(uri: &str, id: Id<Account>) -> Result<(), Error> {
    let bank = Application::open(uri).wait()?;
    let savings = Application::builder(uri).tables(Tables::with_prefix("savings")?).open().wait()?;
    assert_eq!(savings.get(id).wait().expect_err("another log").kind(), ErrorKind::NotFound);

    // So both may have an account of one id.
    let mut account = Account::open_with_id(id, "Ann".into());
    account.deposit(1_000);
    savings.save(&mut account).wait()?;
    assert_eq!((bank.get(id).wait()?.balance, savings.get(id).wait()?.balance), (40, 1_000));
    for (name, app) in [("the bank", &bank), ("the savings", &savings)] {
        let log = app.recorder().read_log(LogRange::all()).wait()?;
        println!("{name} has {} events", log.entries.len());
        app.close();
    }
    Ok(())
}

#[test]
fn the_example_runs() {
    main().expect("each step holds");
}
