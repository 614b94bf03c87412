//! The cache: the states of aggregates that were loaded last, so that they need not be made from events again.

use std::any::{Any, TypeId};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use uuid::Uuid;

use crate::aggregate::{Aggregate, Replay, Root};
use crate::clock::Timestamp;
use crate::id::{Id, Version};

/// Keeps the states that were used last, each whole: what is handed out is a copy of one that nobody changes.
///
/// ```standalone_crate
/// use es_runtime::cache::Cache;
/// use es_runtime::mapper::Mapper;
/// use es_runtime::recorder::MemoryRecorder;
/// use es_runtime::{Application, Wait};
///
/// let app = Application::builder("memory:").cache(Cache::of(10_000)).open().wait()?;
/// # let _ = app;
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub struct Cache {
    entries: Mutex<LruCache<Key, Arc<dyn Any + Send + Sync>>>,
    fast_forward: bool,
    /// Count what left the cache, each for some of the aggregates: what was loaded or saved before that may be old.
    left: Box<[AtomicU64; SHARES]>,
}

const SHARES: usize = 256;

type Key = (TypeId, Uuid);

/// A state as it was kept.
struct Entry<S> {
    version: Version,
    times: (Timestamp, Timestamp),
    state: S,
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

    fn with(entries: LruCache<Key, Arc<dyn Any + Send + Sync>>) -> Self {
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

    fn lock(&self) -> MutexGuard<'_, LruCache<Key, Arc<dyn Any + Send + Sync>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where loading can go on from.
    pub(crate) fn get<A: Aggregate>(&self, id: Id<A>) -> Option<Replay<A>> {
        let entry = self.lock().get(&key(id)).map(Arc::clone)?;
        // Copied without the lock.
        let Entry { version, times, state } = entry.downcast_ref::<Entry<A::State>>()?;
        Some(Replay::resume(id, *version, *times, state.clone()))
    }

    /// To be asked before loading, or saving, for [`put`](Self::put).
    pub(crate) fn moment<A: Aggregate>(&self, id: Id<A>) -> u64 {
        self.left(&key(id)).load(Ordering::SeqCst)
    }

    /// Keeps a state that was loaded or saved, unless a newer one is kept, or it left the cache since that moment: somebody
    /// else may have ended it meanwhile.
    pub(crate) fn put<A: Aggregate>(&self, root: &Root<A>, moment: u64) {
        let key = key(root.id());
        let is_newer = |kept: &Arc<dyn Any + Send + Sync>| {
            kept.downcast_ref::<Entry<A::State>>().is_some_and(|kept| kept.version >= root.version())
        };
        if self.lock().peek(&key).is_some_and(is_newer) {
            return;
        }
        let times = (root.created_at(), root.modified_at());
        let entry = Arc::new(Entry { version: root.version(), times, state: A::State::clone(root) });
        let mut entries = self.lock();
        // Somebody may have been faster while the state was copied.
        let is_kept = entries.peek(&key).is_some_and(is_newer) || self.moment(root.id()) != moment;
        let replaced = if is_kept { None } else { entries.push(key, entry) };
        if let Some((other, _)) = replaced.as_ref().filter(|(other, _)| *other != key) {
            self.left(other).fetch_add(1, Ordering::SeqCst);
        }
        drop(entries);
        drop(replaced);
    }

    pub(crate) fn remove<A: Aggregate>(&self, id: Id<A>) {
        let key = key(id);
        let mut entries = self.lock();
        self.left(&key).fetch_add(1, Ordering::SeqCst);
        let removed = entries.pop(&key);
        drop(entries);
        drop(removed);
    }
}

fn key<A: 'static>(id: Id<A>) -> Key {
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

    fn put(cache: &Cache, counter: &mut CacheCounter) {
        let moment = cache.moment(counter.id());
        cache.put(counter.root_mut(Seal::new()), moment);
    }

    fn kept(cache: &Cache, id: Id<CacheCounter>) -> Option<u64> {
        cache.get(id).map(|replay| replay.version().get())
    }

    #[test]
    fn the_one_that_was_used_longest_ago_goes_first() {
        let cache = Cache::of(2);
        let mut counters: Vec<_> = (0..3).map(|_| CacheCounter::make()).collect();
        let ids: Vec<_> = counters.iter().map(|counter| counter.id()).collect();
        put(&cache, &mut counters[0]);
        put(&cache, &mut counters[1]);
        assert_eq!(kept(&cache, ids[0]), Some(1));
        put(&cache, &mut counters[2]);
        assert_eq!(
            (kept(&cache, ids[0]), kept(&cache, ids[1]), kept(&cache, ids[2])),
            (Some(1), None, Some(1))
        );
        cache.remove(ids[2]);
        assert_eq!(kept(&cache, ids[2]), None);
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
