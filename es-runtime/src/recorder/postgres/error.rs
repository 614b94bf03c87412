//! The errors of the driver and the server, as our kinds.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio_postgres::Error as DriverError;
use tokio_postgres::error::DbError;

use crate::error::{Error, ErrorKind};
use crate::id::Mark;

/// Adds the failed action to an error.
pub(crate) fn of(doing: &'static str) -> impl Fn(DriverError) -> Error {
    move |cause| {
        let (kind, remedy) = kind(&cause);
        failed(kind, &format!("cannot {doing}"), remedy, cause)
    }
}

/// Reports a connection that cannot be made.
pub(super) fn connecting(place: &str, cause: DriverError) -> Error {
    let (kind, remedy) = match cause.as_db_error() {
        Some(db) if demands_tls(db) => (
            ErrorKind::Config,
            "the server, or a pooler before it, demands TLS; write `sslmode=require` (or `prefer`), in a build with the \
             feature `postgres-tls`",
        ),
        Some(_) => kind(&cause),
        None if is_text(&cause, "TLS") && shows_authority(&cause) => (
            ErrorKind::Config,
            "the certificate of the server is marked as one of an authority; give the server one that an authority has \
             signed, and name the file of the authority by `sslrootcert`",
        ),
        None if is_text(&cause, "TLS") => {
            (ErrorKind::Config, "check the certificate of the server, `sslmode` and `sslrootcert`")
        }
        None if is_text(&cause, "authentication") || is_text(&cause, "configuration") => {
            (ErrorKind::Config, "check the user and the password")
        }
        None => (ErrorKind::Unavailable, "check the host, the port, and that the server runs"),
    };
    failed(kind, &format!("cannot connect to the database {place}"), remedy, cause)
}

/// Returns whether the refusal of a connection asks for TLS: the code alone also stands for cut connections.
fn demands_tls(db: &DbError) -> bool {
    let asks = ["SSL", "TLS", "sslmode"].iter().any(|word| db.message().contains(word));
    db.code().code() == "08P01" && asks && !db.message().contains("startup parameter")
}

/// Returns whether a server has shown the certificate of an authority as its own.
fn shows_authority(cause: &DriverError) -> bool {
    std::error::Error::source(cause).is_some_and(|inner| inner.to_string().contains("CaUsedAsEndEntity"))
}

/// Reports a host whose address nobody knows.
pub(super) fn unknown_host(place: &str, host: &str, cause: io::Error) -> Error {
    let message =
        format!("cannot connect to the database {place}: `{host}` has no address: {cause}; check the host");
    Error::new(ErrorKind::Unavailable, message).with_source(cause)
}

fn failed(kind: ErrorKind, what: &str, remedy: &str, cause: DriverError) -> Error {
    let cause = Cause::of(cause);
    Error::new(kind, format!("{what}: {cause}; {remedy}")).with_source(cause)
}

/// The cause of an error, without the rows that the server quotes: they may hold personal data.
#[derive(Debug)]
struct Cause {
    text: String,
    source: Option<DriverError>,
}

