use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::super::samples::position;
use super::fault::Fault;
use crate::error::{Error, ErrorKind};
use crate::recorder::*;
use crate::stored_event::StoredEvent;
use crate::wait::Wait;
use uuid::Uuid;

/// A recorder in memory that has one fault.
pub(super) struct Wrong {
    pub(super) inner: Arc<MemoryRecorder>,
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
    pub(super) is_reset: bool,
    pub(super) leaked: usize,
    pub(super) holder: Option<CommitId>,
    /// The aggregates that a commit under way has occupied.
    pub(super) occupied: BTreeSet<Uuid>,
    /// The newest version that this handle has stored.
    pub(super) heads: HashMap<Uuid, u64>,
    /// Notices that the recorder shows and has not stored.
    pub(super) notices: Vec<StoredEvent>,
    /// Keys that the recorder shows in place of the stored ones.
    pub(super) keys: HashMap<Uuid, StoredKey>,
    pub(super) forgotten: HashMap<Uuid, Instant>,
}

impl Wrong {
    pub(super) fn new(fault: Fault) -> Self {
        Self::on(Arc::default(), fault)
    }

    /// Opens a handle on a store.
    pub(super) fn on(inner: Arc<MemoryRecorder>, fault: Fault) -> Self {
        Self {
            inner,
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
        self.inner.select(id, EventRange::all()).wait().unwrap().events
    }

    pub(super) fn stored_log(&self) -> Vec<Notification> {
        self.inner.read_log(LogRange::all()).wait().unwrap().entries
    }

    pub(super) fn newest(&self) -> Option<Mark> {
        self.inner.read_log(LogRange::all().limit(0)).wait().unwrap().through
    }

    pub(super) fn is_taken(&self, event: &StoredEvent) -> bool {
        let range = EventRange::all().from(event.version).up_to(event.version);
        !self.inner.select(event.id, range).wait().unwrap().events.is_empty()
    }

    /// Stores a commit, and notes it.
    pub(super) fn put(&self, commit: Commit, step: Option<Step>) -> Result<Receipt, Error> {
        let id = commit.id();
        let heads: Vec<_> = commit.events().iter().map(|event| (event.id, event.version.get())).collect();
        let done = match step {
            Some(step) => self.inner.append_tracked(commit, step).wait(),
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
            known.heads.extend(heads);
        } else {
            self.conflicts.fetch_add(1, Ordering::SeqCst);
            known.refused.insert(id.uuid());
            if known.hidden_from.is_none() {
                known.hidden_from = Some(self.newest().map_or(0, |mark| mark.position().get()));
            }
        }
        done
    }

    pub(super) fn receipt_of(&self, id: CommitId) -> Option<Receipt> {
        self.known().commits.iter().find(|(other, _)| *other == id).map(|(_, receipt)| receipt.clone())
    }

    /// Returns the receipt as this recorder shows it.
    pub(super) fn shown(&self, receipt: &Receipt, before: Option<&Receipt>) -> Receipt {
        let Some((first, last)) = receipt.positions() else { return receipt.clone() };
        let shown = match self.fault {
            Fault::PlainReceiptForRepeats if before.is_some() => Receipt::new(receipt.commit()),
            Fault::ReceiptOfTheWholeForAPart if before.is_some() => before.cloned().unwrap(),
            Fault::LastPositionForRepeats if before.is_some() => {
                let last = self.newest().unwrap().position();
                Receipt::at(receipt.commit(), last, last)
            }
            Fault::ReceiptNamesOnlyTheLast => Receipt::at(receipt.commit(), last, last),
            _ => Receipt::at(receipt.commit(), self.place(first), self.place(last)),
        };
        if receipt.is_repeated() && self.fault != Fault::RepeatsLookNew { shown.as_repeated() } else { shown }
    }

    /// Returns the position as this recorder shows it.
    pub(super) fn place(&self, at: Position) -> Position {
        match self.fault {
            Fault::GapsInCommits => position(at.get() * 2),
            Fault::ReusesPositions if self.known().hidden_from.is_some_and(|from| at.get() > from) => {
                position(at.get() - 1)
            }
            _ => at,
        }
    }

    /// Returns whether readers see a stored event yet.
    pub(super) fn is_visible(&self, at: Position) -> bool {
        let age = {
            let known = self.known();
            known
                .stored_at
                .get(usize::try_from(at.get()).unwrap() - 1)
                .map_or(Duration::ZERO, Instant::elapsed)
        };
        match self.fault {
            Fault::ReadsLag | Fault::LogLags => age > Duration::from_millis(3),
            Fault::VisibleOutOfOrder | Fault::ThroughIsTheHighest => {
                !at.get().is_multiple_of(3) || age > Duration::from_millis(20)
            }
            _ => true,
        }
    }
}

pub(super) fn failed(kind: ErrorKind) -> Error {
    Error::new(kind, "wrong on purpose")
}
