//! Writers in three processes; by hand with a group commit in each. The program runs itself.

use std::io::{BufRead, BufReader, Write, stdin};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use es_benches::{measuring, median};

use crate::account::Account;
use crate::by_hand;
use crate::group::Tasks;
use crate::measure;
use crate::one::deposit;
use crate::server::{Place, Server};

const ROLE: &str = "B6_PROCESS";
const PROCESSES: usize = 3;
const WRITERS: usize = 16;
/// The number of connections of a group commit by hand: as many as the recorder has.
const LANES: usize = 2;

/// Commits for a while if [`processes`] started this process. Returns whether it did.
pub(crate) fn commits() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    let [side, millis, events, name, uri] =
        role.splitn(5, ' ').collect::<Vec<_>>().try_into().expect("five words");
    let place = Place { uri: uri.to_owned(), name: name.to_owned() };
    let events: usize = events.parse().expect("a number");
    let (runtime, count) = (measure::tokio(), Arc::new(Count::default()));
    let tasks: Vec<_> = if side == "framework" {
        let app = place.application();
        let task = |_| {
            let (app, count) = (app.clone(), Arc::clone(&count));
            runtime.spawn(async move {
                let mut account = Account::open("Ann".to_owned());
                while !count.is_over.load(Ordering::Relaxed) {
                    deposit(&mut account, events);
                    app.save(&mut account).await.expect("it is saved");
                    count.commits.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        (0..WRITERS).map(task).collect()
    } else {
        let group = Tasks::start(&runtime, &place, LANES);
        let task = |_| {
            let (group, count) = (group.clone(), Arc::clone(&count));
            runtime.spawn(async move {
                let mut account = by_hand::Account::open().0;
                while !count.is_over.load(Ordering::Relaxed) {
                    group.commit(account.deposit(events)).await;
                    count.commits.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        (0..WRITERS).map(task).collect()
    };
    // The writers run before and after the counted time, so that all processes write during all of it.
    println!("ready");
    read_line(&mut stdin().lock());
    let before = count.commits.load(Ordering::Relaxed);
    thread::sleep(Duration::from_millis(millis.parse().expect("a number")));
    println!("{}", count.commits.load(Ordering::Relaxed) - before);
    read_line(&mut stdin().lock());
    count.is_over.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        for task in tasks {
            task.await.expect("it ends");
        }
    });
    true
}

#[derive(Default)]
struct Count {
    commits: AtomicUsize,
    is_over: AtomicBool,
}

pub(crate) fn processes(server: &Server, rounds: usize) {
    for events in [1, 10] {
        let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
        for round in 0..rounds.div_ceil(2) {
            if round % 2 == 0 {
                ours.push(run(server, "framework", events));
                by_hand.push(run(server, "by_hand", events));
            } else {
                by_hand.push(run(server, "by_hand", events));
                ours.push(run(server, "framework", events));
            }
        }
        let shares: Vec<f64> = ours.iter().zip(&by_hand).map(|(ours, by_hand)| ours / by_hand).collect();
        let name = format!("3 processes with 16 tasks, {events} at a time, groups on 2");
        println!(
            "{name:<58} {:>11.0} {:>11.0} {:>6.2} {:>6.2}",
            median(ours),
            median(by_hand),
            median(shares),
            0.90
        );
    }
}

/// Returns the commits a second of all processes together.
fn run(server: &Server, side: &str, events: usize) -> f64 {
    let schema = if side == "framework" { server.schema() } else { server.by_hand() };
    if side == "framework" {
        // The tables exist before the processes open them.
        drop(schema.recorder());
    }
    let millis = if measuring() { 2_000 } else { 100 };
    let role = format!("{side} {millis} {events} {} {}", schema.name, schema.uri);
    let mut others: Vec<Other> = (0..PROCESSES).map(|_| Other::start(ROLE, &role)).collect();
    for other in &mut others {
        assert_eq!(other.line(), "ready");
    }
    thread::sleep(Duration::from_millis(millis / 4));
    others.iter_mut().for_each(Other::go_on);
    let commits: f64 = others.iter_mut().map(|other| other.line().parse::<f64>().expect("a number")).sum();
    others.iter_mut().for_each(Other::go_on);
    others.into_iter().for_each(Other::end);
    commits / Duration::from_millis(millis).as_secs_f64()
}

/// Another process of this program, which is told what to do by lines.
pub(crate) struct Other {
    process: Child,
    lines: BufReader<ChildStdout>,
}

impl Other {
    pub(crate) fn start(variable: &str, role: &str) -> Self {
        let program = std::env::current_exe().expect("it has a path");
        let started =
            Command::new(program).env(variable, role).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = started.expect("it starts");
        let lines = BufReader::new(process.stdout.take().expect("it has an output"));
        Self { process, lines }
    }

    pub(crate) fn line(&mut self) -> String {
        read_line(&mut self.lines)
    }

    pub(crate) fn go_on(&mut self) {
        self.process.stdin.as_mut().expect("it has an input").write_all(b"go\n").expect("it listens");
    }

    pub(crate) fn end(mut self) {
        assert!(self.process.wait().expect("it ends").success());
    }
}

pub(crate) fn read_line(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).expect("it is read");
    line.trim().to_owned()
}
