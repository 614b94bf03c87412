//! The stores that a URI can name: each store's folder brings its scheme, and only this list knows all of them.

use std::sync::Arc;

use super::{DynApplicationRecorder, DynSnapshotRecorder, Tables, memory};
use crate::error::{Error, ErrorKind};

/// A word that URIs begin with, and the way to the store.
pub(crate) struct Scheme {
    pub(super) name: &'static str,
    pub(super) open: fn(&str, &Opening<'_>) -> Result<Opened, Error>,
}

/// The options that an application passes to a store that it opens.
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "only a database has tables"))]
pub(crate) struct Opening<'a> {
    pub(crate) tables: &'a Tables,
    /// The columns of the user's own that the mapper fills.
    pub(crate) columns: Vec<&'a str>,
    pub(crate) keeps_snapshots: bool,
}

/// An open store.
pub(crate) struct Opened {
    pub(crate) events: Arc<dyn DynApplicationRecorder>,
    pub(crate) snapshots: Option<Arc<dyn DynSnapshotRecorder>>,
    pub(crate) close: Box<dyn Fn() + Send + Sync>,
}

const SCHEMES: &[Scheme] = &[
    memory::SCHEME,
    #[cfg(feature = "sqlite")]
    super::sqlite::SCHEME,
];

/// The schemes of stores that this build leaves out, each with its feature.
const LEFT_OUT: &[(&str, &str)] = &[
    #[cfg(not(feature = "sqlite"))]
    ("sqlite", "sqlite"),
];

const REMEDY: &str = "write `memory:` or `sqlite:bank.db`";

/// Opens the store that a URI names.
///
/// No message shows more of the URI than its scheme: the rest may be a password.
pub(crate) fn open(uri: &str, opening: &Opening<'_>) -> Result<Opened, Error> {
    if uri.is_empty() {
        return Err(config(format!("the URI is empty; {REMEDY}")));
    }
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    if let Some(known) = SCHEMES.iter().find(|known| known.name == scheme) {
        return (known.open)(uri, opening);
    }
    if let Some((name, feature)) = LEFT_OUT.iter().find(|(name, _)| *name == scheme) {
        return Err(config(format!(
            "this build leaves out the store of `{name}:`; turn on the feature `{feature}` of es-runtime"
        )));
    }
    let is_word = scheme.len() <= 16 && scheme.bytes().all(|letter| letter.is_ascii_lowercase());
    Err(config(if rest.starts_with("//") && is_word {
        format!("the URI begins with `{scheme}`, which is no store; {REMEDY}")
    } else {
        format!("the URI names no store; {REMEDY}")
    }))
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}
