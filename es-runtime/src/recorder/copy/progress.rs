use std::fmt;

use crate::recorder::Mark;

/// A part of the work of a [`copy`](super::copy).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyStage {
    /// The copy stores events in the target.
    Copying,
    /// The copy compares both stores, from their first event on.
    Comparing,
}

/// The progress of a [`copy`](super::copy).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyProgress {
    /// The part of the work.
    pub stage: CopyStage,
    /// The number of events that this part has done.
    pub events: u64,
    /// The place in the source that this part has reached.
    pub reached: Mark,
    /// The place in the source where this part ends.
    pub end: Mark,
}

type Report<'a> = Box<dyn FnMut(&CopyProgress) + Send + 'a>;

/// The function that a caller wants to be called.
#[derive(Default)]
pub(super) struct Reporter<'a>(Option<Report<'a>>);

impl<'a> Reporter<'a> {
    pub(super) fn new(report: impl FnMut(&CopyProgress) + Send + 'a) -> Self {
        Self(Some(Box::new(report)))
    }

    pub(super) fn report(&mut self, stage: CopyStage, events: u64, reached: Mark, end: Mark) {
        if let Some(report) = &mut self.0 {
            report(&CopyProgress { stage, events, reached, end });
        }
    }
}

impl fmt::Debug for Reporter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").finish_non_exhaustive()
    }
}
