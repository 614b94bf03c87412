//! The synchronous half: after each save, a hook publishes the events to the view, before the caller goes on.
//!
//! The view cannot fail a save. It follows the versions of the accounts: it notices a missed event, is mended from the
//! store, and never overwrites newer rows with older ones.

use std::sync::{Arc, Mutex, PoisonError};

use es_runtime::application::SavedCommit;
use es_runtime::standalone::Bus;
use es_runtime::{Application, Envelope, Error, ErrorKind, Id, Recorded, Version, Wait};
use rusqlite::{Connection, OptionalExtension, params};

use crate::account::{Account, AccountEvent, Deposited, Opened};

/// Balances by account, in a database of their own.
struct View(Mutex<Connection>);

impl View {
    fn new() -> rusqlite::Result<Self> {
        let database = Connection::open_in_memory()?;
        database.execute_batch(
            "CREATE TABLE balances (account TEXT PRIMARY KEY, version INTEGER, balance INTEGER)",
        )?;
        Ok(Self(Mutex::new(database)))
    }

    fn query<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let database = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        query(&database)
            .map_err(|error| Error::new(ErrorKind::Unavailable, "the view cannot be used").with_source(error))
    }

    /// Writes the row of an account, unless the view has a newer one.
    fn put(&self, id: Id<Account>, version: Version, balance: i64) -> Result<(), Error> {
        let put = "INSERT INTO balances VALUES (?1, ?2, ?3) ON CONFLICT (account) DO UPDATE
            SET version = excluded.version, balance = excluded.balance WHERE excluded.version > version";
        self.query(|view| view.execute(put, params![id.to_string(), number(version), balance])).map(drop)
    }

    /// Changes the row of an account, if the row stands at the version before.
    fn add(&self, amount: i64, envelope: &Envelope) -> Result<(), Error> {
        let add = "UPDATE balances SET version = ?2, balance = balance + ?3 WHERE account = ?1 AND version = ?2 - 1";
        let (account, version) = (envelope.id().to_string(), number(envelope.version()));
        match self.query(|view| view.execute(add, params![account, version, amount]))? {
            0 => Err(Error::new(
                ErrorKind::Diverged,
                format!("the view has missed events of {account} before {version}"),
            )),
            _ => Ok(()),
        }
    }

    fn balance(&self, id: Id<Account>) -> Result<Option<i64>, Error> {
        let balance = "SELECT balance FROM balances WHERE account = ?1";
        self.query(|view| view.query_row(balance, [id.to_string()], |row| row.get(0)).optional())
    }
}

/// Returns the version as a number that SQLite can hold.
fn number(version: Version) -> i64 {
    i64::try_from(version.get()).unwrap_or(i64::MAX)
}

pub(crate) fn run() -> Result<(), Error> {
    let view = Arc::new(View::new().expect("there is memory for a table"));
    let bus = Bus::<Recorded<AccountEvent>>::new();
    let opened = Arc::clone(&view);
    bus.subscribe_to(move |_: &Opened, at: &Envelope| opened.put(Id::from_uuid(at.id()), at.version(), 0))
        .forget();
    let deposited = Arc::clone(&view);
    bus.subscribe_to(move |event: &Deposited, at: &Envelope| deposited.add(event.amount, at)).forget();

    // After each save of this process, the application publishes the stored events.
    let failures: Arc<Mutex<Vec<ErrorKind>>> = Arc::default();
    let noted = Arc::clone(&failures);
    let app = Application::builder("sqlite::memory:")
        .on_saved(move |saved: &SavedCommit| {
            let events: Vec<_> = saved.events::<Account>().cloned().collect();
            bus.publish(&events)
        })
        .on_hook_error(move |error| noted.lock().expect("nobody panics").push(error.kind()))
        .open()
        .wait()?;
    let failures = || std::mem::take(&mut *failures.lock().expect("nobody panics"));

    // The view follows at once.
    let mut account = Account::open();
    let id = account.id();
    account.deposit(10);
    app.save(&mut account).wait()?;
    assert_eq!(view.balance(id)?, Some(10));

    // The application notes a view that fails. The events are stored all the same: a client that tried again would
    // deposit twice.
    view.query(|view| view.execute_batch("ALTER TABLE balances RENAME TO elsewhere"))?;
    account.deposit(5);
    app.save(&mut account).wait()?;
    assert_eq!(failures(), [ErrorKind::Unavailable]);
    view.query(|view| view.execute_batch("ALTER TABLE elsewhere RENAME TO balances"))?;

    // The next event shows the view that it has missed one, and the store mends it.
    account.deposit(1);
    app.save(&mut account).wait()?;
    assert_eq!((failures(), view.balance(id)?), (vec![ErrorKind::Diverged], Some(10)));
    let stored = app.get(id).wait()?;
    view.put(id, stored.version(), stored.balance)?;
    assert_eq!(view.balance(id)?, Some(16));

    // A late mend with an older state changes nothing.
    let before = app.get_at(id, 2).wait()?;
    view.put(id, before.version(), before.balance)?;
    account.deposit(4);
    app.save(&mut account).wait()?;
    assert_eq!((failures(), view.balance(id)?), (vec![], Some(20)));
    println!("the view says {:?}, at version {}", view.balance(id)?, account.version());
    Ok(())
}
