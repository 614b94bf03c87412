//! The aggregates whose events wait behind a parked one, as an open view knows them.

use std::collections::HashMap;

use uuid::Uuid;

use super::failed::FailedEvent;
use super::keys::Keys;
use crate::error::Error;
use crate::id::Mark;
use crate::view::View;

/// The aggregates with parked events, each with the place of the last one.
#[derive(Debug, Default)]
pub(crate) struct ParkedAggregates {
    last: HashMap<Uuid, Mark>,
    /// The rebuild that made the rows, if no transaction has moved the place since.
    rebuild: Option<Uuid>,
}

impl ParkedAggregates {
    /// Finds the aggregates in the failed events of a view, which come in the order of the log.
    pub(crate) fn of(failed: &[FailedEvent]) -> Self {
        let parked = failed.iter().filter(|failed| failed.is_parked);
        Self { last: parked.map(|failed| (failed.id, failed.mark)).collect(), rebuild: None }
    }

    /// Notes the rebuild that made the rows of the view.
    pub(crate) const fn of_rebuild(mut self, rebuild: Option<Uuid>) -> Self {
        self.rebuild = rebuild;
        self
    }

    /// Returns whether the rows of the view are those of this rebuild.
    pub(crate) fn are_of(&self, rebuild: Option<Uuid>) -> bool {
        self.rebuild == rebuild
    }

    /// Notes a further parked event.
    pub(crate) fn add(&mut self, id: Uuid, mark: Mark) {
        self.last.insert(id, mark);
    }

    /// Notes what a committed transaction has parked.
    pub(crate) fn extend(&mut self, newly: Self) {
        self.last.extend(newly.last);
        self.rebuild = None;
    }

    pub(crate) fn contains(&self, id: Uuid) -> bool {
        self.last.contains_key(&id)
    }

    /// Asks the view whether an aggregate still has parked events: another process may have handled or dropped them.
    ///
    /// Parked events are handled in their order, so the last one is there as long as any is: the view reads one row,
    /// however many wait.
    pub(crate) async fn has<V: View>(&mut self, view: &mut V, keys: &Keys, id: Uuid) -> Result<bool, Error> {
        let Some(last) = self.last.get(&id) else { return Ok(false) };
        // Unlike `get`, `list` keeps no other transaction from the row.
        let is_there = !view.list(&keys.failed_at(*last)).await?.is_empty();
        if !is_there {
            self.last.remove(&id);
        }
        Ok(is_there)
    }
}
