//! Work of a store that a waiting thread may do itself.

use std::cell::Cell;
use std::sync::Arc;

use super::Parker;

/// The work of a store, which a thread of the store does if no waiting thread does it.
pub(crate) trait Work {
    /// Works until the thread is woken, or returns at once if somebody else works.
    fn work(&self, parker: &Arc<Parker>);

    /// Calls the store's own thread to the work.
    fn need(&self);
}

thread_local! {
    static OFFERED: Cell<Option<Arc<dyn Work>>> = const { Cell::new(None) };
}

/// Offers work to the thread that waits, during its poll.
pub(crate) fn offer(work: &Arc<dyn Work>) {
    let offered = Arc::clone(work);
    match OFFERED.try_with(|offers| offers.replace(Some(offered))) {
        Ok(Some(earlier)) if !is_same(&earlier, work) => earlier.need(),
        Ok(_) => {}
        // The thread ends, and keeps no offer any more.
        Err(_) => work.need(),
    }
}

/// Takes an offer back: the call that made it is over.
pub(crate) fn withdraw() {
    if let Some(work) = take() {
        work.need();
    }
}

pub(super) fn take() -> Option<Arc<dyn Work>> {
    OFFERED.try_with(Cell::take).ok().flatten()
}

fn is_same(one: &Arc<dyn Work>, other: &Arc<dyn Work>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

/// Drops an offer that a wait leaves behind.
pub(super) struct Withdraw;

impl Drop for Withdraw {
    fn drop(&mut self) {
        drop(take());
    }
}
