//! A bell: a recorder rings it after each commit, and readers of the log listen for it.
//!
//! A ring is a hint and carries nothing: a listener checks the log itself. A listener hears every ring after
//! [`Bell::listen`], even before its first poll. So a reader listens first and checks then.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::wake;

/// A bell for any number of listeners, which signals that there may be more events. Clones are one bell.
#[derive(Clone, Default)]
pub(crate) struct Bell {
    tower: Arc<Tower>,
}

#[derive(Default)]
struct Tower {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rings: u64,
    /// The listeners that were polled since the last ring, by their number.
    waiting: BTreeMap<u64, Waker>,
    next: u64,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Wakes all listeners.
    pub(crate) fn ring(&self) {
        let mut state = self.tower.lock();
        state.rings += 1;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_values().for_each(wake);
    }

    /// Wakes all listeners, once this thread [holds no bells back](hold_back) any more.
    pub(crate) fn ring_later(&self) {
        let is_held = HELD.with_borrow_mut(|held| {
            let Some(held) = held else { return false };
            if !held.iter().any(|bell| Arc::ptr_eq(&bell.tower, &self.tower)) {
                held.push(self.clone());
            }
            true
        });
        if !is_held {
            self.ring();
        }
    }

    /// Returns a future that is ready once the bell rings after this call.
    pub(crate) fn listen(&self) -> Heard {
        let before = self.tower.lock().rings;
        Heard { tower: Arc::clone(&self.tower), before, number: None }
    }
}

thread_local! {
    /// The bells that this thread holds back, while it does.
    static HELD: RefCell<Option<Vec<Bell>>> = const { RefCell::new(None) };
}

/// Holds back the bells that `work` [rings later](Bell::ring_later), and returns them. `work` must not panic.
///
/// A waker is code of a caller, and may wait for what the thread works on.
#[cfg(feature = "sqlite")]
pub(crate) fn hold_back<T>(work: impl FnOnce() -> T) -> (T, Vec<Bell>) {
    let outer = HELD.replace(Some(Vec::new()));
    let done = work();
    (done, HELD.replace(outer).unwrap_or_default())
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}

impl Tower {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under the lock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener: ready once the bell rang, and from then on.
pub(crate) struct Heard {
    tower: Arc<Tower>,
    /// The count of rings when the listener began.
    before: u64,
    /// The key of its waker, which it keeps from poll to poll.
    number: Option<u64>,
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard").finish_non_exhaustive()
    }
}

impl Future for Heard {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // A waker is code of the caller: it is cloned and dropped outside the lock.
        let waker = context.waker().clone();
        let tower = Arc::clone(&self.tower);
        let mut state = tower.lock();
        if state.rings != self.before {
            return Poll::Ready(());
        }
        let number = *self.number.get_or_insert(state.next);
        state.next = state.next.max(number + 1);
        let earlier = state.waiting.insert(number, waker);
        drop(state);
        drop(earlier);
        Poll::Pending
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let waker = self.tower.lock().waiting.remove(&number);
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::thread;

    use super::*;
    use crate::wait::Wait;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose")
        }
    }

    fn poll(heard: &mut Heard, waker: &Waker) -> Poll<()> {
        Pin::new(heard).poll(&mut Context::from_waker(waker))
    }

    fn waiting(bell: &Bell) -> usize {
        bell.tower.lock().waiting.len()
    }

    #[test]
    fn a_ring_between_listening_and_the_first_poll_is_heard() {
        let bell = Bell::new();
        bell.ring();
        let mut early = bell.listen();
        assert!(poll(&mut early, Waker::noop()).is_pending(), "a ring before it listened is none of its own");
        let mut late = bell.listen();
        bell.clone().ring();
        for heard in [&mut early, &mut late] {
            assert!(poll(heard, Waker::noop()).is_ready());
            assert!(poll(heard, Waker::noop()).is_ready(), "a listener that heard stays ready");
        }
        assert_eq!(waiting(&bell), 0);
    }

    #[test]
    fn a_ring_wakes_the_last_waker_of_each_listener_once() {
        let bell = Bell::new();
        let (first, last) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let mut heard = bell.listen();
        for count in [&first, &last] {
            assert!(poll(&mut heard, &Waker::from(Arc::clone(count))).is_pending());
        }
        assert_eq!(Arc::strong_count(&first), 1, "the earlier waker is let go");
        bell.ring();
        bell.ring();
        assert_eq!((first.0.load(Ordering::SeqCst), last.0.load(Ordering::SeqCst)), (0, 1));
    }

    #[test]
    fn ten_thousand_listeners_are_all_woken_and_leave_nothing_behind() {
        let bell = Bell::new();
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut kept: Vec<_> = (0..10_000).map(|_| bell.listen()).collect();
        assert!(kept.iter_mut().all(|heard| poll(heard, &waker).is_pending()));
        assert_eq!(waiting(&bell), 10_000);
        kept.truncate(4_000);
        assert_eq!(waiting(&bell), 4_000, "a dropped listener takes its waker along");
        bell.ring();
        assert_eq!((count.0.load(Ordering::SeqCst), waiting(&bell)), (4_000, 0));
        assert!(kept.iter_mut().all(|heard| poll(heard, &waker).is_ready()));
        drop(kept);
        drop(waker);
        assert_eq!((Arc::strong_count(&count), Arc::strong_count(&bell.tower)), (1, 1));
    }

    #[test]
    fn a_waker_that_panics_keeps_no_other_listener_from_hearing() {
        let bell = Bell::new();
        let count = Arc::new(Count::default());
        let wakers = [Waker::from(Arc::new(Panics)), Waker::from(Arc::clone(&count))];
        let mut listeners: Vec<_> = (0..10).map(|_| bell.listen()).collect();
        for (heard, waker) in listeners.iter_mut().zip(wakers.iter().cycle()) {
            assert!(poll(heard, waker).is_pending());
        }
        catch_unwind(AssertUnwindSafe(|| bell.ring())).unwrap();
        assert_eq!(count.0.load(Ordering::SeqCst), 5);
        assert!(listeners.iter_mut().all(|heard| poll(heard, Waker::noop()).is_ready()));
    }

    #[test]
    fn no_ring_of_several_threads_is_lost() {
        const RINGS: u64 = 2_000;
        let bell = Bell::new();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..RINGS).for_each(|_| bell.ring()));
            }
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let heard = bell.listen();
                        // The test listens first and checks then; otherwise it could miss the last ring.
                        if bell.tower.lock().rings == 4 * RINGS {
                            break;
                        }
                        heard.wait();
                    }
                });
            }
        });
        assert_eq!(waiting(&bell), 0);
    }
}
