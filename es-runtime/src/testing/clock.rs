use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, ClockGuard, Timestamp, set_clock};

/// A clock that stands still until a test moves it. Clones of a clock show the same time.
///
/// ```
#[doc = include_str!("account.txt")]
/// use std::time::Duration;
/// use es_runtime::testing::ManualClock;
///
/// let clock = ManualClock::default();
/// let _guard = clock.install();
/// let mut account = Account::open("Ann".into());
/// clock.advance(Duration::from_secs(60));
/// account.deposit(10);
/// assert_eq!(account.created_at(), ManualClock::START);
/// assert_eq!(account.modified_at(), ManualClock::START + Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
#[must_use = "the thread keeps its own clock until `install`"]
pub struct ManualClock {
    micros: Arc<AtomicI64>,
}

impl ManualClock {
    /// The time at which a default clock starts: 2025-01-01T00:00:00Z.
    ///
    /// ```
    /// use es_runtime::testing::ManualClock;
    /// assert_eq!(ManualClock::START.to_string(), "2025-01-01T00:00:00.000000Z");
    /// ```
    pub const START: Timestamp = Timestamp::from_micros(1_735_689_600_000_000);

    /// Makes a clock that shows `moment`.
    ///
    /// ```
    /// use es_runtime::clock::{Clock, Timestamp};
    /// use es_runtime::testing::ManualClock;
    /// let clock = ManualClock::at(Timestamp::from_micros(5));
    /// assert_eq!(clock.now(), Timestamp::from_micros(5));
    /// ```
    pub fn at(moment: Timestamp) -> Self {
        Self { micros: Arc::new(AtomicI64::new(moment.as_micros())) }
    }

    /// Sets the clock, forward or back.
    ///
    /// ```
    /// use es_runtime::clock::{Clock, Timestamp};
    /// use es_runtime::testing::ManualClock;
    /// let clock = ManualClock::default();
    /// clock.set(Timestamp::from_micros(7));
    /// assert_eq!(clock.now(), Timestamp::from_micros(7));
    /// ```
    pub fn set(&self, moment: Timestamp) {
        self.micros.store(moment.as_micros(), Ordering::SeqCst);
    }

    /// Moves the clock forward.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_runtime::clock::{Clock, Timestamp};
    /// use es_runtime::testing::ManualClock;
    /// let clock = ManualClock::at(Timestamp::from_micros(5));
    /// clock.advance(Duration::from_micros(2));
    /// assert_eq!(clock.now(), Timestamp::from_micros(7));
    /// ```
    pub fn advance(&self, duration: Duration) {
        self.set(self.now() + duration);
    }

    /// Makes events recorded on this thread take their time from this clock, until the guard is dropped.
    ///
    /// ```
    #[doc = include_str!("account.txt")]
    /// use es_runtime::testing::ManualClock;
    /// let guard = ManualClock::default().install();
    /// assert_eq!(Account::open("Ann".into()).created_at(), ManualClock::START);
    /// drop(guard);
    /// assert!(Account::open("Ann".into()).created_at() > ManualClock::START);
    /// ```
    #[must_use = "the clock is set back when the guard is dropped"]
    pub fn install(&self) -> ClockGuard {
        set_clock(self.clone())
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::at(Self::START)
    }
}
