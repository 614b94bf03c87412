//! The way from a projection to its view, whose type only the beginning knows.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, RwLock};

use super::driver::Driver;
use super::keys::Keys;
use super::memory::{Kept, Memory, MemoryTarget};
use super::parked::{MemoryTools, Tools};
use super::prepare::{Prepared, prepare};
use super::routes::check_forgotten;
use super::switch::{CatchUp, switch};
use super::target::{Boxed, Setting};
use super::tools::DatabaseTools;
use super::worker::{Post, Worker};
use super::{InMemory, Projection, Rules};
use crate::error::Error;
use crate::log::Source;
use crate::view::{Claim, OpenView};

/// The way from a projection to its view. `V` is the view, as a handle gives access to it.
pub(crate) trait Way<V>: Send + Sync {
    fn name(&self) -> &'static str;

    fn fingerprint(&self) -> u64;

    /// Refuses a projection that would keep the data of forgotten aggregates.
    fn check_forgotten(&self) -> Result<(), Error>;

    /// Makes or finds the tables and the places.
    fn prepare(&self, workers: Vec<Keys>, rules: Rules) -> Boxed<Prepared>;

    /// Returns the work of a worker.
    fn worker(&self, keys: Keys, post: Post) -> Boxed<()>;

    fn access(&self) -> V;

    /// Returns the way to the new rows of a rebuild, if the view can be rebuilt while it serves.
    fn beside(&self) -> Option<Box<dyn Way<V>>>;

    /// Claims the rebuild.
    fn claim(&self) -> Boxed<Claim>;

    /// Puts the new rows in the place of the old ones. `catch_up` lets the new rows reach a place.
    fn switch(&self, workers: Vec<Keys>, catch_up: CatchUp) -> Boxed<()>;

    /// Removes the new rows of an interrupted rebuild.
    fn clear(&self) -> Boxed<()>;

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

/// The way to a view in a database, whose driver is a `D`.
pub(crate) struct DatabaseWay<D, P, O> {
    projection: Arc<P>,
    open: O,
    driver: PhantomData<D>,
}

impl<D, P, O> DatabaseWay<D, P, O> {
    pub(crate) const fn new(projection: Arc<P>, open: O) -> Self {
        Self { projection, open, driver: PhantomData }
    }
}

impl<P: InMemory> Way<Memory<P>> for InMemoryWay<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn fingerprint(&self) -> u64 {
        P::FINGERPRINT
    }

    fn check_forgotten(&self) -> Result<(), Error> {
        check_forgotten::<P>()
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

    fn beside(&self) -> Option<Box<dyn Way<Memory<P>>>> {
        None
    }

    fn claim(&self) -> Boxed<Claim> {
        Box::pin(async { Ok(Claim::unguarded()) })
    }

    fn switch(&self, _: Vec<Keys>, _: CatchUp) -> Boxed<()> {
        Box::pin(async { Ok(()) })
    }

    fn clear(&self) -> Boxed<()> {
        Box::pin(async { Ok(()) })
    }

    fn tools(&self, _: Keys, source: Source) -> Arc<dyn Tools> {
        Arc::new(MemoryTools { view: self.view.clone(), kept: Arc::clone(&self.kept), source })
    }
}

impl<D: Driver<P, O>, P: Projection, O: OpenView + Clone> Way<O> for DatabaseWay<D, P, O> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn fingerprint(&self) -> u64 {
        P::FINGERPRINT
    }

    fn check_forgotten(&self) -> Result<(), Error> {
        check_forgotten::<P>()
    }

    fn prepare(&self, workers: Vec<Keys>, rules: Rules) -> Boxed<Prepared> {
        let open = self.open.clone();
        let work = async move {
            let mut view = open.open().await?;
            prepare::<P, O::View>(&mut view, &workers, &D::tables(), rules.on_change).await
        };
        D::run(&self.open, Box::pin(work))
    }

    fn worker(&self, keys: Keys, post: Post) -> Boxed<()> {
        let setting = Setting { open: Arc::new(self.open.clone()), keys, rules: post.rules };
        let target = D::target(Arc::clone(&self.projection), setting);
        D::work(Worker { target, post })
    }

    fn access(&self) -> O {
        self.open.clone()
    }

    fn beside(&self) -> Option<Box<dyn Way<O>>> {
        let beside = self.open.beside()?;
        Some(Box::new(Self::new(Arc::clone(&self.projection), beside)))
    }

    fn claim(&self) -> Boxed<Claim> {
        let open = self.open.clone();
        Box::pin(async move { open.claim().await })
    }

    fn switch(&self, workers: Vec<Keys>, catch_up: CatchUp) -> Boxed<()> {
        let (open, beside) = (self.open.clone(), self.open.beside());
        let work = async move {
            match beside {
                Some(beside) => switch(&open, &beside, &workers, catch_up).await,
                None => Ok(()),
            }
        };
        D::run(&self.open, Box::pin(work))
    }

    fn clear(&self) -> Boxed<()> {
        let open = self.open.clone();
        Box::pin(async move { open.clear().await })
    }

    fn tools(&self, keys: Keys, source: Source) -> Arc<dyn Tools> {
        let (projection, open) = (Arc::clone(&self.projection), self.open.clone());
        Arc::new(DatabaseTools::<D, P, O>::new(projection, open, keys, source))
    }
}
