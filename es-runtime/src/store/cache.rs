//! The cache: the states of recently used aggregates, which need not be replayed.

use std::any::{Any, TypeId};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use uuid::Uuid;

use crate::aggregate::{Aggregate, Held, Replay, Root};
use crate::clock::Timestamp;
use crate::id::{Id, Version};

/// A cache of whole states that were loaded or saved last.
///
/// A loaded aggregate shares the cached state until its first change, which copies the state. So loading costs no copy.
/// A program that loads, changes and saves in a loop replays only the events that others saved meanwhile.
///
/// ```standalone_crate
/// use es_runtime::store::Cache;
/// use es_runtime::mapper::Mapper;
/// use es_runtime::recorder::MemoryRecorder;
/// use es_runtime::{Application, Wait};
///
/// let app = Application::builder("memory:").cache(Cache::of(10_000)).open().wait()?;
/// # let _ = app;
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub struct Cache {
    entries: Mutex<Entries>,
    fast_forward: bool,
    /// Counters of removals, each for some of the aggregates: a state loaded or saved before a removal may be old.
    left: Box<[AtomicU64; SHARES]>,
}

const SHARES: usize = 256;

/// The type of an aggregate, and its id.
pub(crate) type Key = (TypeId, Uuid);

type Entries = LruCache<Key, Entry>;

/// An immutable state, with its version and times.
#[derive(Clone)]
struct Entry {
    version: Version,
    times: (Timestamp, Timestamp),
    state: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("entries", &self.lock().len())
            .field("fast_forward", &self.fast_forward)
            .finish()
    }
}

impl Cache {
    /// Makes a cache of at most so many states; 0 counts as 1. Each load reads later events from the store, so a loaded
    /// aggregate is always the newest.
    pub fn of(states: usize) -> Self {
        let states = NonZeroUsize::new(states).unwrap_or(NonZeroUsize::MIN);
        Self::with(LruCache::new(states))
    }

    /// Makes a cache without a limit: for a program that knows the number of its aggregates.
    pub fn unbounded() -> Self {
        Self::with(LruCache::unbounded())
    }

    fn with(entries: Entries) -> Self {
        let left = Box::new([const { AtomicU64::new(0) }; SHARES]);
        Self { entries: Mutex::new(entries), fast_forward: true, left }
    }

    /// Returns the counter of removals for an aggregate.
    fn left(&self, (_, id): &Key) -> &AtomicU64 {
        let [.., last] = id.into_bytes();
        // The array has a counter for each byte.
        self.left.get(usize::from(last)).unwrap_or(&self.left[0])
    }

    /// Stops reading later events: for a program that alone writes to its database. The program then notices events of
    /// another writer only when a save conflicts.
    #[must_use]
    pub const fn trusting(mut self) -> Self {
        self.fast_forward = false;
        self
    }

    pub(crate) const fn asks_for_later_events(&self) -> bool {
        self.fast_forward
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cached state, from which loading can go on.
    pub(crate) fn get<A: Aggregate>(&self, id: Id<A>) -> Option<Replay<A>> {
        let Entry { version, times, state } = self.lock().get(&key(id)).cloned()?;
        let state = state.downcast::<A::State>().ok()?;
        Some(Replay::resume(id, version, times, Held::Shared(state)))
    }

    /// Returns the moment to pass to [`put`](Self::put): take it before the aggregate is loaded or saved.
    pub(crate) fn moment(&self, key: &Key) -> u64 {
        self.left(key).load(Ordering::SeqCst)
    }

    /// Caches a state that was loaded or saved, unless the cache holds a newer one, or has removed the state since that
    /// moment. Another caller may have ended the aggregate meanwhile.
    pub(crate) fn put<A: Aggregate>(&self, root: &Root<A>, moment: u64) {
        let (key, version) = (key(root.id()), root.version());
        let is_newer = |kept: &Entry| kept.version >= version;
        if self.lock().peek(&key).is_some_and(is_newer) {
            return;
        }
        let times = (root.created_at(), root.modified_at());
        // `share` may copy the state, so it runs without the lock.
        let entry = Entry { version, times, state: root.share() };
        let mut entries = self.lock();
        // Another thread may have been faster.
        let is_kept = entries.peek(&key).is_some_and(is_newer) || self.moment(&key) != moment;
        let replaced = if is_kept { None } else { entries.push(key, entry) };
        if let Some((other, _)) = replaced.as_ref().filter(|(other, _)| *other != key) {
            self.left(other).fetch_add(1, Ordering::SeqCst);
        }
        drop(entries);
        drop(replaced);
    }

    pub(crate) fn remove(&self, key: &Key) {
        let mut entries = self.lock();
        self.left(key).fetch_add(1, Ordering::SeqCst);
        let removed = entries.pop(key);
        drop(entries);
        drop(removed);
    }
}

/// Returns the key of an aggregate's state in the cache.
pub(crate) fn key<A: 'static>(id: Id<A>) -> Key {
    (TypeId::of::<A>(), id.uuid())
}

#[cfg(test)]
#[cfg(feature = "macros")]
mod tests {
    use super::*;
    use crate::aggregate::Seal;
    use es_macros::{aggregate, mutator};

    #[aggregate(crate = crate)]
    struct CacheCounter {
        count: u32,
    }

    #[mutator(crate = crate)]
    impl CacheCounter {
        #[event(CacheCounterMade)]
        fn make() -> Self {
            Self { count: 0 }
        }

