//! The sides of a row: the writer here, and the follower in a thread or in another process.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::times::Calls;
use crate::{framework, postgres_by_hand, sqlite_by_hand};

const FOLLOWER: &str = "WAKEUP_FOLLOWER";

#[derive(Clone, Copy)]
pub(crate) enum Side {
    Framework,
    SqliteByHand,
    PostgresByHand,
}

impl Side {
    const ALL: [(&'static str, Self); 3] = [
        ("framework", Self::Framework),
        ("sqlite_by_hand", Self::SqliteByHand),
        ("postgres_by_hand", Self::PostgresByHand),
    ];

    const fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    /// Follows from the end of the log, and returns the time at which it had each of so many events.
    fn follow(self, place: &str, many: usize, is_ready: impl FnOnce()) -> Vec<i64> {
        match self {
            Self::Framework => framework::follow(&framework::open(place), many, is_ready),
            Self::SqliteByHand => sqlite_by_hand::follow(place, many, is_ready),
            Self::PostgresByHand => postgres_by_hand::follow(place, many, is_ready),
        }
    }

    fn write(self, place: &str, many: usize) -> Calls {
        match self {
            Self::Framework => framework::write(&framework::open(place), many),
            Self::SqliteByHand => sqlite_by_hand::write(place, many),
            Self::PostgresByHand => postgres_by_hand::write(place, many),
        }
    }
}

/// Follows if [`measure`] started this process. Returns whether it did.
pub(crate) fn follows() -> bool {
    let Ok(role) = std::env::var(FOLLOWER) else { return false };
    let [side, many, place] = role.splitn(3, ' ').collect::<Vec<_>>().try_into().expect("three words");
    let (_, side) = Side::ALL.into_iter().find(|(name, _)| *name == side).expect("it is a side");
    let many = many.parse().expect("a number");
    let seen: Vec<String> =
        side.follow(place, many, || println!("ready")).iter().map(i64::to_string).collect();
    println!("{}", seen.join(" "));
    true
}

/// Measures a follower in this process, then one in another.
pub(crate) fn measure(name: &str, side: Side, place: &str, many: usize) {
    match side {
        Side::Framework => {
            // Within a process, one application serves all.
            framework::measure_in(&format!("{name}, in this process"), &framework::open(place), many);
        }
        Side::SqliteByHand | Side::PostgresByHand => {
            if matches!(side, Side::SqliteByHand) {
                sqlite_by_hand::create(place);
            } else {
                postgres_by_hand::create(place);
            }
            let (calls, seen) = beside(|ready| side.follow(place, many, ready), || side.write(place, many));
            calls.print(&format!("{name}, in this process"), &seen);
        }
    }
    let program = std::env::current_exe().expect("it has a path");
    let role = format!("{} {many} {place}", side.name());
    let mut other =
        Command::new(program).env(FOLLOWER, role).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(other.stdout.take().expect("it has an output")).lines();
    let mut line = || lines.next().expect("it prints a line").expect("the line is text");
    assert_eq!(line(), "ready");
    thread::sleep(SETTLED);
    let calls = side.write(place, many);
    let seen: Vec<i64> = line().split(' ').map(|time| time.parse().expect("a number")).collect();
    assert!(other.wait().expect("it ends").success());
    calls.print(&format!("{name}, across processes"), &seen);
}

/// The time after which a follower that is ready waits.
const SETTLED: Duration = Duration::from_millis(200);

/// Writes while another thread follows.
pub(crate) fn beside(
    follow: impl FnOnce(Box<dyn FnOnce() + Send>) -> Vec<i64> + Send,
    write: impl FnOnce() -> Calls,
) -> (Calls, Vec<i64>) {
    let (sender, ready) = mpsc::channel();
    thread::scope(|scope| {
        let following = scope.spawn(move || follow(Box::new(move || sender.send(()).expect("it listens"))));
        ready.recv().expect("the follower is ready");
        thread::sleep(SETTLED);
        let calls = write();
        (calls, following.join().expect("it ends"))
    })
}

/// Rests so that the follower waits again, and not in step with anything that it does each millisecond.
pub(crate) fn rest(number: usize) {
    let micros = 3_000 + u64::try_from(number * 617 % 2_000).unwrap_or_default();
    thread::sleep(Duration::from_micros(micros));
}
