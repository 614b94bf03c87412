//! Two rebuilds of one view at once: the second is refused, or waits, and a killed one stands in nobody's way.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use es_runtime::projection::{BatchSize, OnChange, Progress};
use es_runtime::{Application, Error, ErrorKind, Wait};

use crate::LONG;
use crate::balances::{Balances, account, rows};
use crate::rebuilding::Doubled;

/// The variable that names the folder of a process that rebuilds.
const FOLDER: &str = "ES_TESTS_REBUILT";

fn open(folder: &Path) -> Application {
    Application::open(&format!("sqlite:{}", folder.join("events.db").display())).wait().unwrap()
}

/// Makes the log and the view of a test.
fn stage() -> (tempfile::TempDir, Application, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (app, file) = (open(folder.path()), folder.path().join("balances.db"));
    account(&app, "Ann", &[1, 2]);
    app.project(Balances).in_file(&file).start().wait().unwrap().drain().wait().unwrap();
    (folder, app, file)
}

/// Returns a report that announces the rebuild, and then holds it up.
fn held_up() -> (impl Fn(Progress) + Send + Sync + 'static, Receiver<()>, Sender<()>) {
    let ((announce, announced), (release, released)) = (channel(), channel::<()>());
    let both = Mutex::new((announce, released));
    let report = move |_| {
        let (announce, released) = &*both.lock().unwrap();
        let _ = announce.send(());
        let _ = released.recv();
    };
    (report, announced, release)
}

#[track_caller]
fn assert_refused(done: Result<(), Error>) {
    let error = done.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InProgress, "{error}");
    assert!(!error.is_transient());
    assert!(
        error.to_string().contains("makes this view anew already: it holds the lock of the file"),
        "{error}"
    );
}

#[test]
fn a_second_rebuild_is_refused_and_the_first_one_succeeds() {
    let (folder, app, file) = stage();
    let project = || app.project(Balances).in_file(&file);
    let (report, announced, release) = held_up();
    thread::scope(|scope| {
        let first = scope.spawn(|| project().rebuild().on_progress(report).wait());
        announced.recv_timeout(LONG).unwrap();
        assert_refused(project().rebuild().wait());
        assert_refused(project().clear_rebuild().wait());
        drop(release);
        first.join().unwrap().unwrap();
    });
    assert_eq!(rows(&file)["Ann"], 3);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("rebuild")), "{left:?}");
    project().rebuild().wait().unwrap();
}

#[test]
fn rebuilders_that_race_are_refused_or_succeed() {
    let (_folder, app, file) = stage();
    thread::scope(|scope| {
        let race = || (0..30).map(|_| app.project(Balances).in_file(&file).rebuild().wait()).collect();
        let racers: Vec<_> = (0..3).map(|_| scope.spawn(race)).collect();
        let ends: Vec<Vec<_>> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
        for end in ends.iter().flatten() {
            if let Err(error) = end {
                assert_eq!(error.kind(), ErrorKind::InProgress, "{error}");
            }
        }
        assert!(ends.iter().flatten().any(Result::is_ok));
    });
    assert_eq!(rows(&file)["Ann"], 3);
}

#[test]
fn a_start_that_would_rebuild_waits_for_the_rebuild_of_another() {
    let (_folder, app, file) = stage();
    let (report, announced, release) = held_up();
    thread::scope(|scope| {
        let first = scope.spawn(|| app.project(Doubled).in_file(&file).rebuild().on_progress(report).wait());
        announced.recv_timeout(LONG).unwrap();
        let project = app.project(Doubled).on_change(OnChange::Rebuild).look_every(Duration::from_millis(10));
        let second = scope.spawn(|| project.in_file(&file).start().wait());
        thread::sleep(Duration::from_millis(100));
        assert!(!second.is_finished(), "nothing has made the rows yet");
        drop(release);
        first.join().unwrap().unwrap();
        second.join().unwrap().unwrap().drain().wait().unwrap();
    });
    assert_eq!(rows(&file)["Ann"], 6);
}

/// Does nothing unless another test starts it. Then it rebuilds until it is killed.
#[test]
fn the_rebuilding_process() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let ready = folder.join("ready");
    // Each event is committed alone.
    let project = open(&folder).project(Balances).batch(BatchSize::new().bytes(1));
    let rebuilding = project.in_file(folder.join("balances.db")).rebuild().on_progress(move |progress| {
        if progress.events > 0 {
            fs::write(&ready, progress.events.to_string()).unwrap();
            thread::sleep(2 * LONG);
        }
    });
    rebuilding.wait().unwrap();
}

#[test]
fn a_killed_rebuild_lets_the_next_one_go_on() {
    let (folder, app, file) = stage();
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "claimed::the_rebuilding_process", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let committed: u64 = loop {
        let said = fs::read_to_string(folder.path().join("ready")).unwrap_or_default();
        if let Ok(events) = said.parse() {
            break events;
        }
        assert!(begun.elapsed() < LONG, "the process rebuilds nothing");
        assert_eq!(process.try_wait().unwrap(), None, "the process ended by itself");
        thread::sleep(Duration::from_millis(5));
    };
    let project = || app.project(Balances).in_file(&file);
    let refused = project().rebuild().wait();
    process.kill().unwrap();
    process.wait().unwrap();
    assert_refused(refused);
    // Three events of Ann, and two of Bob.
    account(&app, "Bob", &[5]);
    let handled = Arc::new(AtomicU64::new(u64::MAX));
    let last = Arc::clone(&handled);
    let rebuilding =
        project().rebuild().on_progress(move |progress| last.store(progress.events, Ordering::SeqCst));
    rebuilding.wait().unwrap();
    assert_eq!((rows(&file)["Ann"], rows(&file)["Bob"]), (3, 5));
    let handled = handled.load(Ordering::SeqCst);
    assert!(committed > 0 && handled <= 5 - committed, "{handled} of 5 events after {committed} of them");
}
