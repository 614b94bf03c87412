//! Time: microseconds since the epoch, read from a clock that can be replaced.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::overrides::{OverrideKey, Overrides};

/// A moment, to the microsecond.
///
/// ```
/// use es_runtime::clock::Timestamp;
/// let moment = Timestamp::from_micros(1_763_640_000_123_456);
/// assert_eq!(moment.to_string(), "2025-11-20T12:00:00.123456Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` it is; nothing if it is before that.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use es_runtime::clock::Timestamp;
    ///
    /// let (one, other) = (Timestamp::from_micros(1), Timestamp::from_micros(8));
    /// assert_eq!(other.since(one), Duration::from_micros(7));
    /// assert_eq!(one.since(other), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        // The difference of any two fits, though not with a sign.
        if self > earlier { Duration::from_micros(self.0.abs_diff(earlier.0)) } else { Duration::ZERO }
    }

    fn date_time(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date_time() {
            Some(moment) => f.write_str(&moment.to_rfc3339_opts(SecondsFormat::Micros, true)),
            None => write!(f, "{} µs since 1970", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl From<SystemTime> for Timestamp {
    #[inline]
    fn from(time: SystemTime) -> Self {
        let (sign, distance) = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => (1, since),
            Err(before) => (-1, before.duration()),
        };
        Self(sign * i64::try_from(distance.as_micros()).unwrap_or(i64::MAX))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment.timestamp_micros())
    }
}

impl TryFrom<Timestamp> for DateTime<Utc> {
    type Error = Timestamp;

    /// Fails, giving the timestamp back, some 260,000 years from now.
    fn try_from(timestamp: Timestamp) -> Result<Self, Self::Error> {
        timestamp.date_time().ok_or(timestamp)
    }
}

/// Tells the time at which an event is recorded.
///
/// Set one with [`set_clock`]: for a test, or to import events that happened long ago.
pub trait Clock {
    /// The current moment.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

thread_local! {
    static CLOCKS: Overrides<Rc<dyn Clock>> = const { Overrides::new() };
    // Whether there is any. It needs no destructor, so reading it costs next to nothing.
    static IS_SET: Cell<bool> = const { Cell::new(false) };
}

/// Makes events recorded on this thread take their time from `clock`, until the guard is dropped.
///
/// The clock stays on its thread, and so does the guard, which is not `Send`: a task that is spawned cannot hold it across an
/// `.await`, and what it does on another thread takes the system's time. Set the clock around the command, which awaits
/// nothing, or use a runtime of one thread.
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

/// Takes the clock back when dropped: the one set before it counts again.
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
        // Nothing to take back when the thread is about to end.
        IS_SET.set(CLOCKS.try_with(|clocks| clocks.unset(&self.key)).unwrap_or(false));
    }
}

/// The time now, by the clock that is [set](set_clock) or by that of the system.
///
/// For a command that decides by the time. A method with `#[event]` is given the time of its event by the
/// [`Envelope`](crate::Envelope): when it applies an old event, now is another time.
///
/// ```
/// use std::time::Duration;
///
/// use es_runtime::clock::{Timestamp, now, set_clock};
///
/// fn is_overdue(due: Timestamp) -> bool {
///     now().since(due) > Duration::from_secs(30 * 24 * 60 * 60)
/// }
///
/// let due = Timestamp::from_micros(1_763_640_000_000_000);
/// let _guard = set_clock(move || due.after(Duration::from_secs(60)));
/// assert!(!is_overdue(due));
/// ```
pub fn now() -> Timestamp {
    if IS_SET.get()
        && let Ok(Some(clock)) = CLOCKS.try_with(Overrides::current)
    {
        return clock.now();
    }
    SystemTime::now().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_before_the_epoch_are_negative() {
        let before = UNIX_EPOCH - Duration::from_micros(5);
        assert_eq!(Timestamp::from(before), Timestamp::from_micros(-5));
    }

    #[test]
    fn every_number_can_be_shown() {
        for micros in [i64::MIN, -1, 0, i64::MAX] {
            assert!(!Timestamp::from_micros(micros).to_string().is_empty());
        }
        assert_eq!(Timestamp::from_micros(i64::MAX).after(Duration::MAX), Timestamp::from_micros(i64::MAX));
    }

    #[test]
    fn the_distance_of_any_two_moments_can_be_told() {
        let [first, last] = [i64::MIN, i64::MAX].map(Timestamp::from_micros);
        assert_eq!(last.since(first), Duration::from_micros(u64::MAX));
        assert_eq!(first.since(last), Duration::ZERO);
    }

    #[test]
    fn clocks_nest_and_are_set_back() {
        let one = set_clock(|| Timestamp::from_micros(1));
        let two = set_clock(|| Timestamp::from_micros(2));
        assert_eq!(now(), Timestamp::from_micros(2));
        drop(two);
        assert_eq!(now(), Timestamp::from_micros(1));
        drop(one);
        assert!(now() > Timestamp::from_micros(2));
    }

    #[test]
    fn each_guard_takes_back_its_own_clock() {
        let one = set_clock(|| Timestamp::from_micros(1));
        let two = set_clock(|| Timestamp::from_micros(2));
        drop(one);
        assert_eq!(now(), Timestamp::from_micros(2));
        drop(two);
        assert!(now() > Timestamp::from_micros(2));
    }
}
