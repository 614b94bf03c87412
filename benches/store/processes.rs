//! Processes that each commit one event at a time, in a loop, on one file: the throughput of all together, its spread,
//! and the longest wait. By hand they wait as SQLite makes them wait. The program runs itself.

use std::io::{BufRead, BufReader, Write, stdin};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use es_benches::{measuring, median};
use es_runtime::Wait;
use es_runtime::recorder::Synchronous;

use crate::account::{Account, REFERENCE};
use crate::harness::{Folder, open, pragma};
use crate::raw;

const ROLE: &str = "B_PROCESS";

/// Commits for a while if [`processes`] started this process. Returns whether it did.
pub(crate) fn commits() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    let mut words = role.splitn(4, ' ');
    let mut next = || words.next().expect("four words");
    let (by_hand, is_full, millis, path) = (next() == "by_hand", next() == "FULL", next(), next());
    let lasts = Duration::from_millis(millis.parse().expect("a number"));
    let synchronous = if is_full { Synchronous::Full } else { Synchronous::Normal };
    let (commits, failures, longest) = if by_hand {
        let connection = raw::open_existing(Path::new(path), pragma(synchronous));
        let mut account = None;
        repeat(lasts, || match &mut account {
            None => raw::Account::try_open(&connection).map(|made| account = Some(made)).is_some(),
            Some(account) => account.try_deposit(&connection),
        })
    } else {
        let app = open(Path::new(path), synchronous);
        let mut account = Account::open("Ann".to_owned());
        repeat(lasts, || {
            account.deposit(1, REFERENCE.to_owned());
            app.save(&mut account).wait().is_ok()
        })
    };
    println!("{commits} {failures} {}", longest.as_micros());
    true
}

fn repeat(lasts: Duration, mut commit: impl FnMut() -> bool) -> (u32, u32, Duration) {
    println!("ready");
    stdin().read_line(&mut String::new()).expect("the parent sends a line");
    let (mut commits, mut failures, mut longest) = (0, 0, Duration::ZERO);
    let began = Instant::now();
    while began.elapsed() < lasts {
        let asked = Instant::now();
        *(if commit() { &mut commits } else { &mut failures }) += 1;
        longest = longest.max(asked.elapsed());
    }
    (commits, failures, longest)
}

struct Figures {
    /// The commits a second of each process, the lowest first.
    rates: Vec<f64>,
    longest: f64,
    failures: f64,
}

pub(crate) fn processes(rounds: usize) {
    println!(
        "\n{:<44} {:>12} {:>12} {:>7} {:>9} {:>9} {:>8}",
        "processes on one file", "sum/s", "by hand/s", "share", "least/s", "longest", "failures"
    );
    let millis = if measuring() { 2_000 } else { 100 };
    for synchronous in ["FULL", "NORMAL"] {
        for many in [1, 2, 4, 8] {
            let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
            for _ in 0..rounds.div_ceil(5) {
                ours.push(run("framework", synchronous, millis, many));
                by_hand.push(run("by_hand", synchronous, millis, many));
            }
            let of = |figures: &[Figures], of: fn(&Figures) -> f64| median(figures.iter().map(of));
            let sum = |figures: &Figures| figures.rates.iter().sum::<f64>();
            let share = median(ours.iter().zip(&by_hand).map(|(ours, by_hand)| sum(ours) / sum(by_hand)));
            for (name, figures) in [("", &ours), (", by hand", &by_hand)] {
                let (total, least) = (of(figures, sum), of(figures, |figures| figures.rates[0]));
                let (longest, failures) =
                    (of(figures, |figures| figures.longest), of(figures, |figures| figures.failures));
                let (ours, hand, share) = if name.is_empty() {
                    (format!("{total:.0}"), String::new(), format!("{share:.2}"))
                } else {
                    (String::new(), format!("{total:.0}"), String::new())
                };
                println!(
                    "{:<44} {ours:>12} {hand:>12} {share:>7} {least:>9.0} {:>6.0} ms {failures:>8.0}",
                    format!("P{many} processes, {synchronous}{name}"),
                    longest / 1_000.0,
                );
            }
        }
    }
}

fn run(role: &str, synchronous: &str, millis: u32, many: usize) -> Figures {
    let folder = Folder::new();
    let path = folder.file("events.db");
    if role == "by_hand" {
        drop(raw::open(&path, synchronous));
    }
    let start = || {
        let program = std::env::current_exe().expect("it has a path");
        let role = format!("{role} {synchronous} {millis} {}", path.display());
        let command =
            Command::new(program).env(ROLE, role).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = command.expect("it starts");
        let lines = BufReader::new(process.stdout.take().expect("it has an output"));
        (process, lines)
    };
    let mut others: Vec<(Child, BufReader<ChildStdout>)> = (0..many).map(|_| start()).collect();
    for (_, lines) in &mut others {
        assert_eq!(line(lines), "ready");
    }
    for (process, _) in &mut others {
        process.stdin.as_mut().expect("it has an input").write_all(b"go\n").expect("it listens");
    }
    let (mut rates, mut longest, mut failures) = (Vec::new(), 0.0_f64, 0.0);
    for (mut process, mut lines) in others {
        let report = line(&mut lines);
        let figures: Vec<f64> = report.split(' ').map(|figure| figure.parse().expect("a number")).collect();
        rates.push(figures[0] * 1_000.0 / f64::from(millis));
        failures += figures[1];
        longest = longest.max(figures[2]);
        assert!(process.wait().expect("it ends").success());
    }
    rates.sort_by(f64::total_cmp);
    Figures { rates, longest, failures }
}

fn line(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).expect("it reports");
    line.trim().to_owned()
}
