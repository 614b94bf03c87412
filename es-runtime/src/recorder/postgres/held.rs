//! The report of who holds readers back.

use std::fmt;
use std::time::Duration;

use super::connection::Connection;
use super::error;
use super::horizon::floor;
use super::log::Log;
use super::rows::value;
use crate::error::{Error, ErrorKind};
use crate::id::Mark;

/// An append that is under way, and keeps readers from the events that others have stored after it began.
///
/// Readers go on once it ends. An append takes milliseconds, unless its transaction waits for a trigger, for a lock, or
/// for a person who opened it by hand.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HeldBack {
    /// The number of stored events that no reader gets yet.
    pub events: u64,
    /// The number of the server's process that appends, for `pg_terminate_backend`; `None` if no process does: then it is
    /// a prepared transaction, which waits for its end in `pg_prepared_xacts`.
    pub pid: Option<i32>,
    /// The name of the program, as the server lists it; `None` if the role may not see it.
    pub application: Option<String>,
    /// The age of its transaction; `None` if the role may not see it.
    pub since: Option<Duration>,
}

impl HeldBack {
    /// Warns the operators.
    #[cfg(feature = "tracing")]
    pub(super) fn tell(&self) {
        let Self { events, pid, application, since } = self;
        let (application, since) = (application.as_deref(), since.map(|since| since.as_secs_f64()));
        tracing::warn!(target: "es_runtime", events, pid, application, since, "an append holds back the readers of the log");
    }

    #[cfg(not(feature = "tracing"))]
    #[expect(clippy::unused_self, reason = "with the feature it is told")]
    pub(super) const fn tell(&self) {}
}

impl fmt::Display for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, pid, application, since } = self;
        match pid {
            Some(pid) => write!(f, "process {pid} of the server")?,
            None => f.write_str("a prepared transaction of the server, which `pg_prepared_xacts` lists,")?,
        }
        if let Some(application) = application {
            write!(f, ", of the program `{application}`,")?;
        }
        write!(f, " holds back {events} events")?;
        since.map_or(Ok(()), |since| write!(f, ", and began {since:.1?} ago"))
    }
}

/// Reads who holds readers back; `None` if nobody does.
pub(super) async fn read(connection: &Connection, log: &Log) -> Result<Option<HeldBack>, Error> {
    let statements = &log.statements;
    let (newest, reached) = log.horizon.look(connection, statements).await?;
    if newest == reached || statements.floors.is_none() {
        return Ok(None);
    }
    let failed = error::of("look for appends under way");
    let rows = connection.query(&statements.holders, &[]).await.map_err(&failed)?;
    let oldest = rows.iter().min_by_key(|row| floor(newest, value(row, 0).unwrap_or(i64::MAX)));
    let Some(row) = oldest else { return Ok(None) };
    let since = value::<f64>(row, 2).and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok());
    let [from, to] = [reached, newest].map(|mark| mark.map_or(0, |mark| mark.position().get().cast_signed()));
    let counted = connection.query(&statements.count, &[&from, &to]).await.map_err(&failed)?;
    let events = counted.first().and_then(|row| value::<i64>(row, 0)).unwrap_or_default();
    let pid = value(row, 1);
    Ok(Some(HeldBack { events: events.unsigned_abs(), pid, application: value(row, 3), since }))
}

/// Reports a stored event that readers do not get within the time limit.
pub(super) fn too_long(mark: Mark, limit: Duration, held: Option<&HeldBack>) -> Error {
    let who = held
        .map_or_else(|| "an append that began before it held readers back".to_owned(), HeldBack::to_string);
    let message = format!(
        "{mark} is stored, but not to be read yet after {limit:?}: {who}; find out what it waits for, or end it"
    );
    Error::new(ErrorKind::Timeout, message)
}
