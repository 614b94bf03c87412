//! The views that a worker writes to, behind one trait: a database with a blocking driver, one with an async driver, and
//! memory.

use std::future::{Future, poll_fn};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use super::batch::Batch;
use super::failed::FailedEvent;
use super::keys::Keys;
use super::waiting::ParkedAggregates;
use super::write::{Handlers, Work, Written, failed_of, place_of, write};
use super::{Async, Blocking, Projection, Rules};
use crate::error::Error;
use crate::id::Mark;
use crate::view::{self, OpenView, View};
use crate::wait::{Wait, unblock, unblock_apart};

/// A boxed future of the runner.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// Rows that a view has to take in one transaction.
#[derive(Debug)]
pub(crate) struct Task<S> {
    pub(crate) batch: Arc<Batch<S>>,
    pub(crate) rows: Range<usize>,
    pub(crate) from: Option<Mark>,
    pub(crate) to: Mark,
    /// True if an earlier attempt at these rows failed.
    pub(crate) is_repeated: bool,
}

impl<S> Task<S> {
    /// Returns a further attempt at the same rows.
    pub(crate) fn again(&self) -> Self {
        let batch = Arc::clone(&self.batch);
        Self { batch, rows: self.rows.clone(), from: self.from, to: self.to, is_repeated: true }
    }

    fn work(&self) -> Work<'_, S> {
        let Self { batch, rows, from, to, is_repeated } = self;
        Work { batch, rows: rows.clone(), from: *from, to: *to, is_repeated: *is_repeated }
    }
}

/// A view that a worker writes to.
pub(crate) trait Target: Send + 'static {
    type P: Projection;

    /// Returns the recorded place; opens the view if it is not open.
    fn place(&mut self) -> impl Future<Output = Result<Option<Mark>, Error>> + Send;

    /// Writes rows in one transaction.
    fn write(
        &mut self,
        task: Task<<Self::P as Projection>::Seen>,
    ) -> impl Future<Output = Result<Written, Error>> + Send;

    /// Returns the failed events that the view keeps.
    fn failed(&mut self) -> impl Future<Output = Result<Vec<FailedEvent>, Error>> + Send;

    /// Lets go of the view: the next call opens it again.
    fn close(&mut self);
}

/// The handlers of a projection over a blocking driver.
pub(crate) struct Calls<P>(pub(crate) Arc<P>);

impl<V: View, P: Blocking<Tx = V::Tx>> Handlers<V> for Calls<P> {
    type P = P;

    fn apply<'a>(
        &'a self,
        handler: usize,
        seen: &'a P::Seen,
        tx: &'a V::Tx,
    ) -> impl Future<Output = view::Result> + 'a {
        let done = catch_unwind(AssertUnwindSafe(|| self.0.apply(handler, seen, tx)));
        std::future::ready(done.unwrap_or_else(|panic| Err(panicked(&*panic))))
    }
}

/// The handlers of a projection over an async driver.
pub(crate) struct Awaits<P>(pub(crate) Arc<P>);

impl<V: View, P: Async<Tx = V::Tx>> Handlers<V> for Awaits<P> {
    type P = P;

    async fn apply<'a>(&'a self, handler: usize, seen: &'a P::Seen, tx: &'a V::Tx) -> view::Result {
        let mut work = pin!(self.0.apply(handler, seen, tx));
        poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(polled) => polled,
            Err(panic) => Poll::Ready(Err(panicked(&*panic))),
        })
        .await
    }
}

/// Returns the error of a handler that panicked.
pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> view::BoxError {
    format!("the handler panicked: {}", said(panic)).into()
}

/// Returns the text of a panic.
pub(super) fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with a value that is no text")
}

/// An open view, with the aggregates that have parked events, once they are known.
struct Open<V> {
    view: V,
    parked: Option<ParkedAggregates>,
}

impl<V: View> Open<V> {
    async fn place<P: Projection>(&mut self, keys: &Keys) -> Result<Option<Mark>, Error> {
        self.view.begin().await?;
        let place = place_of::<P, V>(&mut self.view, keys).await;
        let failed = if place.is_ok() { failed_of(&mut self.view, keys).await } else { Ok(Vec::new()) };
        self.view.roll_back().await?;
        let (place, rebuild) = place?;
        self.parked = Some(ParkedAggregates::of(&failed?).of_rebuild(rebuild));
        Ok(place)
    }

    async fn write<H: Handlers<V>>(
        &mut self,
        handlers: &H,
        keys: &Keys,
        rules: &Rules,
        work: &Work<'_, <H::P as Projection>::Seen>,
    ) -> Result<Written, Error> {
        if self.parked.is_none() {
            // The view was opened anew since the last look at its place.
            self.place::<H::P>(keys).await?;
        }
        write(&mut self.view, handlers, keys, rules, work, self.parked.get_or_insert_default()).await
    }

