//! Views in memory: a value that handlers change, and that every start makes anew.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::batch::Item;
use super::failed::FailedEvent;
use super::target::{Target, Task, panicked};
use super::waiting::ParkedAggregates;
use super::write::Written;
use super::{InMemory, OnFailure};
use crate::error::Error;
use crate::id::Mark;
use crate::view;

/// A view in memory, as its readers share it.
pub struct Memory<P>(pub(super) Arc<RwLock<P>>);

impl<P> Clone for Memory<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> fmt::Debug for Memory<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

/// A view in memory, which its worker and its readers share.
pub(crate) struct MemoryTarget<P> {
    view: Arc<RwLock<P>>,
    kept: Arc<Mutex<Kept>>,
    on_failure: OnFailure,
}

/// The facts that a view in memory keeps beside its value. Its lock comes after that of the value.
#[derive(Default)]
pub(crate) struct Kept {
    /// The place of the last event that was handled: the view cannot undo one.
    pub(crate) place: Option<Mark>,
    pub(crate) failed: Vec<FailedEvent>,
}

impl<P> MemoryTarget<P> {
    pub(crate) const fn new(view: Arc<RwLock<P>>, kept: Arc<Mutex<Kept>>, on_failure: OnFailure) -> Self {
        Self { view, kept, on_failure }
    }

    fn kept<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Calls the handler of a row; a panic of the handler is an error.
pub(crate) fn handle<P: InMemory>(view: &mut P, item: &Item<P::Seen>) -> view::Result {
    match item {
        Item::Handled(routed) => {
            let apply = || view.apply(routed.handler, &routed.seen);
            catch_unwind(AssertUnwindSafe(apply)).unwrap_or_else(|panic| Err(panicked(&*panic)))
        }
        Item::Broken(error) => Err(error.to_string().into()),
    }
}

impl<P: InMemory> MemoryTarget<P> {
    fn write(&self, task: &Task<P::Seen>) -> Written {
        // Readers see whole batches, and so whole commits.
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if task.from != kept.place {
            return Written::Elsewhere;
        }
        let before = kept.failed.len();
        let mut parked = ParkedAggregates::of(&kept.failed);
        let items = task.batch.items.get(task.rows.clone()).unwrap_or_default();
        for (at, item) in items.iter().enumerate() {
            let id = item.envelope().id();
            if parked.contains(id) {
                kept.failed.push(FailedEvent::of::<P>(item, None, true));
            } else if let Err(cause) = handle(&mut *view, item.event()) {
                if self.on_failure == OnFailure::Stop {
                    return Written::Failed { row: task.rows.start + at, cause };
                }
                let is_parked = self.on_failure == OnFailure::Park;
                if is_parked {
                    parked.add(id, item.mark());
                }
                kept.failed.push(FailedEvent::of::<P>(item, Some(&cause), is_parked));
            }
            kept.place = Some(item.mark());
        }
        kept.place = Some(task.to);
        Written::Done { rows: items.len(), to: task.to, failed: kept.failed.len() - before }
    }
}

impl<P: InMemory> Target for MemoryTarget<P> {
    type P = P;

    async fn place(&mut self) -> Result<Option<Mark>, Error> {
        Ok(self.kept(|kept| kept.place))
    }

    async fn write(&mut self, task: Task<P::Seen>) -> Result<Written, Error> {
        Ok(Self::write(self, &task))
    }

    async fn failed(&mut self) -> Result<Vec<FailedEvent>, Error> {
        Ok(self.kept(|kept| kept.failed.clone()))
    }

    fn close(&mut self) {}
}
