//! Timestamps as text: `2025-11-20T12:00:00.123456Z`, for `#[serde(with = "es_runtime::clock::rfc3339")]`.
//!
//! The text is RFC 3339 in UTC, to the microsecond. A year beyond 9999 or before 0 has a sign, as in ISO 8601: so every
//! timestamp has a text, which reads back as the same timestamp. Reading takes any offset, cuts digits after the sixth,
//! and reads a leap second as the second after it.
//!
//! ```
//! use es_runtime::clock::{Timestamp, rfc3339};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Invoice {
//!     #[serde(with = "rfc3339")]
//!     due: Timestamp,
//!     #[serde(with = "rfc3339::option", default)]
//!     paid: Option<Timestamp>,
//! }
//!
//! let invoice: Invoice = serde_json::from_str(r#"{"due":"2025-11-20T13:00:00+01:00"}"#)?;
//! let json = serde_json::to_string(&invoice)?;
//! assert_eq!(json, r#"{"due":"2025-11-20T12:00:00.000000Z","paid":null}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serializer, de};

use super::Timestamp;
use crate::error::{Error, ErrorKind};

const MICROS: i64 = 1_000_000;
const SECONDS: i64 = 24 * 60 * 60;

/// Writes a timestamp as text.
///
/// # Errors
///
/// The errors of the serializer.
pub fn serialize<S: Serializer>(timestamp: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(timestamp)
}

/// Reads a timestamp from text.
///
/// # Errors
///
/// If the value is no text, or the text is no timestamp.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// Optional timestamps as text or null.
///
/// Add `default` to the field, too, if rows without it exist.
pub mod option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::clock::Timestamp;

    #[derive(Serialize, Deserialize)]
    struct Text(#[serde(with = "super")] Timestamp);

    /// Writes a timestamp as text, or nothing as null.
    ///
    /// # Errors
    ///
    /// The errors of the serializer.
    pub fn serialize<S: Serializer>(timestamp: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        timestamp.map(Text).serialize(serializer)
    }

    /// Reads a timestamp from text, or nothing from null.
    ///
    /// # Errors
    ///
    /// If the value is neither text nor null, or the text is no timestamp.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Text>::deserialize(deserializer)?.map(|text| text.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.as_micros().div_euclid(MICROS), self.as_micros().rem_euclid(MICROS));
        let (day, second) = (seconds.div_euclid(SECONDS), seconds.rem_euclid(SECONDS));
        let (year, month, day) = date(day);
        if (0..=9_999).contains(&year) {
            write!(f, "{year:04}")?;
        } else {
            write!(f, "{year:+05}")?;
        }
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        parse(text).ok_or_else(|| InvalidTimestamp { text: text.chars().take(100).collect() })
    }
}

/// A text that is no [`Timestamp`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTimestamp {
    /// The beginning of the text.
    text: String,
}

impl fmt::Display for InvalidTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no timestamp; a timestamp is written as `2025-11-20T12:00:00.123456Z`", self.text)
    }
}

impl std::error::Error for InvalidTimestamp {}

impl From<InvalidTimestamp> for Error {
    fn from(error: InvalidTimestamp) -> Self {
        Self::new(ErrorKind::Invalid, error.to_string()).with_source(error)
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = Rest(text.as_bytes());
    let sign = rest.one_of(b"+-");
    let (year, digits) = rest.digits();
    let year = match sign {
        None if digits == 4 => year,
        Some(b'+') if (4..=6).contains(&digits) => year,
        Some(b'-') if (4..=6).contains(&digits) => -year,
        _ => return None,
    };
    let (month, day) = (rest.pair(b'-')?, rest.pair(b'-')?);
    let days = days(year, month, day);
    rest.one_of(b"Tt ")?;
    let (hour, minute, second) = (rest.two()?, rest.pair(b':')?, rest.pair(b':')?);
    let micros = if rest.one_of(b".").is_some() { rest.fraction()? } else { 0 };
    let offset = match rest.one_of(b"Zz+-")? {
        b'Z' | b'z' => 0,
        sign => {
            let (hours, minutes) = (rest.two()?, rest.pair(b':')?);
            let offset = hours * 3_600 + minutes * 60;
            (hours < 24 && minutes < 60).then_some(if sign == b'-' { -offset } else { offset })?
        }
    };
    let is_date = date(days) == (year, month, day);
    if !(is_date && hour < 24 && minute < 60 && second <= 60 && rest.0.is_empty()) {
        return None;
    }
    let seconds = days * SECONDS + hour * 3_600 + minute * 60 + second - offset;
    // The second of `Timestamp::MIN` begins before the first `i64`, so the sum needs an `i128`.
    i64::try_from(i128::from(seconds) * i128::from(MICROS) + i128::from(micros))
        .ok()
        .map(Timestamp::from_micros)
}

/// The unread part of a text.
struct Rest<'t>(&'t [u8]);

impl Rest<'_> {
    fn one_of(&mut self, any: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        any.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Reads all digits that follow, and counts them; the value of too many digits is of no use.
    fn digits(&mut self) -> (i64, usize) {
        let (mut value, mut count) = (0_i64, 0);
        while let Some(digit) = self.one_of(b"0123456789") {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            count += 1;
        }
        (value, count)
    }

    fn two(&mut self) -> Option<i64> {
        let (value, count) = self.digits();
        (count == 2).then_some(value)
    }

    fn pair(&mut self, before: u8) -> Option<i64> {
        self.one_of(&[before])?;
        self.two()
    }

    /// Reads the digits after the point as microseconds, and cuts smaller ones.
    fn fraction(&mut self) -> Option<i64> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        let padded = digits.iter().chain([b'0'; 6].iter()).take(6);
        (count > 0).then(|| padded.fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0')))
    }
}

