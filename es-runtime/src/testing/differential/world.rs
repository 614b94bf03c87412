use std::collections::HashMap;

use uuid::Uuid;

use super::answer::Answer;
use super::operation::{LogQuery, Operation};
use crate::id::{Mark, Name, Slices};
use crate::recorder::{Commit, Cursor, EventRange, Receipt, Step, StoredKey};
use crate::stored_event::StoredEvent;
use crate::testing::random::Random;

pub(super) const TOPICS: [&str; 4] =
    ["Account.Opened", "Account.Deposited", "account.opened", "O'Brien's \"own\"; --"];

/// Makes operations, and learns the state of the store from the answers.
pub(super) struct World {
    pub(super) random: Random,
    ids: Vec<Uuid>,
    cursors: Vec<Cursor>,
    pub(super) newest: HashMap<Uuid, u64>,
    pub(super) commits: Vec<(Commit, Receipt)>,
    pub(super) keys: HashMap<Uuid, StoredKey>,
    tracked: HashMap<Cursor, Mark>,
}

impl World {
    pub(super) fn new(seed: u64, round: u64) -> Self {
        let mut random = Random::new(seed ^ round.rotate_left(40));
        let ids = (0..8).map(|_| uuid(&mut random)).collect();
        let cursor = |name: &'static str, upstream: &'static str| Cursor::new(name, upstream).ok();
        let [half, _] = Slices::split();
        let mut cursors: Vec<_> =
            [cursor("a", "up"), cursor("A", "up"), cursor("a", "Up")].into_iter().flatten().collect();
        cursors.extend(cursor("a", "up").map(|cursor| cursor.with_slices(half)));
        Self {
            random,
            ids,
            cursors,
            newest: HashMap::new(),
            commits: Vec::new(),
            keys: HashMap::new(),
            tracked: HashMap::new(),
        }
    }

    pub(super) fn operation(&mut self) -> Operation {
        match self.random.below(100) {
            0..36 => Operation::Append(self.commit()),
            36..46 => {
                let commit = self.commit();
                match self.step() {
                    Some(step) => Operation::AppendTracked(commit, step),
                    None => Operation::Append(commit),
                }
            }
            46..52 => self.step().map_or_else(|| self.look_at_cursor(), Operation::Track),
            52..55 => self.look_at_cursor(),
            55..70 => self.select(),
            70..82 => Operation::ReadLog(self.query()),
            82..87 => self.has_commit(),
            87..91 => Operation::SelectKeys(self.some_ids()),
            91..95 => self.replace_key(),
            95 => self.forget(),
            _ => self.resolve(),
        }
    }

    /// Returns operations that read everything that is stored.
    pub(super) fn looks(&self) -> Vec<Operation> {
        let mut looks =
            vec![Operation::ReadLog(LogQuery::default()), Operation::SelectKeys(self.ids.clone())];
        looks.extend(self.ids.iter().map(|id| Operation::Select(*id, EventRange::all())));
        looks.extend(self.cursors.iter().cloned().map(Operation::Tracked));
        looks
    }

    /// Notes the changes of an operation.
    pub(super) fn learn(&mut self, operation: &Operation, answer: &Answer) {
        match (operation, answer) {
            (Operation::Append(commit), Answer::Stored { receipt, is_repeated: false }) => {
                self.learn_commit(commit, receipt);
            }
            (Operation::AppendTracked(commit, step), Answer::Stored { receipt, is_repeated: false }) => {
                self.learn_commit(commit, receipt);
                self.tracked.insert(step.cursor().clone(), step.to());
            }
            (Operation::Track(step), Answer::Done) => {
                self.tracked.insert(step.cursor().clone(), step.to());
            }
            (Operation::ReplaceKey(_, new), Answer::Found(true)) => {
                self.keys.insert(new.aggregate(), new.clone());
            }
            (Operation::Forget(id, notice), Answer::Done) => {
                self.keys.insert(*id, StoredKey::forgotten(*id));
                for event in notice.events() {
                    let newest = self.newest.entry(event.id).or_default();
                    *newest = event.version.get().max(*newest);
                }
            }
            _ => {}
        }
    }