impl Cause {
    fn of(cause: DriverError) -> Self {
        if let Some(db) = cause.as_db_error() {
            return Self { text: format!("{} ({})", db.message(), db.code().code()), source: None };
        }
        let text = match std::error::Error::source(&cause) {
            Some(inner) => format!("{cause}: {inner}"),
            None => cause.to_string(),
        };
        Self { text, source: Some(cause) }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Returns whether the driver's own words for an error hold this text: it does not show its kinds.
pub(crate) fn is_text(cause: &DriverError, text: &str) -> bool {
    cause.to_string().contains(text)
}

fn kind(cause: &DriverError) -> (ErrorKind, &'static str) {
    match cause.as_db_error() {
        Some(db) => kind_of(db),
        None if is_text(cause, "error deserializing") => {
            (ErrorKind::Corrupt, "a column has another type; something else changed the table")
        }
        None if is_text(cause, "error serializing") => (ErrorKind::Schema, "a column has another type"),
        None if is_text(cause, "error encoding") => (ErrorKind::Invalid, "store less in one commit"),
        None => (ErrorKind::Unavailable, "the connection is cut; try again"),
    }
}

fn kind_of(db: &DbError) -> (ErrorKind, &'static str) {
    let code = db.code();
    match code.code() {
        "25006" => (ErrorKind::Unavailable, IS_REPLICA),
        "08P01" if db.message().contains("startup parameter") => (
            ErrorKind::Config,
            "a pooler stands between here and the server, and takes no settings; say so with `pooler=yes`, or connect \
             directly",
        ),
        "42704" if db.message().contains("client_connection_check_interval") => {
            (ErrorKind::Config, "the recorder needs PostgreSQL 14 or newer")
        }
        "26000" => (
            ErrorKind::Config,
            "a pooler between here and the server loses prepared statements; say so with `pooler=yes`, or connect directly",
        ),
        "42501" => (
            ErrorKind::Storage,
            "the role lacks a right; grant it (see `PostgresOptions::script`), or use another role",
        ),
        "2200H" => (ErrorKind::Storage, "the log has no positions left"),
        "53100" => {
            (ErrorKind::Storage, "the server's disk is full; nothing was stored; make room and try again")
        }
        "53300" => (
            ErrorKind::Unavailable,
            "the server has no connection left; raise its `max_connections`, or lower `connections` here",
        ),
        "57014" | "55P03" => (
            ErrorKind::Timeout,
            "another transaction holds what it needs, or the server is slow; try again, or raise the timeout",
        ),
        "22021" => (ErrorKind::Invalid, "text on PostgreSQL holds no zero byte; store such a value as bytes"),
        "0A000" => (ErrorKind::Unavailable, "the table was changed meanwhile; try again"),
        other => match other.get(..2).unwrap_or_default() {
            "08" | "57" | "25" => (ErrorKind::Unavailable, "the server ended the connection; try again"),
            "40" => (ErrorKind::Unavailable, "another transaction was in the way; try again"),
            "28" | "3D" => (
                ErrorKind::Config,
                "check the user, the password, the name of the database, and the server's `pg_hba.conf`",
            ),
            "23" => (
                ErrorKind::Invalid,
                "the table refuses the row: one of your own constraints, or a column whose type differs from the value's",
            ),
            "22" => (ErrorKind::Invalid, "the server takes no such value"),
            "54" => (ErrorKind::Invalid, "store less in one event, or fewer events in one commit"),
            "42" | "3F" => (
                ErrorKind::Schema,
                "the tables are not as this program made them; check the database, the schema and the names of the tables",
            ),
            "53" => (ErrorKind::Unavailable, "the server has no room left for this; try again"),
            "XX" => (ErrorKind::Corrupt, "the server found damage in its files; see its log"),
            _ => (ErrorKind::Storage, "see the cause, and the server's log"),
        },
    }
}

const IS_REPLICA: &str =
    "the server is a replica, or refuses writes; name the primary, or wait for the fail-over";

/// Reports a server that takes no writes.
pub(super) fn is_replica(place: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the database {place} takes no writes: {IS_REPLICA}"))
}

/// Reports another isolation of transactions than the one that the order of the log stands on.
pub(super) fn other_isolation(found: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the connections run transactions at `{found}`, and the recorder needs `read committed`, though it asks the \
             server for it; something between them changes that: set `default_transaction_isolation` for the role"
        ),
    )
}

/// Reports a session that has got none of our settings.
pub(super) fn lost_settings() -> Error {
    Error::new(
        ErrorKind::Config,
        "a pooler between here and the server drops the settings of a session; say so with `pooler=yes`, or connect directly",
    )
}

/// Reports a role whose commits the server may lose.
pub(super) fn asynchronous() -> Error {
    Error::new(
        ErrorKind::Config,
        "`synchronous_commit` is off, so a crash of the server may take back what was saved; set it on for the role, with \
         ALTER ROLE",
    )
}

/// Reports a sequence that would hand out places that are taken, or that begins again.
pub(super) fn behind(block: &str, events: &str) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!(
            "the sequence {block} is behind the table {events}, as after a restore by hand, a logical replication, or \
             TRUNCATE with RESTART IDENTITY: the next events would stand at taken positions; run SELECT setval('{block}', \
             (SELECT coalesce(max(log_position), 0) >> 10 FROM {events}))"
        ),
    )
}

/// Reports a place that the log does not reach.
pub(super) fn beyond_the_end(mark: Mark) -> Error {
    let message =
        format!("the log ends before {mark}; the receipt is of another database, or the log was cut back");
    Error::new(ErrorKind::Diverged, message)
}

/// Reports a server that hides the locks by which readers know the appends under way.
pub(super) fn hidden_locks(cause: Option<DriverError>) -> Error {
    let message = "the server does not show the locks of its sessions in `pg_locks`, by which readers know which appends \
                   are under way; let appends wait for each other, with `appends=serial`";
    let error = Error::new(ErrorKind::Config, message);
    match cause {
        Some(cause) => error.with_source(Cause::of(cause)),
        None => error,
    }
}

/// Reports a log whose programs append the other way.
pub(super) fn other_way(events: &str, is_serial: bool) -> Error {
    let (theirs, remedy) = if is_serial {
        ("side by side", "leave out `appends=serial`")
    } else {
        ("one after the other", "write `appends=serial`")
    };
    let message = format!("the table {events} was made for programs that append {theirs}; {remedy}");
    Error::new(ErrorKind::Schema, message)
}

pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the database is closed; open it again")
}

