//! Saving: a list of commits, offered to the store one after the other.
//!
//! Earlier attempts of the aggregates go first, each unchanged; then everything new, as one commit.

mod done;
mod place;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Shared;
use super::batch::{Batch, Saved};
use super::check::{check_loose, refuse_strays, refuse_twins};
use super::hook::SavedCommit;
use crate::aggregate::Frozen;
use crate::error::{Error, ErrorKind};
use crate::event::Metadata;
use crate::id::CommitId;
use crate::recorder::{Boxed, Commit, Receipt};
use crate::store::{EventStore, Kept, is_about_key};
use crate::stored_event::StoredEvent;

/// The number of attempts at a commit while other callers store the data keys of its aggregates first.
const ATTEMPTS: usize = 3;

/// The number of attempts at a commit while other callers append to the same sequences first.
const APPENDS: usize = 64;

pub(super) async fn save(
    shared: &Shared,
    metadata: &Metadata,
    mut batch: Batch<'_>,
) -> Result<Receipt, Error> {
    refuse_strays(&batch)?;
    refuse_twins(&batch)?;
    batch.saved = (!shared.hooks.saved.is_empty()).then(Vec::new);
    let upkeep = shared.repository.upkeep(kept(&batch));
    let mut saving = Saving { store: shared.repository.store(), metadata, batch };
    let saved = saving.run().await;
    // An earlier commit may be stored though the rest failed.
    shared.hooks.call(saving.batch.saved.as_deref().unwrap_or_default());
    let receipt = saved?;
    if let Some(upkeep) = upkeep {
        upkeep.end(&kept(&saving.batch).collect::<Vec<_>>()).await;
    }
    Ok(receipt)
}

fn kept<'b>(batch: &'b Batch<'_>) -> impl Iterator<Item = &'b dyn Kept> {
    batch.roots.iter().map(|root| -> &dyn Kept { &**root })
}

/// The future of a save: see [`Application::save`](super::Application::save).
// Its type has no bounds, which the compiler would report once more at `.await`, as it does for an `async fn`.
#[must_use = "nothing is saved before the future is awaited; write `.await` or `.wait()`"]
pub struct Save<'a>(pub(super) Boxed<'a, Receipt>);

impl Future for Save<'_> {
    type Output = Result<Receipt, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Save<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Save").finish_non_exhaustive()
    }
}

/// The state of a running save.
struct Saving<'s, 'b> {
    store: &'s EventStore,
    metadata: &'s Metadata,
    batch: Batch<'b>,
}

/// One commit of a save.
#[derive(Clone, Copy)]
struct Attempt {
    commit: CommitId,
    /// False for events that an earlier save froze under this commit id.
    is_new: bool,
    /// True for the commit of the batch, the only one that holds its loose events.
    is_own: bool,
}

impl Saving<'_, '_> {
    async fn run(&mut self) -> Result<Receipt, Error> {
        let own = self.batch.commit.unwrap_or_else(CommitId::new);
        let mut receipt = None;
        for attempt in self.attempts(own)? {
            if let Some(stored) = self.attempt(attempt).await? {
                // The batch returns the receipt of its own commit, though later events may follow under another id.
                receipt = receipt.filter(|_| !attempt.is_own && attempt.is_new).or(Some(stored));
            }
        }
        Ok(receipt.unwrap_or(Receipt::new(own)))
    }

