//! Saving: what an earlier attempt froze goes first, under its own commit id; then the rest, all of it together.

use std::collections::{HashMap, HashSet};

use super::batch::{Batch, Saved};
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Version};
use crate::metadata::Metadata;
use crate::observe;
use crate::recorder::{Commit, Receipt};
use crate::repository::Repository;
use crate::store::EventStore;

/// When snapshots are taken.
#[derive(Default)]
pub(super) struct Snapshotting {
    /// After how many events, by the name of the aggregate.
    pub(super) every: HashMap<&'static str, u64>,
    /// After how many events where no number is set.
    pub(super) usual: Option<u64>,
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
            && let Err(error) = observe::snapshot(root.name(), root.id(), snapshot).await
            && let Some(snapshots) = repository.snapshots()
        {
            snapshots.report(&error);
        }
    }
    Ok(receipt)
}

async fn save_events(
    store: &EventStore,
    metadata: &Metadata,
    batch: &mut Batch<'_>,
) -> Result<Receipt, Error> {
    check_follows(store, &batch.roots).await?;
    let own = batch.commit.unwrap_or_else(CommitId::new);
    // What an earlier attempt froze is offered again as it was; what was recorded since follows it.
    let mut earlier = Vec::new();
    for commit in batch.roots.iter().filter_map(|root| root.frozen()).filter(|commit| *commit != own) {
        if !earlier.contains(&commit) {
            earlier.push(commit);
        }
    }
    if !earlier.is_empty() && !batch.loose.is_empty() {
        return Err(Error::new(
            ErrorKind::Invalid,
            "an aggregate of the batch is part of an earlier save of which it is not known whether it was stored; \
             save the aggregates alone first, then the batch with its other events, or give each such batch a commit id, \
             under which it can be saved again",
        ));
    }
    let mut receipt = None;
    for commit in earlier {
        let offered = offer(store, metadata, batch, commit, false).await?;
        receipt = Some(append(store, batch, offered).await?);
    }
    let receipt = save_as(store, metadata, batch, own, true).await?.or(receipt);
    // Recorded after an attempt under the caller's own commit id.
    let rest = if batch.roots.iter().any(|root| root.has_pending()) {
        save_as(store, metadata, batch, CommitId::new(), false).await?
    } else {
        None
    };
    Ok(rest.or(receipt).unwrap_or(Receipt::new(own)))
}

/// Freezes what is pending, and saves it under a commit id.
async fn save_as(
    store: &EventStore,
    metadata: &Metadata,
    batch: &mut Batch<'_>,
    commit: CommitId,
    with_loose: bool,
) -> Result<Option<Receipt>, Error> {
    let offered_before = batch.roots.iter().any(|root| root.frozen() == Some(commit));
    let frozen = batch.roots.iter_mut().try_for_each(|root| root.freeze(commit, metadata).map(drop));
    let offered = match frozen {
        Ok(()) => offer(store, metadata, batch, commit, with_loose).await,
        Err(error) => Err(error),
    };
    match offered {
        Ok(offered) if offered.events().is_empty() => Ok(None),
        Ok(offered) => append(store, batch, offered).await.map(Some),
        Err(error) => {
            if !offered_before {
                // The store has heard nothing of it.
                batch.roots.iter_mut().for_each(|root| root.thaw(commit));
            }
            Err(error)
        }
    }
}

/// A commit of all that is frozen under its id, and of the loose events.
async fn offer(
    store: &EventStore,
    metadata: &Metadata,
    batch: &Batch<'_>,
    commit: CommitId,
    with_loose: bool,
) -> Result<Commit, Error> {
    let frozen = || batch.roots.iter().filter(|root| root.frozen() == Some(commit));
    let loose = || batch.loose.iter().filter(|_| with_loose);
    let ids = frozen().map(|root| root.id()).chain(loose().map(|event| event.id()));
    let writing = store.writing(ids).await?;
    let mut rows = Vec::new();
    for root in frozen() {
        root.rows(writing.mapper(root.id()), &mut rows)?;
    }
    for event in loose() {
        rows.push(event.row(writing.mapper(event.id()), metadata)?);
    }
    Ok(writing.commit(commit, rows))
}

async fn append(store: &EventStore, batch: &mut Batch<'_>, offered: Commit) -> Result<Receipt, Error> {
    let commit = offered.id();
    let appended = store.append(offered).await;
    for root in &mut batch.roots {
        match &appended {
            Ok(_) => root.acknowledge(commit, store.number()),
            Err(error) if is_refused(error.kind()) => root.thaw(commit),
            // It may have been stored: the next attempt finds out.
            Err(_) => {}
        }
    }
    appended
}

/// Refuses what was loaded elsewhere and does not follow what is stored here: it would leave a gap.
///
/// Versions only grow: what follows now follows until it is stored, or conflicts.
async fn check_follows(store: &EventStore, roots: &[&mut dyn Saved]) -> Result<(), Error> {
    for root in roots.iter().filter(|root| root.store() != Some(store.number())) {
        let stored = root.stored_version();
        if stored == 0 || root.frozen().is_some() {
            continue;
        }
        let last = store.last_version(root.id()).await?.map_or(0, Version::get);
        if last < stored {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!(
                    "`{}` {} was loaded from another store: its events follow version {stored}, and the last one that is \
                     stored here is {last}; load it from here",
                    root.name(),
                    root.id()
                ),
            ));
        }
    }
    Ok(())
}

/// Whether nothing was stored, and nothing will be.
const fn is_refused(kind: ErrorKind) -> bool {
    use ErrorKind::{Closed, Config, Conflict, Forgotten, Invalid, Schema};
    matches!(kind, Conflict | Forgotten | Invalid | Schema | Config | Closed)
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
