use std::fmt::Debug;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use uuid::Uuid;

use super::samples::{TOPIC, mark, notice, step};
use super::way::{PATIENCE, Way};
use crate::error::{Conflict, Error, ErrorKind};
use crate::id::Version;
use crate::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, EventPage, EventRange, KeyRecorder,
    LogPage, LogRange, Mark, Notification, ProcessRecorder, Receipt, SnapshotRecorder, Step, StoredKey,
    TrackingRecorder,
};
use crate::stored_event::StoredEvent;
use crate::wait::timeout;

/// A recorder under test, and the way to drive its futures. The threads of a rule share it.
#[derive(Debug)]
pub struct Store<R> {
    recorder: R,
    way: Way,
    patience: Duration,
}

impl<R> Store<R> {
    /// Takes an empty recorder, for one rule.
    pub const fn new(recorder: R, way: Way) -> Self {
        Self { recorder, way, patience: PATIENCE }
    }

    /// Opens another handle on the same store by a function.
    #[must_use]
    pub fn second(&self, open: impl FnOnce(&R) -> R) -> Self {
        Self { recorder: open(&self.recorder), ..*self }
    }

    /// Shortens the waits, for recorders that are known to be wrong.
    #[cfg(test)]
    pub(super) const fn hasty(mut self) -> Self {
        self.patience = Duration::from_millis(1_500);
        self
    }

    /// Returns the recorder.
    pub const fn recorder(&self) -> &R {
        &self.recorder
    }

    /// Gives up the recorder.
    pub fn into_recorder(self) -> R {
        self.recorder
    }

    /// Returns the way to drive futures.
    pub const fn way(&self) -> Way {
        self.way
    }

    /// Returns the longest time that a rule waits.
    pub(super) const fn patience(&self) -> Duration {
        self.patience
    }

    /// Drives a future to its end; returns `None` if that does not come in time.
    pub(super) fn within<F: IntoFuture>(&self, future: F) -> Option<F::Output> {
        self.way.run(timeout(self.patience, future)).ok()
    }
}

impl<R: AggregateRecorder> Store<R> {
    pub(super) fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.way.run(self.recorder.append(commit))
    }

    /// Stores a commit that the store must accept.
    #[track_caller]
    pub(super) fn store(&self, commit: &Commit) -> Receipt {
        let receipt = accepted(self.append(commit.clone()), "a commit that nothing stands against");
        assert_eq!(receipt.commit(), commit.id(), "the receipt of a commit names another one");
        receipt
    }

    /// Stores events under a new commit id.
    #[track_caller]
    pub(super) fn save(&self, events: impl Into<Vec<StoredEvent>>) -> Receipt {
        self.store(&Commit::new(events.into()))
    }

    /// Reads the events of a range, page by page.
    #[track_caller]
    pub(super) fn select(&self, id: Uuid, range: EventRange) -> Vec<StoredEvent> {
        self.pages(id, range).into_iter().flat_map(|page| page.events).collect()
    }

    /// Reads the pages of a range, until a page has no `more` or the limit is reached.
    #[track_caller]
    pub(super) fn pages(&self, id: Uuid, mut range: EventRange) -> Vec<EventPage> {
        let mut pages = Vec::new();
        loop {
            let page = self.page(id, range);
            let next = page.events.last().filter(|_| page.more).map(|last| last.version);
            let left = range.max_count().map(|limit| limit.saturating_sub(page.events.len()));
            assert!(!page.more || next.is_some(), "a page says that there is more, and holds nothing");
            pages.push(page);
            let Some(last) = next.filter(|_| left != Some(0)) else { return pages };
            range = if range.is_descending() { range.before(last) } else { range.after(last) };
            range = left.map_or(range, |left| range.limit(left));
        }
    }

    #[track_caller]
    pub(super) fn page(&self, id: Uuid, range: EventRange) -> EventPage {
        accepted(self.way.run(self.recorder.select(id, range)), "reading a sequence")
    }

    /// Reads all events of an aggregate.
    #[track_caller]
    pub(super) fn all(&self, id: Uuid) -> Vec<StoredEvent> {
        self.select(id, EventRange::all())
    }

    /// Saves events that the store must refuse with a conflict.
    #[track_caller]
    pub(super) fn refuse(&self, events: impl Into<Vec<StoredEvent>>) -> Conflict {
        refused(self.append(Commit::new(events.into())))
    }

    #[track_caller]
    pub(super) fn has_commit(&self, id: Uuid, commit: CommitId) -> bool {
        accepted(self.way.run(self.recorder.has_commit(id, commit)), "looking for a commit")
    }

    /// Saves a commit that the store must refuse with an error of this kind.
    #[track_caller]
    pub(super) fn refuse_as(&self, kind: ErrorKind, commit: &Commit) {
        let answer = self.append(commit.clone()).map_err(|error| error.kind());
        assert_eq!(answer, Err(kind), "the answer to a commit that has to be refused");
    }
}

impl<R: KeyRecorder> Store<R> {
    #[track_caller]
    pub(super) fn keys(&self, ids: impl Into<Vec<Uuid>>) -> Vec<StoredKey> {
        accepted(self.way.run(self.recorder.select_keys(ids.into())), "reading data keys")
    }

