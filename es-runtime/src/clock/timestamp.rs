use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment, to the microsecond.
///
/// ```
/// use std::time::Duration;
///
/// use es_runtime::clock::Timestamp;
///
/// let noon: Timestamp = "2025-11-20T12:00:00Z".parse()?;
/// let later = noon + Duration::from_secs(90);
/// assert_eq!(later.to_string(), "2025-11-20T12:01:30.000000Z");
/// assert_eq!(later - noon, Duration::from_secs(90));
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// **Arithmetic** never panics. A sum stops at [`Timestamp::MIN`] or [`Timestamp::MAX`], nearly 300,000 years away.
/// Durations are cut to whole microseconds. The difference of two moments is zero if the second moment is later;
/// [`checked_since`](Self::checked_since) distinguishes the two cases.
///
/// **Stored** as a number, the microseconds since 1970. A field with `#[serde(with = "es_runtime::clock::rfc3339")]` is
/// [text](super::rfc3339) instead.
///
/// **Other crates**: `From` converts to and from [`SystemTime`], and, with the features `chrono`, `jiff` and `time`,
/// the moments of these crates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first moment that fits.
    pub const MIN: Self = Self(i64::MIN);

    /// The last moment that fits.
    pub const MAX: Self = Self(i64::MAX);

    /// Returns the moment this many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Adds a duration, or returns `None` beyond [`Timestamp::MAX`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use es_runtime::clock::Timestamp;
    ///
    /// let [one, second] = [1, 1_000_001].map(Timestamp::from_micros);
    /// assert_eq!(one.checked_add(Duration::from_secs(1)), Some(second));
    /// assert_eq!(Timestamp::MAX.checked_add(Duration::from_secs(1)), None);
    /// ```
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add_unsigned(u64::try_from(duration.as_micros()).ok()?).map(Self)
    }

    /// Subtracts a duration, or returns `None` beyond [`Timestamp::MIN`].
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub_unsigned(u64::try_from(duration.as_micros()).ok()?).map(Self)
    }

    /// Returns the duration from `earlier` to this moment, or `None` if `earlier` is later.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use es_runtime::clock::Timestamp;
    ///
    /// let [one, other] = [1, 8].map(Timestamp::from_micros);
    /// assert_eq!(other.checked_since(one), Some(Duration::from_micros(7)));
    /// assert_eq!(one.checked_since(other), None);
    /// assert_eq!(one - other, Duration::ZERO);
    /// ```
    pub fn checked_since(self, earlier: Self) -> Option<Duration> {
        // The distance of any two moments fits an unsigned number, though not a signed one.
        (self >= earlier).then(|| Duration::from_micros(self.0.abs_diff(earlier.0)))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Adds a duration, and stops at [`Timestamp::MAX`].
    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    /// Subtracts a duration, and stops at [`Timestamp::MIN`].
    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).unwrap_or(Self::MIN)
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    /// Returns zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        self.checked_since(earlier).unwrap_or_default()
    }
}

impl AddAssign<Duration> for Timestamp {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl SubAssign<Duration> for Timestamp {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl From<SystemTime> for Timestamp {
    /// Cuts the time to the microsecond that has begun, and stops at the first and the last timestamp.
    #[inline]
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self(0) + since,
            // Before 1970, the microsecond that has begun is further away from 1970.
            Err(before) => Self(0) - before.duration().saturating_add(Duration::from_nanos(999)),
        }
    }
}

impl From<Timestamp> for SystemTime {
    /// Stops at the first and the last moment of the system's clock, if its range is smaller.
    fn from(timestamp: Timestamp) -> Self {
        let distance = Duration::from_micros(timestamp.0.unsigned_abs());
        if timestamp.0 < 0 {
            step(UNIX_EPOCH, distance, |time, part| time.checked_sub(part))
        } else {
            step(UNIX_EPOCH, distance, |time, part| time.checked_add(part))
        }
    }
}

/// Moves a time by a distance, or as far as `move_by` goes.
fn step<T: Copy>(from: T, distance: Duration, move_by: impl Fn(T, Duration) -> Option<T>) -> T {
    move_by(from, distance).unwrap_or_else(|| {
        let parts = (0..64).rev().map(|bit| Duration::from_micros(1 << bit));
        parts.fold(from, |at, part| move_by(at, part).unwrap_or(at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn micros(number: i64) -> Timestamp {
        Timestamp::from_micros(number)
    }

    #[test]
    fn sums_stop_at_the_first_and_the_last_moment() {
        let far = Duration::from_micros(u64::MAX);
        assert_eq!(micros(5) + Duration::from_nanos(1_999), micros(6));
        assert_eq!(micros(5) - Duration::from_nanos(1_999), micros(4));
        assert_eq!((micros(-3) + Duration::MAX, micros(3) - Duration::MAX), (Timestamp::MAX, Timestamp::MIN));
        assert_eq!((Timestamp::MIN + far, Timestamp::MAX - far), (Timestamp::MAX, Timestamp::MIN));
        assert_eq!((micros(0).checked_add(far), micros(0).checked_sub(Duration::MAX)), (None, None));
        let mut moved = micros(1);
        moved += Duration::from_secs(1);
        moved -= Duration::from_micros(2);
        assert_eq!(moved, micros(999_999));
    }

    #[test]
    fn the_difference_of_any_two_moments_is_a_duration() {
        assert_eq!(Timestamp::MAX - Timestamp::MIN, Duration::from_micros(u64::MAX));
        assert_eq!(Timestamp::MIN - Timestamp::MAX, Duration::ZERO);
        assert_eq!(micros(1).checked_since(micros(1)), Some(Duration::ZERO));
    }

    #[test]
    fn a_system_time_is_cut_to_the_microsecond_that_has_begun() {
        let nanos = Duration::from_nanos;
        for (time, expected) in [
            (UNIX_EPOCH + nanos(1_500), 1),
            (UNIX_EPOCH, 0),
            (UNIX_EPOCH - nanos(1), -1),
            (UNIX_EPOCH - nanos(1_000), -1),
            (UNIX_EPOCH - nanos(1_001), -2),
        ] {
            assert_eq!(Timestamp::from(time), micros(expected));
        }
    }

    #[test]
    fn a_timestamp_survives_the_way_through_the_system_time() {
        for number in [i64::MIN, -1_000_001, -1, 0, 1, 1_763_640_000_123_456, i64::MAX] {
            let time = SystemTime::from(micros(number));
            assert_eq!(Timestamp::from(time), micros(number));
        }
    }

    #[test]
    fn a_clock_that_knows_fewer_moments_stops_at_its_last_one() {
        let narrow = |at: u64, part: Duration| {
            let end = at.checked_add(u64::try_from(part.as_micros()).ok()?)?;
            (end <= 1_234_567).then_some(end)
        };
        assert_eq!(step(0, Duration::from_secs(1), narrow), 1_000_000);
        assert_eq!(step(0, Duration::MAX, narrow), 1_234_567);
    }
}
