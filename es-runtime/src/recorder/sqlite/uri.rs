//! Options in the form of a URI.

use std::str::FromStr;
use std::time::Duration;

use super::options::{MOST_MILLISECONDS, SqliteOptions, Synchronous};
use crate::error::{Error, ErrorKind};
use crate::recorder::scheme::{is_file_name, named};

/// Reads `sqlite:bank.db`, `sqlite::memory:`, or either with options behind a question mark:
/// `sqlite:bank.db?synchronous=normal&mode=ro`.
///
/// | option | values |
/// |---|---|
/// | `mode` | `rwc` (create the file if it does not exist; the default), `rw` (the file must exist), `ro` (only read), `memory` (in memory, shared in this process by the name before the question mark) |
/// | `synchronous` | `full` (the default), `normal` |
/// | `busy_timeout` | milliseconds, at most 2147483647 |
/// | `readers` | the number of connections that read at the same time |
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
        if uri == "sqlite" {
            return Err(config(
                "the URI `sqlite` names no file; write `sqlite:bank.db`, or `sqlite::memory:`",
            ));
        }
        let place = uri.strip_prefix("sqlite:").ok_or_else(|| {
            config(
                "the URI cannot be used: it does not begin with `sqlite:`; write `sqlite:bank.db`, or `sqlite::memory:`",
            )
        })?;
        let place = without_host(place)?;
        let (path, options) = place.split_once('?').unwrap_or((place, ""));
        let failed =
            |what: &str| config(&format!("the URI `sqlite:{}` cannot be used: {what}", before_options(path)));
        let pairs: Result<Vec<_>, Error> = options
            .split('&')
            .filter(|option| !option.is_empty())
            .map(|option| {
                let pair = option.split_once('=');
                pair.ok_or_else(|| failed(&format!("{} has no value", named(option))))
            })
            .collect();
        let pairs = pairs?;
        let is_shared = pairs.contains(&("mode", "memory"));
        let mut made = match path {
            "" => {
                return Err(config("the URI names no file; write `sqlite:bank.db`, or `sqlite::memory:`"));
            }
            ":memory:" => Self::in_memory(),
            name if name.starts_with(':') => {
                return Err(config(
                    "the URI cannot be used: the name of a file cannot begin with `:`; for a database in memory write \
                     `sqlite::memory:`",
                ));
            }
            name if is_shared => Self::in_shared_memory(name),
            path => Self::file(path),
        };
        for (name, value) in pairs {
            let wrong = |known: &str| failed(&format!("{} may be {known}", named(name)));
            let number = |most: u32, of: &str| {
                let number = value.parse::<u32>().ok().filter(|number| *number <= most);
                number.ok_or_else(|| wrong(&format!("a number{of}, at most {most}")))
            };
            made = match name {
                "mode" => match value {
                    "rwc" | "memory" => made,
                    "rw" => made.without_creating(),
                    "ro" => made.read_only(),
                    _ => return Err(wrong("`rwc`, `rw`, `ro` or `memory`")),
                },
                "synchronous" => match value.to_ascii_lowercase().as_str() {
                    "full" => made.synchronous(Synchronous::Full),
                    "normal" => made.synchronous(Synchronous::Normal),
                    _ => return Err(wrong("`full` or `normal`")),
                },
                "busy_timeout" => {
                    let milliseconds = number(MOST_MILLISECONDS, " of milliseconds")?;
                    made.busy_timeout(Duration::from_millis(milliseconds.into()))
                }
                "readers" => made.readers(number(u32::MAX, "")?.try_into().unwrap_or(usize::MAX)),
                _ => {
                    return Err(failed(&format!(
                        "{} is not known; there are `mode`, `synchronous`, `busy_timeout` and `readers`",
                        named(name)
                    )));
                }
            };
        }
        Ok(made)
    }
}

