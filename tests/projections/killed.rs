//! A process that projects is killed, again and again: the test starts itself.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::projection::BatchSize;
use es_runtime::{Application, Wait};

use crate::LONG;
use crate::balances::{Balances, POISON, account, rows};

/// The variable that names the folder of log and view.
const FOLDER: &str = "ES_TESTS_PROJECTED";
const KILLS: u64 = 20;

fn open(folder: &Path) -> Application {
    let file = folder.join("events.db");
    Application::open(&format!("sqlite:{}?synchronous=normal", file.display())).wait().unwrap()
}

fn view(folder: &Path) -> PathBuf {
    folder.join("balances.db")
}

fn start(folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "killed::the_projecting_process", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Ends the writer, after a failed assertion, too.
struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Does nothing unless another test starts it. Then it projects until it is killed.
#[test]
fn the_projecting_process() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let app = open(&folder);
    let runner = app.project(Balances).batch(BatchSize::new().events(3)).in_file(view(&folder));
    runner.open().wait().unwrap().run().wait().unwrap();
}

#[test]
fn a_view_whose_process_is_killed_20_times_takes_each_event_once() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, file) = (folder.path(), view(folder.path()));
    let app = open(folder);
    let mut ann = account(&app, "Ann", &[]);
    let balances = || app.project(Balances).in_file(&file).start().wait().unwrap();
    balances().drain().wait().unwrap();
    let is_over = AtomicBool::new(false);
    let saved = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            // Neighbours differ: a lost and a repeated event do not cancel out.
            let mut saved = 0;
            for amount in (1..POISON).cycle() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                ann.deposit(amount);
                app.save(&mut ann).wait().unwrap();
                saved += amount;
            }
            saved
        });
        let over = EndOnDrop(&is_over);
        for kill in 0..KILLS {
            let (before, begun) = (rows(&file)["Ann"], Instant::now());
            let mut process = start(folder);
            while rows(&file)["Ann"] == before {
                assert!(begun.elapsed() < LONG, "the process projects nothing after {kill} kills");
                assert_eq!(process.try_wait().unwrap(), None, "the process ended by itself");
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_micros(kill * 7_919 % 20_000));
            process.kill().unwrap();
            let status = process.wait().unwrap();
            assert_eq!(status.code(), None, "the process ended by itself");
        }
        drop(over);
        writer.join().unwrap()
    });
    balances().drain().wait().unwrap();
    assert_eq!(rows(&file)["Ann"], saved, "an event was lost, or taken twice");
}
