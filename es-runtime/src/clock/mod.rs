//! Time: microseconds since the epoch, read from a clock that can be replaced.

mod timestamp;
pub mod rfc3339;
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
mod bridges;

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::SystemTime;

pub use self::rfc3339::InvalidTimestamp;
pub use self::timestamp::Timestamp;
use crate::overrides::{OverrideKey, Overrides};

/// The source of the time at which an event is recorded.
///
/// Set a clock with [`set_clock`]: for a test, or to import events that happened long ago.
pub trait Clock {
    /// Returns the current moment.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

thread_local! {
    static CLOCKS: Overrides<Rc<dyn Clock>> = const { Overrides::new() };
    // True if the thread has a clock. The flag needs no destructor, so reading it costs next to nothing.
    static IS_SET: Cell<bool> = const { Cell::new(false) };
}

/// Sets the clock for events recorded on this thread, until the guard is dropped.
///
/// The clock stays on its thread. So does the guard, which is not `Send`. A spawned task cannot hold the guard across
/// an `.await`, and its work on another thread uses the time of the system. Set the clock around the command, which
/// awaits nothing, or use a runtime of one thread.
///
/// ```
/// use es_runtime::clock::{Timestamp, set_clock};
/// # use es_runtime::{aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// let long_ago = Timestamp::from_micros(0);
/// let guard = set_clock(move || long_ago);
/// assert_eq!(Account::open().created_at(), long_ago);
/// drop(guard);
/// assert!(Account::open().created_at() > long_ago);
/// ```
#[must_use = "the clock is set back when the guard is dropped"]
pub fn set_clock(clock: impl Clock + 'static) -> ClockGuard {
    let guard = ClockGuard { key: CLOCKS.with(|clocks| clocks.set(Rc::new(clock))), thread: PhantomData };
    IS_SET.set(true);
    guard
}

/// The guard of a clock; dropping it restores the clock that was set before.
pub struct ClockGuard {
    key: OverrideKey,
    // A clock belongs to its thread, and so does the guard.
    thread: PhantomData<Rc<()>>,
}

impl fmt::Debug for ClockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClockGuard").finish_non_exhaustive()
    }
}

impl Drop for ClockGuard {
    fn drop(&mut self) {
        // A thread that is about to end has no clock to restore.
        IS_SET.set(CLOCKS.try_with(|clocks| clocks.unset(&self.key)).unwrap_or(false));
    }
}

impl Timestamp {
    /// Returns the current time, by the clock that is [set](set_clock) or by the clock of the system.
    ///
    /// Meant for a command that decides by the time. A method with `#[event]` reads the time of its event from the
    /// [`Envelope`](crate::Envelope): replay applies old events, whose time is not now.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use es_runtime::clock::{Timestamp, set_clock};
    ///
    /// fn is_overdue(due: Timestamp) -> bool {
    ///     Timestamp::now() > due + Duration::from_secs(30 * 24 * 60 * 60)
    /// }
    ///
    /// let due = Timestamp::from_micros(1_763_640_000_000_000);
    /// let _guard = set_clock(move || due + Duration::from_secs(60));
    /// assert!(!is_overdue(due));
    /// ```
    pub fn now() -> Self {
        if IS_SET.get()
            && let Ok(Some(clock)) = CLOCKS.try_with(Overrides::current)
        {
            return clock.now();
        }
        SystemTime::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_nest_and_are_set_back() {
        let one = set_clock(|| Timestamp::from_micros(1));
        let two = set_clock(|| Timestamp::from_micros(2));
        assert_eq!(Timestamp::now(), Timestamp::from_micros(2));
        drop(two);
        assert_eq!(Timestamp::now(), Timestamp::from_micros(1));
        drop(one);
        assert!(Timestamp::now() > Timestamp::from_micros(2));
    }

    #[test]
    fn each_guard_takes_back_its_own_clock() {
        let one = set_clock(|| Timestamp::from_micros(1));
        let two = set_clock(|| Timestamp::from_micros(2));
        drop(one);
        assert_eq!(Timestamp::now(), Timestamp::from_micros(2));
        drop(two);
        assert!(Timestamp::now() > Timestamp::from_micros(2));
    }
}
