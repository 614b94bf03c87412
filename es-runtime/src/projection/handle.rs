use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use super::failed::FailedEvent;
use super::health::Health;
use super::inline::{self, Nudge};
use super::memory::Memory;
use super::parked::Tools;
use super::status::{RunnerState, Status, counted, position, shown};
use super::target::Boxed;
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::log::Source;
use crate::recorder::Receipt;
use crate::wait::timeout;

/// The time between two looks of a caller that waits for an inline view.
const LOOK: Duration = Duration::from_millis(20);

/// A handle of a projection: it reports how far the view is, waits for it, and stops it. Clones serve one projection.
///
/// A dropped handle stops nothing: the projection goes on until it is [stopped](Self::stop), or the process ends.
#[derive(Clone)]
pub struct Handle<V> {
    pub(super) status: Arc<Status>,
    pub(super) source: Source,
    pub(super) view: V,
    pub(super) tools: Option<Arc<dyn Tools>>,
    /// For an inline view, which no runner keeps.
    pub(super) nudge: Option<Nudge>,
}

impl<V> fmt::Debug for Handle<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("projection", &self.status.name).finish_non_exhaustive()
    }
}

impl<P> Handle<Memory<P>> {
    /// Reads the view. Batches of events wait meanwhile: keep the work short.
    pub fn read<T>(&self, read: impl FnOnce(&P) -> T) -> T {
        read(&self.view.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(feature = "sqlite")]
impl Handle<crate::view::sqlite::File> {
    /// Opens a connection for queries, which only reads.
    ///
    /// # Errors
    ///
    /// As [`SqliteOptions::open`](crate::recorder::SqliteOptions::open).
    pub fn connect(&self) -> Result<rusqlite::Connection, Error> {
        self.view.connect()
    }
}

impl<V> Handle<V> {
    /// Returns the name of the projection.
    pub fn name(&self) -> &'static str {
        self.status.name
    }

    /// Returns the state of the projection.
    pub fn state(&self) -> RunnerState {
        self.status.figures().state
    }

    /// Returns the mark up to which the view has handled the log.
    pub fn handled(&self) -> Option<Mark> {
        self.status.figures().handled
    }

    /// Waits until the view has handled a saved commit.
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
    /// use std::time::Duration;
    ///
    /// let app = Application::open("memory:").wait()?;
    /// let count = app.project(Count::default()).in_memory().start().wait()?;
    /// let receipt = app.save(&mut Account::open()).wait()?;
    /// count.reached(&receipt).within(Duration::from_secs(5)).wait()?;
    /// assert_eq!(count.read(|count| count.accounts), 1);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Timeout`](ErrorKind::Timeout) after the time of [`Reached::within`]; the error says how far the view is. The error
    /// of the projection if it has ended; [`Closed`](ErrorKind::Closed) if it was stopped.
    pub fn reached(&self, receipt: &Receipt) -> Reached {
        self.waits(Goal::Receipt(receipt.clone()))
    }

    /// Waits until the view has handled the log up to a mark.
    ///
    /// # Errors
    ///
    /// As [`reached`](Self::reached).
    pub fn reached_mark(&self, mark: Mark) -> Reached {
        self.waits(Goal::Mark(mark))
    }

    /// Waits until the view has handled everything that the log holds at this call.
    ///
    /// # Errors
    ///
    /// As [`reached`](Self::reached).
    pub fn caught_up(&self) -> Reached {
        self.waits(Goal::Newest)
    }

    fn waits(&self, goal: Goal) -> Reached {
        let (status, source, nudge) = (Arc::clone(&self.status), self.source.clone(), self.nudge.clone());
        Reached { status, source, nudge, goal, within: None }
    }

    /// Ends the projection after the batch at work, and waits for its end.
    ///
    /// # Errors
    ///
    /// The error by which the projection has ended.
    pub async fn stop(&self) -> Result<(), Error> {
        self.status.stop();
        self.ended().await
    }

    /// Handles everything that the log holds at this call, then ends the projection. If the future of a
    /// [`Runner`](super::Runner) was not polled yet, the call waits until it is.
    ///
    /// # Errors
    ///
    /// The error by which the projection has ended; [`Closed`](ErrorKind::Closed) if it was stopped before; those of the log.
    pub async fn drain(&self) -> Result<(), Error> {
        let newest = self.ask_to_drain().await?;
        self.ended().await?;
        let figures = self.status.figures();
        if position(figures.handled) < position(newest) { Err(stopped(&self.status, newest)) } else { Ok(()) }
    }

    /// Asks the projection to handle everything that the log holds at this call, and then to end.
    pub(crate) async fn ask_to_drain(&self) -> Result<Option<Mark>, Error> {
        let newest = self.source.newest().await?;
        self.status.drain(newest);
        Ok(newest)
    }

    pub(super) async fn ended(&self) -> Result<(), Error> {
        let _waits = self.status.waits();
        loop {
            let moved = self.status.moved.listen();
            if self.nudge.is_some() {
                self.end_inline().await?;
            }
            let figures = self.status.figures();
            match figures.state {
                RunnerState::Failed => return Err(self.status.error(&figures)),
                RunnerState::Stopped | RunnerState::NotStarted if self.status.have_ended() => return Ok(()),
                _ => moved.await,
            }
        }
    }

    /// Lets an inline view end, if somebody asked for it: it ends when it is brought up to date.
    async fn end_inline(&self) -> Result<(), Error> {
        let is_stopping = self.status.is_stopping();
        if is_stopping || self.status.is_draining() {
            match inline::bring(self.nudge.as_ref()).await {
                // The store forgets the view with its next commit.
                Err(error) if is_stopping || error.kind() == ErrorKind::Closed => {
                    self.status.enter(0, RunnerState::Stopped, None);
                }
                brought => brought?,
            }
        }
        Ok(())
    }

    /// Returns the failed events that the view keeps, in the order of the log: the skipped and the parked ones.
    ///
    /// # Errors
    ///
    /// Those of the view.
    pub async fn failed(&self) -> Result<Vec<FailedEvent>, Error> {
        match &self.tools {
            Some(tools) => tools.failed().await,
            None => Ok(Vec::new()),
        }
    }

    /// Handles the [parked](super::OnFailure::Park) events of an aggregate again, in their order, and returns their number. Later
    /// events of the aggregate are then handled as they come.
    ///
    /// # Errors
    ///
    /// The error of the first event that fails again: it stays parked, with all later events of the aggregate.
    pub async fn retry(&self, id: impl Into<Uuid>) -> Result<usize, Error> {
        let (id, mut done) = (id.into(), 0);
        loop {
            // A worker may park further events while the call reads those that it has found.
            match self.with_failed(|tools| tools.retry(id)).await? {
                0 => return Ok(done),
                handled => done += handled,
            }
        }
    }

    /// Forgets the failed events of an aggregate, the skipped and the parked ones, and returns their number. No handler
    /// gets them any more. Later events of the aggregate are then handled as they come.
    ///
    /// # Errors
    ///
    /// Those of the view.
    pub async fn drop_failed(&self, id: impl Into<Uuid>) -> Result<usize, Error> {
        self.with_failed(|tools| tools.drop_failed(id.into())).await
    }

    async fn with_failed(&self, work: impl FnOnce(&dyn Tools) -> Boxed<usize>) -> Result<usize, Error> {
        let Some(tools) = &self.tools else { return Ok(0) };
        let done = work(&**tools).await;
        self.status.keeps_failed(tools.failed().await?.len());
        done
    }

    /// Checks the projection: it reads the head of the log now, and compares. An inline view is first brought up to date.
    ///
    /// # Errors
    ///
    /// Those of the log.
    pub async fn health(&self) -> Result<Health, Error> {
        Health::of(&self.status, self.nudge.as_ref(), &self.source).await
    }
}

#[derive(Clone, Debug)]
enum Goal {
    Receipt(Receipt),
    Mark(Mark),
    Newest,
}

/// A wait for a view: see [`Handle::reached`].
#[must_use = "nobody waits before the future is awaited"]
pub struct Reached {
    status: Arc<Status>,
    source: Source,
    nudge: Option<Nudge>,
    goal: Goal,
    within: Option<Duration>,
}

impl fmt::Debug for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, goal, within, .. } = self;
        f.debug_struct("Reached")
            .field("status", status)
            .field("goal", goal)
            .field("within", within)
            .finish_non_exhaustive()
    }
}

