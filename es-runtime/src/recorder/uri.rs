//! The recorders that a URI can name: the folder of each brings its scheme, and only this list knows all of them.

use std::path::Path;

use super::memory;
use super::scheme::{Opened, Opening, Scheme, is_file_name};
use crate::error::{Error, ErrorKind};

const SCHEMES: &[Scheme] = &[
    memory::SCHEME,
    #[cfg(feature = "sqlite")]
    super::sqlite::SCHEME,
    #[cfg(feature = "postgres")]
    super::postgres::SCHEME,
    #[cfg(feature = "postgres")]
    super::postgres::SHORT_SCHEME,
];

/// The schemes of recorders that this build leaves out, each with its feature.
const LEFT_OUT: &[(&str, &str)] = &[
    #[cfg(not(feature = "sqlite"))]
    ("sqlite", "sqlite"),
    #[cfg(not(feature = "postgres"))]
    ("postgresql", "postgres"),
    #[cfg(not(feature = "postgres"))]
    ("postgres", "postgres"),
];

/// The endings of files that no other recorder uses.
const SQLITE_ENDINGS: [&str; 4] = [".db", ".db3", ".sqlite", ".sqlite3"];

const REMEDY: &str = "write `memory:`, `sqlite:bank.db` or `postgresql://host/bank`";

/// Opens the recorder that a URI names.
///
/// A message shows only the scheme of the URI, or a file name without a scheme: the rest may be a password.
pub(crate) fn open(uri: &str, opening: &Opening<'_>) -> Result<Opened, Error> {
    if uri.is_empty() {
        return Err(config(format!("the URI is empty; {REMEDY}")));
    }
    if uri == ":memory:" || (is_file_name(uri) && SQLITE_ENDINGS.iter().any(|ending| uri.ends_with(ending))) {
        return open(&format!("sqlite:{uri}"), opening);
    }
    let (scheme, rest) = uri.split_once(':').map_or((uri, None), |(scheme, rest)| (scheme, Some(rest)));
    if let Some(known) = SCHEMES.iter().find(|known| known.name == scheme) {
        return (known.open)(uri, opening);
    }
    if let Some((name, feature)) = LEFT_OUT.iter().find(|(name, _)| *name == scheme) {
        return Err(config(format!(
            "this build leaves out the store of `{name}:`; turn on the feature `{feature}` of es-runtime"
        )));
    }
    Err(config(match rest {
        Some(_) if is_scheme(scheme) => {
            format!("the URI begins with `{scheme}:`, which names no store; {REMEDY}")
        }
        None if is_file_name(uri) => format!("the URI `{uri}` names no store; write `sqlite:{uri}`"),
        None if is_scheme(uri) => format!("the URI `{uri}` names no store; {REMEDY}"),
        _ => format!("the URI names no store; {REMEDY}"),
    }))
}

/// Returns whether a text is short and plain enough for a scheme, and so for a message.
fn is_scheme(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_lowercase())
}

/// Opens a SQLite file of any name.
#[cfg(feature = "sqlite")]
pub(crate) fn open_file(path: &Path, opening: &Opening<'_>) -> Result<Opened, Error> {
    super::sqlite::open(super::SqliteOptions::file(path), opening)
}

/// Reports that this build has no recorder for files.
#[cfg(not(feature = "sqlite"))]
pub(crate) fn open_file(_: &Path, opening: &Opening<'_>) -> Result<Opened, Error> {
    open("sqlite:", opening)
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Tables;

    fn refused(uri: &str) -> String {
        let opening = Opening { tables: &Tables::default(), columns: Vec::new(), keeps_snapshots: false };
        let error = open(uri, &opening).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    }

    #[test]
    fn a_message_shows_the_scheme_or_the_file() {
        for (uri, message) in [
            (
                "mysq:bank",
                "the URI begins with `mysq:`, which names no store; write `memory:`, `sqlite:bank.db` or `postgresql://host/bank`",
            ),
            (
                "mysql",
                "the URI `mysql` names no store; write `memory:`, `sqlite:bank.db` or `postgresql://host/bank`",
            ),
            ("library.dat", "the URI `library.dat` names no store; write `sqlite:library.dat`"),
            (
                "/var/lib/my bank.v2",
                "the URI `/var/lib/my bank.v2` names no store; write `sqlite:/var/lib/my bank.v2`",
            ),
        ] {
            assert_eq!(refused(uri), message);
        }
    }

    #[test]
    fn a_message_shows_nothing_that_may_be_a_secret() {
        for uri in [
            "Hush",
            "hush@host",
            "hush7:x",
            "bank.db?key=hush",
            "hush.x/y+z=",
            "eyJhb.eyJzdWIi.hushhushhush",
            ":hush",
        ] {
            assert_eq!(refused(uri), format!("the URI names no store; {REMEDY}"), "{uri}");
        }
    }
}
