use std::fmt;

use super::plan::Faults;
use crate::error::Error;
use crate::recorder::{
    ApplicationRecorder, DynKeyRecorder, DynProcessRecorder, KeyRecorder, LogRange, Notification,
    ProcessRecorder,
};

/// A recorder with faults that a test adds; without faults it answers as the wrapped recorder does.
///
/// ```
/// use es_runtime::recorder::{AggregateRecorder, ApplicationRecorder, Commit, LogRange, MemoryRecorder, StoredEvent};
/// use es_runtime::testing::faults::{Faulty, Hold, When};
/// use es_runtime::{Version, Wait};
/// use uuid::Uuid;
///
/// let recorder = Faulty::new(MemoryRecorder::new());
/// recorder.faults().hold_back(When::at_call(1), Hold::UntilShown);
/// for _ in 0..2 {
///     let event = StoredEvent::new(Uuid::now_v7(), Version::INITIAL, "Account.Opened", b"{}".to_vec())?;
///     recorder.append(Commit::new(vec![event])).wait()?;
/// }
/// // A query of the table sees the second event without the first; the log waits for both.
/// assert_eq!(recorder.visible(LogRange::all()).wait()?[0].position(), 2);
/// assert!(recorder.read_log(LogRange::all()).wait()?.entries.is_empty());
/// recorder.faults().show_all();
/// assert_eq!(recorder.read_log(LogRange::all()).wait()?.entries.len(), 2);
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub struct Faulty<R> {
    pub(super) inner: R,
    pub(super) faults: Faults,
    pub(super) keys: fn(&Self) -> Option<&(dyn DynKeyRecorder + 'static)>,
    pub(super) process: fn(&Self) -> Option<&(dyn DynProcessRecorder + 'static)>,
}

impl<R: ProcessRecorder + KeyRecorder> Faulty<R> {
    /// Wraps a recorder that keeps events, data keys and the steps of readers.
    pub fn new(inner: R) -> Self {
        Self::plain(inner).with_keys().with_process()
    }
}

impl<R> Faulty<R> {
    /// Wraps a recorder of any level, or one of snapshots.
    ///
    /// Its `as_keys` and `as_process` return what [`with_keys`](Self::with_keys) and
    /// [`with_process`](Self::with_process) add.
    pub fn plain(inner: R) -> Self {
        Self { inner, faults: Faults::default(), keys: |_| None, process: |_| None }
    }

    /// Makes the wrapper a recorder of data keys too.
    #[must_use]
    pub fn with_keys(mut self) -> Self
    where
        R: KeyRecorder,
    {
        self.keys = |faulty| Some(faulty);
        self
    }

    /// Makes the wrapper a recorder that tracks steps with events too.
    #[must_use]
    pub fn with_process(mut self) -> Self
    where
        R: ProcessRecorder,
    {
        self.process = |faulty| Some(faulty);
        self
    }

    /// Returns the handle that adds faults.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// Returns the wrapped recorder, without faults.
    pub fn inner(&self) -> &R {
        &self.inner
    }
}

impl<R: ApplicationRecorder> Faulty<R> {
    /// Reads the log as a query of the tables would: every commit that is not held back, also those behind one that
    /// is.
    ///
    /// A reader that follows the log so misses events. The limit on bytes does not count.
    ///
    /// # Errors
    ///
    /// Those of [`ApplicationRecorder::read_log`].
    pub async fn visible(&self, range: LogRange) -> Result<Vec<Notification>, Error> {
        let most = range.max_count().unwrap_or(usize::MAX);
        let mut visible: Vec<Notification> = Vec::new();
        let mut rest = range;
        loop {
            let page = self.inner.read_log(rest.clone()).await?;
            let ledger = self.faults.ledger();
            visible.extend(page.entries.into_iter().filter(|entry| !ledger.is_held(entry.mark().commit())));
            match page.through.filter(|_| page.more && visible.len() < most) {
                Some(through) => rest = rest.after(through),
                None => break,
            }
        }
        visible.truncate(most);
        Ok(visible)
    }
}

impl<R: fmt::Debug> fmt::Debug for Faulty<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner, faults, .. } = self;
        let counts = faults.counts();
        f.debug_struct("Faulty").field("inner", inner).field("counts", &counts).finish_non_exhaustive()
    }
}
