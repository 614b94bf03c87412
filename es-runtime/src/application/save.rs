//! Saving: what an earlier attempt froze goes first, under its own commit id; then the rest, all of it together.

use std::collections::{HashMap, HashSet};

use super::batch::{Batch, Saved};
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Version};
use crate::metadata::Metadata;
use crate::recorder::{Commit, Receipt};
use crate::repository::Repository;
use crate::store::EventStore;
use crate::stored_event::StoredEvent;

/// When snapshots are taken, and who is told of those that fail.
pub(super) struct Snapshotting {
    /// After how many events, by the name of the aggregate.
    pub(super) every: HashMap<&'static str, u64>,
    /// After how many events where no number is set.
    pub(super) usual: Option<u64>,
    pub(super) failed: Box<dyn Fn(&Error) + Send + Sync>,
}

impl Default for Snapshotting {
    fn default() -> Self {
        Self { every: HashMap::new(), usual: None, failed: Box::new(|_| {}) }
    }
}

pub(super) async fn save(
    repository: &Repository,
    snapshotting: &Snapshotting,
    metadata: &Metadata,
    mut batch: Batch<'_>,
) -> Result<Receipt, Error> {
    refuse_twins(&batch)?;
    let takes_none = snapshotting.every.is_empty() && snapshotting.usual.is_none();
    if takes_none && repository.cache().is_none() {
        return save_events(repository.store(), metadata, &mut batch).await;
    }
    let before: Vec<u64> = batch.roots.iter().map(|root| root.stored_version()).collect();
    // Out of the cache before, into it after: also if this future is dropped on the way, it holds nothing old.
    if let Some(cache) = repository.cache() {
        batch.roots.iter().for_each(|root| root.uncache(cache));
    }
    let saved = save_events(repository.store(), metadata, &mut batch).await;
    if let Some(cache) = repository.cache() {
        batch
            .roots
            .iter()
            .for_each(|root| if saved.is_ok() { root.cache(cache) } else { root.uncache(cache) });
    }
    let receipt = saved?;
    for (root, before) in batch.roots.iter().zip(before) {
        let every = snapshotting.every.get(root.name()).copied().or(snapshotting.usual);
        let Some(every) = every.filter(|every| *every > 0) else { continue };
        let last = root.stored_version() / every * every;
        let snapshot = Version::new(last).filter(|_| last > before);
        let snapshot = snapshot.and_then(|version| root.take_snapshot(repository, version));
        // What was saved is saved: a snapshot that fails is only slower next time.
        if let Some(snapshot) = snapshot
            && let Err(error) = snapshot.await
        {
            (snapshotting.failed)(&error);
        }
    }
    Ok(receipt)
}

async fn save_events(
    store: &EventStore,
    metadata: &Metadata,
    batch: &mut Batch<'_>,
) -> Result<Receipt, Error> {
    // What an earlier attempt froze is offered again as it was; what was recorded since follows it.
    let mut earlier = Vec::new();
    for commit in batch.roots.iter().filter_map(|root| root.frozen()) {
        if !earlier.contains(&commit) {
            earlier.push(commit);
        }
    }
    if !earlier.is_empty() && !batch.loose.is_empty() {
        return Err(Error::new(
            ErrorKind::Invalid,
            "an aggregate of the batch is part of an earlier save of which it is not known whether it was stored; \
             save the aggregates alone first, then the batch with its other events",
        ));
    }
    let mut receipt = None;
    for commit in earlier {
        let rows = rows(store, &batch.roots, commit)?;
        receipt = Some(append(store, &mut batch.roots, commit, rows).await?);
    }
    let own = CommitId::new();
    let rows = match new_rows(store, metadata, batch, own) {
        Ok(rows) => rows,
        Err(error) => {
            // Nothing was offered to the store yet.
            batch.roots.iter_mut().for_each(|root| root.thaw(own));
            return Err(error);
        }
    };
    if !rows.is_empty() {
        receipt = Some(append(store, &mut batch.roots, own, rows).await?);
    }
    Ok(receipt.unwrap_or(Receipt::new(own)))
}

/// Freezes all that is pending, and makes its rows.
fn new_rows(
    store: &EventStore,
    metadata: &Metadata,
    batch: &mut Batch<'_>,
    own: CommitId,
) -> Result<Vec<StoredEvent>, Error> {
    for root in &mut batch.roots {
        root.freeze(own, metadata)?;
    }
    let mut rows = rows(store, &batch.roots, own)?;
    for event in &batch.loose {
        rows.push(event.row(store.mapper(), metadata)?);
    }
    Ok(rows)
}

/// The rows of all that is frozen under the commit.
fn rows(store: &EventStore, roots: &[&mut dyn Saved], commit: CommitId) -> Result<Vec<StoredEvent>, Error> {
    let mut rows = Vec::new();
    for root in roots.iter().filter(|root| root.frozen() == Some(commit)) {
        root.rows(store.mapper(), &mut rows)?;
    }
    Ok(rows)
}

async fn append(
    store: &EventStore,
    roots: &mut [&mut dyn Saved],
    commit: CommitId,
    rows: Vec<StoredEvent>,
) -> Result<Receipt, Error> {
    let appended = store.append(Commit::with_id(commit, rows)).await;
    for root in roots {
        match &appended {
            Ok(_) => root.acknowledge(commit),
            Err(error) if is_refused(error.kind()) => root.thaw(commit),
            // It may have been stored: the next attempt finds out.
            Err(_) => {}
        }
    }
    appended
}

/// Whether nothing was stored, and nothing will be.
const fn is_refused(kind: ErrorKind) -> bool {
    use ErrorKind::{Closed, Config, Conflict, Invalid, Schema};
    matches!(kind, Conflict | Invalid | Schema | Config | Closed)
}

fn refuse_twins(batch: &Batch<'_>) -> Result<(), Error> {
    if batch.roots.len() < 2 {
        return Ok(());
    }
    let mut ids = HashSet::new();
    match batch.roots.iter().find(|root| !ids.insert(root.id())) {
        None => Ok(()),
        Some(root) => Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "`{}` {} is in the batch twice; save each aggregate once, with all its events",
                root.name(),
                root.id()
            ),
        )),
    }
}