/// Reports a server that does not answer.
pub(super) fn silent(doing: &str, limit: Duration) -> Error {
    let message =
        format!("cannot {doing}: the server did not answer within {limit:?}; check it, and the network");
    Error::new(ErrorKind::Timeout, message)
}

/// Reports a save whose answer never came.
pub(super) fn unknown(cause: &Error) -> Error {
    Error::new(
        ErrorKind::OutcomeUnknown,
        format!(
            "the answer of the server is lost, and it cannot be asked: {cause}; save again: nothing is stored twice"
        ),
    )
}

/// Reports work that ended without an answer: it panicked, or its runtime ended.
pub(super) fn ended() -> Error {
    Error::new(
        ErrorKind::OutcomeUnknown,
        "the recorder's task ended before it answered; try again: nothing is stored twice",
    )
}

pub(super) fn no_runtime(cause: io::Error) -> Error {
    let message = format!("no thread can be started for the connections: {cause}; there may be too many");
    Error::new(ErrorKind::Unavailable, message).with_source(cause)
}

/// Reports that the time for a commit was over before it was sent.
pub(super) fn waited() -> Error {
    let message = "earlier commits took all the time for this one; nothing of it is stored; try again, or raise `timeout`";
    Error::new(ErrorKind::Timeout, message)
}

/// One failure that several callers receive.
pub(super) struct Shared(ErrorKind, String);

impl Shared {
    pub(super) fn new(error: &Error) -> Self {
        Self(error.kind(), error.to_string())
    }

    pub(super) fn copy(&self) -> Error {
        Error::new(self.0, self.1.clone())
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;
    use tokio_postgres::types::Type;

    use super::*;
    use crate::recorder::postgres::fake::{self, Fake};

    const NUMBER: u32 = 20;
    const UNKNOWN_WAY: [u8; 4] = 2_u32.to_be_bytes();
    const PASSWORD: [u8; 4] = 3_u32.to_be_bytes();

    /// A server that lets everybody in, and answers each statement with the number 7.
    fn of_sevens() -> Fake {
        Fake::new(|kind, _| match kind {
            fake::BEGIN => fake::welcome(),
            b'S' => {
                let begin = [fake::message(b'1', b""), fake::message(b'2', b"")].concat();
                [begin, fake::row(NUMBER, &["\0\0\0\0\0\0\0\x07"]), fake::ready()].concat()
            }
            _ => Vec::new(),
        })
    }

    /// The driver hides the kinds of its errors: a release that words them otherwise fails here.
    #[test]
    fn the_words_of_the_driver_for_its_errors_are_known() {
        let server = of_sevens();
        let unwritten = server.with_client(async |client| {
            client.query_typed("SELECT $1", &[(&7_i64, Type::TEXT)]).await.unwrap_err()
        });
        let unwritten = unwritten.unwrap();
        assert_eq!(kind(&unwritten).0, ErrorKind::Schema);
        let unsent =
            server.with_client(async |client| client.simple_query("SELECT '\0'").await.unwrap_err()).unwrap();
        assert_eq!(kind(&unsent).0, ErrorKind::Invalid);
        let unread = server.with_client(async |client| {
            let rows = client.query_typed("SELECT 7", &[]).await.unwrap();
            assert_eq!(rows[0].get::<_, i64>(0), 7);
            rows[0].try_get::<_, &str>(0).unwrap_err()
        });
        assert_eq!(kind(&unread.unwrap()).0, ErrorKind::Corrupt);
    }

    #[test]
    fn an_error_of_the_settings_is_told_from_a_server_that_is_away() {
        let refused = |server: &Fake, mode| {
            let mut config = server.config();
            config.ssl_mode(mode);
            let cause = fake::with_client(&config, async |_| ()).unwrap_err();
            connecting("`bank`", cause)
        };
        let without_tls = Fake::new(|kind, _| if kind == fake::TLS { b"N".to_vec() } else { Vec::new() });
        let error = refused(&without_tls, SslMode::Require);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("check the certificate"), "{error}");
        for way in [UNKNOWN_WAY, PASSWORD] {
            let error = refused(&Fake::new(move |_, _| fake::message(b'R', &way)), SslMode::Disable);
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("check the user and the password"), "{error}");
        }
        let demanding =
            Fake::new(|_, _| fake::error(&[(b'S', "FATAL"), (b'C', "08P01"), (b'M', "SSL required")]));
        let error = refused(&demanding, SslMode::Disable);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("write `sslmode=require`"), "{error}");
        let cut = fake::refusal(&[(b'S', "FATAL"), (b'C', "08P01"), (b'M', "SSL connection closed")]);
        assert_eq!(
            kind(&cut).0,
            ErrorKind::Unavailable,
            "a connection that is cut is no error of the settings"
        );
        let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = refused(&Fake { port: away }, SslMode::Disable);
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
}
