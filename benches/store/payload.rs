//! The events as a program by hand stores them.

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct Stored<T> {
    pub(crate) at: i64,
    pub(crate) data: T,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) owner: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Deposited {
    pub(crate) amount: i64,
    pub(crate) reference: String,
}

pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_micros()).expect("before 292,000")
}
