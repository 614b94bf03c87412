mod snapshots;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

pub use self::snapshots::MemorySnapshots;
use super::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, EventRange, LogRange, Notification, Position,
    ProcessRecorder, Receipt, StoredKey, Tracking,
};
use crate::error::{Conflict, Error};
use crate::id::Version;
use crate::stored_event::{Columns, StoredEvent};

/// Keeps everything in memory: for tests, for trying things out, and as the measure of how a recorder behaves.
///
/// ```
/// use es_runtime::recorder::{AggregateRecorder, Commit, EventRange, MemoryRecorder};
/// use es_runtime::stored_event::StoredEvent;
/// use es_runtime::{Version, Wait};
/// use uuid::Uuid;
///
/// let recorder = MemoryRecorder::new();
/// let id = Uuid::now_v7();
/// let event = StoredEvent::new(id, Version::INITIAL, "Account.Opened", b"{}".to_vec());
/// recorder.append(Commit::new(vec![event.clone()])).wait()?;
/// assert_eq!(recorder.select(id, EventRange::all()).wait()?, [event]);
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Default)]
pub struct MemoryRecorder {
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    /// Position 1 is at index 0.
    log: Vec<(StoredEvent, CommitId)>,
    sequences: HashMap<Uuid, BTreeMap<Version, usize>>,
    tracked: HashMap<String, Position>,
    keys: HashMap<Uuid, StoredKey>,
}

impl MemoryRecorder {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        // Nothing panics between two changes that belong together.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRecorder").field("events", &self.rows().log.len()).finish()
    }
}

impl Rows {
    fn append(&mut self, commit: Commit, tracking: Option<Tracking>) -> Result<Receipt, Error> {
        let id = commit.id();
        if let Some(receipt) = self.done(&commit) {
            return Ok(receipt);
        }
        if let Some(Tracking { upstream, position }) = &tracking
            && let Some(found) = self.tracked.get(upstream)
            && found >= position
        {
            return Err(Conflict::tracking(upstream.clone(), position.get(), found.get()).into());
        }
        let first = self.log.len();
        self.check_keys(&commit)?;
        let (_, events, keys) = commit.into_parts();
        for event in events {
            let sequence = self.sequences.entry(event.id).or_default();
            if sequence.contains_key(&event.version) {
                let error = self.conflict(&event, first);
                self.undo(first);
                return Err(error);
            }
            sequence.insert(event.version, self.log.len());
            self.log.push((event, id));
        }
        if let Some(Tracking { upstream, position }) = tracking {
            self.tracked.insert(upstream, position);
        }
        self.keys.extend(keys.into_iter().map(|key| (key.id(), key)));
        Ok(receipt(id, self.log.len().checked_sub(1).filter(|last| *last >= first).map(|last| (first, last))))
    }

    /// Refuses events of what is forgotten, and keys that are not those of their aggregates.
    fn check_keys(&self, commit: &Commit) -> Result<(), Error> {
        let is_forgotten = |id: &Uuid| self.keys.get(id).is_some_and(|key| key.wrapped().is_none());
        for id in commit.events().iter().map(|event| event.id) {
            if is_forgotten(&id) {
                return Err(Error::forgotten(id));
            }
            if self.keys.contains_key(&id) && commit.keys().iter().all(|key| key.id() != id) {
                return Err(Error::lacks_data_key(id));
            }
        }
        let mut firsts = HashMap::new();
        for key in commit.keys() {
            let id = key.id();
            if key.wrapped().is_none() || is_forgotten(&id) {
                return Err(Error::forgotten(id));
            }
            if *firsts.entry(id).or_insert_with(|| self.keys.get(&id).unwrap_or(key)) != key {
                return Err(Conflict::key(id).into());
            }
        }
        Ok(())
    }

    /// The receipt of a commit all of whose events are there under its id.
    fn done(&self, commit: &Commit) -> Option<Receipt> {
        let places: Option<Vec<usize>> =
            commit.events().iter().map(|event| self.find(event, commit.id())).collect();
        let places = places?;
        let bounds = (*places.iter().min()?, *places.iter().max()?);
        Some(receipt(commit.id(), Some(bounds)).as_repeated())
    }

    fn find(&self, event: &StoredEvent, commit: CommitId) -> Option<usize> {
        let at = *self.sequences.get(&event.id)?.get(&event.version)?;
        self.log.get(at).filter(|(known, other)| *other == commit && known.topic == event.topic).map(|_| at)
    }

