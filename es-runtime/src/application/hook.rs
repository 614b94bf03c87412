//! Hooks after a save: each sees the stored events, and cannot fail the save.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::aggregate::Aggregate;
use crate::error::{Error, ErrorKind};
use crate::event::{EventSet, Recorded};
use crate::observe;
use crate::recorder::Receipt;
use crate::stored_event::StoredEvent;

/// The events of one commit that this application has just stored: see [`Builder::on_saved`](super::Builder::on_saved).
pub struct SavedCommit {
    pub(super) receipt: Receipt,
    pub(super) rows: Vec<StoredEvent>,
    /// A `Vec<Recorded<A::Event>>` for each aggregate, a `Recorded<E>` for each loose event.
    pub(super) parts: Vec<Box<dyn Any + Send + Sync>>,
}

impl fmt::Debug for SavedCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The events are left out: personal data do not belong in logs.
        f.debug_struct("SavedCommit").field("receipt", &self.receipt).finish_non_exhaustive()
    }
}

impl SavedCommit {
    /// Returns the receipt of the store.
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Iterates over the events of all aggregates of one type; those of one aggregate are in the order of their
    /// versions.
    pub fn events<A: Aggregate>(&self) -> impl Iterator<Item = &Recorded<A::Event>> {
        self.parts.iter().filter_map(|part| part.downcast_ref::<Vec<Recorded<A::Event>>>()).flatten()
    }

    /// Iterates over the loose events of one type.
    pub fn loose<E: EventSet>(&self) -> impl Iterator<Item = &Recorded<E>> {
        self.parts.iter().filter_map(|part| part.downcast_ref())
    }

    /// Returns the stored rows in the order of the log, with ids, versions and topics: for code that knows no types of
    /// events. Their states are encrypted if the application encrypts.
    pub fn rows(&self) -> &[StoredEvent] {
        &self.rows
    }
}

pub(super) type OnSaved = dyn Fn(&SavedCommit) -> Result<(), Error> + Send + Sync;
pub(super) type OnError = dyn Fn(&Error) + Send + Sync;

/// The hooks of an application.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) saved: Vec<Box<OnSaved>>,
    pub(super) failed: Option<Box<OnError>>,
}

impl Hooks {
    /// Calls all hooks with each commit; a hook that fails does not keep the others from it.
    pub(super) fn call(&self, commits: &[SavedCommit]) {
        for (commit, hook) in
            commits.iter().flat_map(|commit| self.saved.iter().map(move |hook| (commit, hook)))
        {
            let error = match catch_unwind(AssertUnwindSafe(|| hook(commit))) {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error,
                Err(_) => Error::new(
                    ErrorKind::Invalid,
                    "a hook of `on_saved` panicked; what was saved stays saved, but the hook may have done half its work",
                ),
            };
            observe::failed_hook(&error);
            if let Some(failed) = &self.failed {
                // The runtime has printed the panic, and nobody else could receive it.
                drop(catch_unwind(AssertUnwindSafe(|| failed(&error))));
            }
        }
    }
}
