use std::collections::BTreeMap;
use std::fmt;

use super::answer::Answer;
use super::operation::Operation;
use crate::error::{Conflict, ErrorKind};

/// The counts of a [differential run](super::differential): the operations of each kind, and their outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DifferentialCounts {
    of: BTreeMap<(&'static str, &'static str), u64>,
    stores: u64,
    events_read: u64,
}

impl DifferentialCounts {
    /// Returns the number of operations, without the final reads of each store.
    pub fn operations(&self) -> u64 {
        self.of.values().sum()
    }

    /// Returns the number of stores that the run used up.
    pub const fn stores(&self) -> u64 {
        self.stores
    }

    /// Returns the number of events that the operations read.
    pub const fn events_read(&self) -> u64 {
        self.events_read
    }

    /// Returns each operation with each of its outcomes, and their number.
    pub fn ends(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.of.iter().map(|((operation, end), count)| (*operation, *end, *count))
    }

    pub(super) fn count(&mut self, operation: &Operation, answer: &Answer) {
        *self.of.entry((operation.name(), end(answer))).or_default() += 1;
        self.events_read += match answer {
            Answer::Events(events) => events.len() as u64,
            Answer::Log { entries, .. } => entries.len() as u64,
            _ => 0,
        };
    }

    pub(super) fn end_store(&mut self) {
        self.stores += 1;
    }
}

const fn end(answer: &Answer) -> &'static str {
    match answer {
        Answer::Stored { is_repeated: true, .. } => "repeated",
        Answer::Stored { .. } => "stored",
        Answer::Found(true) => "found",
        Answer::Found(false) => "not found",
        Answer::Refused { conflict: Some(Conflict::Version { .. }), .. } => "conflict of versions",
        Answer::Refused { conflict: Some(Conflict::Key { .. }), .. } => "conflict of data keys",
        Answer::Refused { conflict: Some(Conflict::Tracking { .. }), .. } => "conflict of steps",
        Answer::Refused { kind: ErrorKind::Diverged, .. } => "diverged",
        Answer::Refused { kind: ErrorKind::Forgotten, .. } => "forgotten",
        Answer::Refused { kind: ErrorKind::Config, .. } => "data key is missing",
        Answer::Refused { .. } => "refused",
        Answer::Events(_) | Answer::Log { .. } | Answer::Keys(_) | Answer::Place(_) => "read",
        Answer::Done | Answer::Broken(_) => "done",
    }
}

impl fmt::Display for DifferentialCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operations, Self { stores, events_read, .. }) = (self.operations(), self);
        writeln!(f, "{operations} operations on {stores} stores, {events_read} events read")?;
        for (operation, end, count) in self.ends() {
            writeln!(f, "{count:>10}  {operation}: {end}")?;
        }
        Ok(())
    }
}