    /// Reads the data key of one aggregate, or its tombstone.
    #[track_caller]
    pub(super) fn key(&self, id: Uuid) -> Option<StoredKey> {
        let mut keys = self.keys([id]);
        assert!(keys.len() < 2, "one aggregate has {} data keys", keys.len());
        let key = keys.pop();
        assert!(key.iter().all(|key| key.aggregate() == id), "the data key of another aggregate was read");
        key
    }

    #[track_caller]
    pub(super) fn replace(&self, old: StoredKey, new: StoredKey) -> bool {
        accepted(self.way.run(self.recorder.replace_key(old, new)), "replacing a data key")
    }

    /// Forgets an aggregate with a notice after its last event, and returns the notice.
    #[track_caller]
    pub(super) fn forget(&self, id: Uuid) -> StoredEvent {
        let last = self.select(id, EventRange::all().descending().limit(1)).pop();
        let notice = notice(id, last.map_or(1, |last| last.version.get() + 1));
        self.forget_with(id, &Commit::new(vec![notice.clone()]));
        notice
    }

    #[track_caller]
    pub(super) fn forget_with(&self, id: Uuid, notice: &Commit) {
        accepted(self.way.run(self.recorder.forget(id, notice.clone())), "forgetting");
    }

    /// Saves a commit that the store must refuse because an aggregate is forgotten.
    #[track_caller]
    pub(super) fn refuse_forgotten(&self, commit: &Commit) {
        self.refuse_as(ErrorKind::Forgotten, commit);
    }
}

impl<R: SnapshotRecorder> Store<R> {
    #[track_caller]
    pub(super) fn put(&self, snapshot: StoredEvent) {
        accepted(self.way.run(self.recorder.put(snapshot)), "putting a snapshot");
    }

    #[track_caller]
    pub(super) fn put_all(&self, snapshots: impl IntoIterator<Item = StoredEvent>) {
        for snapshot in snapshots {
            self.put(snapshot);
        }
    }

    /// Reads snapshots of the kind that most rules put.
    #[track_caller]
    pub(super) fn snapshots(&self, id: Uuid, range: EventRange) -> Vec<StoredEvent> {
        self.snapshots_of(id, TOPIC, range)
    }

    #[track_caller]
    pub(super) fn snapshots_of(&self, id: Uuid, topic: &str, range: EventRange) -> Vec<StoredEvent> {
        accepted(self.way.run(self.recorder.select(id, topic, range)), "reading snapshots")
    }

    /// Reads all snapshots of that kind.
    #[track_caller]
    pub(super) fn all_snapshots(&self, id: Uuid) -> Vec<StoredEvent> {
        self.snapshots(id, EventRange::all())
    }

    #[track_caller]
    pub(super) fn all_snapshots_of(&self, id: Uuid, topic: &str) -> Vec<StoredEvent> {
        self.snapshots_of(id, topic, EventRange::all())
    }

    /// Reads the version numbers of snapshots of that kind.
    #[track_caller]
    pub(super) fn versions(&self, id: Uuid, range: EventRange) -> Vec<u64> {
        self.versions_of(id, TOPIC, range)
    }

    #[track_caller]
    pub(super) fn versions_of(&self, id: Uuid, topic: &str, range: EventRange) -> Vec<u64> {
        let found = accepted(self.way.run(self.recorder.versions(id, topic, range)), "reading versions");
        found.into_iter().map(Version::get).collect()
    }

    #[track_caller]
    pub(super) fn delete(&self, id: Uuid, range: EventRange) {
        self.delete_of(id, TOPIC, range);
    }

    #[track_caller]
    pub(super) fn delete_of(&self, id: Uuid, topic: &str, range: EventRange) {
        accepted(self.way.run(self.recorder.delete(id, topic, range)), "removing snapshots");
    }

    #[track_caller]
    pub(super) fn clear(&self, id: Uuid) {
        accepted(self.way.run(self.recorder.clear(id)), "removing all snapshots of an aggregate");
    }
}

impl<R: ApplicationRecorder> Store<R> {
    /// Reads the events of a range of the log, page by page.
    #[track_caller]
    pub(super) fn log(&self, range: LogRange) -> Vec<Notification> {
        self.log_pages(range).into_iter().flat_map(|page| page.entries).collect()
    }

    /// Reads the pages of a range of the log, until a page has no `more` or the limit is reached.
    #[track_caller]
    pub(super) fn log_pages(&self, mut range: LogRange) -> Vec<LogPage> {
        let mut pages = Vec::new();
        let mut reached = range.mark();
        loop {
            let page = self.read_on(&range, &mut reached);
            let left = range.max_count().map(|limit| limit.saturating_sub(page.entries.len()));
            let goes_on = page.more && left != Some(0);
            pages.push(page);
            if !goes_on {
                return pages;
            }
            range = left.map_or(range.clone(), |left| range.limit(left));
        }
    }