    fn conflict(&self, event: &StoredEvent, first: usize) -> Error {
        let sequence = self.sequences.get(&event.id);
        let before = |at: &&usize| **at < first;
        let found =
            sequence.and_then(|rows| rows.iter().rfind(|(_, at)| before(at)).map(|(version, _)| *version));
        let mut own =
            self.log.iter().skip(first).map(|(event, _)| event).filter(|other| other.id == event.id);
        let begins = own.next().map_or(event.version, |first| first.version);
        Conflict::version(event.id, begins, found).into()
    }

    /// Takes back what was appended at `first` and after.
    fn undo(&mut self, first: usize) {
        for (event, _) in self.log.drain(first..) {
            if let Some(sequence) = self.sequences.get_mut(&event.id) {
                sequence.remove(&event.version);
                if sequence.is_empty() {
                    self.sequences.remove(&event.id);
                }
            }
        }
    }
}

/// What a range means of a sequence, in its order.
fn within<T>(sequence: &BTreeMap<Version, T>, range: EventRange) -> Vec<(&Version, &T)> {
    let Some((first, last)) = range.bounds() else { return Vec::new() };
    let found = sequence.range(first..=last);
    let limit = range.max_count().unwrap_or(usize::MAX);
    if range.is_descending() { found.rev().take(limit).collect() } else { found.take(limit).collect() }
}

fn position(at: usize) -> Option<Position> {
    Position::new(at as u64 + 1)
}

fn receipt(commit: CommitId, places: Option<(usize, usize)>) -> Receipt {
    let positions = places.and_then(|(first, last)| Some((position(first)?, position(last)?)));
    positions.map_or(Receipt::new(commit), |(first, last)| Receipt::at(commit, first, last))
}

impl AggregateRecorder for MemoryRecorder {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.rows().append(commit, None)
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        let rows = self.rows();
        let Some(sequence) = rows.sequences.get(&id) else { return Ok(Vec::new()) };
        let found = within(sequence, range).into_iter();
        Ok(found.filter_map(|(_, at)| rows.log.get(*at)).map(|(event, _)| event.clone()).collect())
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        let rows = self.rows();
        let mut places =
            rows.sequences.get(&id).into_iter().flatten().filter_map(|(_, at)| rows.log.get(*at));
        Ok(places.any(|(_, other)| *other == commit))
    }

    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        let rows = self.rows();
        Ok(ids.iter().filter_map(|id| rows.keys.get(id).cloned()).collect())
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        let keys = &mut self.rows().keys;
        let known = keys.get_mut(&old.id()).filter(|known| **known == old && known.wrapped().is_some());
        let known = known.filter(|_| new.id() == old.id() && new.wrapped().is_some());
        Ok(known.map(|known| *known = new).is_some())
    }

    async fn forget(&self, id: Uuid) -> Result<(), Error> {
        let Rows { log, sequences, keys, .. } = &mut *self.rows();
        keys.insert(id, StoredKey::forgotten(id));
        for (_, at) in sequences.get(&id).into_iter().flatten() {
            if let Some((event, _)) = log.get_mut(*at) {
                event.columns = Columns::default();
            }
        }
        Ok(())
    }
}

impl ApplicationRecorder for MemoryRecorder {
    async fn select_log(&self, range: LogRange) -> Result<Vec<Notification>, Error> {
        let Some((first, last)) = range.bounds() else { return Ok(Vec::new()) };
        let rows = self.rows();
        let skipped = usize::try_from(first.get() - 1).unwrap_or(usize::MAX);
        let topics = range.topic_names();
        let found = rows.log.iter().enumerate().skip(skipped);
        let found = found.map_while(|(at, (event, _))| Some((position(at).filter(|at| *at <= last)?, event)));
        let found = found.filter(|(_, event)| topics.is_empty() || topics.contains(&event.topic));
        let found = found.filter(|(_, event)| !range.is_firsts() || event.version == Version::INITIAL);
        let found = found.take(range.max_count().unwrap_or(usize::MAX));
        Ok(found.map(|(position, event)| Notification::new(position, event.clone())).collect())
    }

    async fn last_position(&self) -> Result<Option<Position>, Error> {
        Ok(self.rows().log.len().checked_sub(1).and_then(position))
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Position>, Error> {
        Ok(receipt.last())
    }
}

impl ProcessRecorder for MemoryRecorder {
    async fn append_tracked(&self, commit: Commit, tracking: Tracking) -> Result<Receipt, Error> {
        self.rows().append(commit, Some(tracking))
    }

    async fn last_tracked(&self, upstream: &str) -> Result<Option<Position>, Error> {
        Ok(self.rows().tracked.get(upstream).copied())
    }
}
