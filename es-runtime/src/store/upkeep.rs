//! The work after a save: the cache keeps the stored states, and due snapshots are taken.
//!
//! The events are the truth: this work never fails a save, and loses nothing if it is not done.

use crate::aggregate::{Aggregate, Discarded, Root};
use crate::error::Error;
use crate::id::Version;
use crate::observe;
use crate::recorder::Boxed;
use crate::store::{Cache, Key, Repository, key};

/// A root of any aggregate, as the cache and the snapshots see it.
pub(crate) trait Kept: Send + Sync {
    /// Returns the key of the state in the cache.
    fn key(&self) -> Key;

    /// Returns the name of the aggregate.
    fn name(&self) -> &'static str;

    /// Returns the stored version, or 0 if none is stored.
    fn stored_version(&self) -> u64;

    /// Caches the state if it is the stored one; removes it if the aggregate is discarded.
    fn cache(&self, cache: &Cache, moment: u64);

    /// Takes a snapshot at each multiple of `every` stored after the version `before`; returns `None` if there is none.
    fn take_snapshots<'a>(
        &'a self,
        repository: &'a Repository,
        every: u64,
        before: u64,
    ) -> Option<Boxed<'a, ()>>;
}

impl<A: Aggregate> Kept for Root<A> {
    fn key(&self) -> Key {
        key(self.id())
    }

    fn name(&self) -> &'static str {
        A::NAME
    }

    fn stored_version(&self) -> u64 {
        self.version().get().saturating_sub(self.pending().len() as u64)
    }

    fn cache(&self, cache: &Cache, moment: u64) {
        if self.pending().is_empty() && !self.is_outdated() {
            cache.put(self, moment);
        }
    }

    fn take_snapshots<'a>(
        &'a self,
        repository: &'a Repository,
        every: u64,
        before: u64,
    ) -> Option<Boxed<'a, ()>> {
        let multiples = (before / every + 1)..=(self.stored_version() / every);
        if multiples.is_empty() || self.is_outdated() {
            return None;
        }
        let versions = multiples.filter_map(move |multiple| Version::new(multiple * every));
        Some(Box::pin(repository.take_snapshots(self, versions)))
    }
}

impl<A: Aggregate> Kept for Discarded<A> {
    fn key(&self) -> Key {
        self.root().key()
    }

    fn name(&self) -> &'static str {
        A::NAME
    }

    fn stored_version(&self) -> u64 {
        self.root().stored_version()
    }

    fn cache(&self, cache: &Cache, _: u64) {
        cache.remove(&self.key());
    }

    fn take_snapshots<'a>(&'a self, _: &'a Repository, _: u64, _: u64) -> Option<Boxed<'a, ()>> {
        None
    }
}

/// The upkeep of a running save.
///
/// If it is dropped before its [end](Self::end), the save may or may not have stored something. A cache that does not
/// read later events then loses the aggregates, even those that a load cached meanwhile.
pub(crate) struct Upkeep<'a> {
    repository: &'a Repository,
    places: Vec<Place>,
    is_stored: bool,
}

struct Place {
    key: Key,
    /// The version stored before the save.
    before: u64,
    /// The moment of the cache before the save.
    moment: u64,
}

impl Repository {
    /// Begins the upkeep of a save, if there is a cache or a rule for snapshots.
    pub(crate) fn upkeep<'r>(&self, roots: impl Iterator<Item = &'r dyn Kept>) -> Option<Upkeep<'_>> {
        let is_kept = self.cache().is_some() || !self.snapshotting().is_off();
        is_kept.then(|| Upkeep::begin(self, roots))
    }
}

impl<'a> Upkeep<'a> {
    /// Notes the versions before the save; removes the aggregates from a cache that does not read later events.
    fn begin<'r>(repository: &'a Repository, roots: impl Iterator<Item = &'r dyn Kept>) -> Self {
        let place = |root: &dyn Kept| Place { key: root.key(), before: root.stored_version(), moment: 0 };
        let places = roots.map(place).collect();
        let mut upkeep = Self { repository, places, is_stored: false };
        upkeep.uncache();
        if let Some(cache) = repository.cache() {
            // The moments are taken after all removals: some aggregates share a counter.
            upkeep.places.iter_mut().for_each(|place| place.moment = cache.moment(&place.key));
        }
        upkeep
    }

    /// Caches the stored states, and takes the due snapshots. Only reports a snapshot that fails.
    pub(crate) async fn end(mut self, roots: &[&dyn Kept]) {
        self.is_stored = true;
        if let Some(cache) = self.repository.cache() {
            roots.iter().zip(&self.places).for_each(|(root, place)| root.cache(cache, place.moment));
        }
        for (root, place) in roots.iter().zip(&self.places) {
            let Some(every) = self.repository.snapshotting().every(root.name()) else { continue };
            let Some(taking) = root.take_snapshots(self.repository, every, place.before) else { continue };
            let taken: Result<(), Error> = observe::snapshot(root.name(), place.key.1, taking).await;
            if let (Err(error), Some(snapshots)) = (taken, self.repository.snapshots()) {
                snapshots.report(&error);
            }
        }
    }

    /// Removes the aggregates from a cache that does not read later events.
    fn uncache(&self) {
        if let Some(cache) = self.repository.cache().filter(|cache| !cache.asks_for_later_events()) {
            self.places.iter().for_each(|place| cache.remove(&place.key));
        }
    }
}

impl Drop for Upkeep<'_> {
    fn drop(&mut self) {
        if !self.is_stored {
            self.uncache();
        }
    }
}
