//! The kinds of torture, and the table that each kind fills.

use std::time::{Duration, Instant};
use std::{env, fmt, panic, process};

use crate::differential::Differential;
use crate::kill::Kill;
use crate::linear::Linear;
use crate::marks::Marks;
use crate::postgres::Postgres;
use crate::processes::Processes;
use crate::projections::Projections;
use crate::subscriptions::Subscriptions;

/// The variable that names the role of a process which a kind has started.
pub(crate) const ROLE: &str = "TORTURE_ROLE";

/// Ends this process if one of its threads panics: the other threads would wait for it.
pub(crate) fn end_with_the_first_panic() {
    panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        process::exit(1);
    }));
}

/// Returns a setting that the parent has made.
pub(crate) fn setting(name: &str) -> String {
    env::var(name).expect("the parent has set it")
}

/// Returns a number that the parent has set.
pub(crate) fn number_of(name: &str) -> u64 {
    setting(name).parse().expect("it is a number")
}

/// Every kind. A new kind is a module, and an entry here.
pub(crate) const KINDS: &[&dyn Kind] =
    &[&Kill, &Linear, &Differential, &Processes, &Marks, &Postgres, &Subscriptions, &Projections];

/// One way to torture a store.
pub(crate) trait Kind: Sync {
    /// The name on the command line.
    fn name(&self) -> &'static str;

    /// Describes in a sentence or two how this kind tortures, for the readers of the figures.
    fn about(&self) -> &'static str;

    /// Tortures, and returns the counts.
    fn run(&self, length: Length) -> Table;

    /// Plays the role of a process that this kind has started. Returns false if this kind has no such role.
    fn play(&self, role: &str) -> bool {
        let _ = role;
        false
    }
}

/// The length of a run.
#[derive(Clone, Copy)]
pub(crate) enum Length {
    /// One short round of each part, for the tests.
    OneRound,
    /// Rounds until the time has passed.
    Time(Duration),
}

impl Length {
    /// Runs rounds, numbered from 0, until the length is reached.
    pub(crate) fn rounds(self, mut round: impl FnMut(u64)) {
        let start = Instant::now();
        for number in 0.. {
            round(number);
            match self {
                Self::Time(time) if start.elapsed() < time => {}
                _ => break,
            }
        }
    }

    /// Chooses between a value for the tests and one for long runs.
    pub(crate) fn pick<T>(self, short: T, long: T) -> T {
        match self {
            Self::OneRound => short,
            Self::Time(_) => long,
        }
    }
}

/// A table of counts. The first columns count work, the last ones faults; those between show the highest count.
pub(crate) struct Table {
    pub(crate) work: &'static [&'static str],
    pub(crate) highest: &'static [&'static str],
    pub(crate) faults: &'static [&'static str],
    pub(crate) rows: Vec<(&'static str, Vec<u64>)>,
}

impl Table {
    /// Makes an empty table with these columns.
    pub(crate) const fn new(work: &'static [&'static str], faults: &'static [&'static str]) -> Self {
        Self { work, highest: &[], faults, rows: Vec::new() }
    }

    /// Adds columns that show the highest count of all rounds.
    pub(crate) const fn with_highest(mut self, highest: &'static [&'static str]) -> Self {
        self.highest = highest;
        self
    }

    /// Adds counts, in the order of the columns, to the row of this name.
    pub(crate) fn add(&mut self, name: &'static str, counts: &[u64]) {
        assert_eq!(counts.len(), self.columns().count(), "a count for each column");
        let first = self.work.len();
        let highest = first..first + self.highest.len();
        match self.rows.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                for (at, (known, count)) in known.iter_mut().zip(counts).enumerate() {
                    *known = if highest.contains(&at) { *count.max(known) } else { *known + count };
                }
            }
            None => self.rows.push((name, counts.to_vec())),
        }
    }

    /// Returns the sum of all faults.
    pub(crate) fn faults(&self) -> u64 {
        let first = self.work.len() + self.highest.len();
        self.rows.iter().flat_map(|(_, counts)| counts.iter().skip(first)).sum()
    }

    fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.work.iter().chain(self.highest).chain(self.faults).copied()
    }
}

impl fmt::Display for Table {
    /// Writes the table as Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<&str> = self.columns().collect();
        writeln!(f, "| | {} |", columns.join(" | "))?;
        writeln!(f, "|---|{}", "---:|".repeat(columns.len()))?;
        for (name, counts) in &self.rows {
            write!(f, "| {name} |")?;
            counts.iter().try_for_each(|count| write!(f, " {count} |"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}
