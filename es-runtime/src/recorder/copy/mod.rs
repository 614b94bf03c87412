//! Copying: all events of one log into another store, and the proof that both are equal.
//!
//! The copy keeps its place in the target, in the transaction of the events that it stores. So it goes on where it was,
//! whenever it ended, and of two copies into one target only one goes on.

mod commits;
mod keys;
mod entries;
mod progress;
mod transfer;
mod compare;
mod marks;

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

pub use self::marks::copied_mark;
use self::progress::Reporter;
pub use self::progress::{CopyProgress, CopyStage};
use self::transfer::Transfer;
use super::{ApplicationRecorder, Boxed, Mark};
use crate::error::{Error, ErrorKind};
use crate::wait::Retry;

/// The bytes of states that the copy reads at once.
const PAGE: usize = 4 << 20;

/// The attempts after a failure that may pass, each time since the last progress.
const ATTEMPTS: Retry =
    Retry::new().attempts(6).wait(Duration::from_millis(100)).longest_wait(Duration::from_secs(5));

/// Copies all events of one application from one store to another, and compares both.
///
/// ```
/// use es_runtime::recorder::{AggregateRecorder, Commit, MemoryRecorder, StoredEvent, copy};
/// use es_runtime::{Version, Wait};
///
/// let (from, to) = (MemoryRecorder::new(), MemoryRecorder::new());
/// let event = StoredEvent::new(uuid::Uuid::now_v7(), Version::INITIAL, "Account.Opened", b"{}".to_vec())?;
/// from.append(Commit::new(vec![event])).wait()?;
///
/// assert_eq!(copy(&from, &to).wait()?.events, 1);
/// // Called again, the copy takes what came since.
/// assert_eq!(copy(&from, &to).wait()?.events, 0);
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// Of two applications, name the recorders: `copy(old.recorder(), new.recorder()).await?`.
///
/// The copy keeps:
///
/// - The commits are whole, in the order of the log, under their own ids.
///   [`has_commit`](super::AggregateRecorder::has_commit) finds those whose ids callers chose, and no others.
/// - Data keys come with the events. Forgotten aggregates stay forgotten: the target stores the notice, and destroys the
///   key.
/// - The copy takes what the source held when it began. Killed at any moment and called again, it goes on where it was.
///   Of two copies into one target at the same time, one fails as [`Conflict`](ErrorKind::Conflict).
/// - At the end it compares all events and data keys of both stores, at each call, unless
///   [`compare_after`](CopyLog::compare_after) names what was compared before.
///
/// The copy cannot keep:
///
/// - **Positions**, and so the marks of followers. [`copied_mark`] translates a mark. A follower that has reached the end
///   of the source goes on from [`Copied::target`].
/// - **Marks that readers keep in the source** with `track`: no method lists them. Read each with `tracked`, and record it in the
///   target: as it is, if it is of another log; translated, if it is of this one.
/// - **Snapshots**, which the application makes anew, and values in **columns of your own**, which a recorder never reads back.
/// - Data keys of aggregates without events.
///
/// To move a live application:
///
/// 1. Call `copy` while the application works. Let nobody work with the target meanwhile.
/// 2. Stop all programs that write, and call `copy` again: it takes what came since. They stay stopped while it compares.
/// 3. Start the programs with the new store. Keep the old one, and let nobody write to it.
///
/// # Errors
///
/// - [`Invalid`](ErrorKind::Invalid) if the target holds events that the copy did not put there;
/// - [`Conflict`](ErrorKind::Conflict) if another copy into this target goes on, or another program stores events there;
/// - [`Diverged`](ErrorKind::Diverged) if the source lacks the events that the copy has read before;
/// - [`Corrupt`](ErrorKind::Corrupt) if the stores differ: the message names the first difference;
/// - [`Config`](ErrorKind::Config) if the target keeps no marks with events, or the source has data keys and the target keeps none;
/// - the errors of both stores; the copy repeats calls whose errors are [transient](Error::is_transient) a few times.
pub fn copy<'a, F, T>(from: &'a F, to: &'a T) -> CopyLog<'a, F, T>
where
    F: ApplicationRecorder + ?Sized,
    T: ApplicationRecorder + ?Sized,
{
    CopyLog { from, to, page: PAGE, compared: None, reporter: Reporter::default() }
}

/// A [`copy`] before it begins: it begins when it is awaited, or waited for.
#[must_use = "a copy begins when it is awaited, or waited for"]
pub struct CopyLog<'a, F: ?Sized, T: ?Sized> {
    from: &'a F,
    to: &'a T,
    page: usize,
    /// The place in both stores up to which an earlier call has compared them.
    compared: Option<(Mark, Mark)>,
    reporter: Reporter<'a>,
}

