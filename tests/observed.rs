//! The spans and counters of the feature `tracing`, which never hold what events say.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use es_runtime::application::Batch;
use es_runtime::projection::{OnFailure, Runner};
use es_runtime::recorder::MemoryRecorder;
use es_runtime::view::{self, sqlite::Tx};
use es_runtime::{Application, Error, ErrorKind, Version, Wait, projection};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};
use uuid::Uuid;

use crate::account::{Account, Deposited, open};
use crate::application::RateChanged;

/// Notes each span that begins, and each event, in one line.
#[derive(Clone, Default)]
struct Notes {
    lines: Arc<Mutex<Vec<String>>>,
    next: Arc<AtomicU64>,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Notes {
    fn note(&self, name: &str, record: impl FnOnce(&mut Line)) {
        let mut line = Line(name.to_owned());
        record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "es_runtime"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.note(span.metadata().name(), |line| span.record(line));
        Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.note("and", |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.note("event", |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A subscriber that notes nothing. While there is only one subscriber, `tracing` asks the one of the thread that comes
/// to an event first, and most tests run on threads without any: then the event would be off for all threads.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Notes::default()));

fn noted(work: impl FnOnce()) -> Vec<String> {
    LazyLock::force(&SECOND);
    let notes = Notes::default();
    tracing::subscriber::with_default(notes.clone(), work);
    notes.take()
}

#[test]
fn saving_loading_and_snapshots_are_spans() {
    let app = Application::builder("memory:").snapshot_every::<Account>(2).open().wait().unwrap();
    let mut account = open();
    let id = account.id();
    account.deposit(777);
    let lines = noted(|| {
        app.save(&mut account).wait().unwrap();
        app.get(id).wait().unwrap();
        app.take_snapshot_at(id, Version::INITIAL).wait().unwrap();
    });
    let about = format!("aggregate=\"Account\" id={id}");
    assert_eq!(
        lines,
        [
            "save aggregates=1 events=2".to_owned(),
            format!("snapshot {about}"),
            format!("get {about}"),
            "event histogram.es_replay_length=0 aggregate=\"Account\"".to_owned(),
            format!("snapshot {about}"),
            "event histogram.es_replay_length=1 aggregate=\"Account\"".to_owned(),
        ]
    );
}

#[test]
fn all_events_that_are_saved_are_counted() {
    let app = Application::on(Arc::new(MemoryRecorder::new())).open().wait().unwrap();
    let (mut one, mut other) = (open(), open().discard());
    let lines = noted(|| {
        let rate = RateChanged { per_mille: 1 };
        let batch = Batch::new().add((&mut one, &mut other)).event(Uuid::now_v7(), Version::INITIAL, rate);
        app.save(batch).wait().unwrap();
        app.save(&mut one).wait().unwrap();
    });
    assert_eq!(lines, ["save aggregates=2 events=4", "save aggregates=1 events=0"]);
}

#[test]
fn forgetting_is_a_span() {
    let app = Application::open("memory:").wait().unwrap();
    let id = open().id();
    let lines = noted(|| drop(app.forget(id).wait()));
    assert_eq!(lines[0], format!("forget aggregate=\"Account\" id={id}"));
}

#[test]
fn conflicts_and_retries_are_counted() {
    let app = Application::on(Arc::new(MemoryRecorder::new())).open().wait().unwrap();
    let mut account = open();
    app.save(&mut account).wait().unwrap();
    let id = account.id();
    let mut meddled = false;
    let lines = noted(|| {
        let command = |account: &mut Account| {
            if !std::mem::replace(&mut meddled, true) {
                let mut other = app.get(id).wait().unwrap();
                other.deposit(1);
                app.save(&mut other).wait().unwrap();
            }
            account.deposit(2);
        };
        app.execute(id, command).wait().unwrap();
    });
    let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!(count(&format!("execute aggregate=\"Account\" id={id}")), 1);
    assert_eq!(count("monotonic_counter.es_conflicts=1"), 1);
    assert_eq!(count("monotonic_counter.es_retries=1 because=Conflict"), 1);
    assert_eq!(count("and error=Conflict"), 1);
    assert_eq!(count("save aggregates=1"), 3);
}

/// Runs a projection until it has what is stored, on this thread.
fn drained<V: Clone + Send + Sync + 'static>(
    runner: Runner<V>,
) -> (Vec<String>, std::result::Result<(), Error>) {
    let (handle, mut ended) = (runner.handle(), Ok(()));
    let lines = thread::scope(|scope| {
        let drain = scope.spawn(move || handle.drain().wait());
        let lines = noted(|| ended = runner.run().wait());
        let _ = drain.join().unwrap();
        lines
    });
    (lines, ended)
}

const POISON: i64 = 666;

#[derive(Default)]
struct Deposits {
    sum: i64,
}

#[projection(Account, ..)]
impl Deposits {
    #[event]
    fn deposited(&mut self, event: &Deposited) -> view::Result {
        self.sum += event.amount;
        if event.amount == POISON { Err("the secret amount".into()) } else { Ok(()) }
    }
}

fn app_with_deposits(amounts: &[i64]) -> Application {
    let app = Application::open("memory:").wait().unwrap();
    let mut account = open();
    for amount in amounts {
        account.deposit(*amount);
    }
    app.save(&mut account).wait().unwrap();
    app
}

#[test]
fn batches_of_a_projection_are_spans_and_their_events_are_counted() {
    let app = app_with_deposits(&[1, POISON, 2]);
    let project = app.project(Deposits::default()).on_failure(OnFailure::Skip).in_memory();
    let (lines, ended) = drained(project.open().wait().unwrap());
    ended.unwrap();
    let of = "projection=\"Deposits\" worker=0";
    assert_eq!(
        lines,
        [
            format!("project {of} events=3"),
            format!("event monotonic_counter.es_projected_events=2 {of}"),
            format!("event monotonic_counter.es_failed_events=1 {of}"),
            format!("event histogram.es_projection_lag=0 {of}"),
        ]
    );
}

#[test]
fn a_projection_that_stops_counts_the_event_and_records_the_kind() {
    let app = app_with_deposits(&[POISON]);
    let (lines, ended) = drained(app.project(Deposits::default()).in_memory().open().wait().unwrap());
    ended.unwrap_err();
    let of = "projection=\"Deposits\" worker=0";
    assert_eq!(lines[0], format!("project {of} events=1"));
    assert_eq!(lines[1], format!("event monotonic_counter.es_failed_events=1 {of}"));
    assert_eq!(lines[2], "and error=Invalid");
    assert_eq!(lines[3], "event message=a projection stopped projection=\"Deposits\" error=Invalid");
    assert!(!lines.iter().any(|line| line.contains("secret")), "{lines:?}");
}

/// A view in a file that is away at the first event.
struct Away(AtomicBool);

#[projection(Account, ..)]
impl Away {
    const TABLES: &str = "";

    #[event]
    fn deposited(&self, _: &Deposited, _: &Tx) -> view::Result {
        if self.0.swap(false, Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "away").into());
        }
        Ok(())
    }
}

#[test]
fn retries_of_a_projection_are_counted_and_a_rebuild_is_a_span() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("away.db");
    let app = app_with_deposits(&[1, 2]);
    let project = |is_away| app.project(Away(AtomicBool::new(is_away))).in_file(&file);
    let (lines, ended) = drained(project(true).open().wait().unwrap());
    ended.unwrap();
    let retry =
        "event monotonic_counter.es_projection_retries=1 projection=\"Away\" because=Unavailable".to_owned();
    assert_eq!(lines.iter().filter(|line| **line == retry).count(), 1, "{lines:?}");
    let handled = "event monotonic_counter.es_projected_events=2 projection=\"Away\" worker=0".to_owned();
    assert!(lines.contains(&handled), "{lines:?}");

    let lines = noted(|| project(false).rebuild().wait().unwrap());
    assert_eq!(lines[..2], ["rebuild projection=\"Away\"", "project projection=\"Away\" worker=0 events=2"]);
    let (report, announced) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let both = Mutex::new((report, released));
    thread::scope(|scope| {
        let held_up = project(false).rebuild().on_progress(move |_| {
            let (report, released) = &*both.lock().unwrap();
            let _ = (report.send(()), released.recv());
        });
        let first = scope.spawn(|| held_up.wait());
        announced.recv().unwrap();
        let lines = noted(|| drop(project(false).rebuild().wait().unwrap_err()));
        assert_eq!(lines, ["rebuild projection=\"Away\"", "and error=InProgress"]);
        drop(release);
        first.join().unwrap().unwrap();
    });
}

#[test]
fn spans_hide_the_content_of_events() {
    let app = Application::builder("sqlite::memory:").snapshot_every::<Account>(1).open().wait().unwrap();
    let lines = noted(|| {
        let mut account = Account::open("the secret name".into());
        app.save(&mut account).wait().unwrap();
        app.save(&mut account.discard()).wait().unwrap();
        let other = Account::open("the secret name".into());
        assert!(app.get(other.id()).wait().is_err());
    });
    assert!(lines.len() > 3);
    assert!(lines.iter().any(|line| line == "and error=NotFound"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("secret")), "{lines:?}");
}
