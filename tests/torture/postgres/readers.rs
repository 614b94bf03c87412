//! Audits the readers: each has to have read exactly the log.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::audit::Audit;
use super::counts::Faults;
use super::follower::Followed;
use super::record::Answer;
use super::row::Row;

/// The time after an acknowledgement at which a follower has read the commit at the latest, in microseconds.
const STALLED: u64 = 15_000_000;

impl Audit {
    /// Checks that each follower has read exactly the log.
    pub(crate) fn followers(&mut self, followers: &[Followed]) {
        for follower in followers {
            self.counts.read += follower.read;
            self.counts.diverged += follower.diverged.len() as u64;
            follower.wrong.iter().for_each(|text| self.wrong(text));
            for mark in &follower.diverged {
                let place = (mark.position().get(), mark.commit().uuid());
                if self.log.iter().any(|row| (row.position, row.commit) == place) {
                    self.wrong(&format!("a follower is told that {mark} is gone"));
                }
            }
            let seen: Vec<Row> = follower.seen.iter().map(|seen| seen.row).collect();
            let found = self.compare(&seen);
            if found != Faults::default() {
                println!("a follower: {found:?}");
            }
            self.counts.faults.add(&found);
        }
        // Smaller pages cannot keep up with all writers.
        if let Some(fastest) = followers.last() {
            self.delays(fastest);
        }
    }

    /// Measures the delays of a follower.
    fn delays(&mut self, follower: &Followed) {
        let last = |(commit, (first, many)): (&Uuid, &(usize, usize))| {
            self.log.get(first + many - 1).map(|row| (row.position, *commit))
        };
        let last: HashMap<u64, Uuid> = self.commits.iter().filter_map(last).collect();
        let mut delays = Vec::new();
        for seen in &follower.seen {
            let fate = last.get(&seen.row.position).and_then(|commit| self.fates.get(commit));
            let Some(fate) = fate else { continue };
            delays.push(seen.at.saturating_sub(fate.began));
            let acknowledged = fate.answers.iter().find_map(|answer| match answer {
                Answer::Stored { end, .. } => Some(*end),
                _ => None,
            });
            let is_late = acknowledged.is_some_and(|end| seen.at.saturating_sub(end) > STALLED);
            self.counts.faults.stalled += u64::from(is_late && self.restored.is_none());
        }
        delays.sort_unstable();
        let part = |hundredth: usize| delays.get(delays.len() * hundredth / 100).copied().unwrap_or_default();
        self.counts.delays = [part(50), part(99)];
    }

    /// Returns the faults of a reader.
    pub(crate) fn compare(&self, seen: &[Row]) -> Faults {
        let log: Vec<Row> = self.log.iter().map(|row| row.read_one()).collect();
        if seen == log {
            return Faults::default();
        }
        let (stored, different): (HashSet<&Row>, HashSet<&Row>) =
            (log.iter().collect(), seen.iter().collect());
        let pieces = seen.chunk_by(|one, other| one.commit == other.commit).map(|piece| piece[0].commit);
        let pieces: Vec<Uuid> = pieces.collect();
        Faults {
            twice: (seen.len() - different.len()) as u64,
            missed: stored.difference(&different).count() as u64,
            reversed: seen.windows(2).filter(|pair| pair[0].position > pair[1].position).count() as u64,
            mixed: (pieces.len() - pieces.iter().collect::<HashSet<_>>().len()) as u64,
            // Events that are not in the log.
            wrong: different.difference(&stored).count() as u64,
            ..Faults::default()
        }
    }
}
