//! Saving: what an earlier attempt froze goes first, under its own commit id; then the rest, all of it together.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::batch::{Batch, Saved};
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Version};
use crate::metadata::Metadata;
use crate::observe;
use crate::recorder::{Commit, Receipt};
use crate::repository::Repository;
use crate::store::{EventStore, is_about_key};

/// How often a commit is made anew with the data key that somebody else stored first.
const ATTEMPTS: usize = 3;

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
    // Out of the cache before, into it after: so it seldom holds what is old, also if this future is dropped on the way.
    if let Some(cache) = repository.cache() {
        batch.roots.iter().for_each(|root| root.uncache(cache));
    }
    // Once all are out: some share a moment.
    let moment = |root: &&mut dyn Saved| repository.cache().map_or(0, |cache| root.moment(cache));
    let moments: Vec<u64> = batch.roots.iter().map(moment).collect();
    let saved = save_events(repository.store(), metadata, &mut batch).await;
    if let Some(cache) = repository.cache() {
        for (root, moment) in batch.roots.iter().zip(moments) {
            if saved.is_ok() {
                root.cache(cache, moment);
            } else {
                root.uncache(cache);
            }
        }
    }
    let receipt = saved?;
    for (root, before) in batch.roots.iter().zip(before) {
        let every = snapshotting.every.get(root.name()).copied().or(snapshotting.usual);
        let Some(every) = every.filter(|every| *every > 0) else { continue };
        let last = root.stored_version() / every * every;
        let snapshot = Version::new(last).filter(|_| last > before && !root.is_outdated());
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
        receipt = Some(offer(store, metadata, batch, commit, Offer::Again).await?);
    }
    let receipt = save_own(store, metadata, batch, own).await?.or(receipt);
    // Recorded after an attempt under the caller's own commit id.
    let rest = if batch.roots.iter().any(|root| root.has_pending()) {
        save_new(store, metadata, batch, CommitId::new(), Offer::Rest).await?
    } else {
        None
    };
    Ok(receipt.or(rest).unwrap_or(Receipt::new(own)))
}

/// What a commit is offered as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    /// For the first time, with all loose events.
    First,
    /// For the first time, without loose events.
    Rest,
    /// As it was before, without loose events.
    Again,
    /// As it was before, with all loose events.
    OwnAgain,
}

/// Saves what is pending, and the loose events, under the commit id of this batch.
async fn save_own(
    store: &EventStore,
    metadata: &Metadata,
    batch: &mut Batch<'_>,
    own: CommitId,
) -> Result<Option<Receipt>, Error> {
    if batch.roots.iter().any(|root| root.frozen() == Some(own)) {
        // Exactly that again. What was recorded since belongs to another commit.
        return offer(store, metadata, batch, own, Offer::OwnAgain).await.map(Some);
    }
    if batch.commit.is_some() && !batch.is_looked_for && is_done(store, batch, own).await? {
        batch.roots.iter_mut().filter(|root| root.has_pending()).for_each(|root| root.give_up());
        return Ok(Some(Receipt::new(own).as_repeated()));
    }
    save_new(store, metadata, batch, own, Offer::First).await
}

/// Whether all of it was done under that commit id before, by events at other places than these. An error if a part was.
async fn is_done(store: &EventStore, batch: &Batch<'_>, commit: CommitId) -> Result<bool, Error> {
    let mut places: Vec<(Uuid, Version)> = Vec::new();
    for root in batch.roots.iter().filter(|root| root.has_pending()) {
        places.extend(Version::new(root.stored_version() + 1).map(|first| (root.id(), first)));
    }
    places.extend(batch.loose.iter().map(|event| (event.id(), event.version())));
    let (mut done, mut elsewhere) = (0, false);
    for (id, version) in &places {
        if store.has_commit(*id, commit).await? {
            done += 1;
            elsewhere |= !store.has_version(*id, *version).await?;
        }
    }
    if done > 0 && done < places.len() {
        return Err(Error::new(
            ErrorKind::Invalid,
            format!(
                "{done} of {} parts of the batch were saved under this commit id before, and the others were not; give what \
                 belongs together one id, and each new batch a new one",
                places.len()
            ),
        ));
    }
    Ok(elsewhere)
}

