//! Saving: what an earlier attempt froze goes first, under its own commit id; then the rest, all of it together.

use uuid::Uuid;

use super::batch::{Batch, Saved};
use super::check::{check_loose, refuse_strays, refuse_twins};
use super::hook::{Hooks, SavedCommit};
use crate::aggregate::Frozen;
use crate::error::{Error, ErrorKind};
use crate::event::Metadata;
use crate::id::{CommitId, Version};
use crate::recorder::{Commit, Receipt};
use crate::store::{EventStore, Kept, Repository, Snapshotting, Upkeep, is_about_key};
use crate::stored_event::StoredEvent;

/// How often a commit is made anew with the data key that somebody else stored first.
const ATTEMPTS: usize = 3;

pub(super) async fn save(
    repository: &Repository,
    snapshotting: &Snapshotting,
    hooks: &Hooks,
    metadata: &Metadata,
    mut batch: Batch<'_>,
) -> Result<Receipt, Error> {
    refuse_strays(&batch)?;
    refuse_twins(&batch)?;
    batch.saved = (!hooks.saved.is_empty()).then(Vec::new);
    let is_kept = !snapshotting.is_off() || repository.cache().is_some();
    let upkeep =
        is_kept.then(|| Upkeep::begin(repository, batch.roots.iter().map(|root| -> &dyn Kept { &**root })));
    let saved = save_events(repository.store(), metadata, &mut batch).await;
    // An earlier commit may be stored though the rest failed.
    hooks.call(batch.saved.as_deref().unwrap_or_default());
    let receipt = saved?;
    if let Some(upkeep) = upkeep {
        upkeep.end(snapshotting, batch.roots.iter().map(|root| -> &dyn Kept { &**root }).collect()).await;
    }
    Ok(receipt)
}

