mod snapshots;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

pub use self::snapshots::MemorySnapshots;
use super::page::Fill;
use super::scheme::{Opened, Scheme};
use super::verdict::{Facts, KeyFact, Taken, Verdict, judge, preceding, version_conflict};
use super::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, DynKeyRecorder, DynProcessRecorder,
    EventPage, EventRange, KeyRecorder, Limits, LogPage, LogRange, Mark, Notification, Position,
    ProcessRecorder, Receipt, Remains, Step, StoredKey, TrackingRecorder,
};
use crate::error::{Diverged, Error, ErrorKind};
use crate::id::{Slice, Version};
use crate::stored_event::{Columns, StoredEvent};
use crate::wait::Bell;
use crate::wait::{Elapsed, timeout};

/// The scheme of the URI `memory:`.
pub(super) const SCHEME: Scheme = Scheme {
    name: "memory",
    open: |uri, opening| {
        if !["memory", "memory:"].contains(&uri) {
            return Err(Error::new(
                ErrorKind::Config,
                "the URI says more than `memory:`, which is all there is to say; write `memory:`",
            ));
        }
        Ok(Opened {
            events: Arc::new(MemoryRecorder::new()),
            snapshots: opening.keeps_snapshots.then(|| Arc::new(MemorySnapshots::new()) as _),
            close: Box::new(|| {}),
        })
    },
};

/// The longest time that a reader waits before it checks again.
const INTERVAL: Duration = Duration::from_secs(1);

/// A recorder in memory: for tests, for trials, and as the reference for the behaviour of a recorder.
///
/// ```
/// use es_runtime::recorder::{AggregateRecorder, Commit, EventRange, MemoryRecorder, StoredEvent};
/// use es_runtime::{Version, Wait};
/// use uuid::Uuid;
///
/// let recorder = MemoryRecorder::new();
/// let id = Uuid::now_v7();
/// let event = StoredEvent::new(id, Version::INITIAL, "Account.Opened", b"{}".to_vec())?;
/// recorder.append(Commit::new(vec![event.clone()])).wait()?;
/// assert_eq!(recorder.select(id, EventRange::all()).wait()?.events, [event]);
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub struct MemoryRecorder {
    limits: Limits,
    rows: Mutex<Rows>,
    /// The bell that rings after each commit.
    bell: Bell,
}

#[derive(Default)]
struct Rows {
    /// The rows by position; position 1 has index 0.
    log: Vec<Row>,
    sequences: HashMap<Uuid, BTreeMap<Version, usize>>,
    tracked: HashMap<Cursor, Mark>,
    keys: HashMap<Uuid, StoredKey>,
    /// The commits whose ids callers chose, for each aggregate.
    once: HashSet<(Uuid, CommitId)>,
}

struct Row {
    event: StoredEvent,
    commit: CommitId,
}

impl MemoryRecorder {
    /// Makes an empty recorder without limits.
    pub fn new() -> Self {
        Self::with_limits(Limits::NONE)
    }

    /// Makes an empty recorder with the limits of another, to try a program against them.
    ///
    /// ```
    /// use es_runtime::recorder::{AggregateRecorder, Limits, MemoryRecorder};
    ///
    /// let recorder = MemoryRecorder::with_limits(Limits::NONE.with_aggregates(1));
    /// assert_eq!(recorder.limits().aggregates, Some(1));
    /// ```
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, rows: Mutex::default(), bell: Bell::new() }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        // No code panics between two changes that belong together.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, commit: Commit, step: Option<Step>) -> Result<Receipt, Error> {
        let stored = self.rows().append(&self.limits, commit, step);
        if stored.as_ref().is_ok_and(|receipt| !receipt.is_repeated()) {
            self.bell.ring();
        }
        stored
    }
}

impl Default for MemoryRecorder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRecorder").field("events", &self.rows().log.len()).finish_non_exhaustive()
    }
}

impl Rows {
    fn append(&mut self, limits: &Limits, commit: Commit, step: Option<Step>) -> Result<Receipt, Error> {
        limits.check(&commit)?;
        limits.check_versions(&commit, |id| self.newest(id))?;
        match judge(&commit, step.as_ref(), &self.facts(&commit, step.as_ref())) {
            Verdict::Done(receipt) => return Ok(receipt),
            Verdict::Refused(error) => return Err(error),
            Verdict::Version { id, begins } => return Err(version_conflict(id, begins, self.newest(id))),
            Verdict::Store => {}
        }
        let receipt = self.push(&commit);
        for key in commit.into_parts().keys {
            self.keys.entry(key.aggregate()).or_insert(key);
        }
        if let Some(step) = step {
            self.tracked.insert(step.cursor().clone(), step.to());
        }
        Ok(receipt)
    }