    async fn failed(&mut self, keys: &Keys) -> Result<Vec<FailedEvent>, Error> {
        self.view.begin().await?;
        let failed = failed_of(&mut self.view, keys).await;
        self.view.roll_back().await?;
        failed
    }
}

/// The settings that every call of a worker needs.
pub(crate) struct Setting<O> {
    pub(crate) open: Arc<O>,
    pub(crate) keys: Keys,
    pub(crate) rules: Rules,
}

/// The number of rows that are worth a thread of their own.
const MUCH: usize = 100;

/// A view with a blocking driver: its work is done on a thread that may block.
pub(crate) struct BlockingTarget<P, O: OpenView> {
    setting: Arc<Setting<O>>,
    calls: Arc<Calls<P>>,
    /// `None` before the first call, after an error, and while a call works on another thread.
    open: Option<Open<O::View>>,
}

impl<P, O: OpenView> BlockingTarget<P, O> {
    pub(crate) fn new(projection: Arc<P>, setting: Setting<O>) -> Self {
        Self { setting: Arc::new(setting), calls: Arc::new(Calls(projection)), open: None }
    }
}

impl<O: OpenView, P: Blocking<Tx = <O::View as View>::Tx>> BlockingTarget<P, O> {
    /// Does work with the open view. Much work is done apart: the worker reads on meanwhile.
    async fn with<T: Send + 'static>(
        &mut self,
        is_much: bool,
        work: impl FnOnce(&Setting<O>, &Calls<P>, &mut Open<O::View>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open { view: self.setting.open.open().await?, parked: None },
        };
        let (setting, calls) = (Arc::clone(&self.setting), Arc::clone(&self.calls));
        let work = move || {
            let done = work(&setting, &calls, &mut open);
            Ok((open, done))
        };
        let (open, done) = if is_much { unblock_apart(work).await? } else { unblock(work).await? };
        self.open = Some(open);
        done
    }
}

impl<O: OpenView, P: Blocking<Tx = <O::View as View>::Tx>> Target for BlockingTarget<P, O> {
    type P = P;

    async fn place(&mut self) -> Result<Option<Mark>, Error> {
        self.with(false, |setting, _, open| open.place::<P>(&setting.keys).wait()).await
    }

    async fn write(&mut self, task: Task<P::Seen>) -> Result<Written, Error> {
        self.with(task.rows.len() >= MUCH, move |Setting { keys, rules, .. }, calls, open| {
            open.write(calls, keys, rules, &task.work()).wait()
        })
        .await
    }

    async fn failed(&mut self) -> Result<Vec<FailedEvent>, Error> {
        self.with(false, |setting, _, open| open.failed(&setting.keys).wait()).await
    }

    fn close(&mut self) {
        self.open = None;
    }
}

/// A view with an async driver.
pub(crate) struct AsyncTarget<P, O: OpenView> {
    setting: Setting<O>,
    awaits: Awaits<P>,
    open: Option<Open<O::View>>,
}

impl<P, O: OpenView> AsyncTarget<P, O> {
    pub(crate) const fn new(projection: Arc<P>, setting: Setting<O>) -> Self {
        Self { setting, awaits: Awaits(projection), open: None }
    }

    async fn open(&mut self) -> Result<Open<O::View>, Error> {
        // The view is given back after a call that was not dropped: a dropped one leaves it within a transaction.
        match self.open.take() {
            Some(open) => Ok(open),
            None => Ok(Open { view: self.setting.open.open().await?, parked: None }),
        }
    }
}

impl<O: OpenView, P: Async<Tx = <O::View as View>::Tx>> Target for AsyncTarget<P, O>
where
    O::View: Sync,
    <O::View as View>::Tx: Sync,
{
    type P = P;

    async fn place(&mut self) -> Result<Option<Mark>, Error> {
        let mut open = self.open().await?;
        let place = self.setting.open.attend(open.place::<P>(&self.setting.keys)).await;
        self.open = Some(open);
        place
    }

    async fn write(&mut self, task: Task<P::Seen>) -> Result<Written, Error> {
        let mut open = self.open().await?;
        let work = task.work();
        let Setting { keys, rules, .. } = &self.setting;
        let written = self.setting.open.attend(open.write(&self.awaits, keys, rules, &work)).await;
        self.open = Some(open);
        written
    }

    async fn failed(&mut self) -> Result<Vec<FailedEvent>, Error> {
        let mut open = self.open().await?;
        let failed = self.setting.open.attend(open.failed(&self.setting.keys)).await;
        self.open = Some(open);
        failed
    }

    fn close(&mut self) {
        self.open = None;
    }
}
