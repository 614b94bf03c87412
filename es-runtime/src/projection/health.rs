use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::inline::{self, Nudge};
use super::lag::Lag;
use super::status::{Figures, RunnerState, Status, counted, shown};
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::log::Source;

/// The time without progress after which a projection that is behind counts as ill.
const PATIENCE: Duration = Duration::from_secs(10);

/// The result of a check of a projection, with the figures at that moment.
///
/// ```standalone_crate
/// # use es_runtime::{Application, Wait, aggregate, mutator, projection};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// # #[derive(Default)]
/// # pub struct Count { accounts: usize }
/// # #[projection(Account, ..)]
/// # impl Count {
/// #     #[event]
/// #     fn opened(&mut self, _: &Opened) { self.accounts += 1; }
/// # }
/// let app = Application::open("memory:").wait()?;
/// let count = app.project(Count::default()).in_memory().start().wait()?;
/// count.caught_up().wait()?;
/// let health = count.health().wait()?;
/// assert!(health.is_healthy(), "{health}");
/// count.stop().wait()?;
/// assert!(!count.health().wait()?.is_healthy());
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The name of the projection.
    pub name: &'static str,
    /// The state of the runner.
    pub state: RunnerState,
    /// The message of the error that keeps the runner from its work, or has ended it.
    pub error: Option<String>,
    /// The head of the log now.
    pub newest: Option<Mark>,
    /// The mark up to which the runner has read the log.
    pub read: Option<Mark>,
    /// The mark up to which the view has handled the log.
    pub handled: Option<Mark>,
    /// The number of positions between the head of the log and the place of the view: at most so many events are missing
    /// in the view.
    pub behind: u64,
    /// The age of the oldest event that is missing in the view, or 0 if nothing is missing. The check reads that event from
    /// the log: the runner pays nothing for it, and the age grows also while no runner works.
    pub behind_time: Duration,
    /// The number of positions between the head of the log and the place up to which the runner has read.
    pub unread: u64,
    /// The age of the oldest event that the runner has not read, or 0 if it has read all.
    pub unread_time: Duration,
    /// The time since the place of the view last moved, or 0 if nothing is missing in the view.
    pub still: Duration,
    /// The number of failed events that the view keeps: skipped and parked ones.
    pub failed: usize,
    /// The number of events that this process has handled, skipped or parked since the start.
    pub events: u64,
    /// The number of transactions in which this process has written the view since the start.
    pub batches: u64,
}

impl Health {
    pub(super) async fn of(
        status: &Arc<Status>,
        nudge: Option<&Nudge>,
        source: &Source,
    ) -> Result<Self, Error> {
        let brought = inline::bring(nudge).await;
        let newest = source.newest().await?;
        let Figures { mut state, mut error, read, handled, still, failed, rows, batches } = status.figures();
        if let (Err(cause), RunnerState::Running) = (brought, state) {
            // Each commit meets this error, too.
            (state, error) = (RunnerState::Retrying, Some((cause.kind(), cause.to_string())));
        }
        let lag = Lag::of(source, handled, newest, still).await;
        let unread = if read == handled { lag } else { Lag::of(source, read, newest, still).await };
        let behind = lag.positions;
        Ok(Self {
            name: status.name,
            state,
            error: error.map(|(_, message)| message),
            newest,
            read,
            handled,
            behind,
            behind_time: lag.time,
            unread: unread.positions,
            unread_time: unread.time,
            still: if behind == 0 { Duration::ZERO } else { still },
            failed,
            events: rows,
            batches,
        })
    }

    /// Returns whether the projection works: its runner runs, and the view follows the log.
    pub fn is_healthy(&self) -> bool {
        self.check().is_ok()
    }

    /// Returns the fault of the projection, if it has one.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](ErrorKind::Unavailable), with the reason: the runner never started, was stopped, has ended, tries
    /// again after an error, or makes no progress though the view is behind.
    pub fn check(&self) -> Result<(), Error> {
        let is_stuck = self.behind > 0 && self.still > PATIENCE;
        let works = matches!(self.state, RunnerState::Running | RunnerState::Waiting);
        if works && !is_stuck { Ok(()) } else { Err(Error::new(ErrorKind::Unavailable, self.to_string())) }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, state, behind, behind_time, still, failed, .. } = self;
        write!(
            f,
            "the projection `{name}` is {state}; it has handled the log up to {}",
            shown(self.handled)
        )?;
        if *behind > 0 {
            write!(
                f,
                ", {} and {behind_time:.1?} behind its head, without progress for {still:.1?}",
                counted(*behind, "position")
            )?;
        }
        if *failed > 0 {
            write!(f, "; {} failed", counted(*failed as u64, "event"))?;
        }
        match &self.error {
            Some(error) => write!(f, "; {error}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(state: RunnerState, behind: u64, still: Duration) -> Health {
        Health {
            name: "Balances",
            state,
            error: None,
            newest: None,
            read: None,
            handled: None,
            behind,
            behind_time: still,
            unread: behind,
            unread_time: still,
            still,
            failed: 0,
            events: 0,
            batches: 0,
        }
    }

    #[test]
    fn a_view_that_is_behind_and_stands_still_is_ill() {
        let moment = Duration::from_millis(1);
        let (shorter, longer) = (PATIENCE.saturating_sub(moment), PATIENCE + moment);
        for state in [RunnerState::Running, RunnerState::Waiting] {
            let ill = health(state, 1, longer);
            assert!(!ill.is_healthy(), "{ill}");
            let error = ill.check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(error.to_string().contains("1 position and 10.0s behind its head"), "{error}");
            for (behind, still) in [(1, shorter), (0, longer)] {
                let well = health(state, behind, still);
                assert!(well.is_healthy() && well.check().is_ok(), "{well}");
            }
        }
    }
}
