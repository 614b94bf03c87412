//! The notes of a process for the audit, as lines of a file.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use es_runtime::id::{CommitId, Mark, Position};
use uuid::Uuid;

/// The notes of one process.
#[derive(Default)]
pub(crate) struct Report {
    /// The acknowledged commits: the first and the last position, and the moment of the acknowledgement.
    pub(crate) saved: Vec<(CommitId, u64, u64, u64)>,
    pub(crate) forgotten: Vec<Uuid>,
    pub(crate) conflicts: u64,
    pub(crate) renewed: u64,
    pub(crate) steps: u64,
    pub(crate) steps_refused: u64,
    /// The events that the follower read, in its order, each with the moment.
    pub(crate) seen: Vec<(Mark, u64)>,
}

impl Report {
    /// Adds the notes of another thread.
    pub(crate) fn add(&mut self, other: Self) {
        self.saved.extend(other.saved);
        self.forgotten.extend(other.forgotten);
        self.seen.extend(other.seen);
        self.conflicts += other.conflicts;
        self.renewed += other.renewed;
        self.steps += other.steps;
        self.steps_refused += other.steps_refused;
    }

    pub(crate) fn write(&self, folder: &Path, number: u64) {
        let Self { conflicts, renewed, steps, steps_refused, .. } = self;
        let mut lines = vec![format!("counts {conflicts} {renewed} {steps} {steps_refused}")];
        lines.extend(
            self.saved.iter().map(|(commit, first, last, at)| format!("saved {commit} {first} {last} {at}")),
        );
        lines.extend(self.forgotten.iter().map(|id| format!("forgotten {id}")));
        lines.extend(
            self.seen.iter().map(|(mark, at)| format!("seen {} {} {at}", mark.position(), mark.commit())),
        );
        fs::write(file(folder, number), lines.join("\n")).expect("the report can be written");
    }

    pub(crate) fn read(folder: &Path, number: u64) -> Self {
        let text = fs::read_to_string(file(folder, number)).expect("the process left a report");
        let mut report = Self::default();
        for line in text.lines() {
            report.line(line).expect("the line is whole");
        }
        report
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let (kind, rest) = line.split_once(' ')?;
        let words: Vec<&str> = rest.split(' ').collect();
        let word = |at: usize| words.get(at).copied();
        let number = |at: usize| word(at)?.parse::<u64>().ok();
        let uuid = |at: usize| word(at)?.parse::<Uuid>().ok();
        match kind {
            "counts" => {
                (self.conflicts, self.renewed) = (number(0)?, number(1)?);
                (self.steps, self.steps_refused) = (number(2)?, number(3)?);
            }
            "saved" => {
                self.saved.push((CommitId::from_uuid(uuid(0)?), number(1)?, number(2)?, number(3)?));
            }
            "forgotten" => self.forgotten.push(uuid(0)?),
            "seen" => {
                let mark = Mark::new(Position::new(number(0)?)?, CommitId::from_uuid(uuid(1)?));
                self.seen.push((mark, number(2)?));
            }
            _ => return None,
        }
        Some(())
    }
}

fn file(folder: &Path, number: u64) -> std::path::PathBuf {
    folder.join(format!("report {number}"))
}

/// Returns the time in microseconds on a clock that all processes share.
pub(crate) fn now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