    fn learn_commit(&mut self, commit: &Commit, receipt: &Receipt) {
        for event in commit.events() {
            let newest = self.newest.entry(event.id).or_default();
            *newest = event.version.get().max(*newest);
        }
        for key in commit.keys() {
            self.keys.entry(key.aggregate()).or_insert_with(|| key.clone());
        }
        self.commits.push((commit.clone(), receipt.clone()));
    }

    /// Picks an aggregate, now and then a new one.
    pub(super) fn id(&mut self) -> Uuid {
        if self.random.chance(25) {
            let id = self.uuid();
            self.ids.push(id);
        }
        // Newer aggregates are used more, since the older ones are forgotten in the end.
        let late = self.ids.len().saturating_sub(8);
        let from = if self.random.chance(4) { 0 } else { late };
        self.ids.get(from..).and_then(|ids| self.random.pick(ids)).copied().unwrap_or_default()
    }

    pub(super) fn uuid(&mut self) -> Uuid {
        uuid(&mut self.random)
    }

    pub(super) fn topic(&mut self) -> Option<Name> {
        self.random.pick(&TOPICS).and_then(|topic| Name::new(*topic).ok())
    }

    /// Picks a stored commit.
    pub(super) fn recent(&mut self) -> Option<(Commit, Receipt)> {
        self.random.pick(&self.commits).cloned()
    }

    /// Returns the events of a stored commit.
    pub(super) fn stored_events(&mut self) -> Vec<StoredEvent> {
        self.recent().map(|(commit, _)| commit.events().to_vec()).unwrap_or_default()
    }

    /// Picks a mark of the log; rarely, one that names another commit.
    pub(super) fn mark(&mut self) -> Option<Mark> {
        let mark = self.recent()?.1.mark()?;
        Some(if self.random.chance(12) { Mark::new(mark.position(), self.commit_id()) } else { mark })
    }

    fn step(&mut self) -> Option<Step> {
        let cursor = self.random.pick(&self.cursors)?.clone();
        let known = self.tracked.get(&cursor).copied();
        let from = match self.random.below(12) {
            0 => None,
            1 => self.mark(),
            2 => known.map(|mark| Mark::new(mark.position(), self.commit_id())),
            _ => known,
        };
        // Of several later marks the nearest one, so that a reader makes many steps.
        let places: Vec<_> = (0..6).filter_map(|_| self.mark()).collect();
        let beyond = places.into_iter().filter(|to| from.is_none_or(|from| to.position() > from.position()));
        Step::new(cursor, from, beyond.min_by_key(|to| to.position())?).ok()
    }

    fn look_at_cursor(&mut self) -> Operation {
        match self.random.pick(&self.cursors) {
            Some(cursor) => Operation::Tracked(cursor.clone()),
            None => Operation::SelectKeys(Vec::new()),
        }
    }

    fn replace_key(&mut self) -> Operation {
        let id = self.id();
        let known = self.keys.get(&id).cloned().unwrap_or_else(|| self.key(id));
        let old = if self.random.chance(8) { self.key(id) } else { known };
        let aggregate = if self.random.chance(12) { self.id() } else { id };
        let new = match old.key().filter(|_| !self.random.chance(8)) {
            Some(key) => StoredKey::new(aggregate, key, self.random.below(u64::MAX).to_be_bytes().to_vec()),
            None if self.random.chance(2) => StoredKey::forgotten(aggregate),
            None => self.key(aggregate),
        };
        Operation::ReplaceKey(old, new)
    }

    fn forget(&mut self) -> Operation {
        let id = self.id();
        let newest = self.newest.get(&id).copied();
        let version = match newest.filter(|_| self.random.chance(3)) {
            Some(taken) => taken,
            None => newest.unwrap_or(0).saturating_add(1),
        };
        let notice = Commit::with_id(self.commit_id(), self.event(id, version).into_iter().collect());
        Operation::Forget(id, notice)
    }
}

fn uuid(random: &mut Random) -> Uuid {
    Uuid::from_u64_pair(random.below(u64::MAX), random.below(u64::MAX))
}
