//! Options in the form of a URI.

use std::collections::HashSet;
use std::str::FromStr;
use std::time::Duration;

use super::options::{PostgresOptions, SslMode};
use crate::error::{Error, ErrorKind};
use crate::recorder::scheme::named;

const FORM: &str = "write `postgresql://user:password@host:5432/database`";

/// Reads `postgresql://ann:secret@db.example.org:5432/bank`, or the same with `postgres://`, with options behind a
/// question mark: `postgresql://localhost/bank?schema=events&connections=4`.
///
/// Write `%40` for a `@` in a password, and so on. Without a database, the database has the name of the user. Several
/// hosts are separated by commas: the recorder uses the first that accepts writes.
///
/// | option | values |
/// |---|---|
/// | `host` | a host, or the folder of a Unix socket, as in `postgresql:///bank?host=/run/postgresql` |
/// | `port`, `user`, `password`, `dbname` | as before the question mark |
/// | `schema` | the schema of the tables; `public` by default |
/// | `application_name` | the name under which the server lists the connections |
/// | `sslmode` | `disable`, `prefer` (the default), `require`, `verify-full` (the same as `require`, which checks the certificate) |
/// | `sslrootcert` | a file of certificates to trust |
/// | `connections` | the number of connections beside the three that append and listen |
/// | `connect_timeout` | the time to make a connection, such as `10s`; a number alone means seconds, as in other programs |
/// | `timeout` | the time that a call takes at most, such as `30s` or `500ms` |
/// | `create` | `yes` (make tables that are missing; the default), `no` |
/// | `pooler` | `yes` ([`through_pooler`](Self::through_pooler)), `no` (the default) |
/// | `appends` | `parallel` (the default), `serial` ([`serial_appends`](Self::serial_appends)) |
///
/// ```
/// use es_runtime::recorder::PostgresOptions;
/// let options: PostgresOptions = "postgresql://ann:p%40ss@localhost/bank?schema=events".parse()?;
/// # let _ = options;
/// # Ok::<(), es_runtime::Error>(())
/// ```
impl FromStr for PostgresOptions {
    type Err = Error;

    fn from_str(uri: &str) -> Result<Self, Error> {
        let rest = uri.strip_prefix("postgresql:").or_else(|| uri.strip_prefix("postgres:"));
        let rest = rest.ok_or_else(|| config(&format!("it does not begin with `postgresql:`; {FORM}")))?;
        let rest = rest
            .strip_prefix("//")
            .ok_or_else(|| config(&format!("two slashes are missing after the scheme; {FORM}")))?;
        if rest.contains('#') {
            return Err(config("it holds a `#`; write `%23` for it"));
        }
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        if database.contains(['@', '/']) {
            // A password that holds a slash looks so.
            return Err(config(
                "the name of the database holds a `@` or a `/`; write `%40` and `%2F` for them, in a password too",
            ));
        }
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) =
            user.split_once(':').map_or((user, None), |(user, password)| (user, Some(password)));
        let mut parts = Parts {
            hosts: if hosts.is_empty() { Vec::new() } else { read_hosts(hosts)? },
            port: None,
            user: filled(decoded(user)?),
            password: password.map(decoded).transpose()?,
            database: filled(decoded(database)?),
        };
        let mut made = Self::new("", "");
        let mut given = HashSet::new();
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) =
                option.split_once('=').ok_or_else(|| config(&format!("{} has no value", named(option))))?;
            if !given.insert(name) {
                return Err(config(&format!("{} is given twice", named(name))));
            }
            made = option_of(made, &mut parts, name, decoded(value)?)?;
        }
        parts.put_into(made)
    }
}

/// The parts of a URI that options may also set.
struct Parts {
    hosts: Vec<(String, Option<u16>)>,
    port: Option<u16>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
}

impl Parts {
    fn put_into(self, mut made: PostgresOptions) -> Result<PostgresOptions, Error> {
        let database = self.database.or_else(|| self.user.clone());
        made.database = database.ok_or_else(|| config(&format!("it names no database; {FORM}")))?;
        made.hosts = self.hosts;
        if made.hosts.is_empty() {
            made.hosts.push(("localhost".to_owned(), None));
        }
        if let Some(port) = self.port {
            made = made.port(port);
        }
        if let Some(user) = self.user {
            made = made.user(user);
        }
        if let Some(password) = self.password {
            made = made.password(password);
        }
        Ok(made)
    }
}