/// Freezes what is pending, and saves it for the first time.
async fn save_new(
    store: &EventStore,
    metadata: &Metadata,
    batch: &mut Batch<'_>,
    commit: CommitId,
    as_what: Offer,
) -> Result<Option<Receipt>, Error> {
    let frozen = batch.roots.iter_mut().try_for_each(|root| root.freeze(commit, metadata).map(drop));
    if let Err(error) = frozen {
        batch.roots.iter_mut().for_each(|root| root.thaw(commit));
        return Err(error);
    }
    let is_loose = as_what == Offer::First && !batch.loose.is_empty();
    if !is_loose && batch.roots.iter().all(|root| root.frozen() != Some(commit)) {
        return Ok(None);
    }
    offer(store, metadata, batch, commit, as_what).await.map(Some)
}

/// Offers to the store what is frozen under the commit id.
async fn offer(
    store: &EventStore,
    metadata: &Metadata,
    batch: &mut Batch<'_>,
    commit: CommitId,
    as_what: Offer,
) -> Result<Receipt, Error> {
    let is_first = matches!(as_what, Offer::First | Offer::Rest);
    let with_loose = matches!(as_what, Offer::First | Offer::OwnAgain);
    let mut asked = 1;
    let offered = loop {
        let made = make_commit(store, metadata, batch, commit, with_loose).await;
        let offered = match made {
            Ok(made) => store.append(made).await,
            // The store has heard nothing of it.
            Err(error) if is_first => {
                batch.roots.iter_mut().for_each(|root| root.thaw(commit));
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        match offered {
            // Somebody else stored the first key of an aggregate: nothing of this is stored, and that key will do.
            Err(error) if is_about_key(&error) && asked < ATTEMPTS => asked += 1,
            offered => break offered,
        }
    };
    let is_repeated = offered.as_ref().is_ok_and(Receipt::is_repeated);
    for root in &mut batch.roots {
        let is_other = is_repeated && root.frozen() == Some(commit) && !is_stored(store, &**root).await;
        match &offered {
            // Somebody else used the commit id: of these events only the places are known to be the same.
            Ok(_) if is_other => root.give_up(),
            Ok(_) => root.acknowledge(commit, store.number()),
            Err(error) if is_refused(error.kind(), is_first) => root.thaw(commit),
            // It may have been stored: the next attempt finds out.
            Err(_) => {}
        }
    }
    offered
}

/// A commit of all that is frozen under its id, and of the loose events.
async fn make_commit(
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
    let made =
        if batch.commit == Some(commit) { Commit::once(commit, rows) } else { Commit::with_id(commit, rows) };
    Ok(writing.commit(made))
}

/// Whether the frozen events are the stored ones.
async fn is_stored(store: &EventStore, root: &dyn Saved) -> bool {
    let first = Version::new(root.stored_version() + 1).unwrap_or(Version::MAX);
    let read = async {
        let rows = store.rows(root.id(), first, root.frozen_count()).await?;
        let mapper = store.mapper_for(root.id()).await?;
        Ok::<_, Error>(root.is_stored_as(&mapper, &rows))
    };
    // What cannot be read is not trusted.
    read.await.unwrap_or(false)
}

/// Refuses what was loaded elsewhere and does not follow what is stored here: it would leave a gap.
///
/// Versions only grow: what follows now follows until it is stored, or conflicts.
async fn check_follows(store: &EventStore, roots: &[&mut dyn Saved]) -> Result<(), Error> {
    for root in roots.iter().filter(|root| root.store() != Some(store.number())) {
        let stored = root.stored_version();
        if stored == 0 {
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

/// Whether nothing is stored, and nothing will be. Of what was offered before, only the rows themselves can tell.
const fn is_refused(kind: ErrorKind, is_first: bool) -> bool {
    use ErrorKind::{Closed, Config, Conflict, Forgotten, Invalid, Schema};
    matches!(kind, Conflict | Forgotten) || (is_first && matches!(kind, Invalid | Schema | Config | Closed))
}

fn refuse_twins(batch: &Batch<'_>) -> Result<(), Error> {
    if batch.is_mixed {
        return Err(Error::new(
            ErrorKind::Invalid,
            "parts of the batch have different commit ids; give one to the whole, or save them one by one",
        ));
    }
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
