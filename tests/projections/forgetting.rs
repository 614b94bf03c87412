//! Forgotten aggregates: a view loses what it knows of them, or does not start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::projection::keep_state;
use es_runtime::view::Result;
use es_runtime::view::sqlite::{File, Tx};
use es_runtime::{Application, Error, ErrorKind, Id, Wait, projection};

use crate::LONG;
use crate::account::{Account, Opened};
use crate::balances::{Balances, account, rows};

/// Opens an application that can forget aggregates.
fn with_data_keys() -> Application {
    let mapper = Mapper::new().with_data_keys(AesGcm::new(&Key::generate(256).unwrap()));
    Application::builder("memory:").mapper(mapper).open().wait().unwrap()
}

/// A view in a file that handles the end of an account, and not that it is forgotten.
struct Keeps;

#[projection(Account, ..)]
impl Keeps {
    const TABLES: &str = "CREATE TABLE owners (id BLOB PRIMARY KEY, owner TEXT NOT NULL) STRICT";

    #[event]
    fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO owners VALUES (?1, ?2)", (id, &event.owner))
    }

    #[discarded]
    fn gone(id: Id<Account>, tx: &Tx) -> Result {
        tx.run("DELETE FROM owners WHERE id = ?1", (id,))
    }
}

/// The same in memory.
#[derive(Default)]
struct KeepsInMemory(BTreeSet<String>);

#[projection(Account, ..)]
impl KeepsInMemory {
    #[event]
    fn opened(&mut self, event: &Opened, id: Id<Account>) {
        self.0.insert(format!("{id}: {}", event.owner));
    }

    #[discarded]
    fn gone(&mut self, id: Id<Account>) {
        let id = id.to_string();
        self.0.retain(|line| !line.starts_with(&id));
    }
}

#[track_caller]
fn assert_refused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("keeps what it knows of a forgotten `Account`"), "{error}");
}

#[test]
fn a_projection_that_would_keep_forgotten_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("owners.db");
    let app = with_data_keys();
    assert_refused(&app.project(Keeps).in_file(&file).open().wait().unwrap_err());
    assert_refused(&app.project(Keeps).in_file(&file).start().wait().unwrap_err());
    assert_refused(&app.project(KeepsInMemory::default()).in_memory().open().wait().unwrap_err());
    assert_refused(&app.project(KeepsInMemory::default()).in_memory().start().wait().unwrap_err());

    // Nothing is ever forgotten without data keys.
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[]);
    app.project(Keeps).in_file(&file).start().wait().unwrap().drain().wait().unwrap();
    let view = app.project(KeepsInMemory::default()).in_memory().start().wait().unwrap();
    view.drain().wait().unwrap();
    assert_eq!(view.read(|view| view.0.len()), 1);
}

/// Returns the ids, versions and states in a file of states.
fn states(file: &Path) -> Vec<(Id<Account>, i64, String)> {
    let connection = File::new(file).connect().unwrap();
    let mut statement =
        connection.prepare("SELECT id, version, state FROM account_states ORDER BY version").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_forgotten_aggregate_leaves_a_view_and_its_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    let (file, kept) = (folder.path().join("balances.db"), folder.path().join("states.db"));
    let app = with_data_keys();
    let (ann, bob) = (account(&app, "Ann", &[1, 2]), account(&app, "Bob", &[4]));
    let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
    let newest = app.project(keep_state::<Account>()).in_file(&kept).start().wait().unwrap();
    let catch_up = || {
        balances.caught_up().within(LONG).wait().unwrap();
        newest.caught_up().within(LONG).wait().unwrap();
    };
    catch_up();
    assert_eq!((rows(&file)["Ann"], rows(&file)["Bob"], states(&kept).len()), (3, 4, 2));

    app.forget(ann.id()).wait().unwrap();
    catch_up();
    let left = || (rows(&file), states(&kept));
    let before = left();
    assert_eq!(before.0, BTreeMap::from([("Bob".to_owned(), 4)]));
    assert_eq!(before.1, [(bob.id(), 2, r#"{"owner":"Bob","balance":4}"#.to_owned())]);

    app.project(Balances).in_file(&file).rebuild().wait().unwrap();
    app.project(keep_state::<Account>()).in_file(&kept).rebuild().wait().unwrap();
    assert_eq!(left(), before);
}
