//! The stores that a URI can name: each store's folder brings its scheme, and only this list knows all of them.

use super::memory;
use super::scheme::{Opened, Opening, Scheme};
use crate::error::{Error, ErrorKind};

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
/// A message shows the scheme of the URI, or a name of a file without one, and no more: the rest may be a password.
pub(crate) fn open(uri: &str, opening: &Opening<'_>) -> Result<Opened, Error> {
    if uri.is_empty() {
        return Err(config(format!("the URI is empty; {REMEDY}")));
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

/// Returns whether a text is a path that ends as names of files do, as in `data/library.db`. A key in base64 does not.
fn is_file_name(text: &str) -> bool {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"/._- ".contains(&letter);
    let is_ending = |ending: &str| {
        (1..=8).contains(&ending.len()) && ending.bytes().all(|letter| letter.is_ascii_alphanumeric())
    };
    text.bytes().all(is_plain) && text.rsplit_once('.').is_some_and(|(_, ending)| is_ending(ending))
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
                "the URI begins with `mysq:`, which names no store; write `memory:` or `sqlite:bank.db`",
            ),
            ("mysql", "the URI `mysql` names no store; write `memory:` or `sqlite:bank.db`"),
            ("library.db", "the URI `library.db` names no store; write `sqlite:library.db`"),
            (
                "/var/lib/my bank.db3",
                "the URI `/var/lib/my bank.db3` names no store; write `sqlite:/var/lib/my bank.db3`",
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
