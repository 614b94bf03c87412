//! Makes operations that read: ranges of all kinds, also empty ones and those beyond the end.

use uuid::Uuid;

use super::operation::{LogQuery, Operation};
use super::world::{TOPICS, World};
use crate::id::{Mark, Position, Slices, Version};
use crate::recorder::{EventRange, Receipt};

impl World {
    pub(super) fn has_commit(&mut self) -> Operation {
        let known = self.recent().map(|(commit, _)| commit);
        let id = known.as_ref().and_then(|commit| Some(commit.events().first()?.id));
        let id = id.filter(|_| !self.random.chance(6)).unwrap_or_else(|| self.id());
        Operation::HasCommit(id, known.map_or_else(|| self.commit_id(), |commit| commit.id()))
    }

    pub(super) fn select(&mut self) -> Operation {
        let (id, mut range) = (self.id(), EventRange::all());
        let newest = self.newest.get(&id).copied().unwrap_or(0).min(50);
        let mut version = || Version::new(self.random.below(newest + 3)).unwrap_or(Version::MAX);
        let (low, high) = (version(), version());
        range = match self.random.below(8) {
            0 => range.after(low),
            1 => range.from(low).up_to(high),
            2 => range.before(high),
            3 => range.after(low).before(high),
            4 => range.up_to(high),
            _ => range,
        };
        if self.random.chance(3) {
            range = range.descending();
        }
        if self.random.chance(3) {
            range = range.limit(self.random.index(5));
        }
        if self.random.chance(6) {
            range = range.limit_bytes(self.random.index(90));
        }
        Operation::Select(id, range)
    }

    pub(super) fn query(&mut self) -> LogQuery {
        let end = self.commits.iter().rev().find_map(|(_, receipt)| receipt.last()).map_or(0, Position::get);
        let mut query = LogQuery::default();
        match self.random.below(8) {
            0 => {}
            1 => query.after = Position::new(end + 3).map(|position| Mark::new(position, self.commit_id())),
            2 | 3 => query.from = Position::new(self.random.below(end + 4)),
            _ => query.after = self.mark(),
        }
        if self.random.chance(3) {
            query.up_to = Position::new(self.random.below(end + 4));
        }
        if self.random.chance(3) {
            query.limit = Some(self.random.index(20));
        }
        if self.random.chance(6) {
            query.limit_bytes = Some(self.random.index(400));
        }
        if self.random.chance(3) {
            query.topics =
                (0..=self.random.below(2)).filter_map(|_| self.random.pick(&TOPICS).copied()).collect();
        }
        if self.random.chance(4) {
            let (one, other) = (self.slice(), self.slice());
            query.slices = Slices::new(one.min(other)..=one.max(other)).unwrap_or_default();
        }
        query.firsts = self.random.chance(6);
        query
    }

    fn slice(&mut self) -> u16 {
        u16::try_from(self.random.below(1_024)).unwrap_or_default()
    }

    pub(super) fn some_ids(&mut self) -> Vec<Uuid> {
        let mut ids: Vec<_> = (0..self.random.below(6)).map(|_| self.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(super) fn resolve(&mut self) -> Operation {
        match self.recent() {
            Some((_, receipt)) => Operation::Resolve(receipt),
            None => Operation::Resolve(Receipt::new(self.commit_id())),
        }
    }
}
