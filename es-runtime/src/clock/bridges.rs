//! Timestamps to and from the moments of other crates, one feature each.
//!
//! A conversion cuts a moment to the microsecond that has begun. Beyond the years that the other side knows, the moment
//! becomes the first or the last one there: no conversion fails.

use super::Timestamp;

#[cfg(feature = "chrono")]
impl<Z: chrono::TimeZone> From<chrono::DateTime<Z>> for Timestamp {
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use es_runtime::clock::Timestamp;
    ///
    /// let moment = DateTime::<Utc>::from(Timestamp::from_micros(1_763_640_000_123_456));
    /// assert_eq!(moment.to_string(), "2025-11-20 12:00:00.123456 UTC");
    /// assert_eq!(Timestamp::from(moment), Timestamp::from_micros(1_763_640_000_123_456));
    /// ```
    fn from(moment: chrono::DateTime<Z>) -> Self {
        Self::from_micros(moment.timestamp_micros())
    }
}

#[cfg(feature = "chrono")]
impl From<Timestamp> for chrono::DateTime<chrono::Utc> {
    fn from(timestamp: Timestamp) -> Self {
        let beyond = if timestamp.as_micros() < 0 { Self::MIN_UTC } else { Self::MAX_UTC };
        Self::from_timestamp_micros(timestamp.as_micros()).unwrap_or(beyond)
    }
}

#[cfg(feature = "jiff")]
impl From<jiff::Timestamp> for Timestamp {
    /// ```
    /// use es_runtime::clock::Timestamp;
    ///
    /// let moment = jiff::Timestamp::from(Timestamp::from_micros(1_763_640_000_123_456));
    /// assert_eq!(moment.to_string(), "2025-11-20T12:00:00.123456Z");
    /// assert_eq!(Timestamp::from(moment), Timestamp::from_micros(1_763_640_000_123_456));
    /// ```
    fn from(moment: jiff::Timestamp) -> Self {
        from_nanos(moment.as_nanosecond())
    }
}

#[cfg(feature = "jiff")]
impl From<Timestamp> for jiff::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        let beyond = if timestamp.as_micros() < 0 { Self::MIN } else { Self::MAX };
        Self::from_microsecond(timestamp.as_micros()).unwrap_or(beyond)
    }
}

#[cfg(feature = "time")]
impl From<time::OffsetDateTime> for Timestamp {
    /// ```
    /// use es_runtime::clock::Timestamp;
    /// use time::OffsetDateTime;
    ///
    /// let moment = OffsetDateTime::from(Timestamp::from_micros(1_763_640_000_123_456));
    /// assert_eq!(moment.to_string(), "2025-11-20 12:00:00.123456 +00:00:00");
    /// assert_eq!(Timestamp::from(moment), Timestamp::from_micros(1_763_640_000_123_456));
    /// ```
    fn from(moment: time::OffsetDateTime) -> Self {
        from_nanos(moment.unix_timestamp_nanos())
    }
}

#[cfg(feature = "time")]
impl From<Timestamp> for time::OffsetDateTime {
    fn from(timestamp: Timestamp) -> Self {
        let beyond = if timestamp.as_micros() < 0 {
            time::PrimitiveDateTime::MIN
        } else {
            time::PrimitiveDateTime::MAX
        };
        let nanos = i128::from(timestamp.as_micros()) * 1_000;
        Self::from_unix_timestamp_nanos(nanos).unwrap_or(beyond.assume_utc())
    }
}

#[cfg(any(feature = "jiff", feature = "time"))]
fn from_nanos(nanos: i128) -> Timestamp {
    let beyond = if nanos < 0 { Timestamp::MIN } else { Timestamp::MAX };
    i64::try_from(nanos.div_euclid(1_000)).map_or(beyond, Timestamp::from_micros)
}

#[cfg(all(test, feature = "chrono", feature = "jiff", feature = "time"))]
mod tests {
    use chrono::{DateTime, Utc};
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn moments_survive_the_way_through_each_crate() {
        for number in [-1_000_001, -1, 0, 1, 1_763_640_000_123_456] {
            let moment = Timestamp::from_micros(number);
            assert_eq!(Timestamp::from(DateTime::<Utc>::from(moment)), moment);
            assert_eq!(Timestamp::from(jiff::Timestamp::from(moment)), moment);
            assert_eq!(Timestamp::from(OffsetDateTime::from(moment)), moment);
        }
    }

    #[test]
    fn parts_of_a_microsecond_are_cut_alike_by_all() {
        for (nanos, micros) in [(1_999, 1), (-1, -1), (-1_000, -1), (-1_001, -2)] {
            let expected = Timestamp::from_micros(micros);
            assert_eq!(Timestamp::from(DateTime::from_timestamp_nanos(nanos)), expected);
            assert_eq!(Timestamp::from(jiff::Timestamp::from_nanosecond(nanos.into()).unwrap()), expected);
            assert_eq!(
                Timestamp::from(OffsetDateTime::from_unix_timestamp_nanos(nanos.into()).unwrap()),
                expected
            );
        }
    }

    #[test]
    fn moments_beyond_the_years_of_a_crate_become_its_first_or_last() {
        let (first, last) = (Timestamp::MIN, Timestamp::MAX);
        assert_eq!(
            (DateTime::<Utc>::from(first), DateTime::<Utc>::from(last)),
            (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC)
        );
        assert_eq!(
            (jiff::Timestamp::from(first), jiff::Timestamp::from(last)),
            (jiff::Timestamp::MIN, jiff::Timestamp::MAX)
        );
        assert!(OffsetDateTime::from(first).year() <= -9_999);
        assert!(OffsetDateTime::from(last).year() >= 9_999);
        for moment in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(
                DateTime::<Utc>::from(Timestamp::from(moment)).timestamp_micros(),
                moment.timestamp_micros()
            );
        }
    }
}
