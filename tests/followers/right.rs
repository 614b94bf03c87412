use std::time::Duration;

use es_runtime::Wait;
use es_runtime::id::Slices;
use es_runtime::recorder::{ApplicationRecorder, Cursor, LogRange, Step, TrackingRecorder};
use es_runtime::wait::timeout;

use super::{Follower, Log, View};

/// Tracks the mark up to which the log is complete, by steps that the store compares.
pub(crate) struct Right {
    cursor: Cursor,
    range: LogRange,
}

impl Right {
    pub(crate) fn new(range: LogRange) -> Self {
        Self { cursor: Cursor::new("balances", "bank").unwrap(), range }
    }

    pub(crate) fn of_slices(self, slices: Slices) -> Self {
        Self { cursor: self.cursor.with_slices(slices), range: self.range.slices(slices) }
    }
}

impl Follower for Right {
    fn read_on(&mut self, log: &Log, view: &View) -> bool {
        let from = log.tracked(&self.cursor).wait().unwrap();
        let page = log.read_log(self.range.clone().after(from)).wait().unwrap();
        let Some(through) = page.through.filter(|through| Some(*through) != from) else {
            // The wait is a hint, which may come late.
            let _ = timeout(Duration::from_millis(2), log.beyond(from)).wait();
            return false;
        };
        // The view stands for one that writes its rows in the transaction of the step.
        match log.track(Step::new(self.cursor.clone(), from, through).unwrap()).wait() {
            Ok(()) => view.apply(&page.entries),
            Err(error) => assert!(error.as_conflict().is_some(), "{error}"),
        }
        true
    }
}