    /// Lists the commits: those that an earlier save froze, then the commit of the batch. Events recorded after an
    /// earlier attempt at that commit get one more.
    fn attempts(&self, own: CommitId) -> Result<Vec<Attempt>, Error> {
        let mut attempts: Vec<Attempt> = Vec::with_capacity(1);
        let (mut is_new, mut rest) = (true, None);
        for commit in self.batch.roots.iter().filter_map(|root| root.frozen()).map(|frozen| frozen.commit) {
            if commit == own {
                is_new = false;
                rest = Some(Attempt { commit: CommitId::new(), is_new: true, is_own: false });
            } else if attempts.iter().all(|known| known.commit != commit) {
                attempts.push(Attempt { commit, is_new: false, is_own: false });
            }
        }
        if !attempts.is_empty() && !self.batch.loose.is_empty() {
            return Err(Error::new(
                ErrorKind::Invalid,
                "an aggregate of the batch is part of an earlier save of which it is not known whether it was stored; \
                 save the aggregates alone first, then the batch with its other events, or give each such batch a commit id, \
                 under which it can be saved again",
            ));
        }
        attempts.push(Attempt { commit: own, is_new, is_own: true });
        attempts.extend(rest);
        Ok(attempts)
    }

    /// Stores one commit. Returns `None` if it has no events.
    async fn attempt(&mut self, attempt: Attempt) -> Result<Option<Receipt>, Error> {
        let is_callers = attempt.is_own && self.batch.commit.is_some();
        if attempt.is_own {
            // A repeated save would append the events at other versions than the stored ones.
            let is_asked = is_callers && (attempt.is_new || self.has_appended()) && !self.batch.is_looked_for;
            if is_asked && self.is_done(attempt.commit).await? {
                let receipt = Receipt::new(attempt.commit).as_repeated();
                let is_own = self.are_own(&self.parts(attempt), &receipt).await?;
                self.settle(attempt, &is_own);
                return Ok(Some(receipt));
            }
            self.place(None).await?;
            check_loose(self.store, &self.batch).await?;
        }
        if attempt.is_new {
            if !attempt.is_own && !self.batch.roots.iter().any(|root| root.has_pending()) {
                return Ok(None);
            }
            let mut roots = self.batch.roots.iter_mut();
            if let Err(error) =
                roots.try_for_each(|root| root.freeze(attempt.commit, is_callers, self.metadata))
            {
                self.thaw(attempt);
                return Err(error);
            }
            let is_empty = self.batch.roots.iter().all(|root| part(&**root, attempt).is_none());
            if is_empty && (!attempt.is_own || self.batch.loose.is_empty()) {
                return Ok(None);
            }
        }
        self.offer(attempt).await.map(Some)
    }

    /// Offers a commit to the store, and marks its events as stored or not.
    async fn offer(&mut self, attempt: Attempt) -> Result<Receipt, Error> {
        let parts = self.parts(attempt);
        let mut is_heard = false;
        let (receipt, rows) = match self.append(attempt, &mut is_heard).await {
            Ok(stored) => stored,
            Err(error) => {
                let is_unknown = is_heard && !is_refused(error.kind(), attempt.is_new);
                // This attempt or an earlier one may be stored: the next save finds out.
                if !is_unknown && (is_heard || attempt.is_new) {
                    self.thaw(attempt);
                }
                return Err(error);
            }
        };
        let is_own = self.are_own(&parts, &receipt).await?;
        self.keep_for_hooks(attempt, &receipt, rows, &is_own);
        self.settle(attempt, &is_own);
        Ok(receipt)
    }

    /// Releases the events that are stored, and those that another caller did before.
    fn settle(&mut self, attempt: Attempt, is_own: &[bool]) {
        for (root, is_own) in self.batch.roots.iter_mut().zip(is_own) {
            if *is_own {
                root.acknowledge(attempt.commit);
            } else if part(&**root, attempt).is_some() || (attempt.is_new && root.has_pending()) {
                root.give_up();
            }
        }
    }

    fn parts(&self, attempt: Attempt) -> Vec<Option<Frozen>> {
        self.batch.roots.iter().map(|root| part(&**root, attempt)).collect()
    }