/// Returns the day of a date, counted from 1970-01-01. Years begin in March here, so a leap day is the last day of its
/// year.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Returns the year, month and day of a day counted from 1970-01-01.
const fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + if month <= 2 { 1 } else { 0 }, month, day)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate, SecondsFormat};
    use proptest::prelude::*;

    use super::*;

    fn micros(text: &str) -> Option<i64> {
        text.parse().ok().map(Timestamp::as_micros)
    }

    #[test]
    fn every_day_of_twelve_centuries_is_that_of_chrono() {
        let first = NaiveDate::from_ymd_opt(1600, 1, 1).unwrap();
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for day in first.iter_days().take_while(|day| *day < NaiveDate::from_ymd_opt(2800, 1, 1).unwrap()) {
            let number = (day - epoch).num_days();
            let (year, month, date) = date(number);
            assert_eq!(format!("{year}-{month:02}-{date:02}"), day.to_string());
            assert_eq!(days(year, month, date), number);
        }
    }

    proptest! {
        #[test]
        fn every_timestamp_is_read_from_its_text(number: i64) {
            let text = Timestamp::from_micros(number).to_string();
            prop_assert_eq!(micros(&text), Some(number), "{}", text);
        }

        #[test]
        fn texts_are_those_of_chrono(number in -8_000_000_000_000_000_000..8_000_000_000_000_000_000_i64, hours in -23..24_i32) {
            let moment = DateTime::from_timestamp_micros(number).unwrap();
            let text = moment.to_rfc3339_opts(SecondsFormat::Micros, true);
            prop_assert_eq!(Timestamp::from_micros(number).to_string(), text);
            let zone = chrono::FixedOffset::east_opt(hours * 3_600 + 60 * 30 * hours.signum()).unwrap();
            let elsewhere = moment.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Nanos, true);
            prop_assert_eq!(micros(&elsewhere), Some(number), "{}", elsewhere);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+]?[0-9]{0,7}-[0-9]{1,2}-[0-9]{1,2}[Tt ][0-9:.]{0,20}[Zz+-]?[0-9:]{0,6}") {
            if let Some(number) = micros(&text) {
                prop_assert_eq!(micros(&Timestamp::from_micros(number).to_string()), Some(number));
            }
        }
    }

    #[test]
    fn the_first_and_the_last_timestamp_have_a_text() {
        assert_eq!(Timestamp::MIN.to_string(), "-290308-12-21T19:59:05.224192Z");
        assert_eq!(Timestamp::MAX.to_string(), "+294247-01-10T04:00:54.775807Z");
        assert_eq!(micros("+294247-01-10T04:00:54.775808Z"), None);
        assert_eq!(micros("-290308-12-21T19:59:05.224191Z"), None);
        assert_eq!(
            micros("-0001-12-31T23:59:59Z").unwrap() + MICROS,
            micros("0000-01-01T00:00:00Z").unwrap()
        );
    }

    #[test]
    fn reading_takes_all_that_the_format_allows() {
        let noon = Some(1_763_640_000_000_000);
        for text in [
            "2025-11-20T12:00:00Z",
            "2025-11-20t12:00:00z",
            "2025-11-20 12:00:00.0Z",
            "2025-11-20T13:30:00+01:30",
            "2025-11-19T23:00:00-13:00",
            "2025-11-20T11:59:60Z",
            "2025-11-20T12:00:00.000000999999999999999999999Z",
            "+2025-11-20T12:00:00Z",
        ] {
            assert_eq!(micros(text), noon, "{text}");
        }
        assert_eq!(micros("1969-12-31T23:59:59.9999999Z"), Some(-1));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "noon",
            "2025-11-20",
            "2025-11-20T12:00:00",
            "2025-11-20T12:00Z",
            "2025-11-20T12:00:00.Z",
            "2025-11-20T12:00:00Z ",
            "2025-11-20T12:00:00+1:00",
            "2025-11-20T12:00:00+24:00",
            "2025-11-20T12:00:00+01:60",
            "2025-11-20T24:00:00Z",
            "2025-11-20T12:60:00Z",
            "2025-11-20T12:00:61Z",
            "2025-11-31T12:00:00Z",
            "2025-00-20T12:00:00Z",
            "2025-13-20T12:00:00Z",
            "2025-11-00T12:00:00Z",
            "2025-02-29T12:00:00Z",
            "25-11-20T12:00:00Z",
            "12025-11-20T12:00:00Z",
            "99999999999999999999-11-20T12:00:00Z",
            "2025-11-20T12:00:00é",
        ] {
            assert_eq!(
                text.parse::<Timestamp>().unwrap_err().to_string(),
                format!("{text:?} is no timestamp; a timestamp is written as `2025-11-20T12:00:00.123456Z`")
            );
        }
        assert_eq!(micros("2024-02-29T00:00:00Z"), Some(1_709_164_800_000_000));
    }
}
