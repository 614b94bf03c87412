use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::id::{CommitId, Mark};
use crate::recorder::Receipt;

/// The moment until which a commit is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Until the test [shows](super::Faults::show) the commit.
    UntilShown,
    /// Until the store has stored that many later commits.
    ForCommits(u64),
    /// For a time.
    For(Duration),
}

/// The commits that are held back, and the position that readers of the log have reached meanwhile.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    held: Vec<Held>,
    next: u64,
    /// The highest position up to which the log was ever reported complete.
    reported: u64,
}

#[derive(Debug)]
struct Held {
    number: u64,
    commit: CommitId,
    /// The commit's first position, or a lower one while the commit is under way.
    floor: u64,
    /// Set once the commit is stored.
    receipt: Option<Receipt>,
    hold: Hold,
    since: Instant,
}

impl Held {
    fn is_over(&self) -> bool {
        match self.hold {
            _ if self.receipt.is_none() => false,
            Hold::UntilShown => false,
            Hold::ForCommits(left) => left == 0,
            Hold::For(time) => self.since.elapsed() >= time,
        }
    }
}

impl Ledger {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Nothing that runs under the lock panics.
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.held.retain(|held| !held.is_over());
        entries
    }

    /// Holds back a commit that is about to be stored.
    pub(super) fn hold(&self, commit: CommitId, hold: Hold) -> UnderWay<'_> {
        let mut entries = self.entries();
        let number = entries.next;
        entries.next += 1;
        // Readers know lower positions only, so the commit comes after them all.
        let floor = entries.reported + 1;
        entries.held.push(Held { number, commit, floor, receipt: None, hold, since: Instant::now() });
        UnderWay { ledger: self, number }
    }

    /// Counts a commit that was stored after those that are held back.
    pub(super) fn count_later(&self) {
        for held in self.entries().held.iter_mut().filter(|held| held.receipt.is_some()) {
            if let Hold::ForCommits(left) = &mut held.hold {
                *left = left.saturating_sub(1);
            }
        }
    }

    /// Returns the lowest position that readers of the log must not reach yet.
    pub(super) fn floor(&self) -> Option<u64> {
        self.entries().held.iter().map(|held| held.floor).min()
    }

    /// Returns the position up to which the log is complete, if it ends at `end`.
    pub(super) fn complete(&self, end: u64) -> u64 {
        let mut entries = self.entries();
        let floor = entries.held.iter().map(|held| held.floor).min();
        let complete = floor.map_or(end, |floor| end.min(floor - 1));
        entries.reported = entries.reported.max(complete);
        complete
    }

    /// Returns whether every reader of the log reaches a mark from now on.
    pub(super) fn is_reached(&self, mark: Mark) -> bool {
        let position = mark.position().get();
        self.complete(position) == position
    }

    pub(super) fn is_held(&self, commit: CommitId) -> bool {
        self.entries().held.iter().any(|held| held.commit == commit)
    }

    pub(super) fn held(&self) -> Vec<Receipt> {
        self.entries().held.iter().filter_map(|held| held.receipt.clone()).collect()
    }

    /// Shows one commit that is held back, or all.
    pub(super) fn show(&self, commit: Option<CommitId>) {
        let is_meant =
            |held: &Held| held.receipt.is_some() && commit.is_none_or(|commit| held.commit == commit);
        self.entries().held.retain(|held| !is_meant(held));
    }
}

/// A commit that is being stored, and will be held back. A commit whose guard is dropped is an ordinary one, if it is
/// stored at all.
#[derive(Debug)]
pub(super) struct UnderWay<'a> {
    ledger: &'a Ledger,
    number: u64,
}

impl UnderWay<'_> {
    /// Notes the positions of the commit. Returns whether the commit is held back.
    pub(super) fn stored(self, receipt: &Receipt) -> bool {
        let Some((first, _)) = receipt.positions().filter(|_| !receipt.is_repeated()) else { return false };
        let mut entries = self.ledger.entries();
        let Some(held) = entries.held.iter_mut().find(|held| held.number == self.number) else {
            return false;
        };
        held.floor = first.get();
        held.receipt = Some(receipt.clone());
        held.since = Instant::now();
        true
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let number = self.number;
        self.ledger.entries().held.retain(|held| held.number != number || held.receipt.is_some());
    }
}