    /// Destroys a data key and stores the notice of it; returns whether this call did it.
    fn forget(&mut self, id: Uuid, notice: Commit) -> Result<bool, Error> {
        if self.keys.get(&id).is_some_and(StoredKey::is_forgotten) {
            return Ok(false);
        }
        // Without its key, the aggregate accepts the notice like any commit.
        let key = self.keys.remove(&id);
        if let Err(error) = self.append(&Limits::NONE, notice, None) {
            self.keys.extend(key.map(|key| (id, key)));
            return Err(error);
        }
        self.keys.insert(id, StoredKey::forgotten(id));
        for at in self.sequences.get(&id).into_iter().flat_map(BTreeMap::values) {
            if let Some(Row { event, .. }) = self.log.get_mut(*at) {
                event.columns = Columns::default();
            }
        }
        Ok(true)
    }

    /// Stores the events, once the verdict allows it.
    fn push(&mut self, commit: &Commit) -> Receipt {
        let first = self.log.len();
        for event in commit.events() {
            self.sequences.entry(event.id).or_default().insert(event.version, self.log.len());
            if commit.is_once() {
                self.once.insert((event.id, commit.id()));
            }
            self.log.push(Row { event: event.clone(), commit: commit.id() });
        }
        let last = self.log.len().checked_sub(1).filter(|last| *last >= first);
        let positions = last.and_then(|last| position(first).zip(position(last)));
        positions.map_or(Receipt::new(commit.id()), |(first, last)| Receipt::at(commit.id(), first, last))
    }

    fn facts(&self, commit: &Commit, step: Option<&Step>) -> Facts {
        let taken = |event: &StoredEvent| {
            let at = *self.sequences.get(&event.id)?.get(&event.version)?;
            let Row { event, commit } = self.log.get(at)?;
            Some(Taken { commit: *commit, topic: event.topic.clone(), position: position(at)? })
        };
        let is_missing = |(id, version): &(Uuid, Version)| {
            self.sequences.get(id).is_none_or(|known| !known.contains_key(version))
        };
        let ids = commit.events().iter().map(|event| event.id);
        let ids = ids.chain(commit.keys().iter().map(StoredKey::aggregate));
        Facts {
            taken: commit.events().iter().map(taken).collect(),
            missing: preceding(commit).into_iter().filter(is_missing).collect(),
            keys: if self.keys.is_empty() {
                HashMap::new()
            } else {
                ids.filter_map(|id| self.keys.get(&id).map(|key| (id, KeyFact::from(key)))).collect()
            },
            tracked: step.and_then(|step| self.tracked.get(step.cursor()).copied()),
        }
    }

    fn newest(&self, id: Uuid) -> Option<Version> {
        self.sequences.get(&id)?.last_key_value().map(|(version, _)| *version)
    }

    /// Returns the place of an event, by its index.
    fn mark(&self, at: usize) -> Option<Mark> {
        Some(Mark::new(position(at)?, self.log.get(at)?.commit))
    }

    /// Returns the place of the last event up to a position.
    fn last_up_to(&self, stop: Position) -> Option<Mark> {
        let stop = usize::try_from(stop.get()).unwrap_or(usize::MAX);
        self.mark(stop.min(self.log.len()).checked_sub(1)?)
    }

    fn check_mark(&self, mark: Mark) -> Result<(), Error> {
        let at = usize::try_from(mark.position().get() - 1).unwrap_or(usize::MAX);
        match self.log.get(at).map(|row| row.commit) {
            Some(found) if found == mark.commit() => Ok(()),
            found => Err(Diverged::new(mark, found).into()),
        }
    }

