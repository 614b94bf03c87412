//! The cache: the states of aggregates that were loaded last, so that they need not be made from events again.

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

/// Keeps the states that were loaded or saved last, each whole.
///
/// Whoever loads an aggregate shares the kept state until the first change of the aggregate, which copies it. So loading
/// costs no copy, and a program that loads, changes and saves in a loop replays only what others saved meanwhile.
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
    /// Count what left the cache, each for some of the aggregates: what was loaded or saved before that may be old.
    left: Box<[AtomicU64; SHARES]>,
}

const SHARES: usize = 256;

/// The type of an aggregate, and its id.
pub(crate) type Key = (TypeId, Uuid);

type Entries = LruCache<Key, Entry>;

/// A state, which nobody changes, with its version and times.
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
    /// Keeps at most so many states, and asks the store for later events at each load: what is loaded is always the
    /// newest. With 0 it keeps one.
    pub fn of(states: usize) -> Self {
        let states = NonZeroUsize::new(states).unwrap_or(NonZeroUsize::MIN);
        Self::with(LruCache::new(states))
    }

    /// Keeps all of them: for a program that knows how many there are.
    pub fn unbounded() -> Self {
        Self::with(LruCache::unbounded())
    }

    fn with(entries: Entries) -> Self {
        let left = Box::new([const { AtomicU64::new(0) }; SHARES]);
        Self { entries: Mutex::new(entries), fast_forward: true, left }
    }

    /// What counts for an aggregate.
    fn left(&self, (_, id): &Key) -> &AtomicU64 {
        let [.., last] = id.into_bytes();
        // There is one for each byte.
        self.left.get(usize::from(last)).unwrap_or(&self.left[0])
    }

    /// Does not ask for later events: for a program that alone writes to its store. What somebody else stored is
    /// then noticed when a save conflicts.
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

    /// Where loading can go on from.
    pub(crate) fn get<A: Aggregate>(&self, id: Id<A>) -> Option<Replay<A>> {
        let Entry { version, times, state } = self.lock().get(&key(id)).cloned()?;
        let state = state.downcast::<A::State>().ok()?;
        Some(Replay::resume(id, version, times, Held::Shared(state)))
    }

    /// The moment to hand to [`put`](Self::put): taken before the aggregate is loaded, or saved.
    pub(crate) fn moment(&self, key: &Key) -> u64 {
        self.left(key).load(Ordering::SeqCst)
    }

    /// Keeps a state that was loaded or saved, unless a newer one is kept, or it left the cache since that moment: somebody
    /// else may have ended it meanwhile.
    pub(crate) fn put<A: Aggregate>(&self, root: &Root<A>, moment: u64) {
        let (key, version) = (key(root.id()), root.version());
        let is_newer = |kept: &Entry| kept.version >= version;
        if self.lock().peek(&key).is_some_and(is_newer) {
            return;
        }
        let times = (root.created_at(), root.modified_at());
        // Perhaps copied: without the lock.
        let entry = Entry { version, times, state: root.share() };
        let mut entries = self.lock();
        // Somebody may have been faster.
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

/// The place of an aggregate's state.
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

    /// The versions that are kept, without using them.
    fn all_kept<const N: usize>(cache: &Cache, ids: [Id<CacheCounter>; N]) -> [Option<u64>; N] {
        ids.map(|id| cache.lock().peek(&key(id)).map(|entry| entry.version.get()))
    }

    #[test]
    fn the_one_that_was_used_longest_ago_goes_first() {
        let cache = Cache::of(2);
        let ([mut one, mut two, mut three], ids) = made();
        put(&cache, &mut one);
        put(&cache, &mut two);
        // The oldest one goes.
        put(&cache, &mut three);
        assert_eq!(all_kept(&cache, ids), [None, Some(1), Some(1)]);
        // The newest one goes, if the other was loaded since.
        assert_eq!(kept(&cache, ids[1]), Some(1));
        put(&cache, &mut one);
        assert_eq!(all_kept(&cache, ids), [Some(1), Some(1), None]);
        // Kept again in a later version, it is replaced, and the other one goes.
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
        // Removed, or evicted: a newer state may have been there.
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