impl Reached {
    /// Gives up after this time.
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    async fn wait_for(self) -> Result<(), Error> {
        let Self { status, source, nudge, goal, within } = self;
        let work = async {
            let mark = match goal {
                Goal::Receipt(receipt) => source.resolve(&receipt).await?,
                Goal::Mark(mark) => Some(mark),
                Goal::Newest => source.newest().await?,
            };
            reach(&status, nudge.as_ref(), mark).await
        };
        let Some(within) = within else { return work.await };
        match timeout(within, work).await {
            Ok(done) => done,
            Err(_) => Err(late(&status, &source, within).await),
        }
    }
}

impl IntoFuture for Reached {
    type Output = Result<(), Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait_for())
    }
}

async fn reach(status: &Arc<Status>, nudge: Option<&Nudge>, mark: Option<Mark>) -> Result<(), Error> {
    let waits = status.waits();
    loop {
        let moved = status.moved.listen();
        let has_reached = || {
            let figures = status.figures();
            // Of another log, a later place says nothing.
            let has_diverged = matches!(figures.error, Some((ErrorKind::Diverged, _)));
            !has_diverged && position(figures.handled) >= position(mark)
        };
        if !has_reached() {
            inline::bring(nudge).await?;
        }
        if has_reached() {
            drop(waits);
            return Ok(());
        }
        let figures = status.figures();
        match figures.state {
            RunnerState::Failed => return Err(status.error(&figures)),
            RunnerState::Stopped => return Err(stopped(status, mark)),
            // Another process may bring an inline view on, without a ring here.
            _ if nudge.is_some() => drop(timeout(LOOK, moved).await),
            _ => moved.await,
        }
    }
}

fn stopped(status: &Status, before: Option<Mark>) -> Error {
    let (name, place) = (status.name, shown(before));
    let message = format!("the projection `{name}` was stopped before it reached {place}; start it again");
    Error::new(ErrorKind::Closed, message)
}

/// Returns the error of a wait that took too long.
async fn late(status: &Status, source: &Source, within: Duration) -> Error {
    let figures = status.figures();
    let newest = source.newest().await.ok().flatten();
    let behind = counted(position(newest).saturating_sub(position(figures.handled)), "position");
    let why = match (figures.state, &figures.error) {
        (RunnerState::Retrying, Some((_, error))) => format!("it tries again after an error: {error}"),
        (RunnerState::NotStarted, _) => "its runner was never started: poll the future of `run`".to_owned(),
        (RunnerState::Waiting, _) => "another process does its work".to_owned(),
        (_, _) => "allow more time; the runner of a view in a database may also have more workers".to_owned(),
    };
    Error::new(
        ErrorKind::Timeout,
        format!(
            "the projection `{}` is {}, and did not reach the place within {within:?}: it has handled the log up to {}, {behind} \
             behind its head; {why}",
            status.name,
            figures.state,
            shown(figures.handled)
        ),
    )
}
