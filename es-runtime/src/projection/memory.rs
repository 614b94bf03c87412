//! Views in memory: a value that handlers change, and that every start makes anew.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use super::batch::Item;
use super::failed::FailedEvent;
use super::target::{Target, Task, panicked};
use super::write::Written;
use super::{InMemory, OnFailure};
use crate::error::Error;
use crate::id::Mark;

/// A view in memory, which its worker and its readers share.
pub(crate) struct MemoryTarget<P> {
    pub(crate) view: Arc<RwLock<P>>,
    pub(crate) on_failure: OnFailure,
    /// The place of the last event that was handled: the view cannot undo one.
    pub(crate) place: Option<Mark>,
    pub(crate) failed: Vec<FailedEvent>,
    pub(crate) parked: HashSet<Uuid>,
}

impl<P> MemoryTarget<P> {
    pub(crate) fn new(view: Arc<RwLock<P>>, on_failure: OnFailure) -> Self {
        Self { view, on_failure, place: None, failed: Vec::new(), parked: HashSet::new() }
    }
}

impl<P: InMemory> MemoryTarget<P> {
    fn handle(&mut self, task: &Task<P::Seen>) -> Written {
        let view = Arc::clone(&self.view);
        // Readers see whole batches, and so whole commits.
        let mut view = view.write().unwrap_or_else(PoisonError::into_inner);
        let before = self.failed.len();
        let items = task.batch.items.get(task.rows.clone()).unwrap_or_default();
        for (at, item) in items.iter().enumerate() {
            let id = item.envelope().id();
            if self.parked.contains(&id) {
                self.failed.push(FailedEvent::of::<P>(item, None, true));
            } else {
                let done = match item.event() {
                    Item::Handled(routed) => {
                        let apply = || view.apply(routed.handler, &routed.seen);
                        catch_unwind(AssertUnwindSafe(apply)).unwrap_or_else(|panic| Err(panicked(&*panic)))
                    }
                    Item::Broken(error) => Err(error.to_string().into()),
                };
                if let Err(cause) = done {
                    let is_parked = match self.on_failure {
                        OnFailure::Stop => return Written::Failed { row: task.rows.start + at, cause },
                        OnFailure::Skip => false,
                        OnFailure::Park => true,
                    };
                    self.failed.push(FailedEvent::of::<P>(item, Some(&cause), is_parked));
                    self.parked.extend(is_parked.then_some(id));
                }
            }
            self.place = Some(item.mark());
        }
        self.place = Some(task.to);
        Written::Done { rows: items.len(), to: task.to, failed: self.failed.len() - before }
    }
}

impl<P: InMemory> Target for MemoryTarget<P> {
    type P = P;

    async fn place(&mut self) -> Result<Option<Mark>, Error> {
        Ok(self.place)
    }

    async fn write(&mut self, task: Task<P::Seen>) -> Result<Written, Error> {
        if task.from != self.place {
            return Ok(Written::Elsewhere);
        }
        Ok(self.handle(&task))
    }

    async fn failed(&mut self) -> Result<Vec<FailedEvent>, Error> {
        Ok(self.failed.clone())
    }

    fn close(&mut self) {}
}
