//! The verdict on a commit: store, done before, or refused with a reason. Every recorder reads the facts for it.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Commit, Mark, Position, Receipt, Step, StoredKey};
use crate::error::{Conflict, Error};
use crate::id::{CommitId, DataKeyId, Name, Version};
use crate::stored_event::StoredEvent;

/// An event that stands at a version.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) commit: CommitId,
    pub(super) topic: Name,
    pub(super) position: Position,
}

/// The facts that a recorder read for the verdict on one commit.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The stored event at the version of each event of the commit, in the order of the commit.
    pub(super) taken: Vec<Option<Taken>>,
    /// The data keys of the aggregates whose events or keys the commit brings.
    pub(super) keys: HashMap<Uuid, KeyFact>,
    /// The versions of [`preceding`] at which no event stands.
    pub(super) missing: HashSet<(Uuid, Version)>,
    /// The place that the reader has reached, if the commit comes with a step.
    pub(super) tracked: Option<Mark>,
}

/// The state of the data key of one aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyFact {
    Has(DataKeyId),
    Forgotten,
}

impl From<&StoredKey> for KeyFact {
    fn from(key: &StoredKey) -> Self {
        key.key().map_or(Self::Forgotten, Self::Has)
    }
}

#[derive(Debug)]
pub(super) enum Verdict {
    /// No fact stands against the commit.
    Store,
    /// Every event is stored under the commit id; this is their receipt.
    Done(Receipt),
    Refused(Error),
    /// A version is taken, or the version before it is missing. The recorder reads the newest version of the aggregate,
    /// and makes the error with it.
    Version {
        id: Uuid,
        begins: Version,
    },
}

/// Returns the versions at which events have to stand, so that a commit leaves no gap; empty if it may leave gaps.
pub(super) fn preceding(commit: &Commit) -> Vec<(Uuid, Version)> {
    if let [event] = commit.gapless() {
        return before(event).map(|before| (event.id, before)).into_iter().collect();
    }
    let mut earlier = HashSet::new();
    let mut places = Vec::new();
    for event in commit.gapless() {
        let before = before(event).map(|before| (event.id, before));
        places.extend(before.filter(|before| !earlier.contains(before)));
        earlier.insert((event.id, event.version));
    }
    places
}

/// Returns the version that an event follows; 0 and 1 follow none.
fn before(event: &StoredEvent) -> Option<Version> {
    event.version.get().checked_sub(1).filter(|before| *before > 0).and_then(Version::new)
}

/// Makes the conflict about a version that is taken, or follows none, with the newest version of the aggregate.
pub(super) fn version_conflict(id: Uuid, begins: Version, newest: Option<Version>) -> Error {
    Conflict::version(id, begins, newest).into()
}

/// Judges a commit. [`AggregateRecorder::append`](super::AggregateRecorder::append) documents the order of the reasons.
pub(super) fn judge(commit: &Commit, step: Option<&Step>, facts: &Facts) -> Verdict {
    if let Some(receipt) = done(commit, facts) {
        return Verdict::Done(receipt);
    }
    if let Some(step) = step.filter(|step| step.from() != facts.tracked) {
        let cursor = step.cursor().clone();
        let conflict = Conflict::tracking(cursor.consumer, cursor.upstream, step.from(), facts.tracked);
        return Verdict::Refused(conflict.into());
    }
    if let Err(error) = check_keys(commit, &facts.keys) {
        return Verdict::Refused(error);
    }
    let mut places = HashSet::with_capacity(commit.events().len());
    for (event, taken) in commit.events().iter().zip(&facts.taken) {
        let follows_none = !facts.missing.is_empty()
            && before(event).is_some_and(|before| facts.missing.contains(&(event.id, before)));
        if taken.is_some() || follows_none || !places.insert((event.id, event.version)) {
            let begins = if follows_none { event.version } else { begins(commit, event.id, event.version) };
            return Verdict::Version { id: event.id, begins };
        }
    }
    Verdict::Store
}

/// Returns the receipt of a commit, if all its events are stored under its id and their topics.
fn done(commit: &Commit, facts: &Facts) -> Option<Receipt> {
    let mut bounds: Option<(Position, Position)> = None;
    for (event, taken) in commit.events().iter().zip(&facts.taken) {
        let taken =
            taken.as_ref().filter(|taken| taken.commit == commit.id() && taken.topic == event.topic)?;
        let (first, last) = bounds.unwrap_or((taken.position, taken.position));
        bounds = Some((first.min(taken.position), last.max(taken.position)));
    }
    bounds.map(|(first, last)| Receipt::at(commit.id(), first, last).as_repeated())
}

/// Refuses events of forgotten aggregates, events without the key of their aggregate, and other keys.
pub(super) fn check_keys(commit: &Commit, keys: &HashMap<Uuid, KeyFact>) -> Result<(), Error> {
    if keys.is_empty() && commit.keys().is_empty() {
        return Ok(());
    }
    let brought: HashSet<Uuid> = commit.keys().iter().map(StoredKey::aggregate).collect();
    for event in commit.events() {
        match keys.get(&event.id) {
            Some(KeyFact::Forgotten) => return Err(Error::forgotten(event.id)),
            Some(KeyFact::Has(_)) if !brought.contains(&event.id) => {
                return Err(Error::lacks_data_key(event.id));
            }
            _ => {}
        }
    }
    let mut firsts = HashMap::new();
    for key in commit.keys() {
        let id = key.aggregate();
        let KeyFact::Has(own) = KeyFact::from(key) else { return Err(Error::forgotten(id)) };
        let known = keys.get(&id).copied().unwrap_or_else(|| *firsts.entry(id).or_insert(KeyFact::Has(own)));
        match known {
            KeyFact::Forgotten => return Err(Error::forgotten(id)),
            KeyFact::Has(known) if known != own => return Err(Conflict::key(id).into()),
            KeyFact::Has(_) => {}
        }
    }
    Ok(())
}

/// Returns the version at which the commit's events of an aggregate begin.
fn begins(commit: &Commit, id: Uuid, otherwise: Version) -> Version {
    commit.events().iter().find(|event| event.id == id).map_or(otherwise, |first| first.version)
}

#[cfg(test)]
mod tests;
