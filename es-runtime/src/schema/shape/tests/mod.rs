//! Shapes of real types.
#![allow(dead_code, reason = "the types are only traced")]

mod attributes;
mod buffered;
mod limits;
mod nasty;
mod odd;
mod opaque;
mod repeats;
mod stored;
mod types;

use super::*;
use serde::{Deserialize, Deserializer, Serialize};

#[track_caller]
fn check<T: DeserializeOwned>(lines: &str) {
    compare(&trace::<T>(), lines, &[]);
}

#[track_caller]
fn check_stored<T: Serialize + DeserializeOwned>(lines: &str, problems: &[&str]) {
    compare(&trace_stored::<T>(), lines, problems);
}

#[track_caller]
fn compare(shape: &Shape, lines: &str, problems: &[&str]) {
    let wanted: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(shape.written().collect::<Vec<_>>(), wanted, "\n{shape}");
    assert_eq!(shape.problems(), problems);
}

#[derive(Default, Serialize, Deserialize)]
struct Address {
    street: String,
    zip: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum Payment {
    Cash,
    Card { number: String, address: Address },
    Voucher(u32),
    Split(i64, String),
    Other(Address),
}

/// A string of three capital letters.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Currency(String);

impl TryFrom<String> for Currency {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let good = text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase());
        if good { Ok(Self(text)) } else { Err("no currency") }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

/// A string in a format that no sample has.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Secret(String);

impl TryFrom<String> for Secret {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "open sesame" { Ok(Self(text)) } else { Err("wrong") }
    }
}
