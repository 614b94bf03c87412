//! Readers of the log that store aggregates: the new events and the place of the reader go in one transaction.

use std::collections::BTreeMap;

use es_runtime::error::Conflict;
use es_runtime::log::{LogEvent, LogEvents};
use es_runtime::recorder::{
    ApplicationRecorder, Commit, Cursor, DynProcessRecorder, LogRange, Mark, Notification, ProcessRecorder,
    Receipt, Step, TrackingRecorder,
};
use es_runtime::{Application, Error, ErrorKind, Id, Wait, aggregate, mutator};

use crate::account::AccountEvent;
use crate::balances::account;

/// The number of events of one topic.
#[aggregate]
pub(crate) struct Tally {
    count: i64,
}

#[mutator]
impl Tally {
    #[event(Begun)]
    pub(crate) fn begin() -> Self {
        Self { count: 0 }
    }

    #[event(Counted)]
    pub(crate) fn add(&mut self, more: i64) {
        self.count += more;
    }
}

fn cursor() -> Cursor {
    Cursor::new("tallies", "bank").unwrap()
}

fn process(app: &Application) -> &(dyn DynProcessRecorder + 'static) {
    app.recorder().as_process().expect("the store keeps places")
}

/// Returns the place that the reader has reached.
fn tracked(tallies: &Application) -> Option<Mark> {
    process(tallies).tracked(&cursor()).wait().unwrap()
}

/// Returns the place of the newest event.
fn head(app: &Application) -> Option<Mark> {
    app.recorder().read_log(LogRange::all().limit(0)).wait().unwrap().through
}

/// Returns all rows of a log.
fn rows(app: &Application) -> Vec<Notification> {
    let page = app.recorder().read_log(LogRange::all()).wait().unwrap();
    assert!(!page.more, "the log is short");
    page.entries
}

/// Reads a page behind the place that is stored, as a reader does that has just begun.
fn next_page(bank: &Application, tallies: &Application) -> Option<LogEvents<AccountEvent>> {
    let mut log = bank.log::<AccountEvent>().after(tracked(tallies)).page_events(7);
    log.next_page().wait().unwrap()
}

/// Counts an event: stores the new events of its tally with the step to the event, or neither.
fn count(
    tallies: &Application,
    event: &LogEvent<AccountEvent>,
    from: Option<Mark>,
) -> Result<Receipt, Error> {
    let id = Id::<Tally>::from_key(event.topic());
    let mut tally = tallies.find(id).wait()?.unwrap_or_else(|| Tally::begin_with_id(id));
    tally.add(1);
    let mapper = tallies.store().mapper();
    let new = tally.pending().iter().map(|pending| mapper.encode(pending)).collect::<Result<Vec<_>, _>>()?;
    let step = Step::new(cursor(), from, event.mark())?;
    process(tallies).append_tracked(Commit::new(new).without_gaps(), step).wait()
}

/// Does a turn again, as a reader does that does not know of the first time: nothing of it is stored.
#[track_caller]
fn is_refused(tallies: &Application, event: &LogEvent<AccountEvent>, from: Option<Mark>) {
    let before = (head(tallies), tracked(tallies));
    let error = count(tallies, event, from).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(matches!(error.as_conflict(), Some(Conflict::Tracking { .. })), "{error}");
    assert_eq!((head(tallies), tracked(tallies)), before, "nothing is stored");
}

/// Stores events of several topics, some of them in one commit.
fn fill(bank: &Application) {
    for amount in 1..=10 {
        let mut ann = account(bank, "Ann", &[amount, 7]);
        ann.deposit(1);
        ann.freeze();
        bank.save(&mut ann).wait().unwrap();
        if amount > 4 {
            ann.set_owner("Anna".into());
            bank.save(&mut ann).wait().unwrap();
        }
        if amount > 7 {
            bank.save(&mut ann.discard()).wait().unwrap();
        }
    }
}

#[test]
fn a_reader_may_store_aggregates_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Application::open("memory:").wait().unwrap();
    fill(&bank);
    let in_file = Application::open_file(folder.path().join("tallies.db")).wait().unwrap();
    for tallies in [Application::open("memory:").wait().unwrap(), in_file] {
        let mut turns = 0_usize;
        while let Some(page) = next_page(&bank, &tallies) {
            let mut from = tracked(&tallies);
            for event in &page.entries {
                count(&tallies, event, from).unwrap();
                turns += 1;
                if turns.is_multiple_of(3) {
                    is_refused(&tallies, event, from);
                }
                from = Some(event.mark());
                assert_eq!(tracked(&tallies), from);
            }
        }
        let log = rows(&bank);
        let mut expected = BTreeMap::<&str, i64>::new();
        for row in &log {
            *expected.entry(row.event.topic.as_str()).or_default() += 1;
        }
        assert_eq!((turns, expected.len()), (log.len(), 5), "each event is counted, of five topics");
        for (topic, events) in &expected {
            let tally = tallies.get(Id::<Tally>::from_key(topic)).wait().unwrap();
            assert_eq!(tally.count, *events, "{topic}");
        }
        assert_eq!(rows(&tallies).len(), turns + expected.len(), "no tally has an event more");
        assert!(head(&bank).is_some());
        assert_eq!(tracked(&tallies), head(&bank));
    }
}
