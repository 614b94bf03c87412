//! Processes share one file: each of them saves, forgets, renews keys, processes the log and follows it.

mod audit;
mod domain;
mod follower;
mod report;
mod runner;
mod worker;
mod writer;

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;
use std::{env, thread};

use self::audit::audit;
use crate::kind::{Kind, Length, ROLE, Table};

const PROCESSES: u64 = 4;
const WORKER: &str = "processes: worker";
const FOLDER: &str = "TORTURE_PROCESSES_FOLDER";
const NUMBER: &str = "TORTURE_PROCESSES_NUMBER";
const OPERATIONS: &str = "TORTURE_PROCESSES_OPERATIONS";
const SEED: &str = "TORTURE_PROCESSES_SEED";

pub(crate) struct Processes;

impl Kind for Processes {
    fn name(&self) -> &'static str {
        "processes"
    }

    fn about(&self) -> &'static str {
        "Four processes share one SQLite file. Each saves aggregates that the others save too, forgets some, renews data\n\
         keys under one of two cipher keys, runs two consumers that the others run too, and follows the log with a mark.\n\
         A wait is the time from the acknowledgement of a commit until a follower has read it."
    }

    fn run(&self, length: Length) -> Table {
        let work = &[
            "commits",
            "events",
            "conflicts",
            "forgotten",
            "keys renewed",
            "steps",
            "steps refused",
            "read",
        ];
        let faults = &["lost", "doubled", "reversed", "wrong", "missed", "repeated", "applied twice"];
        let mut table = Table::new(work, faults).with_highest(&["longest wait, ms"]);
        length.rounds(|number| {
            let folder = tempfile::tempdir().expect("a folder can be made");
            work_together(folder.path(), length.pick(60, 1_500), number);
            table.add("SQLite", &audit(folder.path()));
        });
        table
    }

    fn play(&self, role: &str) -> bool {
        let is_own = role == WORKER;
        if is_own {
            worker::work();
        }
        is_own
    }
}

/// Starts the processes, each with that many operations, and waits for their ends.
fn work_together(folder: &Path, operations: u64, seed: u64) {
    let start = |number: u64| {
        let mut command = Command::new(env::current_exe().expect("this program has a path"));
        command.env(ROLE, WORKER).env(FOLDER, folder).env(NUMBER, number.to_string());
        command.env(OPERATIONS, operations.to_string()).env(SEED, seed.to_string());
        command.spawn().expect("the process starts")
    };
    let mut children: Vec<Child> = (0..PROCESSES).map(start).collect();
    while !children.is_empty() {
        let mut failed = None;
        children.retain_mut(|child| match child.try_wait().expect("the process can be asked") {
            Some(status) => {
                failed = failed.or(Some(status).filter(|status| !status.success()));
                false
            }
            None => true,
        });
        if let Some(status) = failed {
            // The other processes would wait for the failed one.
            for child in &mut children {
                child.kill().expect("the process can be killed");
                child.wait().expect("the process is gone");
            }
            panic!("a process failed: {status}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}
