//! Encryption: without the key nobody reads, changes or moves rows unnoticed. Forgetting destroys a key.

use es_runtime::mapper::{AesGcm, Key, Mapper, Zlib};
use es_runtime::recorder::{AggregateRecorder, EventRange};
use es_runtime::{Application, Error, ErrorKind, Wait, aggregate, mutator};

#[aggregate]
#[derive(Debug)]
struct Account {
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
    // Made once, and kept with the other secrets; `Application::from_env` reads the key from `CIPHER_KEY`.
    let key = Key::generate(256)?;
    let mapper = || Mapper::new().with_compressor(Zlib::default()).with_cipher(AesGcm::new(&key));
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let uri = format!("sqlite:{}", folder.path().join("bank.db").display());

    let app = Application::builder(&uri).mapper(mapper()).open().wait()?;
    let mut secret = Account::open("secret Ann".into());
    app.save(&mut secret).wait()?;
    assert!(!stored(&app, &secret)?.contains("secret Ann"));
    assert_eq!(app.get(secret.id()).wait()?.owner, "secret Ann");
    app.close();

    // An application without a cipher stores clear rows, and cannot read encrypted ones.
    let clear = Application::open(&uri).wait()?;
    let mut account = Account::open("Bob".into());
    clear.save(&mut account).wait()?;
    assert!(stored(&clear, &account)?.contains("Bob"));
    assert_eq!(clear.get(secret.id()).wait().expect_err("there is no key").kind(), ErrorKind::Config);
    clear.close();

    // An application with a cipher refuses clear rows, unless the program allows those from before there was a key.
    let app = Application::builder(&uri).mapper(mapper()).open().wait()?;
    assert_eq!(app.get(account.id()).wait().expect_err("it is clear").kind(), ErrorKind::Cipher);
    app.close();
    let app = Application::builder(&uri).mapper(mapper().allowing_clear_data()).open().wait()?;
    assert_eq!(app.get(account.id()).wait()?.owner, "Bob");
    app.close();

    // The new key writes, the old one reads.
    let ring = AesGcm::new(&Key::generate(256)?).with_old_key(&key);
    let app = Application::builder(&uri).mapper(Mapper::new().with_cipher(ring)).open().wait()?;
    assert_eq!(app.get(secret.id()).wait()?.owner, "secret Ann");
    app.close();

    let wrong = Mapper::new().with_cipher(AesGcm::new(&Key::generate(256)?));
    let app = Application::builder(&uri).mapper(wrong).open().wait()?;
    let error = app.get(secret.id()).wait().expect_err("the key is another");
    assert_eq!(error.kind(), ErrorKind::Cipher);
    println!("with another key: {error}");
    app.close();

    forgetting()
}

/// Forgets an aggregate by destroying its data key, without which nobody can read the aggregate.
fn forgetting() -> Result<(), Error> {
    let mapper = Mapper::new().with_data_keys(AesGcm::new(&Key::generate(256)?));
    let app = Application::builder("sqlite::memory:").mapper(mapper).snapshots().open().wait()?;
    let (mut ann, mut bob) = (Account::open("secret Ann".into()), Account::open("secret Bob".into()));
    app.save((&mut ann, &mut bob)).wait()?;
    app.forget(ann.id()).wait()?;
    assert_eq!(app.get(ann.id()).wait().expect_err("it is forgotten").kind(), ErrorKind::Forgotten);
    assert_eq!(app.get(bob.id()).wait()?.owner, "secret Bob");
    // The store still knows that the aggregate existed, but nothing of its content.
    assert_eq!(app.ids::<Account>().next_page().wait()?.map_or(0, |ids| ids.len()), 2);
    Ok(())
}

/// Returns the state of the first event as it stands in the database.
fn stored(app: &Application, account: &Account) -> Result<String, Error> {
    let rows = app.recorder().select(account.id().uuid(), EventRange::all()).wait()?.events;
    Ok(String::from_utf8_lossy(&rows[0].state).into_owned())
}

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}
