//! The plan of a projection: its view, its log and its workers.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use super::Rules;
use super::keys::Keys;
use super::registered::Projections;
use super::status::Status;
use super::target::Boxed;
use super::way::Way;
use super::worker::Post;
use crate::error::Error;
use crate::id::{Name, Slice, Slices};
use crate::log::Source;
use crate::recorder::Cursor;

/// All that the workers of a projection need.
pub(super) struct Plan<V> {
    pub(super) way: Box<dyn Way<V>>,
    pub(super) source: Source,
    pub(super) upstream: Option<Name>,
    pub(super) projections: Projections,
    pub(super) rules: Rules,
    pub(super) workers: u16,
}

impl<V> Plan<V> {
    /// Returns the plan of the new rows.
    pub(super) fn beside(&self, way: Box<dyn Way<V>>, rules: Rules) -> Self {
        let (source, upstream) = (self.source.clone(), self.upstream.clone());
        Self { way, source, upstream, projections: Projections::default(), rules, workers: self.workers }
    }

    /// Returns the keys of each worker.
    pub(super) fn keys(&self) -> Result<Vec<Keys>, Error> {
        let upstream = match &self.upstream {
            Some(upstream) => upstream.clone(),
            None => Name::new("application")?,
        };
        let keys = |slices: Slices| {
            let cursor = Cursor::new(self.way.name(), upstream.clone())?.with_slices(slices);
            Ok(Keys::of(&cursor, self.way.fingerprint()))
        };
        divide(self.workers).map(keys).collect()
    }

    /// Returns the work of each worker.
    pub(super) fn workers(&self, status: &Arc<Status>, keys: Vec<Keys>) -> Vec<Boxed<()>> {
        let worker = |(number, (keys, slices)): (usize, (Keys, Slices))| {
            let (source, status) = (self.source.clone(), Arc::clone(status));
            self.way.worker(keys, Post { source, slices, rules: self.rules, status, number })
        };
        keys.into_iter().zip(divide(self.workers)).enumerate().map(worker).collect()
    }
}

/// Runs all workers at once; returns the first error.
pub(super) async fn run_all(workers: Vec<Boxed<()>>) -> Result<(), Error> {
    let mut running: Vec<_> = workers.into_iter().map(Some).collect();
    let mut ended = Ok(());
    poll_fn(|context| {
        for slot in &mut running {
            let Some(worker) = slot else { continue };
            if let Poll::Ready(done) = worker.as_mut().poll(context) {
                *slot = None;
                if ended.is_ok() {
                    ended = done;
                }
            }
        }
        if running.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    ended
}

/// Divides all slices among workers.
fn divide(workers: u16) -> impl Iterator<Item = Slices> {
    let bound = move |at: u16| u32::from(at) * u32::from(Slice::COUNT) / u32::from(workers);
    (0..workers).filter_map(move |at| {
        let (first, end) = (bound(at), bound(at + 1));
        Slices::new(u16::try_from(first).ok()?..=u16::try_from(end - 1).ok()?)
    })
}