fn option_of(
    made: PostgresOptions,
    parts: &mut Parts,
    name: &str,
    value: String,
) -> Result<PostgresOptions, Error> {
    let wrong = |known: &str| config(&format!("{} may be {known}", named(name)));
    let number = |of: &str| {
        let number = value.parse::<u32>().ok().filter(|number| *number > 0 && i32::try_from(*number).is_ok());
        number.ok_or_else(|| wrong(&format!("a number{of}, from 1 to {}", i32::MAX)))
    };
    Ok(match name {
        "host" => {
            parts.hosts = value.split(',').map(|host| (host.to_owned(), None)).collect();
            made
        }
        "port" => {
            parts.port = Some(port(&value)?);
            made
        }
        "user" => {
            parts.user = Some(value);
            made
        }
        "password" => {
            parts.password = Some(value);
            made
        }
        "dbname" => {
            parts.database = Some(value);
            made
        }
        "schema" => made.schema(&value)?,
        "application_name" => made.application_name(value),
        "sslmode" => made.ssl_mode(match value.as_str() {
            "disable" => SslMode::Disable,
            "prefer" => SslMode::Prefer,
            "require" | "verify-full" => SslMode::Require,
            _ => return Err(wrong("`disable`, `prefer`, `require` or `verify-full`")),
        }),
        "sslrootcert" => made.root_certificate(value),
        "connections" => made.connections(number("")?.try_into().unwrap_or(usize::MAX)),
        "connect_timeout" => {
            let seconds = value.parse().ok().filter(|seconds: &u32| *seconds > 0);
            let seconds = seconds.map(|seconds| Duration::from_secs(seconds.into()));
            let time = seconds.or_else(|| time(&value));
            made.connect_timeout(time.ok_or_else(|| wrong("a time such as `10s` or `500ms`"))?)
        }
        "timeout" => made.timeout(time(&value).ok_or_else(|| wrong("a time such as `30s` or `500ms`"))?),
        "create" => match value.as_str() {
            "yes" => made,
            "no" => made.without_creating(),
            _ => return Err(wrong("`yes` or `no`")),
        },
        "pooler" => match value.as_str() {
            "yes" => made.through_pooler(),
            "no" => made,
            _ => return Err(wrong("`yes` or `no`")),
        },
        "appends" => match value.as_str() {
            "parallel" => made,
            "serial" => made.serial_appends(),
            _ => return Err(wrong("`parallel` or `serial`")),
        },
        _ => {
            return Err(config(&format!(
                "{} is not known; there are `host`, `port`, `user`, `password`, `dbname`, `schema`, `application_name`, \
                 `sslmode`, `sslrootcert`, `connections`, `connect_timeout`, `timeout`, `create`, `pooler` and `appends`",
                named(name)
            )));
        }
    })
}

/// Reads a time with its unit.
fn time(text: &str) -> Option<Duration> {
    let (number, unit): (_, fn(u64) -> Duration) = match text.strip_suffix("ms") {
        Some(number) => (number, Duration::from_millis),
        None => (text.strip_suffix('s')?, Duration::from_secs),
    };
    number.parse::<u32>().ok().filter(|number| *number > 0).map(|number| unit(number.into()))
}

fn read_hosts(text: &str) -> Result<Vec<(String, Option<u16>)>, Error> {
    text.split(',')
        .map(|host| {
            let after_name = if host.starts_with('[') { host.find(']').map_or(0, |end| end + 1) } else { 0 };
            let (name, behind) = host.split_at(
                host.get(after_name..)
                    .and_then(|rest| rest.find(':'))
                    .map_or(host.len(), |at| after_name + at),
            );
            let own = match behind.strip_prefix(':') {
                None | Some("") => None,
                Some(text) => Some(port(text)?),
            };
            let name = decoded(name.trim_start_matches('[').trim_end_matches(']'))?;
            if name.is_empty() {
                return Err(config(&format!("a host has no name; {FORM}")));
            }
            Ok((name, own))
        })
        .collect()
}

fn port(text: &str) -> Result<u16, Error> {
    let port = text.parse::<u16>().ok().filter(|port| *port > 0);
    port.ok_or_else(|| {
        config("the port is no number from 1 to 65535; write `%3A` for a colon, and `%40` for a `@`, in a password")
    })
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Reads `%40` as `@`, and so on.
fn decoded(text: &str) -> Result<String, Error> {
    let wrong = || config("a `%` stands before something else than two digits; write `%25` for a `%`");
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || left.next().and_then(|digit| char::from(digit).to_digit(16));
        let code = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(code.filter(|code| *code > 0).ok_or_else(wrong)?);
    }
    String::from_utf8(bytes).map_err(|_| config("a part of it is no UTF-8"))
}

