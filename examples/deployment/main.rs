//! Deployment: one application in each process, and worker processes that take tasks from a queue in the store.
//!
//! `cargo run --example deployment` starts itself again as workers, and kills them while they work: every task is done once.

mod bank;
mod one;
mod worker;

use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use es_runtime::{Application, Id, Wait};

use crate::bank::{Account, Transfer};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// The variable that makes the program a worker, and names the worker's store.
const STORE: &str = "WORKER_OF";

/// The arguments of the worker: none, unless the program is a test.
const ARGUMENTS: &[&str] = if cfg!(test) { &["--exact", "the_worker", "--nocapture"] } else { &[] };

const WORKERS: usize = 2;
const KILLS: u64 = 8;
const TASKS_OF_A_ROUND: usize = 20;

fn main() -> Fallible<()> {
    if let Ok(uri) = env::var(STORE) {
        return Ok(worker::work(&Application::open(&uri).wait()?)?);
    }
    one::show()?;

    let folder = tempfile::tempdir()?;
    let uri = format!("sqlite:{}", folder.path().join("bank.db").display());
    let app = Application::open(&uri).wait()?;
    let (mut ann, mut bob) = (Account::open(), Account::open());
    ann.deposit(1_000);
    app.save((&mut ann, &mut bob)).wait()?;

    // A save queues each task, and the program kills workers while they work.
    let mut queued = Vec::new();
    let mut workers = (0..WORKERS).map(|_| Worker::start(&uri)).collect::<io::Result<Vec<_>>>()?;
    for kill in 0..KILLS {
        for _ in 0..TASKS_OF_A_ROUND {
            let mut transfer = Transfer::request(ann.id(), bob.id(), 1);
            app.save(&mut transfer).wait()?;
            queued.push(transfer.id());
        }
        let first = queued.len() - TASKS_OF_A_ROUND;
        wait_for(&app, &queued[first..=first])?;
        thread::sleep(Duration::from_millis(kill));
        workers.remove(0).kill()?;
        workers.push(Worker::start(&uri)?);
    }
    // Nobody can do these: there is no such account, and the other id is that of a transfer.
    let vain = [Id::new(), Id::from_uuid(queued[0].uuid())];
    for to in vain {
        let mut transfer = Transfer::request(ann.id(), to, 1);
        app.save(&mut transfer).wait()?;
        queued.push(transfer.id());
    }
    wait_for(&app, &queued)?;
    drop(workers);

    // Each task has ended once, and has moved its money once.
    for id in &queued {
        assert_eq!(app.get(*id).wait()?.version(), 2);
    }
    let made = queued.len() - vain.len();
    assert_eq!(app.get(bob.id()).wait()?.balance, i64::try_from(made)?);
    assert_eq!(app.history(bob.id()).wait()?.len(), 1 + made);
    app.close();
    println!("{made} transfers by {WORKERS} workers, of which {KILLS} were killed: each made once");
    Ok(())
}

/// Waits until the tasks have ended.
fn wait_for(app: &Application, tasks: &[Id<Transfer>]) -> Fallible<()> {
    let began = Instant::now();
    for task in tasks {
        while app.get(*task).wait()?.is_open {
            if began.elapsed() > Duration::from_secs(60) {
                return Err(format!("the task {task} is still open").into());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}

/// A process of this program that works as a worker; killed when it is dropped.
struct Worker(Child);

impl Worker {
    fn start(uri: &str) -> io::Result<Self> {
        Command::new(env::current_exe()?).args(ARGUMENTS).env(STORE, uri).spawn().map(Self)
    }

    /// Ends the worker at once, as a crash does: it has no time to finish.
    fn kill(&mut self) -> io::Result<()> {
        self.0.kill()?;
        self.0.wait().map(drop)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

#[test]
fn the_example_runs() {
    if env::var_os(STORE).is_none() {
        main().expect("each task is done once");
    }
}

/// Works when the test above starts this program again.
#[test]
fn the_worker() {
    if env::var_os(STORE).is_some() {
        main().expect("a worker goes on until it is killed");
    }
}
