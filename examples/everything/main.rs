//! Everything in one application: aggregates with entities inside, encryption, snapshots, conflicts, older versions.

mod account;

use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::{AggregateRecorder, EventRange};
use es_runtime::{Application, Error, ErrorKind, Version, Wait};

use crate::account::Account;

fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let uri = format!("sqlite:{}", folder.path().join("bank.db").display());
    let app = Application::builder(uri)
        .mapper(Mapper::new().with_cipher(AesGcm::new(&Key::generate(256)?)))
        .snapshot_every::<Account>(2)
        .open()
        .wait()?;
    encryption(&app)?;
    entities(&app)?;
    concurrency(&app)?;
    snapshots(&app)?;
    app.close();
    println!("encrypted, guarded, snapshotted, and as it was: all in one");
    Ok(())
}

fn opened(app: &Application, owner: &str) -> Result<Account, Error> {
    let mut account = Account::open(owner.into());
    app.save(&mut account).wait()?;
    Ok(account)
}

fn encryption(app: &Application) -> Result<(), Error> {
    let account = opened(app, "secret Ann")?;
    let rows = app.recorder().select(account.id().uuid(), EventRange::all()).wait()?.events;
    assert!(!String::from_utf8_lossy(&rows[0].state).contains("secret Ann"));
    assert_eq!(app.get(account.id()).wait()?.owner, "secret Ann");
    Ok(())
}

fn entities(app: &Application) -> Result<(), Error> {
    let mut account = opened(app, "Ann")?;
    account.issue_card();
    assert_eq!(app.get(account.id()).wait()?.count_cards(), 0);
    app.save(&mut account).wait()?;
    assert_eq!(app.get(account.id()).wait()?.count_cards(), 1);
    Ok(())
}

fn concurrency(app: &Application) -> Result<(), Error> {
    let id = opened(app, "owner 1")?.id();
    let (mut one, mut other) = (app.get(id).wait()?, app.get(id).wait()?);
    one.set_owner("owner 2".into());
    app.save(&mut one).wait()?;
    other.set_owner("owner 3".into());
    assert_eq!(app.save(&mut other).wait().expect_err("it is old").kind(), ErrorKind::Conflict);

    let mut other = app.get(id).wait()?;
    assert_eq!(other.owner, "owner 2");
    other.set_owner("owner 3".into());
    app.save(&mut other).wait()?;
    assert_eq!(app.get(id).wait()?.owner, "owner 3");
    one.set_owner("owner 4".into());
    assert_eq!(app.save(&mut one).wait().expect_err("it is old").kind(), ErrorKind::Conflict);
    Ok(())
}

fn snapshots(app: &Application) -> Result<(), Error> {
    let mut account = opened(app, "owner 1")?;
    let id = account.id();
    let taken = || app.repository().snapshots().expect("they are kept").versions(id).wait();
    let mut rename = |numbers: &[u32]| {
        for number in numbers {
            account.set_owner(format!("owner {number}"));
        }
        app.save(&mut account).wait()
    };
    assert_eq!(taken()?, [0; 0]);
    rename(&[2])?;
    assert_eq!(taken()?, [2]);
    assert_eq!(app.get(id).wait()?.owner, "owner 2");
    rename(&[3, 4, 5])?;
    assert_eq!(taken()?.last(), Some(&Version::from(4)));
    rename(&[6, 7])?;
    assert_eq!(taken()?.last(), Some(&Version::from(6)));
    assert_eq!(app.get(id).wait()?.owner, "owner 7");

    app.save(&mut account.close()).wait()?;
    assert!(!app.contains(id).wait()?);
    assert_eq!(app.get(id).wait().expect_err("it is gone").kind(), ErrorKind::NotFound);

    // A discarded account can still be read as it was.
    for version in 1_u32..=4 {
        let then = app.get_at(id, version).wait()?;
        assert_eq!((then.version(), &then.owner), (version.into(), &format!("owner {version}")));
    }
    Ok(())
}

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}
