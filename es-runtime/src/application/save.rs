//! Saving: what an earlier attempt froze goes first, under its own commit id; then the rest, all of it together.

use std::collections::{HashMap, HashSet};

use super::batch::{Batch, Saved};
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Version};
use crate::metadata::Metadata;
use crate::recorder::{Commit, Receipt};
use crate::repository::Repository;
use crate::store::EventStore;

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
    let mut receipt = None;
    // A second round only if an earlier attempt's commit was among the first: what was recorded since follows it.
    loop {
        let own = CommitId::new();
        let mut earlier = Vec::new();
        for root in &mut batch.roots {
            if let Some(commit) = root.freeze(own, metadata)?
                && commit != own
                && !earlier.contains(&commit)
            {
                earlier.push(commit);
            }
        }
        let again = !earlier.is_empty();
        for commit in earlier {
            receipt = Some(append(store, &mut batch.roots, commit, Vec::new()).await?);
        }
        let loose = std::mem::take(&mut batch.loose);
        let rows: Result<Vec<_>, Error> =
            loose.iter().map(|event| event.row(store.mapper(), metadata)).collect();
        let rows = rows?;
        if !rows.is_empty() || batch.roots.iter().any(|root| root.frozen() == Some(own)) {
            receipt = Some(append(store, &mut batch.roots, own, rows).await?);
        }
        if !again || !batch.roots.iter().any(|root| root.has_pending()) {
            return Ok(receipt.unwrap_or(Receipt::new(own)));
        }
    }
}

async fn append(
    store: &EventStore,
    roots: &mut [&mut dyn Saved],
    commit: CommitId,
    loose: Vec<crate::stored_event::StoredEvent>,
) -> Result<Receipt, Error> {
    let mut rows = Vec::new();
    for root in roots.iter_mut().filter(|root| root.frozen() == Some(commit)) {
        root.rows(store.mapper(), &mut rows)?;
    }
    rows.extend(loose);
    let appended = store.append(Commit::with_id(commit, rows)).await;
    for root in roots {
        match &appended {
            Ok(_) => root.acknowledge(commit),
            // Nothing was stored, and nothing will be: the aggregate has to be loaded again.
            Err(error) if error.kind() == ErrorKind::Conflict => root.thaw(commit),
            // It may have been stored: the next attempt finds out.
            Err(_) => {}
        }
    }
    appended
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