        #[event(CacheCounted)]
        fn count(&mut self) {
            self.count += 1;
        }
    }

    #[aggregate(crate = crate)]
    struct OtherCounter {
        count: u32,
    }

    #[mutator(crate = crate)]
    impl OtherCounter {
        #[event(OtherCounterMade)]
        fn make() -> Self {
            Self { count: 0 }
        }
    }

    fn put(cache: &Cache, counter: &mut CacheCounter) {
        let moment = cache.moment(&key(counter.id()));
        cache.put(counter.root_mut(Seal::new()), moment);
    }

    fn kept(cache: &Cache, id: Id<CacheCounter>) -> Option<u64> {
        cache.get(id).map(|replay| replay.version().get())
    }

    fn made<const N: usize>() -> ([CacheCounter; N], [Id<CacheCounter>; N]) {
        let counters = std::array::from_fn(|_| CacheCounter::make());
        let ids = std::array::from_fn(|at: usize| counters.get(at).map(|counter| counter.id()).unwrap());
        (counters, ids)
    }

    /// Returns the cached versions, without marking them as used.
    fn all_kept<const N: usize>(cache: &Cache, ids: [Id<CacheCounter>; N]) -> [Option<u64>; N] {
        ids.map(|id| cache.lock().peek(&key(id)).map(|entry| entry.version.get()))
    }

    #[test]
    fn the_one_that_was_used_longest_ago_goes_first() {
        let cache = Cache::of(2);
        let ([mut one, mut two, mut three], ids) = made();
        put(&cache, &mut one);
        put(&cache, &mut two);
        // The oldest state goes.
        put(&cache, &mut three);
        assert_eq!(all_kept(&cache, ids), [None, Some(1), Some(1)]);
        // The newest state goes, if the other was loaded since.
        assert_eq!(kept(&cache, ids[1]), Some(1));
        put(&cache, &mut one);
        assert_eq!(all_kept(&cache, ids), [Some(1), Some(1), None]);
        // A later version replaces the state, and the other one goes.
        two.count();
        put(&cache, &mut two);
        assert_eq!(all_kept(&cache, ids), [Some(1), Some(2), None]);
        put(&cache, &mut three);
        assert_eq!(all_kept(&cache, ids), [None, Some(2), Some(1)]);
    }

    #[test]
    fn a_removed_state_is_not_there_and_may_come_again() {
        for cache in [Cache::of(2), Cache::unbounded()] {
            let ([mut one, mut two], ids) = made();
            assert_eq!(kept(&cache, ids[0]), None);
            put(&cache, &mut one);
            put(&cache, &mut two);
            cache.remove(&key(ids[0]));
            assert_eq!(all_kept(&cache, ids), [None, Some(1)]);
            cache.remove(&key(ids[0]));
            put(&cache, &mut one);
            assert_eq!(all_kept(&cache, ids), [Some(1), Some(1)]);
        }
    }

    #[test]
    fn an_unbounded_cache_keeps_all() {
        let cache = Cache::unbounded();
        let (mut counters, ids) = made::<300>();
        for counter in &mut counters {
            put(&cache, counter);
        }
        assert_eq!(all_kept(&cache, ids), [Some(1); 300]);
        assert_eq!(all_kept(&Cache::of(0), ids), [None; 300]);
    }

    #[test]
    fn a_cache_of_0_keeps_one() {
        let cache = Cache::of(0);
        let ([mut one, mut two], ids) = made();
        put(&cache, &mut one);
        assert_eq!(all_kept(&cache, ids), [Some(1), None]);
        put(&cache, &mut two);
        assert_eq!(all_kept(&cache, ids), [None, Some(1)]);
    }

    #[test]
    fn a_state_that_left_the_cache_meanwhile_is_not_kept() {
        let cache = Cache::of(1);
        let ([mut one, mut two], ids) = made();
        // After a removal or an eviction, a newer state may have been there.
        for leave in [0, 1] {
            let moment = cache.moment(&key(ids[0]));
            if leave == 0 {
                cache.remove(&key(ids[0]));
            } else {
                put(&cache, &mut one);
                put(&cache, &mut two);
            }
            cache.put(one.root_mut(Seal::new()), moment);
            assert_eq!(kept(&cache, ids[0]), None);
        }
    }

    #[test]
    fn one_id_of_two_types_is_kept_for_each() {
        let cache = Cache::of(2);
        let ([mut one], [id]) = made();
        let mut other = OtherCounter::make_with_id(Id::from_uuid(id.uuid()));
        one.count();
        put(&cache, &mut one);
        assert!(cache.get(other.id()).is_none());
        let moment = cache.moment(&key(other.id()));
        cache.put(other.root_mut(Seal::new()), moment);
        assert_eq!(
            (kept(&cache, id), cache.get(other.id()).map(|kept| kept.version().get())),
            (Some(2), Some(1))
        );
    }

    #[test]
    fn an_older_state_never_replaces_a_newer_one() {
        let cache = Cache::of(2);
        let mut counter = CacheCounter::make();
        let id = counter.id();
        counter.count();
        put(&cache, &mut counter);
        let mut older = CacheCounter::make_with_id(id);
        put(&cache, &mut older);
        assert_eq!(kept(&cache, id), Some(2));
        counter.count();
        put(&cache, &mut counter);
        assert_eq!(kept(&cache, id), Some(3));
    }
}
