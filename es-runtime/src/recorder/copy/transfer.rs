use std::collections::HashMap;

use uuid::Uuid;

use super::commits::{self, Commits, WholeCommit};
use super::keys;
use super::progress::{CopyStage, Reporter};
use crate::error::{Error, ErrorKind};
use crate::recorder::{
    ApplicationRecorder, Commit, Cursor, DynProcessRecorder, KeyRecorder, LogRange, Mark, ProcessRecorder,
    Receipt, Step, StoredKey, TrackingRecorder,
};

/// The name under which the target keeps the place that the copy has reached.
const CONSUMER: &str = "es_runtime.copy";
/// The name of the source there: a target has one.
const UPSTREAM: &str = "source";

const ANOTHER: &str =
    "another copy into the same target has gone on meanwhile; let one of them run to its end";

/// The work on one target.
pub(super) struct Transfer<'a, F: ?Sized, T: ?Sized> {
    from: &'a F,
    to: &'a T,
    process: &'a (dyn DynProcessRecorder + 'static),
    cursor: Cursor,
    bytes: usize,
    /// The place in the source up to which the target has all events.
    reached: Option<Mark>,
    events: u64,
    /// The commits on their way, with the place after each and its number of events: they may be stored.
    unsure: Vec<(Mark, u64)>,
    last: Option<Receipt>,
}

