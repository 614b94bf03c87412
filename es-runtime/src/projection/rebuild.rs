//! A view is made anew beside its old rows, which serve until the new ones take their place.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use super::keys::Keys;
use super::plan::{Plan, run_all};
use super::prepare::Prepared;
use super::status::Status;
use super::target::Boxed;
use super::way::Way;
use super::{BatchSize, OnChange, OnFailure};
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::observe;
use crate::wait::sleep;

/// The progress of a rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The place up to which the new rows hold the log.
    pub handled: Option<Mark>,
    /// The head of the log when the rebuild last looked.
    pub newest: Option<Mark>,
    /// The number of events that this process has handled.
    pub events: u64,
}

/// A rebuild before it is awaited: see [`ProjectIn::rebuild`](super::ProjectIn::rebuild).
#[must_use = "nothing is rebuilt before the future is awaited"]
pub struct Rebuilding<V> {
    pub(super) plan: Plan<V>,
    pub(super) on_failure: OnFailure,
    pub(super) is_inline: bool,
    pub(super) report: Box<dyn Fn(Progress) + Send + Sync>,
}

impl<V> fmt::Debug for Rebuilding<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rebuilding").field("on_failure", &self.on_failure).finish_non_exhaustive()
    }
}

impl<V> Rebuilding<V> {
    /// Calls `report` after each batch, on the thread that rebuilds.
    pub fn on_progress(mut self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.report = Box::new(report);
        self
    }

    /// Sets the choice after an event that cannot be handled, for the rebuild alone; by default that of the projection.
    pub const fn on_failure(mut self, choice: OnFailure) -> Self {
        self.on_failure = choice;
        self
    }
}

impl<V: Clone + Send + Sync + 'static> IntoFuture for Rebuilding<V> {
    type Output = Result<(), Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { plan, on_failure, is_inline, report } = self;
            if is_inline && on_failure == OnFailure::Park {
                return Err(cannot_park(plan.way.name()));
            }
            rebuild(&plan, on_failure, &*report).await
        })
    }
}

/// Rebuilds a view before its start. If another process rebuilds it, waits until the rows are those of this code.
pub(super) async fn rebuild_first<V: 'static>(plan: &Plan<V>, keys: &[Keys]) -> Result<(), Error> {
    loop {
        match rebuild(plan, plan.rules.on_failure, &|_| ()).await {
            Err(error) if error.kind() == ErrorKind::InProgress => sleep(plan.rules.look).await,
            done => return done,
        }
        if plan.way.prepare(keys.to_vec(), plan.rules).await? == Prepared::Ready {
            return Ok(());
        }
    }
}

pub(super) async fn rebuild<V: 'static>(
    plan: &Plan<V>,
    on_failure: OnFailure,
    report: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(), Error> {
    observe::rebuild(plan.way.name(), rebuild_now(plan, on_failure, report)).await
}

async fn rebuild_now<V: 'static>(
    plan: &Plan<V>,
    on_failure: OnFailure,
    report: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(), Error> {
    let Some(beside) = plan.way.beside() else { return Err(unsupported(plan.way.name())) };
    // Dropped last: nobody else removes the new rows meanwhile.
    let _claim = plan.way.claim().await?;
    let mut rules = plan.rules;
    rules.on_failure = on_failure;
    rules.on_change = OnChange::Refuse;
    // Nobody waits for the rows: larger transactions are faster.
    rules.size.events = rules.size.events.max(BatchSize::new().events * 5);
    let keys = plan.keys()?;
    match beside.prepare(keys.clone(), rules).await {
        Ok(Prepared::Ready) => {}
        // The rebuild of other code was interrupted here.
        Ok(Prepared::Changed) => start_again(plan, &*beside, &keys, rules).await?,
        Err(error) if matches!(error.kind(), ErrorKind::Schema | ErrorKind::Config | ErrorKind::Corrupt) => {
            start_again(plan, &*beside, &keys, rules).await?;
        }
        Err(error) => return Err(error),
    }
    let (source, name) = (plan.source.clone(), plan.way.name());
    let builders = Arc::new(plan.beside(beside, rules));
    match catch_up(&builders, source.newest().await?, report).await {
        // The rebuild of another log was interrupted here.
        Err(error) if error.kind() == ErrorKind::Diverged => {
            start_again(plan, &*builders.way, &keys, rules).await?;
            catch_up(&builders, source.newest().await?, report).await?;
        }
        done => done?,
    }
    let catch_up = {
        let builders = Arc::clone(&builders);
        Box::new(move |old: Option<Mark>| -> Boxed<Option<Mark>> {
            Box::pin(async move {
                // The old rows may be those of a log that was restored or replaced since.
                let to = match source.newest_after(old).await {
                    Err(error) if error.kind() == ErrorKind::Diverged => None,
                    known => known.map(|_| old)?,
                };
                catch_up(&builders, to, &|_| ()).await?;
                Ok(to)
            })
        })
    };
    plan.projections.switched(name);
    plan.way.switch(keys, catch_up).await?;
    plan.projections.switched(name);
    plan.way.clear().await
}

async fn start_again<V>(
    plan: &Plan<V>,
    beside: &dyn Way<V>,
    keys: &[Keys],
    rules: super::Rules,
) -> Result<(), Error> {
    plan.way.clear().await?;
    beside.prepare(keys.to_vec(), rules).await.map(drop)
}

/// Handles the log up to a place.
pub(super) async fn catch_up<V: 'static>(
    builders: &Plan<V>,
    to: Option<Mark>,
    report: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(), Error> {
    let keys = builders.keys()?;
    let status = Status::new(builders.way.name(), keys.len());
    status.drain(to);
    let mut work = pin!(run_all(builders.workers(&status, keys)));
    loop {
        let mut moved = pin!(status.moved.listen());
        let done = poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            moved.as_mut().poll(context).map(|()| None)
        })
        .await;
        let figures = status.figures();
        report(Progress { handled: figures.handled, newest: to, events: figures.rows });
        if let Some(done) = done {
            return done;
        }
    }
}

/// Refuses to park events of an inline view: each save brings in the later events of their aggregates.
fn cannot_park(name: &str) -> Error {
    let message = format!(
        "the inline view `{name}` cannot wait for parked events; rebuild it with `OnFailure::Stop` or `OnFailure::Skip`"
    );
    Error::new(ErrorKind::Config, message)
}

fn unsupported(name: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "the view of the projection `{name}` cannot be made anew beside its old rows: a view in memory is made anew at \
             each start, and a database of your own needs `OpenView::beside`"
        ),
    )
}