    fn read_log(&self, range: &LogRange) -> Result<LogPage, Error> {
        if let Some(mark) = range.mark() {
            self.check_mark(mark)?;
        }
        let through = range.through(self.last_up_to(range.stop()));
        let Some((first, last)) = range.bounds() else { return Ok(LogPage::last(Vec::new(), through)) };
        let skipped = usize::try_from(first.get() - 1).unwrap_or(usize::MAX);
        let (topics, slices) = (range.topic_names(), range.which_slices());
        let mut page = Fill::new(range.max_count(), range.max_bytes());
        for (at, Row { event, .. }) in self.log.iter().enumerate().skip(skipped) {
            let Some(mark) = self.mark(at).filter(|mark| mark.position() <= last) else { break };
            let is_meant = (topics.is_empty() || topics.iter().any(|topic| event.topic == **topic))
                && (!range.is_firsts() || event.version == Version::INITIAL)
                && (slices.is_all() || slices.contains(Slice::of(event.id)));
            if is_meant && !page.push(event.state.len(), || Notification::new(mark, event.clone())) {
                break;
            }
        }
        Ok(page.into_page(through))
    }
}

/// Iterates over the rows whose versions are in a range, in its order, without its limits.
fn within<T>(
    sequence: &BTreeMap<Version, T>,
    range: EventRange,
) -> Box<dyn Iterator<Item = (&Version, &T)> + '_> {
    let Some((first, last)) = range.bounds() else { return Box::new(std::iter::empty()) };
    let found = sequence.range(first..=last);
    if range.is_descending() { Box::new(found.rev()) } else { Box::new(found) }
}

fn position(at: usize) -> Option<Position> {
    Position::new(at as u64 + 1)
}

impl AggregateRecorder for MemoryRecorder {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.store(commit, None)
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        let rows = self.rows();
        let Some(sequence) = rows.sequences.get(&id) else { return Ok(EventPage::default()) };
        let mut page = Fill::new(range.max_count(), range.max_bytes());
        for Row { event, .. } in within(sequence, range).filter_map(|(_, at)| rows.log.get(*at)) {
            if !page.push(event.state.len(), || event.clone()) {
                break;
            }
        }
        Ok(page.into_page())
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        Ok(self.rows().once.contains(&(id, commit)))
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn as_keys(&self) -> Option<&(dyn DynKeyRecorder + 'static)> {
        Some(self)
    }
}

impl KeyRecorder for MemoryRecorder {
    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        let rows = self.rows();
        Ok(ids.iter().filter_map(|id| rows.keys.get(id).cloned()).collect())
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        if old.is_forgotten() || new.key() != old.key() || new.aggregate() != old.aggregate() {
            return Ok(false);
        }
        let keys = &mut self.rows().keys;
        let known = keys.get_mut(&old.aggregate()).filter(|known| **known == old);
        Ok(known.map(|known| *known = new).is_some())
    }

    async fn forget(&self, id: Uuid, notice: Commit) -> Result<Remains, Error> {
        let forgotten = self.rows().forget(id, notice)?;
        if forgotten {
            // Rung without the lock: a waker may read from the recorder.
            self.bell.ring();
        }
        Ok(Remains::NONE)
    }

    async fn sample_keys(&self) -> Result<Vec<StoredKey>, Error> {
        Ok(self.rows().keys.values().filter(|key| !key.is_forgotten()).take(3).cloned().collect())
    }
}

impl ApplicationRecorder for MemoryRecorder {
    async fn read_log(&self, range: LogRange) -> Result<LogPage, Error> {
        self.rows().read_log(&range)
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        Ok(receipt.mark())
    }

    async fn beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        // Listens before the check, so that it misses no commit between the two.
        let heard = self.bell.listen();
        if self.rows().last_up_to(Position::MAX) == after {
            let _: Result<(), Elapsed> = timeout(INTERVAL, heard).await;
        }
        Ok(())
    }

    fn as_process(&self) -> Option<&(dyn DynProcessRecorder + 'static)> {
        Some(self)
    }
}

impl TrackingRecorder for MemoryRecorder {
    async fn tracked(&self, cursor: &Cursor) -> Result<Option<Mark>, Error> {
        Ok(self.rows().tracked.get(cursor).copied())
    }

    async fn track(&self, step: Step) -> Result<(), Error> {
        self.rows().append(&Limits::NONE, Commit::new(Vec::new()), Some(step)).map(drop)
    }
}

impl ProcessRecorder for MemoryRecorder {
    async fn append_tracked(&self, commit: Commit, step: Step) -> Result<Receipt, Error> {
        self.store(commit, Some(step))
    }
}
