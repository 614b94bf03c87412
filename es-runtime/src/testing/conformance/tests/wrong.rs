use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::super::store::position;
use super::fault::Fault;
use crate::error::{Error, ErrorKind};
use crate::recorder::*;
use crate::stored_event::StoredEvent;
use crate::wait::Wait;
use uuid::Uuid;

/// A recorder in memory that has one fault.
pub(super) struct Wrong {
    pub(super) inner: MemoryRecorder,
    pub(super) fault: Fault,
    pub(super) known: Mutex<Known>,
    pub(super) busy: AtomicUsize,
    pub(super) conflicts: AtomicUsize,
}

#[derive(Default)]
pub(super) struct Known {
    pub(super) commits: Vec<(CommitId, Receipt)>,
    pub(super) refused: HashSet<Uuid>,
    pub(super) replaced: HashMap<(Uuid, u64), StoredEvent>,
    pub(super) given: HashSet<Uuid>,
    pub(super) stored_at: Vec<Instant>,
    pub(super) hidden_from: Option<u64>,
    pub(super) tracked: BTreeSet<(String, u64)>,
    pub(super) is_reset: bool,
    pub(super) leaked: usize,
    pub(super) holder: Option<CommitId>,
    /// Keys that are shown in place of the stored ones.
    pub(super) keys: HashMap<Uuid, StoredKey>,
    pub(super) forgotten: HashMap<Uuid, Instant>,
}

impl Wrong {
    pub(super) fn new(fault: Fault) -> Self {
        Self {
            inner: MemoryRecorder::new(),
            fault,
            known: Mutex::default(),
            busy: AtomicUsize::new(0),
            conflicts: AtomicUsize::new(0),
        }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap()
    }

    pub(super) fn sequence(&self, id: Uuid) -> Vec<StoredEvent> {
        self.inner.select(id, EventRange::all()).wait().unwrap()
    }

    pub(super) fn is_taken(&self, event: &StoredEvent) -> bool {
        self.sequence(event.id).iter().any(|stored| stored.version == event.version)
    }

    /// Stores, and notes what was stored.
    pub(super) fn put(&self, commit: Commit, tracking: Option<Tracking>) -> Result<Receipt, Error> {
        let id = commit.id();
        let done = match tracking {
            Some(tracking) => self.inner.append_tracked(commit, tracking).wait(),
            None => self.inner.append(commit).wait(),
        };
        let mut known = self.known();
        if let Ok(receipt) = &done {
            let many = receipt.positions().map_or(0, |(_, last)| usize::try_from(last.get()).unwrap());
            if known.stored_at.len() < many {
                known.stored_at.resize(many, Instant::now());
            }
            if known.commits.iter().all(|(other, _)| *other != id) {
                known.commits.push((id, receipt.clone()));
            }
        } else {
            self.conflicts.fetch_add(1, Ordering::SeqCst);
            known.refused.insert(id.uuid());
            if known.hidden_from.is_none() {
                known.hidden_from = Some(self.inner.last_position().wait().unwrap().map_or(0, Position::get));
            }
        }
        done
    }

    pub(super) fn receipt_of(&self, id: CommitId) -> Option<Receipt> {
        self.known().commits.iter().find(|(other, _)| *other == id).map(|(_, receipt)| receipt.clone())
    }

    /// The receipt as this recorder shows it.
    pub(super) fn shown(&self, receipt: &Receipt, repeated: bool) -> Receipt {
        let Some((first, last)) = receipt.positions() else { return receipt.clone() };
        let shown = match self.fault {
            Fault::PlainReceiptForRepeats if repeated => Receipt::new(receipt.commit()),
            Fault::LastPositionForRepeats if repeated => {
                let last = self.inner.last_position().wait().unwrap().unwrap();
                Receipt::at(receipt.commit(), last, last)
            }
            Fault::ReceiptNamesOnlyTheLast => Receipt::at(receipt.commit(), last, last),
            _ => Receipt::at(receipt.commit(), self.place(first), self.place(last)),
        };
        if receipt.is_repeated() && self.fault != Fault::RepeatsLookNew { shown.as_repeated() } else { shown }
    }

    /// The position as this recorder shows it.
    pub(super) fn place(&self, at: Position) -> Position {
        match self.fault {
            Fault::GapsInCommits => position(at.get() * 2),
            Fault::ReusesPositions if self.known().hidden_from.is_some_and(|from| at.get() > from) => {
                position(at.get() - 1)
            }
            _ => at,
        }
    }

    /// Whether a stored event is shown to readers yet.
    pub(super) fn is_visible(&self, at: Position) -> bool {
        let age = {
            let known = self.known();
            known
                .stored_at
                .get(usize::try_from(at.get()).unwrap() - 1)
                .map_or(Duration::ZERO, Instant::elapsed)
        };
        match self.fault {
            Fault::ReadsLag => age > Duration::from_millis(3),
            Fault::VisibleOutOfOrder => !at.get().is_multiple_of(3) || age > Duration::from_millis(20),
            _ => true,
        }
    }
}

pub(super) fn failed(kind: ErrorKind) -> Error {
    Error::new(kind, "wrong on purpose")
}