// The message never holds a part of the URI, which may be a secret.
fn config(what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the URI of the PostgreSQL database cannot be used: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::postgres::options::Password;

    fn read(uri: &str) -> PostgresOptions {
        uri.parse().unwrap()
    }

    fn password(options: &PostgresOptions) -> Option<&str> {
        match &options.password {
            Some(Password::Fixed(password)) => Some(password),
            _ => None,
        }
    }

    #[test]
    fn the_options_hold_the_values_of_the_uri() {
        let all = read(
            "postgresql://ann:p%40s%3As@db.org:6000/bank?schema=log&sslmode=verify-full&connections=3&timeout=250ms\
             &connect_timeout=2&application_name=till%201&create=no&sslrootcert=/etc/ca.pem",
        );
        assert_eq!((all.user.as_deref(), password(&all)), (Some("ann"), Some("p@s:s")));
        let shown = format!("{all:?}");
        for part in [
            "(\"db.org\", 6000)",
            "\"bank\"",
            "\"log\"",
            "Require",
            "connections: 3",
            "timeout: 250ms",
            "connect_timeout: 2s",
            "till 1",
            "create: false",
            "/etc/ca.pem",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("p@s"), "a password is shown");
    }

    #[test]
    fn times_have_a_unit() {
        for (options, connect, call) in [
            ("connect_timeout=7&timeout=1500ms", 7_000, 1_500),
            ("connect_timeout=800ms&timeout=2s", 800, 2_000),
        ] {
            let made = read(&format!("postgresql://db.org/bank?{options}"));
            let times = (made.connect_timeout.as_millis(), made.timeout.as_millis());
            assert_eq!(times, (connect, call), "{options}");
        }
    }

    #[test]
    fn parts_that_are_left_out_have_defaults() {
        for (uri, hosts, database) in [
            ("postgres://ann@/", vec![("localhost", 5432)], "ann"),
            ("postgresql:///bank?host=/run/postgresql&port=99", vec![("/run/postgresql", 99)], "bank"),
            ("postgresql://a,b:7/bank?port=9", vec![("a", 9), ("b", 7)], "bank"),
            ("postgresql://[::1]:8/bank", vec![("::1", 8)], "bank"),
            ("postgresql://%2Frun%2Fpg/bank", vec![("/run/pg", 5432)], "bank"),
        ] {
            let options = read(uri);
            let found: Vec<_> = options.hosts().collect();
            assert_eq!((found, options.database.as_str()), (hosts, database), "{uri}");
        }
    }

    #[test]
    fn the_error_names_the_wrong_part_of_a_uri_and_shows_no_secret() {
        for (uri, part) in [
            ("postgresql", "does not begin with `postgresql:`"),
            ("postgresql:bank", "two slashes"),
            ("postgresql://", "names no database"),
            ("postgresql://ann:hush@host:hush/x", "the port is no number"),
            ("postgresql://ann:hu#sh@host/x", "write `%23`"),
            ("postgresql://ann:12/hush@host/x", "`%2F` for them, in a password too"),
            ("postgresql://ann:hush%@host/x", "write `%25`"),
            ("postgresql://ann:hush@host/x?sslmode=hush", "`sslmode` may be `disable`"),
            ("postgresql://ann:hush@host/x?schema=a%22b", "cannot be the name of a table"),
            ("postgresql://ann:hush@host/x?connections=0", "from 1 to"),
            ("postgresql://ann:hush@host/x?timeout=30", "`timeout` may be a time such as `30s`"),
            ("postgresql://ann:hush@host/x?timeout=0s", "`timeout` may be a time such as `30s`"),
            (
                "postgresql://ann:hush@host/x?connect_timeout=0",
                "`connect_timeout` may be a time such as `10s`",
            ),
            ("postgresql://ann:hush@host/x?port=1&port=1", "`port` is given twice"),
            ("postgresql://ann:hush@host/x?hush", "has no value"),
            ("postgresql://ann:hush@host/x?Hush=1", "an option is not known; there are `host`"),
        ] {
            let error = uri.parse::<PostgresOptions>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let shown = error.to_string().replace("`hush`", "");
            assert!(
                shown.contains(part) && (!shown.contains("hush") || uri.ends_with("?hush")),
                "{uri}: {error}"
            );
        }
    }
}
