//! The two kinds of drivers: a blocking one works on a thread that may block, an async one on the task that polls.

use std::borrow::Cow;
use std::sync::Arc;

use super::keys::Keys;
use super::parked::{Rows, again};
use super::target::{AsyncTarget, Awaits, BlockingTarget, Boxed, Calls, Setting, Target};
use super::worker::Worker;
use super::{Async, Blocking, Projection};
use crate::view::{OpenView, View};
use crate::wait::{Wait, unblock};

/// The driver of a view's database. All that depends on its kind is here.
pub(crate) trait Driver<P: Projection, O: OpenView>: Send + Sync + 'static {
    type Target: Target<P = P>;

    /// Returns the statements that make the tables.
    fn tables() -> Cow<'static, str>;

    /// Returns the view of a worker.
    fn target(projection: Arc<P>, setting: Setting<O>) -> Self::Target;

    /// Returns the work of a worker.
    fn work(worker: Worker<Self::Target>) -> Boxed<()>;

    /// Does work on views where the driver may work.
    fn run<T: Send + 'static>(open: &O, work: Boxed<T>) -> Boxed<T>;

    /// Handles parked events again.
    fn again(projection: Arc<P>, open: &O, keys: Keys, rows: Rows<P>) -> Boxed<usize>;
}

/// A driver that blocks the thread.
pub(crate) struct Blocks;

/// An async driver.
pub(crate) struct Polls;

impl<O: OpenView + Clone, P: Blocking<Tx = <O::View as View>::Tx>> Driver<P, O> for Blocks {
    type Target = BlockingTarget<P, O>;

    fn tables() -> Cow<'static, str> {
        P::tables()
    }

    fn target(projection: Arc<P>, setting: Setting<O>) -> BlockingTarget<P, O> {
        BlockingTarget::new(projection, setting)
    }

    fn work(worker: Worker<BlockingTarget<P, O>>) -> Boxed<()> {
        Box::pin(worker.run())
    }

    fn run<T: Send + 'static>(_: &O, work: Boxed<T>) -> Boxed<T> {
        Box::pin(unblock(move || work.wait()))
    }

    fn again(projection: Arc<P>, open: &O, keys: Keys, rows: Rows<P>) -> Boxed<usize> {
        let open = open.clone();
        Box::pin(async move {
            let mut view = open.open().await?;
            unblock(move || again(&mut view, &Calls(projection), &keys, &rows).wait()).await
        })
    }
}

impl<O: OpenView + Clone, P: Async<Tx = <O::View as View>::Tx>> Driver<P, O> for Polls
where
    O::View: Sync,
    <O::View as View>::Tx: Sync,
{
    type Target = AsyncTarget<P, O>;

    fn tables() -> Cow<'static, str> {
        P::tables()
    }

    fn target(projection: Arc<P>, setting: Setting<O>) -> AsyncTarget<P, O> {
        AsyncTarget::new(projection, setting)
    }

    fn work(worker: Worker<AsyncTarget<P, O>>) -> Boxed<()> {
        Box::pin(worker.run())
    }

    fn run<T: Send + 'static>(open: &O, work: Boxed<T>) -> Boxed<T> {
        let open = open.clone();
        Box::pin(async move { open.attend(work).await })
    }

    fn again(projection: Arc<P>, open: &O, keys: Keys, rows: Rows<P>) -> Boxed<usize> {
        let open = open.clone();
        Box::pin(async move {
            let mut view = open.open().await?;
            open.attend(again(&mut view, &Awaits(projection), &keys, &rows)).await
        })
    }
}
