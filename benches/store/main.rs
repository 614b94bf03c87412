//! B1 to B5, B9 and B10: what storing costs on SQLite, against the driver by hand in the same run.
//!
//! `cargo bench -p es-benches --bench store` works both sides in turn, round by round, each on a file of its own in
//! one folder, and prints medians and their ratio: throughput of the framework as a share of that by hand.
//! `B_ROUNDS` changes how often; `B_ONLY` runs the rows of one kind: `writes`, `groups`, `reads`, `sealed`,
//! `processes` or `growth`.

mod account;
mod group;
mod growth;
mod processes;
mod raw;
mod sealed;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use es_benches::{measuring, median, setting};
use es_runtime::recorder::{LogRange, SqliteOptions, Synchronous, Tables};
use es_runtime::{Application, Wait};

use crate::account::{Account, AccountEvent, REFERENCE};

fn main() {
    if processes::commits() {
        return;
    }
    let rounds: usize = setting("B_ROUNDS", if measuring() { 15 } else { 1 });
    let few = |many: usize| if measuring() { many } else { 5 };
    println!("{:<44} {:>12} {:>12} {:>7} {:>7}", "", "framework/s", "by hand/s", "share", "goal");
    let only = std::env::var("B_ONLY").ok();
    let is_asked = |kind: &str| only.as_deref().is_none_or(|only| only == kind);
    if is_asked("writes") {
        for (name, synchronous, goal) in
            [("FULL", Synchronous::Full, 0.90), ("NORMAL", Synchronous::Normal, 0.80)]
        {
            let many = few(if name == "FULL" { 300 } else { 3_000 });
            writes(&format!("B1 one writer, 1 event, {name}"), rounds, synchronous, many, 1, goal, false);
            writes(&format!("B1 the same under tokio, {name}"), rounds, synchronous, many, 1, 0.65, true);
            let tenths = many / 3 + 1;
            writes(
                &format!("B2 one writer, 10 events, {name}"),
                rounds,
                synchronous,
                tenths,
                10,
                0.90,
                false,
            );
        }
    }
    if is_asked("groups") {
        for (writers, tokio, goal) in [(16, false, 0.90), (16, true, 0.90), (64, true, 0.90)] {
            group::concurrent(rounds, writers, few(4_000), tokio, goal);
        }
    }
    if is_asked("reads") {
        replay(rounds, few(1_000));
        log(rounds, few(20_000));
    }
    if is_asked("sealed") {
        sealed::sealed(rounds, few(5_000));
    }
    if is_asked("processes") {
        processes::processes(rounds);
    }
    if is_asked("growth") {
        let largest = || setting("B10_LARGEST", 10_000_000);
        let sizes = if measuring() { vec![10_000, 1_000_000, largest()] } else { vec![1_000] };
        growth::growth(&sizes, rounds);
    }
}

/// A folder of its own, removed at the end.
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
    let database = SqliteOptions::file(path).synchronous(synchronous).open().expect("it can be opened");
    let recorder = database.recorder(&Tables::default()).expect("the tables can be made");
    Application::on(std::sync::Arc::new(recorder)).open().wait().expect("it can be opened")
}

fn pragma(synchronous: Synchronous) -> &'static str {
    if synchronous == Synchronous::Full { "FULL" } else { "NORMAL" }
}

