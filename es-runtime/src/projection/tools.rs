//! The work on failed events of a view in a database.

use std::marker::PhantomData;
use std::sync::Arc;

use uuid::Uuid;

use super::Projection;
use super::driver::Driver;
use super::failed::FailedEvent;
use super::keys::Keys;
use super::parked::{Tools, dropped, listed, read};
use super::target::Boxed;
use crate::log::Source;
use crate::view::OpenView;

/// The tools of a view whose driver is a `D`.
pub(crate) struct DatabaseTools<D, P, O> {
    projection: Arc<P>,
    open: O,
    keys: Keys,
    source: Source,
    driver: PhantomData<D>,
}

impl<D, P, O> DatabaseTools<D, P, O> {
    pub(crate) const fn new(projection: Arc<P>, open: O, keys: Keys, source: Source) -> Self {
        Self { projection, open, keys, source, driver: PhantomData }
    }
}

impl<D: Driver<P, O>, P: Projection, O: OpenView + Clone> Tools for DatabaseTools<D, P, O> {
    fn failed(&self) -> Boxed<Vec<FailedEvent>> {
        let (open, keys) = (self.open.clone(), self.keys.clone());
        let work = async move {
            let mut view = open.open().await?;
            listed(&mut view, &keys).await
        };
        D::run(&self.open, Box::pin(work))
    }

    fn retry(&self, id: Uuid) -> Boxed<usize> {
        let (open, keys, source) = (self.open.clone(), self.keys.clone(), self.source.clone());
        let (projection, failed) = (Arc::clone(&self.projection), self.failed());
        Box::pin(async move {
            let rows = read::<P>(&source, &failed.await?, id).await?;
            D::again(projection, &open, keys, rows).await
        })
    }

    fn drop_failed(&self, id: Uuid) -> Boxed<usize> {
        let (open, keys) = (self.open.clone(), self.keys.clone());
        let work = async move {
            let mut view = open.open().await?;
            dropped(&mut view, &keys, id).await
        };
        D::run(&self.open, Box::pin(work))
    }
}
