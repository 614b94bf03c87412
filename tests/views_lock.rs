//! `views_lock!()`, as a crate of a user has it: a program of its own, since the lock covers all projections of one.

#[path = "support/account.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod account;

use std::env;
use std::path::Path;
use std::process::Command;

use es_runtime::projection::lock::check;
use es_runtime::view::sqlite::Tx;
use es_runtime::view::{self, postgres};
use es_runtime::{Id, event, projection};

use crate::account::{Account, Deposited, Opened};

/// Holds the projections of this file to `tests/views.lock`.
mod lock {
    es_runtime::views_lock!();
}

/// An event with a topic of its own.
#[event(topic = "noted")]
struct Noted {}

/// An aggregate that shares the event with no other, and has a retired topic.
mod note {
    use es_runtime::{aggregate, mutator};

    use super::Noted;

    #[aggregate]
    pub(crate) struct Note {}

    #[mutator(retired = ["Note.Torn"])]
    impl Note {
        #[event]
        fn noted(_: &Noted) -> Self {
            Self {}
        }
    }
}

use note::Note;

struct Balances;

#[projection(Account, Note, version = 2, ..)]
impl Balances {
    const TABLES: &str = "CREATE TABLE balances (cents INTEGER NOT NULL)";

    #[event]
    fn deposited(_: &Deposited, _: &Tx) {}

    #[attribute(owner)]
    fn renamed(_: &str, _: Id<Account>, _: &Tx) {}

    #[event]
    fn noted(_: &Noted, _: &Tx) {}

    #[retired("Note.Torn")]
    fn torn(_: Id<Note>, _: &Tx) {}

    #[discarded]
    #[forgotten]
    fn gone(_: &Tx) {}

    #[cfg(any())]
    #[event]
    fn opened(_: &Opened, _: &Tx) {}
}

struct Totals {
    deposits: u64,
}

#[projection(Account, name = "all totals", ..)]
impl Totals {
    #[event]
    fn deposited(&mut self, _: &Deposited) {
        self.deposits += 1;
    }
}

struct Remote;

#[projection(Account, ..)]
impl Remote {
    const TABLES: &str = "";

    #[event]
    async fn opened(_: &Opened, tx: &postgres::Tx) -> view::Result {
        tx.run("NOTIFY opened", &[]).await
    }
}

#[cfg(any())]
struct Off;

#[cfg(any())]
#[projection(Account, ..)]
impl Off {
    #[event]
    fn opened(&mut self, _: &Opened) {}
}

mod tests {
    use es_runtime::projection;

    use super::{Account, Opened};

    struct StandIn {
        accounts: u64,
    }

    #[projection(Account, ..)]
    impl StandIn {
        #[event]
        fn opened(&mut self, _: &Opened) {
            self.accounts += 1;
        }
    }
}

/// The variable that names the folder of the lock.
const FOLDER: &str = "ES_TESTS_VIEWS_LOCK";

/// Does nothing unless another test starts it. Then it checks the lock in a folder.
#[test]
fn the_checking_process() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    if let Err(report) = check(folder.to_str().unwrap(), module_path!()) {
        panic!("{report}");
    }
}

/// Checks the lock in a folder; the error is the output of the process.
fn check_in(folder: &Path, mode: Option<&str>) -> Result<(), String> {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", "the_checking_process", "--nocapture"]).env(FOLDER, folder);
    process.env_remove("VIEWS_LOCK").envs(mode.map(|mode| ("VIEWS_LOCK", mode)));
    let output = process.output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    if output.status.success() { Ok(()) } else { Err(text) }
}

#[test]
fn the_lock_lists_the_projections_of_the_program_and_what_they_handle() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("views.lock");
    let error = check_in(folder.path(), None).unwrap_err();
    assert!(error.contains("views.lock does not exist; run `VIEWS_LOCK=update"), "{error}");
    check_in(folder.path(), Some("update")).unwrap();
    check_in(folder.path(), Some("exact")).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let content: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let code = |name: &str| {
        let line = content.iter().find(|line| line.starts_with(name)).unwrap();
        line.rsplit_once(' ').unwrap().1
    };
    assert_eq!(
        content,
        [
            "format 1",
            "",
            &format!("Balances version 2 code {}", code("Balances")),
            "    handles Account.AttributeChanged[owner]",
            "    handles Account.Deposited",
            "    handles Account.Discarded",
            "    handles Account.Forgotten",
            "    handles Note.Discarded",
            "    handles Note.Forgotten",
            "    handles Note.Torn (retired)",
            "    handles noted of Note",
            "    leaves out the rest",
            "",
            &format!("Remote version 1 code {}", code("Remote")),
            "    handles Account.Opened",
            "    leaves out the rest",
            "",
            "\"all totals\" version 1 in memory",
            "    handles Account.Deposited",
            "    leaves out the rest",
            "",
            "end",
        ]
    );

    std::fs::write(&file, text.replace("    handles noted of Note\n", "").replace("code ", "code 0"))
        .unwrap();
    check_in(folder.path(), None)
        .expect("a code with another zero is the same, and a line alone does no harm");
    std::fs::write(&file, text.replace(code("Balances"), "1")).unwrap();
    let error = check_in(folder.path(), None).unwrap_err();
    assert!(error.contains("Balances: its code changed\n  deployed, the view refuses to start"), "{error}");
    assert!(!error.contains("Remote"), "{error}");
    check_in(folder.path(), Some("update")).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_crate_without_projections_learns_where_the_line_belongs() {
    let folder = tempfile::tempdir().unwrap();
    let error = check(folder.path().to_str().unwrap(), "elsewhere").unwrap_err();
    assert!(
        error.contains("the crate `elsewhere` declares no projections; put `views_lock!()` into"),
        "{error}"
    );
}
