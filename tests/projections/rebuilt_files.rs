//! Rebuilds of files with odd names, or odd contents.

use es_runtime::{Application, ErrorKind, Wait};

use crate::LONG;
use crate::balances::{Balances, account, rows};

#[cfg(unix)]
#[test]
fn a_view_at_a_path_that_is_no_text_is_rebuilt() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(OsStr::from_bytes(b"caf\xe9.db"));
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1, 2]);
    let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    app.project(Balances).in_file(&file).rebuild().wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 3);
    account(&app, "Bob", &[4]);
    balances.caught_up().within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Bob"], 4);
}

#[test]
fn a_rebuild_without_a_new_table_leaves_the_old_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1, 2]);
    let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    let beside = folder.path().join("balances.db-rebuild");
    let rebuild = app.project(Balances).in_file(&file).rebuild().on_progress(move |progress| {
        if progress.events == 3 {
            let connection = rusqlite::Connection::open(&beside).unwrap();
            connection.busy_timeout(LONG).unwrap();
            connection.execute_batch("DROP TABLE IF EXISTS balances").unwrap();
        }
    });
    let error = rebuild.wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(error.to_string().contains("the new rows lack the table `balances`"), "{error}");
    assert_eq!(rows(&file)["Ann"], 3);
}
