//! The entry of a recorder in the list of URIs: its scheme, and the function that opens it.

use std::sync::Arc;

use super::{DynApplicationRecorder, DynSnapshotRecorder, Tables};
use crate::error::Error;

/// A word that URIs begin with, and the function that opens the recorder.
pub(crate) struct Scheme {
    pub(super) name: &'static str,
    pub(super) open: fn(&str, &Opening<'_>) -> Result<Opened, Error>,
}

/// The options that an application passes to a recorder that it opens.
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    expect(dead_code, reason = "only a database has tables")
)]
pub(crate) struct Opening<'a> {
    pub(crate) tables: &'a Tables,
    /// The user's own columns that the mapper fills.
    pub(crate) columns: Vec<&'a str>,
    pub(crate) keeps_snapshots: bool,
}

/// An open recorder.
pub(crate) struct Opened {
    pub(crate) events: Arc<dyn DynApplicationRecorder>,
    pub(crate) snapshots: Option<Arc<dyn DynSnapshotRecorder>>,
    pub(crate) close: Box<dyn Fn() + Send + Sync>,
}

/// Returns whether a text is a path that ends like the name of a file, as in `data/library.db`. A key in base64 does
/// not.
pub(super) fn is_file_name(text: &str) -> bool {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"/._- ".contains(&letter);
    let is_ending = |ending: &str| {
        (1..=8).contains(&ending.len()) && ending.bytes().all(|letter| letter.is_ascii_alphanumeric())
    };
    text.bytes().all(is_plain) && text.rsplit_once('.').is_some_and(|(_, ending)| is_ending(ending))
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
/// Names an option, unless the text is no name: it may be a secret.
pub(super) fn named(option: &str) -> String {
    let is_name = |letter: u8| letter.is_ascii_lowercase() || letter == b'_';
    if option.len() <= 20 && option.bytes().all(is_name) {
        format!("the option `{option}`")
    } else {
        "an option".to_owned()
    }
}
