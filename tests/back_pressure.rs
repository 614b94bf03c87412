//! Slow readers behind fast writers: a subscription holds one page, however many events wait in the store.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use es_runtime::id::Mark;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, EventPage, EventRange, KeyRecorder, LogPage, LogRange,
    Receipt, SqliteOptions, SqliteRecorder, Tables,
};
use es_runtime::{Application, Error, Wait};
use uuid::Uuid;

use crate::account::{AccountEvent, open};

/// A recorder that counts the rows that it handed out, and the bytes of their states.
struct Counting {
    inner: SqliteRecorder,
    read: Arc<Pages>,
}

/// The states' sizes of each page, in the order in which the pages were read.
#[derive(Default)]
struct Pages(Mutex<Vec<Vec<usize>>>);

impl Pages {
    fn all(&self) -> Vec<Vec<usize>> {
        self.0.lock().unwrap().clone()
    }

    /// Returns the number of rows and bytes that were read, without the first `taken` rows.
    fn held(&self, taken: usize) -> (usize, usize) {
        let sizes: Vec<usize> = self.all().into_iter().flatten().collect();
        (sizes.len() - taken, sizes[taken..].iter().sum())
    }
}

impl AggregateRecorder for Counting {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.inner.append(commit).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.inner.select(id, range).await
    }

    delegate_commits!(inner);
}

impl KeyRecorder for Counting {
    delegate_keys!(inner);
}

impl ApplicationRecorder for Counting {
    async fn read_log(&self, range: LogRange) -> Result<LogPage, Error> {
        let page = self.inner.read_log(range).await?;
        if !page.entries.is_empty() {
            let sizes = page.entries.iter().map(|row| row.event.state.len()).collect();
            self.read.0.lock().unwrap().push(sizes);
        }
        Ok(page)
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        self.inner.resolve(receipt).await
    }

    async fn beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        self.inner.beyond(after).await
    }
}

const COMMITS: usize = 40;
/// The events of a commit.
const EACH: usize = 11;

/// Saves events of sizes between some bytes and 3 kB.
fn write(app: &Application) {
    for commit in 0..COMMITS {
        let mut account = open();
        for at in 1..EACH {
            account.set_owner("x".repeat((commit * 131 + at * 379) % 3_000));
        }
        app.save(&mut account).wait().unwrap();
    }
}

/// A reader takes 1 ms for each event, while a writer stores as fast as it can; returns the pages that were read, and the
/// most rows and bytes that were held at a time.
fn slow_reader(page_events: usize, page_bytes: usize) -> (Vec<Vec<usize>>, (usize, usize)) {
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteOptions::file(folder.path().join("bank.db")).open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    let read = Arc::new(Pages::default());
    let counting = Counting { inner: recorder, read: Arc::clone(&read) };
    let app = Application::on(Arc::new(counting)).open().wait().unwrap();
    let log = app.log::<AccountEvent>().page_events(page_events).page_bytes(page_bytes);
    let mut events = log.limit(COMMITS * EACH).follow();
    let mut most = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| write(&app));
        for (taken, event) in (1..).zip(events.wait()) {
            event.unwrap();
            // The row that the caller has is not held any more.
            let held = read.held(taken);
            most = (held.0.max(most.0), held.1.max(most.1));
            thread::sleep(Duration::from_millis(1));
        }
    });
    assert_eq!(read.all().concat().len(), COMMITS * EACH, "every row was read once");
    (read.all(), most)
}

#[test]
fn a_slow_reader_holds_no_more_events_than_a_page() {
    let (pages, (most, _)) = slow_reader(7, usize::MAX);
    assert!(pages.iter().all(|page| page.len() <= 7), "{pages:?}");
    assert_eq!(most, 6, "a page of 7, without the event that the reader has");
}

#[test]
fn a_slow_reader_holds_no_more_bytes_than_a_page() {
    const BYTES: usize = 8_000;
    let (pages, (events, bytes)) = slow_reader(1_000, BYTES);
    for page in &pages {
        assert!(page.iter().sum::<usize>() <= BYTES || page.len() == 1, "{page:?}");
    }
    assert!(bytes <= BYTES, "{bytes} bytes are held");
    assert!(events > 1 && bytes > BYTES / 2, "the bytes bound the pages, and nothing else does");
}

#[test]
fn an_event_larger_than_a_page_comes_alone() {
    let (pages, (events, bytes)) = slow_reader(1_000, 1);
    assert!(pages.iter().all(|page| page.len() == 1), "{pages:?}");
    assert_eq!((events, bytes), (0, 0), "the reader has the only one");
}