/// Returns the path of a URI with two slashes, as other tools write it, if it has only one meaning.
fn without_host(place: &str) -> Result<&str, Error> {
    let Some(named) = place.strip_prefix("//") else { return Ok(place) };
    let path = named.split('?').next().unwrap_or_default();
    let relative = path.strip_prefix('/').unwrap_or(path);
    if relative == ":memory:" {
        return Ok(named.strip_prefix('/').unwrap_or(named));
    }
    // Otherwise it may be a host, with a name and a password.
    if !path.is_empty() && !is_file_name(path) {
        return Err(config(
            "the URI cannot be used: there is no host to name; write `sqlite:bank.db`, or `sqlite:/var/lib/bank.db`",
        ));
    }
    match named.strip_prefix('/') {
        Some(from_root) if from_root.starts_with('/') => Ok(from_root),
        Some(_) => Err(config(&format!(
            "the URI `sqlite:///{relative}` is `/{relative}` to some tools, and `{relative}` in the current folder to \
             others; write `sqlite:/{relative}` or `sqlite:{relative}`"
        ))),
        None => Ok(named),
    }
}

/// Returns the path without the options that the user meant, which may be secret.
fn before_options(path: &str) -> &str {
    path.split(['#', '&', ';', '=', '@']).next().unwrap_or_default()
}

// The message never holds a value, which may be a secret, as in `sqlite:bank.db?key=..`.
fn config(message: &str) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(uri: &str) -> String {
        format!("{:?}", uri.parse::<SqliteOptions>().unwrap())
    }

    #[test]
    fn the_options_hold_the_values_of_the_uri() {
        assert!(shown("sqlite:a/bank.db").contains("File(\"a/bank.db\")"));
        assert!(shown("sqlite::memory:").contains("Memory(None)"));
        for (uri, place) in [
            ("sqlite://bank.db", "File(\"bank.db\")"),
            ("sqlite://a/bank.db?readers=2", "File(\"a/bank.db\")"),
            ("sqlite:////var/bank.db", "File(\"/var/bank.db\")"),
            ("sqlite://:memory:", "Memory(None)"),
            ("sqlite:///:memory:", "Memory(None)"),
        ] {
            assert!(shown(uri).contains(place), "{uri}: {}", shown(uri));
        }
        assert!(shown("sqlite:bank?mode=memory").contains("Memory(Some(\"bank\"))"));
        let all = shown("sqlite:bank.db?synchronous=NORMAL&busy_timeout=250&readers=2&mode=ro");
        for part in ["Normal", "250ms", "readers: 2", "read_only: true"] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert!(shown("sqlite:bank.db?mode=rw&").contains("create: false"));
    }

    #[test]
    fn the_error_names_the_wrong_part_of_a_uri() {
        for (uri, part) in [
            ("bank.db", "does not begin with `sqlite:`; write `sqlite:bank.db`"),
            ("sqlite", "`sqlite` names no file; write `sqlite:bank.db`, or `sqlite::memory:`"),
            ("sqlite:", "names no file"),
            ("sqlite:?mode=ro", "names no file"),
            ("sqlite://", "names no file"),
            ("sqlite://?mode=ro", "names no file"),
            ("sqlite://ann:secret@host/bank.db", "no host"),
            ("sqlite:///bank.db?mode=ro", "write `sqlite:/bank.db` or `sqlite:bank.db`"),
            ("sqlite:///bank.db", "`sqlite:///bank.db` is `/bank.db` to some tools"),
            ("sqlite:///bank.db#secret", "no host"),
            ("sqlite::memory", "write `sqlite::memory:`"),
            ("sqlite::memory:?mode", "`mode` has"),
            ("sqlite::memory?mode=rw", "write `sqlite::memory:`"),
            ("sqlite:b?mode", "`mode` has no value"),
            ("sqlite:b?mode=x", "`rwc`, `rw`, `ro` or `memory`"),
            ("sqlite:b?synchronous=off", "`full` or `normal`"),
            ("sqlite:b?readers=-1", "`readers` may be a number, at most 4294967295"),
            ("sqlite:b?busy_timeout=x", "`busy_timeout` may be a number of milliseconds, at most 2147483647"),
            ("sqlite:b?cache=shared", "`synchronous`"),
            ("sqlite:b?Cache=shared", "an option is not known"),
        ] {
            let error = uri.parse::<SqliteOptions>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(part), "{uri}: {error}");
        }
    }
}
