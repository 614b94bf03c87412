//! Options as a URI says them.

use std::str::FromStr;
use std::time::Duration;

use super::options::{SqliteOptions, Synchronous};
use crate::error::{Error, ErrorKind};

/// Reads `sqlite:bank.db`, `sqlite::memory:`, or either with options behind a question mark:
/// `sqlite:bank.db?synchronous=normal&mode=ro`.
///
/// | option | values |
/// |---|---|
/// | `mode` | `rwc` (make the file if it is not there; the default), `rw` (it must be there), `ro` (only read), `memory` (in memory, shared in this process by the name before the question mark) |
/// | `synchronous` | `full` (the default), `normal` |
/// | `busy_timeout` | milliseconds |
/// | `readers` | how many connections read at the same time |
///
/// ```
/// use es_runtime::recorder::SqliteOptions;
/// let options: SqliteOptions = "sqlite:bank.db?synchronous=normal&busy_timeout=500".parse()?;
/// # let _ = options;
/// # Ok::<(), es_runtime::Error>(())
/// ```
impl FromStr for SqliteOptions {
    type Err = Error;

    fn from_str(uri: &str) -> Result<Self, Error> {
        let place =
            uri.strip_prefix("sqlite:").ok_or_else(|| config(uri, "it does not begin with `sqlite:`"))?;
        if place.starts_with("//") {
            return Err(config(
                uri,
                "there is no host to name; write `sqlite:bank.db`, or `sqlite:/var/lib/bank.db`",
            ));
        }
        let (path, options) = place.split_once('?').unwrap_or((place, ""));
        let pairs: Result<Vec<_>, Error> = options
            .split('&')
            .filter(|option| !option.is_empty())
            .map(|option| {
                option
                    .split_once('=')
                    .ok_or_else(|| config(uri, &format!("the option `{option}` has no value")))
            })
            .collect();
        let pairs = pairs?;
        let is_shared = pairs.contains(&("mode", "memory"));
        let mut made = match path {
            "" => return Err(config(uri, "it names no file; write `sqlite:bank.db`, or `sqlite::memory:`")),
            ":memory:" => Self::in_memory(),
            name if name.starts_with(':') => {
                return Err(config(
                    uri,
                    "the name of a file cannot begin with `:`; for a database in memory write `sqlite::memory:`",
                ));
            }
            name if is_shared => Self::in_shared_memory(name),
            path => Self::file(path),
        };
        for (name, value) in pairs {
            let wrong = |known: &str| config(uri, &format!("`{name}` is {value:?}; it may be {known}"));
            let number = || value.parse::<u32>().map_err(|_| wrong("a number from 0 to 4294967295"));
            made = match name {
                "mode" => match value {
                    "rwc" | "memory" => made,
                    "rw" => made.existing(),
                    "ro" => made.read_only(),
                    _ => return Err(wrong("`rwc`, `rw`, `ro` or `memory`")),
                },
                "synchronous" => match value.to_ascii_lowercase().as_str() {
                    "full" => made.synchronous(Synchronous::Full),
                    "normal" => made.synchronous(Synchronous::Normal),
                    _ => return Err(wrong("`full` or `normal`")),
                },
                "busy_timeout" => made.busy_timeout(Duration::from_millis(number()?.into())),
                "readers" => made.readers(number()?.try_into().unwrap_or(usize::MAX)),
                _ => {
                    let message = format!(
                        "there is no option `{name}`; there are `mode`, `synchronous`, `busy_timeout` and `readers`"
                    );
                    return Err(config(uri, &message));
                }
            };
        }
        Ok(made)
    }
}

fn config(uri: &str, what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the URI {uri:?} cannot be used: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(uri: &str) -> String {
        format!("{:?}", uri.parse::<SqliteOptions>().unwrap())
    }

    #[test]
    fn what_is_said_is_taken_over() {
        assert!(shown("sqlite:a/bank.db").contains("File(\"a/bank.db\")"));
        assert!(shown("sqlite::memory:").contains("Memory(None)"));
        assert!(shown("sqlite:bank?mode=memory").contains("Memory(Some(\"bank\"))"));
        let all = shown("sqlite:bank.db?synchronous=NORMAL&busy_timeout=250&readers=2&mode=ro");
        for part in ["Normal", "250ms", "readers: 2", "read_only: true"] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert!(shown("sqlite:bank.db?mode=rw&").contains("create: false"));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (uri, part) in [
            ("bank.db", "`sqlite:`"),
            ("sqlite:", "names no file"),
            ("sqlite:?mode=ro", "names no file"),
            ("sqlite://bank.db", "no host"),
            ("sqlite::memory", "write `sqlite::memory:`"),
            ("sqlite::memory:?mode", "`mode` has"),
            ("sqlite::memory?mode=rw", "write `sqlite::memory:`"),
            ("sqlite:b?mode", "`mode` has no value"),
            ("sqlite:b?mode=x", "`rwc`, `rw`, `ro` or `memory`"),
            ("sqlite:b?synchronous=off", "`full` or `normal`"),
            ("sqlite:b?readers=-1", "a number"),
            ("sqlite:b?busy_timeout=99999999999", "from 0 to 4294967295"),
            ("sqlite:b?cache=shared", "`synchronous`"),
        ] {
            let error = uri.parse::<SqliteOptions>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(part), "{uri}: {error}");
        }
    }
}