async fn save_events(
    store: &EventStore,
    metadata: &Metadata,
    batch: &mut Batch<'_>,
) -> Result<Receipt, Error> {
    let own = batch.commit.unwrap_or_else(CommitId::new);
    // What an earlier attempt froze is offered again as it was; what was recorded since follows it.
    let mut earlier = Vec::new();
    for commit in frozen(batch).filter(|commit| *commit != own) {
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
    check_loose(store, batch).await?;
    if frozen(batch).any(|commit| commit == own) {
        // Exactly that again. What was recorded since belongs to another commit.
        return offer(store, metadata, batch, own, Offer::OwnAgain).await.map(Some);
    }
    if batch.commit.is_some() && !batch.is_looked_for && is_done(store, batch, own).await? {
        batch.roots.iter_mut().filter(|root| root.has_pending()).for_each(|root| root.give_up());
        return Ok(Some(Receipt::new(own).as_repeated()));
    }
    save_new(store, metadata, batch, own, Offer::First).await
}

/// The commits under which parts of the batch are frozen.
fn frozen(batch: &Batch<'_>) -> impl Iterator<Item = CommitId> {
    batch.roots.iter().filter_map(|root| root.frozen()).map(|frozen| frozen.commit)
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
    let is_callers = as_what == Offer::First && batch.commit.is_some();
    if let Err(error) = batch.roots.iter_mut().try_for_each(|root| root.freeze(commit, is_callers, metadata))
    {
        batch.roots.iter_mut().for_each(|root| root.thaw(commit));
        return Err(error);
    }
    let is_loose = as_what == Offer::First && !batch.loose.is_empty();
    if !is_loose && frozen(batch).all(|known| known != commit) {
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
    let part = |root: &&mut dyn Saved| root.frozen().filter(|frozen| frozen.commit == commit);
    let before: Vec<Option<Frozen>> = batch.roots.iter().map(part).collect();
    let mut rows = Vec::new();
    let mut asked = 1;
    let offered = loop {
        let made = match make_commit(store, metadata, batch, commit, with_loose).await {
            Ok(made) => made,
            Err(error) => {
                // The store has heard nothing of it.
                if is_first {
                    batch.roots.iter_mut().for_each(|root| root.thaw(commit));
                }
                return Err(error);
            }
        };
        if batch.saved.is_some() {
            rows = made.events().to_vec();
        }
        batch.roots.iter_mut().for_each(|root| root.note_offer(commit));
        match store.append(made).await {
            // Somebody else stored the first key of an aggregate: nothing of this is stored, and that key will do.
            Err(error) if is_about_key(&error) && asked < ATTEMPTS => asked += 1,
            offered => break offered,
        }
    };
    let receipt = match offered {
        Ok(receipt) => receipt,
        Err(error) => {
            // Otherwise it may have been stored: the next attempt finds out.
            if is_refused(error.kind(), is_first) {
                batch.roots.iter_mut().for_each(|root| root.thaw(commit));
            }
            return Err(error);
        }
    };
    let mut is_own = Vec::with_capacity(before.len());
    for (root, part) in batch.roots.iter().zip(&before) {
        is_own.push(match part {
            None => false,
            // Somebody else may have used a commit id of the caller's. An attempt of this root may have been stored before: if
            // that cannot be found out now, nothing is decided, and the next save asks again.
            Some(part) if receipt.is_repeated() && part.is_callers => {
                part.is_offered && is_stored(store, &**root, part.count).await?
            }
            Some(_) => true,
        });
    }
    keep_for_hooks(metadata, batch, (&receipt, rows), &is_own, with_loose);
    for ((root, part), is_own) in batch.roots.iter_mut().zip(before).zip(is_own) {
        if is_own {
            root.acknowledge(commit);
        } else if part.is_some() {
            root.give_up();
        }
    }
    Ok(receipt)
}

/// Keeps the commits of this application for the hooks, and none of another caller.
fn keep_for_hooks(
    metadata: &Metadata,
    batch: &mut Batch<'_>,
    (receipt, rows): (&Receipt, Vec<StoredEvent>),
    is_own: &[bool],
    with_loose: bool,
) {
    let Some(saved) = &mut batch.saved else { return };
    if receipt.is_repeated() && !is_own.contains(&true) {
        return;
    }
    let own = batch.roots.iter().zip(is_own).filter(|(_, is_own)| **is_own);
    let mut parts: Vec<_> = own.map(|(root, _)| root.copied()).collect();
    parts.extend(batch.loose.iter().filter(|_| with_loose).map(|event| event.copied(metadata)));
    saved.push(SavedCommit { receipt: receipt.clone(), rows, parts });
}

/// A commit of all that is frozen under its id, and of the loose events.
async fn make_commit(
    store: &EventStore,
    metadata: &Metadata,
    batch: &Batch<'_>,
    commit: CommitId,
    with_loose: bool,
) -> Result<Commit, Error> {
    let is_part = |root: &&&mut dyn Saved| root.frozen().is_some_and(|frozen| frozen.commit == commit);
    let frozen = || batch.roots.iter().filter(is_part);
    let loose = || batch.loose.iter().filter(|_| with_loose);
    let ids = frozen().map(|root| root.id()).chain(loose().map(|event| event.id()));
    let writing = store.writing(ids).await?;
    let mut rows = Vec::new();
    for root in frozen() {
        root.rows(writing.mapper(root.id()), &mut rows)?;
    }
    let followers = rows.len();
    for event in loose() {
        rows.push(event.row(writing.mapper(event.id()), metadata)?);
    }
    // Also where only the frozen events still know that the caller chose the id.
    let is_callers = frozen().any(|root| root.frozen().is_some_and(|frozen| frozen.is_callers));
    let is_once = is_callers || batch.commit == Some(commit);
    let made = if is_once { Commit::once(commit, rows) } else { Commit::with_id(commit, rows) };
    Ok(writing.commit(made.without_gaps_in_the_first(followers)))
}

/// Whether the frozen events are the stored ones.
async fn is_stored(store: &EventStore, root: &dyn Saved, count: usize) -> Result<bool, Error> {
    let first = Version::new(root.stored_version() + 1).unwrap_or(Version::MAX);
    let rows = store.rows(root.id(), first, count).await?;
    match store.mapper_for(root.id()).await {
        Ok(mapper) => Ok(root.is_stored_as(&mapper, &rows)),
        // The save does not trust rows that cannot be decrypted any more.
        Err(error) if matches!(error.kind(), ErrorKind::Forgotten | ErrorKind::Cipher) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether nothing is stored, and nothing will be. Of what was offered before, only the rows themselves can tell.
const fn is_refused(kind: ErrorKind, is_first: bool) -> bool {
    use ErrorKind::{Closed, Config, Conflict, Forgotten, Invalid, Schema, Unsupported};
    matches!(kind, Conflict | Forgotten)
        || (is_first && matches!(kind, Invalid | Schema | Config | Closed | Unsupported))
}