    /// Reads the next page after the reader's mark, and moves the mark. Checks that a page with `more` brings its
    /// reader on.
    #[track_caller]
    pub(super) fn read_on(&self, range: &LogRange, reached: &mut Option<Mark>) -> LogPage {
        let page = self.log_page(range.clone().after(*reached));
        let (before, after) = (reached.map(Mark::position), page.through.map(Mark::position));
        let stays = page.more && after <= before && range.max_count() != Some(0);
        assert!(!stays, "a page says that there is more, and leads from {before:?} to {after:?}");
        *reached = page.through.or(*reached);
        page
    }

    #[track_caller]
    pub(super) fn log_page(&self, range: LogRange) -> LogPage {
        accepted(self.try_log_page(range), "reading the log")
    }

    pub(super) fn try_log_page(&self, range: LogRange) -> Result<LogPage, Error> {
        self.way.run(self.recorder.read_log(range))
    }

    #[track_caller]
    pub(super) fn whole_log(&self) -> Vec<Notification> {
        self.log(LogRange::all())
    }

    /// Returns the newest mark that a reader can reach.
    #[track_caller]
    pub(super) fn newest(&self) -> Option<Mark> {
        self.log_page(LogRange::all().limit(0)).through
    }

    /// Returns the mark of the last event of a commit. From now on the log shows the commit.
    #[track_caller]
    pub(super) fn resolve(&self, receipt: &Receipt) -> Option<Mark> {
        accepted(self.way.run(self.recorder.resolve(receipt)), "resolving a receipt")
    }

    /// Stores a commit that the store must accept, and returns the mark of its last event.
    #[track_caller]
    pub(super) fn store_at(&self, commit: &Commit) -> Mark {
        let receipt = self.store(commit);
        let mark = self.resolve(&receipt);
        mark.unwrap_or_else(|| panic!("a commit with events resolves to no place: {receipt:?}"))
    }

    /// Saves events, and returns the mark of the last one.
    #[track_caller]
    pub(super) fn save_at(&self, events: impl Into<Vec<StoredEvent>>) -> Mark {
        self.store_at(&Commit::new(events.into()))
    }
}

impl<R: TrackingRecorder> Store<R> {
    /// Records a step that the store must accept.
    #[track_caller]
    pub(super) fn track(&self, cursor: &Cursor, from: impl Into<Option<u64>>, to: u64) {
        accepted(self.try_track(step(cursor, from, to)), "a step that begins at the recorded place");
    }

    pub(super) fn try_track(&self, step: Step) -> Result<(), Error> {
        self.way.run(self.recorder.track(step))
    }

    /// Returns the recorded mark.
    #[track_caller]
    pub(super) fn tracked(&self, cursor: &Cursor) -> Option<Mark> {
        accepted(self.way.run(self.recorder.tracked(cursor)), "reading what is tracked")
    }

    /// Checks that this mark is recorded.
    #[track_caller]
    pub(super) fn is_at(&self, cursor: &Cursor, number: impl Into<Option<u64>>) {
        assert_eq!(self.tracked(cursor), number.into().map(mark), "the place that is recorded of {cursor}");
    }
}

impl<R: ProcessRecorder> Store<R> {
    pub(super) fn append_tracked(&self, commit: Commit, step: Step) -> Result<Receipt, Error> {
        self.way.run(self.recorder.append_tracked(commit, step))
    }

    pub(super) fn append_tracked_all(&self, commits: Vec<(Commit, Step)>) -> Result<Vec<Receipt>, Error> {
        self.way.run(self.recorder.append_tracked_all(commits))
    }

    /// Stores events with a step; the store must accept both. From now on the log shows the events.
    #[track_caller]
    pub(super) fn process(&self, events: impl Into<Vec<StoredEvent>>, step: Step) -> Receipt {
        let appended = self.append_tracked(Commit::new(events.into()), step);
        let receipt = accepted(appended, "a tracked commit that nothing stands against");
        self.resolve(&receipt);
        receipt
    }

    /// Stores events with a step; the store must refuse one of the two with a conflict.
    #[track_caller]
    pub(super) fn refuse_process(&self, events: impl Into<Vec<StoredEvent>>, step: Step) -> Conflict {
        refused(self.append_tracked(Commit::new(events.into()), step))
    }
}

/// Returns the answer of a call that must succeed.
#[track_caller]
pub(super) fn accepted<T>(answer: Result<T, Error>, what: &str) -> T {
    answer.unwrap_or_else(|error| panic!("{what} was refused as {:?}: {error}", error.kind()))
}

/// Returns the conflict of a call that must be refused with one.
#[track_caller]
pub(super) fn refused<T: Debug>(answer: Result<T, Error>) -> Conflict {
    match answer {
        Ok(answer) => panic!("the store accepted a call that conflicts with stored data: {answer:?}"),
        Err(error) => {
            let Some(conflict) = error.as_conflict().cloned() else {
                panic!("a conflict is reported as {:?}, and does not say which: {error}", error.kind());
            };
            assert_eq!(error.kind(), conflict.kind(), "a conflict is reported as another kind: {error}");
            conflict
        }
    }
}

/// A flag that ends the threads of a rule, also if the rule fails.
pub(super) struct SetAtEnd<'a>(pub(super) &'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