impl<'a, F, T> Transfer<'a, F, T>
where
    F: ApplicationRecorder + ?Sized,
    T: ApplicationRecorder + ?Sized,
{
    pub(super) fn new(from: &'a F, to: &'a T, bytes: usize) -> Result<Self, Error> {
        let process = to.as_process().ok_or_else(|| {
            let message = "the target keeps no marks of readers with its events, so no copy could go on where it was; \
                           copy into a store that implements `ProcessRecorder`";
            Error::new(ErrorKind::Config, message)
        })?;
        let cursor = Cursor::new(CONSUMER, UPSTREAM)?;
        Ok(Self {
            from,
            to,
            process,
            cursor,
            bytes,
            reached: None,
            events: 0,
            unsure: Vec::new(),
            last: None,
        })
    }

    /// Returns the number of events that were stored.
    pub(super) const fn events(&self) -> u64 {
        self.events
    }

    /// Returns the place in the source up to which the target has all events.
    pub(super) const fn reached(&self) -> Option<Mark> {
        self.reached
    }

    /// Stores what the source holds now beyond the place that the target has reached.
    pub(super) async fn work(&mut self, reporter: &mut Reporter<'_>) -> Result<(), Error> {
        let end = self.from.read_log(LogRange::all().limit(0)).await?.through;
        self.reached = self.process.tracked(&self.cursor).await?;
        // An attempt whose answer was lost may have stored a part.
        for (mark, many) in self.unsure.drain(..) {
            let is_stored = self.reached.is_some_and(|reached| mark.position() <= reached.position());
            self.events += if is_stored { many } else { 0 };
        }
        self.check_target().await?;
        let Some(end) = end else { return self.check_source(None).await };
        let mut commits = Commits::new(self.from, self.reached, end.position(), self.bytes);
        loop {
            let batch = commits.next().await;
            let batch = match batch {
                Err(error) if error.kind() == ErrorKind::Diverged => {
                    return self.check_source(Some(error)).await;
                }
                batch => batch?,
            };
            if batch.is_empty() {
                break;
            }
            self.store(batch).await?;
            if let Some(reached) = self.reached {
                reporter.report(CopyStage::Copying, self.events, reached, end);
            }
        }
        // Readers of the target reach the last commit.
        if let Some(last) = self.last.take() {
            self.to.resolve(&last).await?;
        }
        Ok(())
    }

    /// Refuses a source that lacks the place that the copy has reached.
    async fn check_source(&self, error: Option<Error>) -> Result<(), Error> {
        let error = match error {
            Some(error) => error,
            None => match self.from.read_log(LogRange::all().after(self.reached).limit(0)).await {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() != ErrorKind::Diverged => return Err(error),
                Err(error) => error,
            },
        };
        let message = "the source is another log than the one that was copied into this target, or it was restored; \
                       empty the target and copy again";
        Err(Error::new(ErrorKind::Diverged, message).with_source(error))
    }

    /// Refuses a target that holds events of somebody else.
    async fn check_target(&self) -> Result<(), Error> {
        let Some(end) = self.to.read_log(LogRange::all().limit(0)).await?.through else {
            if self.reached.is_none() {
                return Ok(());
            }
            let message = "the target has lost the events that were copied into it; empty it and copy again";
            return Err(Error::new(ErrorKind::Invalid, message));
        };
        if self.reached.is_some_and(|reached| reached.commit() == end.commit()) {
            return Ok(());
        }
        // A copy that was killed may have stored a notice of forgetting and not its step.
        let next = LogRange::all().after(self.reached).limit(1);
        let is_notice = match self.from.read_log(next).await {
            Err(error) if error.kind() == ErrorKind::Diverged => return self.check_source(Some(error)).await,
            page => page?.entries.first().is_some_and(|entry| {
                entry.mark().commit() == end.commit() && entry.event.forgotten().is_some()
            }),
        };
        if is_notice {
            return Ok(());
        }
        self.check_alone().await?;
        let message = format!(
            "the target holds events that the copy did not put there, the last one at {end}; copy into an empty target: \
             another schema, other names of tables, or a new file"
        );
        Err(Error::new(ErrorKind::Invalid, message))
    }

    /// Refuses to go on beside another copy, which has moved the place in the target.
    pub(super) async fn check_alone(&self) -> Result<(), Error> {
        if self.process.tracked(&self.cursor).await? == self.reached {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Conflict, ANOTHER))
    }

    /// Stores commits, in their order.
    async fn store(&mut self, batch: Vec<WholeCommit>) -> Result<(), Error> {
        let ids = keys::aggregates(batch.iter().flat_map(|commit| &commit.events));
        let brought = self.keys(ids).await?;
        let chosen = self.chosen(&batch).await?;
        let mut commits = Vec::with_capacity(batch.len());
        let mut from = self.reached;
        for (commit, is_once) in batch.into_iter().zip(chosen) {
            let step = Step::new(self.cursor.clone(), from, commit.end)?;
            from = Some(commit.end);
            if let Some(id) = self.forgotten_by(&commit, &brought).await? {
                self.append(std::mem::take(&mut commits)).await?;
                self.forget(id, made(commit, is_once, Vec::new()), step).await?;
                continue;
            }
            let ids = keys::aggregates(commit.events.iter());
            let keys = ids.iter().filter_map(|id| brought.get(id)?.alive.clone()).collect();
            commits.push((made(commit, is_once, keys), step));
        }
        self.append(commits).await
    }

    /// Reads the data keys with which the events of some aggregates are stored.
    async fn keys(&self, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Brought>, Error> {
        let found = keys::of(self.from, ids).await?;
        if !found.is_empty() && self.to.as_keys().is_none() {
            let message = "the source has data keys, and the target keeps none; copy into a store that implements \
                           `KeyRecorder`";
            return Err(Error::new(ErrorKind::Config, message));
        }
        // An aggregate that was forgotten after a part of its events was copied still has its key in the target.
        let forgotten = found.values().filter(|key| key.is_forgotten()).map(StoredKey::aggregate).collect();
        let mut known = keys::of(self.to, forgotten).await?;
        known.retain(|_, key| !key.is_forgotten());
        let brought = |(id, key): (Uuid, StoredKey)| {
            let is_forgotten = key.is_forgotten();
            let alive = if is_forgotten { known.remove(&id) } else { Some(key) };
            (id, Brought { alive, is_forgotten })
        };
        Ok(found.into_iter().map(brought).collect())
    }

    /// Asks the source which commit ids callers chose: an index of all commits would cost the target more than this.
    async fn chosen(&self, batch: &[WholeCommit]) -> Result<Vec<bool>, Error> {
        let asked = |commit: &WholeCommit| Some((commit.events.first()?.id, commit.id));
        commits::chosen(self.from, batch.iter().filter_map(asked).collect()).await
    }

    /// Returns the aggregate that is forgotten, if the commit is the notice of it.
    async fn forgotten_by(
        &self,
        commit: &WholeCommit,
        brought: &HashMap<Uuid, Brought>,
    ) -> Result<Option<Uuid>, Error> {
        let Some(last) = commit.events.last().filter(|event| event.forgotten().is_some()) else {
            return Ok(None);
        };
        let is_forgotten = brought.get(&last.id).is_some_and(|key| key.is_forgotten);
        if !is_forgotten || commit.events.iter().any(|event| event.id != last.id) {
            return Ok(None);
        }
        let newest = keys::last(self.from, last.id).await?;
        Ok(newest.filter(|newest| newest.version == last.version).map(|newest| newest.id))
    }

    async fn append(&mut self, commits: Vec<(Commit, Step)>) -> Result<(), Error> {
        let Some((_, last)) = commits.last() else { return Ok(()) };
        let to = last.to();
        self.unsure =
            commits.iter().map(|(commit, step)| (step.to(), commit.events().len() as u64)).collect();
        match self.process.append_tracked_all(commits).await {
            Ok(receipts) => self.last = receipts.into_iter().next_back().or_else(|| self.last.take()),
            Err(error) => return Err(self.refused(error).await),
        }
        self.arrive(to);
        Ok(())
    }

    /// Notes that all commits on their way are stored.
    fn arrive(&mut self, to: Mark) {
        self.reached = Some(to);
        self.events += self.unsure.drain(..).map(|(_, many)| many).sum::<u64>();
    }

    /// Forgets an aggregate in the target, and then records the step: a repeated call stores no second notice.
    async fn forget(&mut self, id: Uuid, notice: Commit, step: Step) -> Result<(), Error> {
        let Some(keys) = self.to.as_keys() else { return Ok(()) };
        let to = step.to();
        self.unsure = vec![(to, notice.events().len() as u64)];
        let forgotten = async {
            keys.forget(id, notice).await?;
            self.process.track(step).await
        };
        if let Err(error) = forgotten.await {
            return Err(self.refused(error).await);
        }
        self.arrive(to);
        Ok(())
    }

    /// Explains a conflict.
    async fn refused(&self, error: Error) -> Error {
        if !matches!(error.kind(), ErrorKind::Conflict | ErrorKind::AlreadyExists) {
            return error;
        }
        let message = match self.process.tracked(&self.cursor).await {
            Ok(found) if found != self.reached => ANOTHER,
            _ => {
                "another program stores events in the target while the copy runs; stop it, empty the target and copy \
                 again"
            }
        };
        Error::new(ErrorKind::Conflict, message).with_source(error)
    }
}

/// The data key of an aggregate in the source.
struct Brought {
    /// The key with which events are stored in the target.
    alive: Option<StoredKey>,
    is_forgotten: bool,
}

fn made(commit: WholeCommit, is_once: bool, keys: Vec<StoredKey>) -> Commit {
    let WholeCommit { id, events, .. } = commit;
    let made = if is_once { Commit::once(id, events) } else { Commit::with_id(id, events) };
    made.with_keys(keys)
}
