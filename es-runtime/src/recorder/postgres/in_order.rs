//! Commits in an order that the caller sets, each with its step: one statement for as many as a block holds.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use uuid::Uuid;

use super::batch::Batch;
use super::connection::Connection;
use super::insert::BLOCK;
use super::known::Known;
use super::queue::{MOST, MOST_BYTES};
use super::receipts::receipts;
use super::rows::value;
use super::statements::Statements;
use super::trouble::Trouble;
use crate::error::Error;
use crate::id::{DataKeyId, Version};
use crate::recorder::verdict::check_keys;
use crate::recorder::{Commit, Receipt, Step};

/// Commits for one statement, whose steps follow each other.
#[derive(Default)]
pub(super) struct Part {
    pub(super) commits: Vec<(Commit, Step)>,
    events: usize,
    bytes: usize,
    /// The data key that each aggregate has in this part.
    keys: HashMap<Uuid, Option<DataKeyId>>,
    places: HashSet<(Uuid, Version)>,
}

/// Divides commits into parts, without a change of their order.
pub(super) fn parts(commits: Vec<(Commit, Step)>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (commit, step) in commits {
        match parts.last_mut() {
            Some(part) if part.admits(&commit, &step) => part.push(commit, step),
            _ => {
                let mut part = Part::default();
                part.push(commit, step);
                parts.push(part);
            }
        }
    }
    parts
}

impl Part {
    /// Returns whether one statement stores a commit with the others as it would after them: it sees none of what it
    /// stores itself.
    fn admits(&self, commit: &Commit, step: &Step) -> bool {
        let follows = self
            .commits
            .last()
            .is_some_and(|(_, last)| last.cursor() == step.cursor() && Some(last.to()) == step.from());
        let events = commit.events();
        let fits = self.commits.len() < MOST
            && self.events + events.len() <= BLOCK
            && self.bytes + commit.state_bytes() <= MOST_BYTES;
        let is_plain = commit.gapless().is_empty() && !events.is_empty();
        let has_same_keys =
            keys(commit).into_iter().all(|(id, key)| self.keys.get(&id).is_none_or(|known| *known == key));
        let are_free = events.iter().all(|event| !self.places.contains(&(event.id, event.version)));
        follows && fits && is_plain && has_same_keys && are_free
    }

    fn push(&mut self, commit: Commit, step: Step) {
        self.events += commit.events().len();
        self.bytes += commit.state_bytes();
        self.keys.extend(keys(&commit));
        self.places.extend(commit.events().iter().map(|event| (event.id, event.version)));
        self.commits.push((commit, step));
    }

    /// Returns whether the part has more than one commit.
    pub(super) fn is_of_several(&self) -> bool {
        self.commits.len() > 1
    }

    /// Returns a hash of the reader whose steps these are, and of the log that it writes to.
    pub(super) fn reader(&self, log: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (log, self.commits.first().map(|(_, step)| step.cursor())).hash(&mut hasher);
        hasher.finish()
    }

    /// Returns whether all commits have events, each event has a place of its own, and no commit contradicts itself.
    fn is_regular(&self) -> bool {
        let is_regular =
            |commit: &Commit| !commit.events().is_empty() && check_keys(commit, &HashMap::new()).is_ok();
        self.places.len() == self.events && self.commits.iter().all(|(commit, _)| is_regular(commit))
    }
}

/// Returns the data keys that a commit brings for its aggregates.
fn keys(commit: &Commit) -> HashMap<Uuid, Option<DataKeyId>> {
    let mut keys: HashMap<_, _> = commit.events().iter().map(|event| (event.id, None)).collect();
    keys.extend(commit.keys().iter().map(|key| (key.aggregate(), key.key())));
    keys
}

/// Stores the commits of a part by one statement; `None` if that is not possible, and each has to be tried alone.
pub(super) async fn store(
    connection: &Connection,
    statements: &Statements,
    part: &Part,
) -> Result<Option<Vec<Receipt>>, Error> {
    let ([(_, first), .., (_, last)], true) = (&part.commits[..], part.is_regular()) else { return Ok(None) };
    let table = &statements.events_table;
    let commits: Vec<&Commit> = part.commits.iter().map(|(commit, _)| commit).collect();
    let step = Step::new(first.cursor().clone(), first.from(), last.to())?;
    if commits.iter().flat_map(|commit| commit.events()).any(|event| table.check_values(event).is_err()) {
        return Ok(None);
    }
    let Ok(batch) = Batch::of(&commits, Some(&step), table, &Known::default()) else { return Ok(None) };
    let failed = |cause| statements.trouble(cause);
    let rows = match connection
        .query(statements.append.of(batch.shape()), &batch.parameters())
        .await
        .map_err(failed)
    {
        Ok(rows) => rows,
        Err(Trouble::Lost(error) | Trouble::Absent(error) | Trouble::Anew(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let row = rows.first();
    let base = row.filter(|row| value::<bool>(row, 1) == Some(true)).and_then(|row| value::<i64>(row, 0));
    let Some(base) = base else { return Ok(None) };
    receipts(commits, base).map(Some)
}
