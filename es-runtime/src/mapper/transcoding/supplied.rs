use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

#[cfg(feature = "chrono")]
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use uuid::Uuid;

use super::Transcoding;

/// UUIDs as 32 hexadecimal digits, under the name `uuid_hex`.
#[derive(Clone, Copy, Debug)]
pub struct UuidAsHex;

impl Transcoding for UuidAsHex {
    type Value = Uuid;
    type Data = String;
    type Error = uuid::Error;
    const NAME: &'static str = "uuid_hex";

    fn encode(value: &Uuid) -> String {
        value.simple().to_string()
    }

    fn decode(data: String) -> Result<Uuid, uuid::Error> {
        Uuid::try_parse(&data)
    }
}

/// Moments of `chrono` as ISO 8601, under the name `datetime_iso`: `2025-11-20T12:00:00Z`.
#[cfg(feature = "chrono")]
#[derive(Clone, Copy, Debug)]
pub struct DateTimeAsIso;

#[cfg(feature = "chrono")]
impl Transcoding for DateTimeAsIso {
    type Value = DateTime<Utc>;
    type Data = String;
    type Error = chrono::ParseError;
    const NAME: &'static str = "datetime_iso";

    fn encode(value: &DateTime<Utc>) -> String {
        value.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }

    fn decode(data: String) -> Result<DateTime<Utc>, chrono::ParseError> {
        data.parse()
    }
}

/// Dates of `chrono` as ISO 8601, under the name `date_iso`: `2025-11-20`.
#[cfg(feature = "chrono")]
#[derive(Clone, Copy, Debug)]
pub struct DateAsIso;

#[cfg(feature = "chrono")]
impl Transcoding for DateAsIso {
    type Value = NaiveDate;
    type Data = String;
    type Error = chrono::ParseError;
    const NAME: &'static str = "date_iso";

    fn encode(value: &NaiveDate) -> String {
        value.to_string()
    }

    fn decode(data: String) -> Result<NaiveDate, chrono::ParseError> {
        data.parse()
    }
}

/// Decimals of any crate as text, under the name `decimal_str`: `DecimalAsStr<rust_decimal::Decimal>`.
///
/// The type has to write all its digits with `Display`, and to read them with `FromStr`.
#[derive(Clone, Copy, Debug)]
pub struct DecimalAsStr<T>(PhantomData<T>);

impl<T: Display + FromStr<Err: Display>> Transcoding for DecimalAsStr<T> {
    type Value = T;
    type Data = String;
    type Error = T::Err;
    const NAME: &'static str = "decimal_str";

    fn encode(value: &T) -> String {
        value.to_string()
    }

    fn decode(data: String) -> Result<T, T::Err> {
        data.parse()
    }
}