    /// Makes the commit and appends it. Returns its rows if hooks want them.
    async fn append(
        &mut self,
        attempt: Attempt,
        is_heard: &mut bool,
    ) -> Result<(Receipt, Vec<StoredEvent>), Error> {
        let mut made = 1;
        loop {
            let commit = self.make_commit(attempt).await?;
            let rows = if self.batch.saved.is_some() { commit.events().to_vec() } else { Vec::new() };
            self.batch.roots.iter_mut().for_each(|root| root.note_offer(attempt.commit));
            *is_heard = true;
            match self.store.append(commit).await {
                // Another caller stored the first key of an aggregate: nothing of this commit is stored, and the next
                // attempt uses that key.
                Err(error) if is_about_key(&error) && made < ATTEMPTS => {}
                // Another caller appended an event: nothing of this commit is stored, and the next attempt appends
                // after that event.
                Err(error)
                    if made < APPENDS
                        && let Some(id) = self.appended_late(&error) =>
                {
                    *is_heard = false;
                    self.place(Some(id)).await?;
                }
                appended => return appended.map(|receipt| (receipt, rows)),
            }
            (made, *is_heard) = (made + 1, false);
        }
    }

    /// Makes a commit of the events frozen under its id, and of the loose events if it has them.
    async fn make_commit(&self, attempt: Attempt) -> Result<Commit, Error> {
        let frozen = || self.batch.roots.iter().filter(|root| part(&***root, attempt).is_some());
        let loose = || self.batch.loose.iter().filter(|_| attempt.is_own);
        let ids = frozen().map(|root| root.id()).chain(loose().map(|event| event.id()));
        let writing = self.store.writing(ids).await?;
        let mut rows = Vec::new();
        for root in frozen() {
            root.rows(writing.mapper(root.id()), &mut rows)?;
        }
        let followers = rows.len();
        for event in loose() {
            rows.push(event.row(writing.mapper(event.id()), self.metadata)?);
        }
        // After an earlier save, only the frozen events still know that the caller chose the id.
        let is_callers = frozen().any(|root| root.frozen().is_some_and(|frozen| frozen.is_callers));
        let is_once = is_callers || self.batch.commit == Some(attempt.commit);
        let made =
            if is_once { Commit::once(attempt.commit, rows) } else { Commit::with_id(attempt.commit, rows) };
        Ok(writing.commit(made.without_gaps_in_the_first(followers)))
    }

    /// Thaws the events of a commit, which are not stored and never will be.
    fn thaw(&mut self, attempt: Attempt) {
        self.batch.roots.iter_mut().for_each(|root| root.thaw(attempt.commit));
    }

    /// Keeps a commit for the hooks, unless another caller made it.
    fn keep_for_hooks(
        &mut self,
        attempt: Attempt,
        receipt: &Receipt,
        rows: Vec<StoredEvent>,
        is_own: &[bool],
    ) {
        let Some(saved) = &mut self.batch.saved else { return };
        if receipt.is_repeated() && !is_own.contains(&true) {
            return;
        }
        let own = self.batch.roots.iter().zip(is_own).filter(|(_, is_own)| **is_own);
        let mut parts: Vec<_> = own.map(|(root, _)| root.copied()).collect();
        let loose = self.batch.loose.iter().filter(|_| attempt.is_own);
        parts.extend(loose.map(|event| event.copied(self.metadata)));
        saved.push(SavedCommit { receipt: receipt.clone(), rows, parts });
    }
}

/// Returns the frozen events of a root that belong to the commit.
fn part(root: &dyn Saved, attempt: Attempt) -> Option<Frozen> {
    root.frozen().filter(|frozen| frozen.commit == attempt.commit)
}

/// Returns whether nothing is stored, and nothing will be. For an earlier attempt, only the rows reveal that.
const fn is_refused(kind: ErrorKind, is_new: bool) -> bool {
    use ErrorKind::{AlreadyExists, Closed, Config, Conflict, Forgotten, Invalid, Schema, Unsupported};
    matches!(kind, Conflict | AlreadyExists | Forgotten)
        || (is_new && matches!(kind, Invalid | Schema | Config | Closed | Unsupported))
}
