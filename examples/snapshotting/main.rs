//! Snapshots after every second event. They change nothing but the time that loading takes.

use es_runtime::{Application, Error, ErrorKind, Version, Wait, aggregate, mutator};

#[aggregate]
#[derive(Debug)]
struct Account {
    #[attribute]
    owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    fn open(owner: String) -> Self {
        Self { owner }
    }
}

fn main() -> Result<(), Error> {
    let app = Application::builder("sqlite::memory:").snapshot_every::<Account>(2).open().wait()?;
    let mut account = Account::open("owner 1".into());
    let id = account.id();

    // The version of the last snapshot, and the state at it.
    let last = || -> Result<Option<(Version, String)>, Error> {
        let last = app.most_recent_snapshot(id, Version::MAX).wait()?;
        Ok(last.map(|last| (last.version(), last.owner.clone())))
    };
    let at = |version: u32, owner: &str| Some((Version::from(version), owner.to_owned()));

    // One event is too early for a snapshot.
    app.save(&mut account).wait()?;
    assert_eq!(last()?, None);

    // The second event.
    rename(&app, &mut account, &[2])?;
    assert_eq!(last()?, at(2, "owner 2"));
    assert!(app.contains(id).wait()?);
    assert_eq!(app.get(id).wait()?.owner, "owner 2");

    // After five events the last snapshot is of version 4, after seven of version 6.
    rename(&app, &mut account, &[3, 4, 5])?;
    assert_eq!(last()?, at(4, "owner 4"));
    rename(&app, &mut account, &[6, 7])?;
    assert_eq!(last()?, at(6, "owner 6"));
    assert_eq!(app.get(id).wait()?.owner, "owner 7");

    // The older versions, with and without a snapshot.
    for version in 1_u32..=4 {
        let then = app.get_at(id, version).wait()?;
        assert_eq!((then.version(), &then.owner), (version.into(), &format!("owner {version}")));
    }

    // On request, the application takes a snapshot of any version.
    assert_eq!(app.take_snapshot_at(id, 3).wait()?, 3);

    // A discarded account has no snapshot of its end, and the older ones do not bring it back.
    app.save(&mut account.discard()).wait()?;
    assert_eq!(app.get(id).wait().expect_err("it is gone").kind(), ErrorKind::NotFound);
    assert_eq!(last()?, at(6, "owner 6"));
    println!("snapshots at {:?}", app.repository().snapshots().expect("they are kept").versions(id).wait()?);
    Ok(())
}

fn rename(app: &Application, account: &mut Account, numbers: &[u32]) -> Result<(), Error> {
    for number in numbers {
        account.set_owner(format!("owner {number}"));
    }
    app.save(account).wait().map(drop)
}

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}
