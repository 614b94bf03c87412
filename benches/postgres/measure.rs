//! Figures: rounds of all sides in turn, with the time and the processor time that they take.

use std::fs;
use std::time::{Duration, Instant};

use es_benches::{measuring, median};
use tokio::runtime::{Builder, Runtime};

use crate::postgres::by_hand_as;
use crate::server::Server;

/// A round of the work of one side.
pub(crate) type Side<'a> = Box<dyn FnMut() + 'a>;

/// The figures of one side.
#[derive(Default)]
pub(crate) struct Figures {
    seconds: Vec<f64>,
    server: Duration,
    client: Duration,
}

/// Runs the sides in turn, round by round.
pub(crate) fn rounds<const N: usize>(
    server: &Server,
    rounds: usize,
    mut sides: [Side<'_>; N],
) -> [Figures; N] {
    let mut figures = [(); N].map(|()| Figures::default());
    if measuring() {
        for side in &mut sides {
            side();
        }
    }
    for round in 0..rounds {
        for at in 0..N {
            let at = if round % 2 == 0 { at } else { N - 1 - at };
            let (of, before) = (&mut figures[at], (server.processors.used(), used_here()));
            let start = Instant::now();
            sides[at]();
            of.seconds.push(start.elapsed().as_secs_f64());
            of.server += server.processors.used().saturating_sub(before.0);
            of.client += used_here().saturating_sub(before.1);
        }
    }
    figures
}

pub(crate) fn print_header() {
    println!(
        "{:<58} {:>11} {:>11} {:>6} {:>6} {:>13} {:>13}",
        "", "framework/s", "by hand/s", "share", "goal", "server µs", "client µs"
    );
}

/// Prints throughputs, with `many` units of work in each round.
pub(crate) fn report(name: &str, many: usize, goal: Option<f64>, ours: &Figures, by_hand: &Figures) {
    let many = f64::from(u32::try_from(many).expect("few"));
    let rate = |figures: &Figures| median(figures.seconds.iter().map(|seconds| many / seconds));
    let share = median(ours.seconds.iter().zip(&by_hand.seconds).map(|(ours, by_hand)| by_hand / ours));
    let each = |figures: &Figures, of: fn(&Figures) -> Duration| {
        of(figures).as_secs_f64() * 1e6 / many / f64::from(u32::try_from(figures.seconds.len()).expect("few"))
    };
    let used = |of: fn(&Figures) -> Duration| {
        if of(ours).is_zero() && of(by_hand).is_zero() {
            return "-".to_owned();
        }
        format!("{:.1}/{:.1}", each(ours, of), each(by_hand, of))
    };
    let goal = goal.map_or_else(|| "-".to_owned(), |goal| format!("{goal:.2}"));
    let (server, client) = (used(|figures| figures.server), used(|figures| figures.client));
    println!(
        "{name:<58} {:>11.0} {:>11.0} {share:>6.2} {goal:>6} {server:>13} {client:>13}",
        rate(ours),
        rate(by_hand)
    );
}

/// The processes of a server on this machine, for the processor time that they use.
pub(crate) struct Processors {
    /// The process of the server that starts the others.
    parent: Option<u32>,
}

impl Processors {
    pub(crate) fn of(uri: &str) -> Self {
        let asked = by_hand_as(uri, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
        let checkpointer = asked.ok().and_then(|pids| pids.first()?.parse().ok());
        let is_here = |pid: &u32| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("postgres"))
        };
        Self { parent: checkpointer.filter(is_here).and_then(parent_of) }
    }

    /// Returns the processor time of the processes that run now.
    fn used(&self) -> Duration {
        let Some(parent) = self.parent else { return Duration::ZERO };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let of_server = pids.filter(|&pid: &u32| pid == parent || parent_of(pid) == Some(parent));
        of_server.filter_map(used_by).sum()
    }
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

/// Returns the processor time of a process with one thread.
fn used_by(pid: u32) -> Option<Duration> {
    let known = fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    known.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Returns the processor time of this process, which the system counts in hundredths of a second.
fn used_here() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// Returns the runtime of a program that waits on one thread, which also drives its connections.
pub(crate) fn on_this_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("it starts")
}

/// Returns the runtime of a program that is asynchronous throughout.
pub(crate) fn tokio() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("it starts")
}

/// Runs work for each item in a thread of its own.
pub(crate) fn in_threads<T: Send>(items: &mut [T], work: impl Fn(&mut T) + Sync) {
    std::thread::scope(|scope| {
        for item in items {
            let work = &work;
            scope.spawn(move || work(item));
        }
    });
}

/// Runs work for each item in a task of its own, which returns the item.
pub(crate) fn in_tasks<T, F>(runtime: &Runtime, items: &mut Vec<T>, work: impl Fn(T) -> F)
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    runtime.block_on(async {
        let tasks: Vec<_> = items.drain(..).map(|item| tokio::spawn(work(item))).collect();
        for task in tasks {
            items.push(task.await.expect("it ends"));
        }
    });
}
