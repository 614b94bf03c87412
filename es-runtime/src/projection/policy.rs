use std::time::Duration;

use super::BatchSize;

/// The choice after an event that a handler, or the program, cannot handle.
///
/// An error that [may pass](crate::ErrorKind::is_transient), such as that of a lost connection, is no such failure: the
/// runner tries again until it passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnFailure {
    /// The runner stops before the event, with an error that names it. Started again, it begins with that event.
    #[default]
    Stop,
    /// The runner records the failure in the view, and goes on with the next event.
    Skip,
    /// The runner sets the event and all later events of the same aggregate aside, in their order, and goes on with other
    /// aggregates. Its handle lists the events, and tries them again or drops them.
    Park,
}

/// The choice if the code of a projection differs from the code that wrote the rows of its view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnChange {
    /// The runner does not start: its error names the choices.
    #[default]
    Refuse,
    /// The runner first rebuilds the view from the beginning of the log, beside the old rows, and then takes their place. Of
    /// several processes that start so, one rebuilds, and the others wait for it.
    Rebuild,
    /// The runner goes on with the old rows: the change makes no difference to them.
    Accept,
}

/// The settings of a runner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) size: BatchSize,
    pub(crate) on_failure: OnFailure,
    pub(crate) on_change: OnChange,
    /// The time between two looks of a runner that leaves the work to another process.
    pub(crate) look: Duration,
}

impl Rules {
    pub(crate) const fn new() -> Self {
        Self {
            size: BatchSize::new(),
            on_failure: OnFailure::Stop,
            on_change: OnChange::Refuse,
            look: Duration::from_millis(500),
        }
    }
}
