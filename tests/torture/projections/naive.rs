//! A runner as a user might write it: it applies a page of events in one transaction, and keeps its place in a second one.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use es_runtime::Wait;
use es_runtime::id::Mark;
use es_runtime::recorder::{ApplicationRecorder, LogRange};
use rusqlite::{Connection, OptionalExtension};

use super::audit::amount;
use super::process::END;
use super::view::add;
use crate::kind::{end_with_the_first_panic, setting};
use crate::subscriptions::{FOLDER, TOPICS, URI, open, persist};

/// The name of its file.
pub(crate) const NAIVE: &str = "naive";

/// The rows of a page.
const PAGE: usize = 10;

pub(crate) fn project() {
    end_with_the_first_panic();
    let folder = PathBuf::from(setting(FOLDER));
    let app = open(&setting(URI));
    let view = connect(&folder.join(NAIVE));
    let kept = view.query_row("SELECT mark FROM place", [], |row| row.get::<_, String>(0));
    let mut place: Option<Mark> =
        kept.optional().expect("it is read").map(|mark| mark.parse().expect("it is a mark"));
    loop {
        let is_end = folder.join(END).exists();
        let page = persist(|| app.recorder().read_log(LogRange::all().after(place).limit(PAGE)).wait());
        let page = page.expect("the log can be read");
        if page.entries.is_empty() {
            if is_end {
                return;
            }
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        view.execute_batch("BEGIN IMMEDIATE").expect("it begins");
        for entry in page.entries.iter().filter(|entry| entry.event.topic.as_ref().starts_with(TOPICS)) {
            let (id, version) = (entry.event.id, entry.event.version.get());
            add(&view, id, version, amount(&entry.event)).expect("it is added");
        }
        view.execute_batch("COMMIT").expect("it is committed");
        place = page.through;
        let mark = place.expect("it has events").to_string();
        view.execute("REPLACE INTO place VALUES (0, ?1)", [mark]).expect("the place is kept");
    }
}

fn connect(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("the file can be opened");
    connection.busy_timeout(Duration::from_secs(30)).expect("it is set");
    let statements = "PRAGMA journal_mode = WAL;
        CREATE TABLE IF NOT EXISTS place (id INTEGER PRIMARY KEY, mark TEXT NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS sums (
            id BLOB PRIMARY KEY, sum INTEGER NOT NULL, events INTEGER NOT NULL, version INTEGER NOT NULL,
            breaks INTEGER NOT NULL
        ) STRICT";
    connection.execute_batch(statements).expect("the tables can be made");
    connection
}
