//! The tools that all parts of the bench share: files to work on, and functions that take and print figures.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use es_benches::median;
use es_runtime::application::Builder;
use es_runtime::recorder::{SqliteOptions, Synchronous, Tables};
use es_runtime::{Application, Wait};
use tokio::runtime::Runtime;

/// A folder of the bench, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("es-bench-{}-{}", std::process::id(), uuid::Uuid::now_v7());
        let base = std::env::var_os("B_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
        let folder = base.join(name);
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn open(path: &Path, synchronous: Synchronous) -> Application {
    open_with(path, synchronous, |builder| builder)
}

/// Opens the file with the options that `set` sets.
pub(crate) fn open_with(
    path: &Path,
    synchronous: Synchronous,
    set: impl FnOnce(Builder) -> Builder,
) -> Application {
    let database = SqliteOptions::file(path).synchronous(synchronous).open().expect("it can be opened");
    let recorder = database.recorder(&Tables::default()).expect("the tables can be made");
    set(Application::on(Arc::new(recorder))).open().wait().expect("it can be opened")
}

pub(crate) fn pragma(synchronous: Synchronous) -> &'static str {
    if synchronous == Synchronous::Full { "FULL" } else { "NORMAL" }
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("it starts")
}

/// Prints throughputs, with `many` units of work in each duration.
pub(crate) fn report(name: &str, many: usize, goal: f64, ours: &[Duration], by_hand: &[Duration]) {
    let rate = |taken: &Duration| f64::from(u32::try_from(many).unwrap_or(u32::MAX)) / taken.as_secs_f64();
    let shares = ours.iter().zip(by_hand).map(|(ours, by_hand)| by_hand.as_secs_f64() / ours.as_secs_f64());
    let share = median(shares);
    let (ours, by_hand) = (median(ours.iter().map(rate)), median(by_hand.iter().map(rate)));
    println!("{name:<44} {ours:>12.0} {by_hand:>12.0} {share:>7.2} {goal:>7.2}");
}

pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
