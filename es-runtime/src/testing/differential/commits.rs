//! Makes commits that a store takes, and commits that it refuses for each of the reasons.

use uuid::Uuid;

use super::world::World;
use crate::id::{CommitId, DataKeyId, Version};
use crate::recorder::{Commit, StoredKey};
use crate::stored_event::StoredEvent;

impl World {
    pub(super) fn commit(&mut self) -> Commit {
        let commit = match self.random.below(20) {
            0..8 => self.new_events(1),
            8..11 => self.new_events(3),
            11 => self.commit_of(Vec::new()),
            12 => self.taken(false),
            13 => self.taken(true),
            14 => self.double(),
            _ => return self.again(),
        };
        self.with_keys(commit)
    }

    /// Makes events of up to `aggregates` aggregates, mixed.
    fn new_events(&mut self, aggregates: usize) -> Commit {
        let ids: Vec<_> = (0..aggregates).map(|_| self.id()).collect();
        let mut events: Vec<StoredEvent> = Vec::new();
        for _ in 0..=self.random.below(3) {
            let Some(id) = self.random.pick(&ids).copied() else { continue };
            let known = events.iter().rfind(|event| event.id == id).map(|event| event.version.get());
            let last = known.or_else(|| self.newest.get(&id).copied());
            let next = last.map_or_else(|| u64::from(!self.random.chance(10)), |last| last.saturating_add(1));
            let gap = if self.random.chance(12) { self.random.below(4) } else { 0 };
            let version = if self.random.chance(400) { Version::MAX.get() } else { next.saturating_add(gap) };
            events.extend(self.event(id, version));
        }
        self.commit_of(events)
    }

    /// Makes events at taken versions, alone or after events that the store would take.
    fn taken(&mut self, is_crossing: bool) -> Commit {
        let mut events = if is_crossing { self.new_events(2).events().to_vec() } else { Vec::new() };
        let stored = self.stored_events();
        for _ in 0..=self.random.below(2) {
            if let Some(event) = self.random.pick(&stored).cloned() {
                events.extend(self.event(event.id, event.version.get()));
            }
        }
        self.commit_of(events)
    }

    /// Makes two events at one version.
    fn double(&mut self) -> Commit {
        let mut events = self.new_events(2).events().to_vec();
        if let Some(event) = self.random.pick(&events).cloned() {
            events.extend(self.event(event.id, event.version.get()));
        }
        self.commit_of(events)
    }

    /// Repeats an earlier commit: as it was, in another order, in part, with more, or nearly.
    fn again(&mut self) -> Commit {
        let Some((commit, _)) = self.recent() else { return self.new_events(1) };
        let mut parts = commit.into_parts();
        match self.random.below(8) {
            0 => parts.events.reverse(),
            1 => drop(parts.events.pop()),
            2 => parts.events.extend_from_slice(self.new_events(1).events()),
            3 => {
                if let Some((first, topic)) = parts.events.first_mut().zip(self.topic()) {
                    first.topic = topic;
                }
            }
            4 => parts.id = self.commit_id(),
            5 => parts.keys.clear(),
            _ => {}
        }
        let is_once = parts.is_once != self.random.chance(10);
        let commit = if is_once {
            Commit::once(parts.id, parts.events)
        } else {
            Commit::with_id(parts.id, parts.events)
        };
        let commit = commit.with_keys(parts.keys);
        let gapless = if self.random.chance(10) { self.random.index(4) } else { parts.gapless };
        commit.without_gaps_in_the_first(gapless)
    }

    /// Adds the data keys of the aggregates, mostly the right ones.
    fn with_keys(&mut self, commit: Commit) -> Commit {
        let mut ids: Vec<_> = commit.events().iter().map(|event| event.id).collect();
        ids.sort_unstable();
        ids.dedup();
        if self.random.chance(20) {
            ids.push(self.id());
        }
        let mut keys = Vec::new();
        for id in ids {
            let known = self.keys.get(&id).cloned();
            keys.extend(match self.random.below(30) {
                0 => Some(self.key(id)),
                1 => None,
                2 => Some(StoredKey::forgotten(id)).filter(|_| self.random.chance(4)),
                3 => known.map_or_else(|| Some(self.key(id)), Some),
                _ => known,
            });
        }
        if self.random.chance(60) {
            let doubles: Vec<_> = keys.iter().map(StoredKey::aggregate).collect();
            keys.extend(doubles.into_iter().map(|id| self.key(id)));
        }
        commit.with_keys(keys)
    }

    pub(super) fn key(&mut self, id: Uuid) -> StoredKey {
        let bytes = self.random.below(u64::MAX).to_be_bytes();
        StoredKey::new(id, DataKeyId::from_bytes(bytes), bytes.repeat(2))
    }

    pub(super) fn event(&mut self, id: Uuid, version: u64) -> Option<StoredEvent> {
        let version = Version::new(version).unwrap_or(Version::MAX);
        let bytes = if self.random.chance(20) { 200 } else { self.random.index(30) };
        let state = vec![u8::try_from(self.random.below(256)).unwrap_or_default(); bytes];
        Some(StoredEvent::of(id, version, self.topic()?, state))
    }

    fn commit_of(&mut self, events: Vec<StoredEvent>) -> Commit {
        let id = self.commit_id();
        let commit =
            if self.random.chance(4) { Commit::once(id, events) } else { Commit::with_id(id, events) };
        if self.random.chance(3) { commit.without_gaps() } else { commit }
    }

    pub(super) fn commit_id(&mut self) -> CommitId {
        CommitId::from_uuid(self.uuid())
    }
}
