//! Parked events: they are listed, tried again in their order, or dropped.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use uuid::Uuid;

use super::batch::{Item, log_of};
use super::failed::{FailedEvent, fails_again};
use super::keys::Keys;
use super::memory::{Kept, Memory, handle};
use super::status::counted;
use super::target::Boxed;
use super::write::{Handled, Handlers, failed_of, passing, places, record, run_handler};
use super::{BatchSize, InMemory, Projection};
use crate::error::{Error, ErrorKind};
use crate::id::Slices;
use crate::log::{LogEvent, Source};
use crate::view::View;

/// The work on failed events, behind a handle.
pub(crate) trait Tools: Send + Sync {
    /// Returns the failed events that the view keeps, in the order of the log.
    fn failed(&self) -> Boxed<Vec<FailedEvent>>;

    /// Handles the parked events of an aggregate again, and returns their number.
    fn retry(&self, id: Uuid) -> Boxed<usize>;

    /// Forgets the failed events of an aggregate, and returns their number.
    fn drop_failed(&self, id: Uuid) -> Boxed<usize>;
}

/// Rows of the log that a projection handles.
pub(crate) type Rows<P> = Vec<LogEvent<Item<<P as Projection>::Seen>>>;

/// Reads the parked events of an aggregate from the log.
pub(crate) async fn read<P: Projection>(
    source: &Source,
    failed: &[FailedEvent],
    id: Uuid,
) -> Result<Rows<P>, Error> {
    let mut rows = Vec::new();
    for event in failed.iter().filter(|failed| failed.is_parked && failed.id == id) {
        let at = event.mark.position();
        let mut log = log_of::<P>(source.clone(), Slices::ALL, BatchSize::new()).from(at).up_to(at);
        if let Some(page) = log.next_page().await? {
            rows.extend(page.entries.into_iter().filter(|row| row.mark() == event.mark));
        }
    }
    Ok(rows)
}

/// Handles parked events again, in one transaction: those before the first that fails again are done.
pub(crate) async fn again<V: View, H: Handlers<V>>(
    view: &mut V,
    handlers: &H,
    keys: &Keys,
    rows: &Rows<H::P>,
) -> Result<usize, Error> {
    view.begin().await?;
    // Each worker waits for this transaction, or has finished its own.
    places(view, keys).await?;
    let parked: HashSet<_> = failed_of(view, keys).await?.into_iter().map(|failed| failed.mark).collect();
    let (mut done, mut failed) = (0, None);
    for row in rows.iter().filter(|row| parked.contains(&row.mark())) {
        view.save_point().await?;
        match run_handler(view, handlers, row).await? {
            Handled::Done => {}
            Handled::RolledBack(cause) => return Err(fails_again::<H::P>(row, cause)),
            Handled::Failed(cause) => {
                view.back_to_save_point().await?;
                record(view, keys, &FailedEvent::of::<H::P>(row, Some(&cause), true)).await?;
                failed = Some(fails_again::<H::P>(row, cause));
                break;
            }
        }
        view.remove(&keys.failed_at(row.mark())).await?;
        done += 1;
    }
    view.commit().await?;
    failed.map_or(Ok(done), Err)
}

/// Returns the failed events that a view keeps.
pub(crate) async fn listed<V: View>(view: &mut V, keys: &Keys) -> Result<Vec<FailedEvent>, Error> {
    view.begin().await?;
    let failed = failed_of(view, keys).await;
    view.roll_back().await?;
    failed
}

/// Forgets the failed events of an aggregate.
pub(crate) async fn dropped<V: View>(view: &mut V, keys: &Keys, id: Uuid) -> Result<usize, Error> {
    view.begin().await?;
    places(view, keys).await?;
    let failed = failed_of(view, keys).await?;
    let of_aggregate: Vec<_> = failed.iter().filter(|failed| failed.id == id).collect();
    for event in &of_aggregate {
        view.remove(&keys.failed_at(event.mark)).await?;
    }
    view.commit().await?;
    Ok(of_aggregate.len())
}

/// The tools of a view in memory.
pub(crate) struct MemoryTools<P> {
    pub(crate) view: Memory<P>,
    pub(crate) kept: Arc<Mutex<Kept>>,
    pub(crate) source: Source,
}

impl<P: InMemory> Tools for MemoryTools<P> {
    fn failed(&self) -> Boxed<Vec<FailedEvent>> {
        let kept = Arc::clone(&self.kept);
        Box::pin(async move { Ok(kept.lock().unwrap_or_else(PoisonError::into_inner).failed.clone()) })
    }

    fn retry(&self, id: Uuid) -> Boxed<usize> {
        let (view, kept, source) = (Arc::clone(&self.view.0), Arc::clone(&self.kept), self.source.clone());
        let failed = self.failed();
        Box::pin(async move {
            let rows = read::<P>(&source, &failed.await?, id).await?;
            again_in_memory(&view, &kept, &rows)
        })
    }

    fn drop_failed(&self, id: Uuid) -> Boxed<usize> {
        let kept = Arc::clone(&self.kept);
        Box::pin(async move {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let before = kept.failed.len();
            kept.failed.retain(|failed| failed.id != id);
            Ok(before - kept.failed.len())
        })
    }
}

fn again_in_memory<P: InMemory>(
    view: &RwLock<P>,
    kept: &Mutex<Kept>,
    rows: &Rows<P>,
) -> Result<usize, Error> {
    // In the order of the worker.
    let mut view = view.write().unwrap_or_else(PoisonError::into_inner);
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let mut done = 0;
    for row in rows {
        let Some(at) = kept.failed.iter().position(|failed| failed.mark == row.mark()) else { continue };
        if let Err(cause) = handle(&mut *view, row.event()) {
            if let Some(error) = passing(&cause) {
                return Err(error);
            }
            let again = FailedEvent::of::<P>(row, Some(&cause), true);
            if let Some(failed) = kept.failed.get_mut(at) {
                *failed = again;
            }
            return Err(fails_again::<P>(row, cause));
        }
        kept.failed.remove(at);
        done += 1;
    }
    Ok(done)
}

/// Refuses a view with parked events: later events of their aggregates would come before them.
pub(crate) async fn check_none_parked(name: &str, tools: Option<&dyn Tools>) -> Result<(), Error> {
    let Some(tools) = tools else { return Ok(()) };
    let failed = tools.failed().await?;
    let parked = failed.iter().filter(|failed| failed.is_parked).count();
    if parked == 0 {
        return Ok(());
    }
    let message = format!(
        "the view `{name}` keeps {}: an inline view cannot wait for parked events; let a runner handle them with `retry`, or \
         give them up with `drop_failed`, and start again",
        counted(parked as u64, "parked event")
    );
    Err(Error::new(ErrorKind::Config, message))
}
