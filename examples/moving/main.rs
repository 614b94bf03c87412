//! Moving: all events of an SQLite file go into PostgreSQL, while the application works and without a loss.
//!
//! `ES_POSTGRES_URL=postgresql://localhost/bank cargo run --example moving` uses the database that the variable names.
//! Without it, the example starts a private server, if PostgreSQL is installed.

#[path = "../hello/account.rs"]
mod account;
#[path = "../server.rs"]
mod server;

use es_runtime::application::Batch;
use es_runtime::id::CommitId;
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, CopyProgress, LogRange, copied_mark, copy,
};
use es_runtime::{Application, Error, ErrorKind, Wait};

use crate::account::Account;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    let Some(database) = server::find("moving") else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite:{}", folder.path().join("bank.db").display());
    // The copy decrypts nothing. But a store with data keys opens only with its cipher key: both stores open with one mapper.
    let key = Key::generate(256)?;
    let open = |uri: &str| -> Result<Application, Error> {
        let mapper = Mapper::new().with_data_keys(AesGcm::new(&key));
        Application::builder(uri).mapper(mapper).open().wait()
    };

    // The bank on its file: 200 accounts, and a deposit with a request's own id.
    let old = open(&file)?;
    let mut accounts: Vec<_> = (0..200).map(|number| Account::open(format!("Customer {number}"))).collect();
    for account in &mut accounts {
        account.deposit(5);
        old.save(account).wait()?;
    }
    let [mut ann, bob, ..] = <[_; 200]>::try_from(accounts).map_err(|_| "200 accounts")?;
    let request = CommitId::new();
    ann.deposit(10);
    old.save(Batch::new().commit_id(request).add(&mut ann)).wait()?;
    // A follower has read as far as this.
    let reached =
        old.recorder().read_log(LogRange::all().limit(0)).wait()?.through.ok_or("there are events")?;

    // Step 1: copy, while the application works.
    let new = open(&database.uri())?;
    let show = |progress: &CopyProgress| println!("{:?}: {} events", progress.stage, progress.events);
    // A source that is only read: a wrong name is an error here, and not an empty file.
    let source = open(&format!("{file}?mode=ro"))?;
    let copied = copy(source.recorder(), new.recorder()).on_progress(show).wait()?;
    assert_eq!((copied.events, copied.compared), (401, 401));
    old.execute(ann.id(), |account: &mut Account| account.deposit(1)).wait()?;
    old.forget(bob.id()).wait()?;

    // Step 2: stop all writers, and copy what came since.
    old.execute(ann.id(), |account: &mut Account| account.deposit(1)).wait()?;
    let copied = copy(source.recorder(), new.recorder()).wait()?;
    assert_eq!((copied.events, copied.compared), (3, 404));

    // Step 3: go on with the new store. It knows what was forgotten, and which request was done.
    assert_eq!(new.get(ann.id()).wait()?.balance, 17);
    assert_eq!(new.get(bob.id()).wait().expect_err("forgotten").kind(), ErrorKind::Forgotten);
    assert!(new.recorder().has_commit(ann.id().uuid(), request).wait()?);
    new.execute(ann.id(), |account: &mut Account| account.deposit(1)).wait()?;
    assert_eq!(new.get(ann.id()).wait()?.balance, 18);

    // The follower goes on from the same place, which has another position there.
    let place = copied_mark(old.recorder(), new.recorder(), reached).wait()?;
    println!("{reached} is {} now", place.ok_or("the commit is there")?);
    let rest = new.recorder().read_log(LogRange::all().after(place)).wait()?;
    assert_eq!(rest.entries.len(), 4);
    source.close();
    old.close();
    new.close();
    Ok(())
}

#[test]
fn the_example_runs() {
    main().expect("each step holds");
}
