//! A program elsewhere pulls the log, and keeps a copy of the accounts.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

use es_runtime::id::Mark;
use es_runtime::log::{Section, SectionReader, SectionSource};
use es_runtime::recorder::{
    ApplicationRecorder, Commit, CommitId, Cursor, LogRange, Notification, ProcessRecorder, Step,
    TrackingRecorder,
};
use es_runtime::{Application, Error, ErrorKind, Id, Wait};
use serde_json::Value;

use super::client::{ask, deposit, opened, try_to_ask};
use super::{serve_in, served};
use crate::account::Account;
use crate::log::SIZE;

/// The log of a service, over HTTP.
struct Remote {
    address: SocketAddr,
    asked: Mutex<Vec<String>>,
}

impl Remote {
    fn at(address: SocketAddr) -> Self {
        Self { address, asked: Mutex::default() }
    }
}

impl SectionSource for Remote {
    async fn section(&self, id: &str) -> Result<Section, Error> {
        self.asked.lock().unwrap().push(id.to_owned());
        let refused = |kind, what: String| Error::new(kind, what);
        let answer = try_to_ask(self.address, "GET", &format!("/log/{id}"), &[], &Value::Null)
            .map_err(|error| refused(ErrorKind::Unavailable, error.to_string()))?;
        match answer.status {
            200 => Section::from_json(&answer.text),
            status @ 500.. => Err(refused(ErrorKind::Unavailable, format!("the service answers {status}"))),
            status => Err(refused(ErrorKind::Invalid, format!("the service answers {status}"))),
        }
    }
}

/// A program that pulls: it stores each row with the step to the row, in one transaction.
struct Puller {
    app: Application,
    cursor: Cursor,
}

impl Puller {
    fn open(folder: &Path) -> Self {
        let app = Application::open_file(folder.join("copy.db")).wait().unwrap();
        Self { app, cursor: Cursor::new("copy", "bank").unwrap() }
    }

    /// Pulls up to so many rows that are new; returns how many there were.
    fn pull(&self, remote: Remote, most: usize) -> Result<usize, Error> {
        let recorder = self.app.recorder().as_process().expect("the file tracks");
        let mut from = recorder.tracked(&self.cursor).wait()?;
        let mut reader = SectionReader::new(remote);
        reader.seek(from.map(Mark::position));
        for pulled in 0..most {
            let Some(row) = reader.next().wait()? else { return Ok(pulled) };
            let step = Step::new(self.cursor.clone(), from, row.mark())?;
            from = Some(row.mark());
            let commit = CommitId::from_key(&format!("pulled: {}", row.mark()));
            recorder.append_tracked(Commit::with_id(commit, vec![row.event]), step).wait()?;
        }
        Ok(most)
    }

    fn rows(&self) -> Vec<Notification> {
        self.app.recorder().read_log(LogRange::all()).wait().unwrap().entries
    }
}

#[test]
fn a_program_elsewhere_pulls_each_row_once_though_both_sides_stop() {
    let (bank, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = copy.path().to_owned();
    serve_in(bank.path(), move |address, stop| {
        let (ann, bob) = (opened(address, "Ann"), opened(address, "Bob"));
        for key in 0..50 {
            deposit(address, if key % 3 == 0 { &bob } else { &ann }, &key.to_string());
        }
        // The puller stops in the middle of a section, and comes back as another process would.
        assert_eq!(Puller::open(&folder).pull(Remote::at(address), 30).unwrap(), 30);
        let puller = Puller::open(&folder);
        let remote = Remote::at(address);
        drop(stop);
        while try_to_ask(address, "GET", "/log/current", &[], &Value::Null).is_ok() {}
        assert_eq!(puller.pull(remote, 30).unwrap_err().kind(), ErrorKind::Unavailable);
    });
    let folder = copy.path().to_owned();
    serve_in(bank.path(), move |address, stop| {
        let puller = Puller::open(&folder);
        assert_eq!(puller.pull(Remote::at(address), 1_000).unwrap(), 22);
        let carl = opened(address, "Carl");
        assert_eq!(puller.pull(Remote::at(address), 1_000).unwrap(), 1);
        assert_eq!(puller.pull(Remote::at(address), 1_000).unwrap(), 0);
        let carl: Id<Account> = carl.parse().unwrap();
        assert_eq!(puller.app.get(carl).wait().unwrap().owner, "Carl", "the copy is an application");
        drop(stop);
    });
    let bank = Application::open_file(bank.path().join("bank.db")).wait().unwrap();
    let events = |rows: Vec<Notification>| rows.into_iter().map(|row| row.event).collect::<Vec<_>>();
    let stored = bank.recorder().read_log(LogRange::all()).wait().unwrap().entries;
    assert_eq!(events(Puller::open(copy.path()).rows()), events(stored));
}

#[test]
fn two_who_pull_at_once_store_each_row_once() {
    served(|address| {
        let id = opened(address, "Ann");
        (0..60).for_each(|key| deposit(address, &id, &key.to_string()));
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let folder = folder.path();
                scope.spawn(move || {
                    // A step that another took is a conflict: the puller begins at the place that is tracked.
                    while let Err(error) = Puller::open(folder).pull(Remote::at(address), 1_000) {
                        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                    }
                });
            }
        });
        let puller = Puller::open(folder.path());
        assert_eq!(puller.rows().len(), 61);
        assert_eq!(puller.app.get(id.parse::<Id<Account>>().unwrap()).wait().unwrap().balance, 60);
    });
}

#[test]
fn a_section_with_a_link_on_may_be_cached_and_others_not() {
    served(|address| {
        let id = opened(address, "Ann");
        (0..SIZE).for_each(|key| deposit(address, &id, &key.to_string()));
        let get = |id: &str| ask(address, "GET", &format!("/log/{id}"), &[], &Value::Null);
        let whole = get(&format!("1,{SIZE}"));
        assert_eq!(whole.body["next"], format!("{},{}", SIZE + 1, 2 * SIZE));
        assert!(whole.head.contains("cache-control: private, max-age=31536000, immutable"), "{}", whole.head);
        let newest = get("current");
        assert_eq!((newest.body["items"].as_array().unwrap().len(), &newest.body["next"]), (1, &Value::Null));
        assert!(newest.head.contains("cache-control: no-cache"), "{}", newest.head);
        for id in ["2,6", "first", "1,1000"] {
            let refused = get(id);
            assert_eq!((refused.status, refused.body["title"].as_str()), (404, Some("no section")));
        }
    });
}