/// Prints throughputs: `many` things in each duration.
pub(crate) fn report(name: &str, many: usize, goal: f64, ours: &[Duration], by_hand: &[Duration]) {
    let rate = |taken: &Duration| f64::from(u32::try_from(many).unwrap_or(u32::MAX)) / taken.as_secs_f64();
    let shares = ours.iter().zip(by_hand).map(|(ours, by_hand)| by_hand.as_secs_f64() / ours.as_secs_f64());
    let share = median(shares);
    let (ours, by_hand) = (median(ours.iter().map(rate)), median(by_hand.iter().map(rate)));
    println!("{name:<44} {ours:>12.0} {by_hand:>12.0} {share:>7.2} {goal:>7.2}");
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn writes(
    name: &str,
    rounds: usize,
    synchronous: Synchronous,
    commits: usize,
    events: usize,
    goal: f64,
    tokio: bool,
) {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), synchronous);
    let connection = raw::open(&folder.file("raw.db"), pragma(synchronous));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("it starts");
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut account = Account::open("Ann".to_owned());
        app.save(&mut account).wait().expect("it is saved");
        ours.push(if tokio {
            let app = app.clone();
            timed(|| {
                runtime.block_on(async {
                    tokio::spawn(async move {
                        for _ in 0..commits {
                            account.deposit(1, REFERENCE.to_owned());
                            app.save(&mut account).await.expect("it is saved");
                        }
                    })
                    .await
                    .expect("it ends");
                });
            })
        } else {
            timed(|| {
                for _ in 0..commits {
                    for _ in 0..events {
                        account.deposit(1, REFERENCE.to_owned());
                    }
                    app.save(&mut account).wait().expect("it is saved");
                }
            })
        });
        let mut account = raw::Account::open(&connection);
        by_hand.push(timed(|| (0..commits).for_each(|_| account.deposit(&connection, events))));
    }
    report(name, commits, goal, &ours, &by_hand);
}

fn replay(rounds: usize, events: usize) {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), Synchronous::Normal);
    let connection = raw::open(&folder.file("raw.db"), "NORMAL");
    let mut account = Account::open("Ann".to_owned());
    (1..events).for_each(|_| account.deposit(1, REFERENCE.to_owned()));
    app.save(&mut account).wait().expect("it is saved");
    let mut raw = raw::Account::open(&connection);
    raw.deposit(&connection, events - 1);
    let expected = i64::try_from(events - 1).expect("few");
    let get = async |app: &Application| {
        let account = app.get(account.id()).await.expect("it is there");
        assert_eq!((account.balance, account.owner.as_str()), (expected, "Ann"));
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("it starts");
    let (mut waited, mut polled, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds * 20 {
        waited.push(timed(|| get(&app).wait()));
        polled.push(timed(|| runtime.block_on(get(&app))));
        by_hand.push(timed(|| assert_eq!(raw::replay(&connection, raw.id()), expected)));
    }
    report(&format!("B4 replay {events} events"), events, 0.70, &waited, &by_hand);
    report("B4 the same under tokio, against waiting", events, 0.90, &polled, &waited);
}

fn log(rounds: usize, events: usize) {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), Synchronous::Normal);
    let connection = raw::open(&folder.file("raw.db"), "NORMAL");
    let mut account = Account::open("Ann".to_owned());
    let mut raw = raw::Account::open(&connection);
    (1..events).for_each(|_| account.deposit(1, REFERENCE.to_owned()));
    app.save(&mut account).wait().expect("it is saved");
    raw.deposit(&connection, events - 1);
    let expected = i64::try_from(events - 1).expect("few");
    let read = async |app: &Application| {
        let (mut after, mut sum) = (None, 0);
        loop {
            let page = LogRange::all().after(after).limit(1_000);
            let page = app.recorder().read_log(page).await.expect("it is read");
            after = page.through;
            for notification in &page.entries {
                let event = app.store().mapper().decode::<Account>(&notification.event).expect("an event");
                if let Some(AccountEvent::Deposited(deposited)) =
                    event.as_ref().map(es_runtime::Recorded::event)
                {
                    sum += deposited.amount;
                }
            }
        }
        assert_eq!(sum, expected);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("it starts");
    let (mut waited, mut polled, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        waited.push(timed(|| read(&app).wait()));
        polled.push(timed(|| runtime.block_on(read(&app))));
        by_hand.push(timed(|| assert_eq!(raw::read_log(&connection), expected)));
    }
    report("B5 the log, pages of 1,000", events, 0.70, &waited, &by_hand);
    report("B5 the same under tokio, against waiting", events, 0.90, &polled, &waited);
}
