//! The way from a projection to its view, whose type only the beginning knows.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, RwLock};

use super::handle::Memory;
use super::keys::Keys;
use super::memory::{Kept, MemoryTarget};
use super::parked::{AsyncTools, BlockingTools, MemoryTools, Tools};
use super::prepare::{Prepared, prepare};
use super::target::{AsyncTarget, BlockingTarget, Setting};
use super::worker::{Post, Worker};
use super::{Async, Blocking, InMemory, Rules};
use crate::error::Error;
use crate::log::Source;
use crate::view::{OpenView, View};
use crate::wait::{Wait, unblock};

/// A boxed future of the runner.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// The way from a projection to its view. `V` is the view, as a handle gives access to it.
pub(crate) trait Way<V>: Send {
    fn name(&self) -> &'static str;

    fn fingerprint(&self) -> u64;

    /// Makes or finds the tables and the places.
    fn prepare(&self, workers: Vec<Keys>, rules: Rules) -> Boxed<Prepared>;

    /// Returns the work of a worker.
    fn worker(&self, keys: Keys, post: Post) -> Boxed<()>;

    fn access(&self) -> V;

    /// Returns the tools for failed events; the keys are those of any worker.
    fn tools(&self, keys: Keys, source: Source) -> Arc<dyn Tools>;
}

/// The way to a view in memory.
pub(crate) struct InMemoryWay<P> {
    view: Memory<P>,
    kept: Arc<Mutex<Kept>>,
}

impl<P> InMemoryWay<P> {
    pub(crate) fn new(view: P) -> Self {
        Self { view: Memory(Arc::new(RwLock::new(view))), kept: Arc::default() }
    }
}

/// The way to a view with a blocking driver.
pub(crate) struct BlockingWay<P, O> {
    pub(crate) projection: Arc<P>,
    pub(crate) open: O,
}

/// The way to a view with an async driver.
pub(crate) struct AsyncWay<P, O> {
    pub(crate) projection: Arc<P>,
    pub(crate) open: O,
}

impl<P: InMemory> Way<Memory<P>> for InMemoryWay<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn fingerprint(&self) -> u64 {
        P::FINGERPRINT
    }

    fn prepare(&self, _: Vec<Keys>, _: Rules) -> Boxed<Prepared> {
        Box::pin(async { Ok(Prepared::Ready) })
    }

    fn worker(&self, _: Keys, post: Post) -> Boxed<()> {
        let (view, kept) = (Arc::clone(&self.view.0), Arc::clone(&self.kept));
        let target = MemoryTarget::new(view, kept, post.rules.on_failure);
        Box::pin(Worker { target, post }.run())
    }

    fn access(&self) -> Memory<P> {
        self.view.clone()
    }

    fn tools(&self, _: Keys, source: Source) -> Arc<dyn Tools> {
        Arc::new(MemoryTools { view: self.view.clone(), kept: Arc::clone(&self.kept), source })
    }
}

impl<O: OpenView + Clone, P: Blocking<Tx = <O::View as View>::Tx>> Way<O> for BlockingWay<P, O> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn fingerprint(&self) -> u64 {
        P::FINGERPRINT
    }

    fn prepare(&self, workers: Vec<Keys>, rules: Rules) -> Boxed<Prepared> {
        let open = self.open.clone();
        Box::pin(async move {
            let mut view = open.open().await?;
            let prepare =
                move || prepare::<P, O::View>(&mut view, &workers, P::TABLES, rules.on_change).wait();
            unblock(prepare).await
        })
    }

    fn worker(&self, keys: Keys, post: Post) -> Boxed<()> {
        let setting = Setting { open: Arc::new(self.open.clone()), keys, rules: post.rules };
        let target = BlockingTarget::new(Arc::clone(&self.projection), setting);
        Box::pin(Worker { target, post }.run())
    }

    fn access(&self) -> O {
        self.open.clone()
    }

    fn tools(&self, keys: Keys, source: Source) -> Arc<dyn Tools> {
        let (projection, open) = (Arc::clone(&self.projection), self.open.clone());
        Arc::new(BlockingTools { projection, open, keys, source })
    }
}

impl<O: OpenView + Clone, P: Async<Tx = <O::View as View>::Tx>> Way<O> for AsyncWay<P, O>
where
    O::View: Sync,
    <O::View as View>::Tx: Sync,
{
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn fingerprint(&self) -> u64 {
        P::FINGERPRINT
    }

    fn prepare(&self, workers: Vec<Keys>, rules: Rules) -> Boxed<Prepared> {
        let open = self.open.clone();
        Box::pin(async move {
            let mut view = open.open().await?;
            prepare::<P, O::View>(&mut view, &workers, P::TABLES, rules.on_change).await
        })
    }

    fn worker(&self, keys: Keys, post: Post) -> Boxed<()> {
        let setting = Setting { open: Arc::new(self.open.clone()), keys, rules: post.rules };
        let target = AsyncTarget::new(Arc::clone(&self.projection), setting);
        Box::pin(Worker { target, post }.run())
    }

    fn access(&self) -> O {
        self.open.clone()
    }

    fn tools(&self, keys: Keys, source: Source) -> Arc<dyn Tools> {
        let (projection, open) = (Arc::clone(&self.projection), self.open.clone());
        Arc::new(AsyncTools { projection, open, keys, source })
    }
}