impl<'a, F: ?Sized, T: ?Sized> CopyLog<'a, F, T> {
    /// Calls a function after each part of the work.
    ///
    /// ```
    /// use es_runtime::Wait;
    /// use es_runtime::recorder::{CopyStage, MemoryRecorder, copy};
    ///
    /// let (from, to) = (MemoryRecorder::new(), MemoryRecorder::new());
    /// let show = |progress: &es_runtime::recorder::CopyProgress| match progress.stage {
    ///     CopyStage::Copying => println!("{} events copied", progress.events),
    ///     _ => println!("{} events compared", progress.events),
    /// };
    /// copy(&from, &to).on_progress(show).wait()?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn on_progress(mut self, report: impl FnMut(&CopyProgress) + Send + 'a) -> Self {
        self.reporter = Reporter::new(report);
        self
    }

    /// Sets the bytes of states that the copy reads, stores and compares at once: by default 4 MiB.
    ///
    /// The copy holds a few such pages in memory, and any commit as a whole.
    ///
    /// ```
    /// use es_runtime::Wait;
    /// use es_runtime::recorder::{MemoryRecorder, copy};
    ///
    /// copy(&MemoryRecorder::new(), &MemoryRecorder::new()).page_bytes(64 << 10).wait()?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub const fn page_bytes(mut self, bytes: usize) -> Self {
        self.page = bytes;
        self
    }

    /// Compares only what follows a place that an earlier call has compared: its [`Copied::source`] and [`Copied::target`].
    ///
    /// By default each call compares all events. While a program that writes is stopped for the last call, that takes as
    /// long as the whole copy; this way it takes as long as the events since then. Two things go unnoticed:
    ///
    /// - a change that somebody made in the target to events that were compared before;
    /// - a data key that was renewed or destroyed since then without a later event of its aggregate. So renew no data keys
    ///   between the two calls. Forgetting stores an event, and the copy follows it.
    ///
    /// ```
    /// use es_runtime::Wait;
    /// use es_runtime::recorder::{AggregateRecorder, Commit, MemoryRecorder, StoredEvent, copy};
    ///
    /// let (from, to) = (MemoryRecorder::new(), MemoryRecorder::new());
    /// let opened = || StoredEvent::new(uuid::Uuid::now_v7(), 1.into(), "Account.Opened", b"{}".to_vec());
    /// from.append(Commit::new(vec![opened()?])).wait()?;
    /// let earlier = copy(&from, &to).wait()?;
    /// from.append(Commit::new(vec![opened()?])).wait()?;
    /// let (source, target) = earlier.source.zip(earlier.target).expect("an event");
    /// assert_eq!(copy(&from, &to).compare_after(source, target).wait()?.compared, 1);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The copy fails as [`Invalid`](ErrorKind::Invalid) if the marks are of two commits, and as
    /// [`Diverged`](ErrorKind::Diverged) if a store lacks its mark.
    pub const fn compare_after(mut self, source: Mark, target: Mark) -> Self {
        self.compared = Some((source, target));
        self
    }
}

impl<F: ?Sized, T: ?Sized> fmt::Debug for CopyLog<'_, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyLog").field("page", &self.page).finish_non_exhaustive()
    }
}

impl<'a, F, T> IntoFuture for CopyLog<'a, F, T>
where
    F: ApplicationRecorder + ?Sized,
    T: ApplicationRecorder + ?Sized,
{
    type Output = Result<Copied, Error>;
    type IntoFuture = Boxed<'a, Copied>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run(self))
    }
}

/// The outcome of a [`copy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// The number of events that this call stored.
    pub events: u64,
    /// The number of events that this call compared: all that both stores hold, by default.
    pub compared: u64,
    /// The place in the source up to which the target is equal, or `None` if the source was empty.
    pub source: Option<Mark>,
    /// The same place in the target: a follower that has reached `source` goes on from here.
    pub target: Option<Mark>,
}

async fn run<F, T>(copy: CopyLog<'_, F, T>) -> Result<Copied, Error>
where
    F: ApplicationRecorder + ?Sized,
    T: ApplicationRecorder + ?Sized,
{
    let CopyLog { from, to, page, compared: known, mut reporter } = copy;
    if known.is_some_and(|(source, target)| source.commit() != target.commit()) {
        let message = "the marks to compare after are of two commits; give both of one earlier copy";
        return Err(Error::new(ErrorKind::Invalid, message));
    }
    let mut transfer = Transfer::new(from, to, page)?;
    let (mut attempts, mut is_doubtful) = (ATTEMPTS.begin(), false);
    loop {
        let before = transfer.events();
        let worked = transfer.work(&mut reporter).await;
        let error = match worked {
            Ok(()) => break,
            Err(error) => error,
        };
        if transfer.events() > before {
            attempts = ATTEMPTS.begin();
        }
        // An earlier attempt, whose answer was lost, may go on beside the next one.
        let may_pass = error.is_transient() || (is_doubtful && error.kind() == ErrorKind::Conflict);
        is_doubtful |= error.is_transient();
        if !may_pass || !attempts.again().await {
            return Err(error);
        }
    }
    let mut attempts = ATTEMPTS.begin();
    loop {
        match compare::logs(from, to, (known, transfer.reached()), page, &mut reporter).await {
            Err(error) if error.is_transient() && attempts.again().await => {}
            Err(error) => {
                // Another copy may have stored the events that differ.
                transfer.check_alone().await?;
                return Err(error);
            }
            Ok((compared, target)) => {
                let source = transfer.reached();
                return Ok(Copied { events: transfer.events(), compared, source, target });
            }
        }
    }
}
