//! Forgetting: destroys the data key, and stores the notice of it, in one transaction.
//!
//! The server keeps earlier forms of a row until it cleans up, and copies in its log: the recorder cannot wipe them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_postgres::Error as DriverError;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::batch::Batch;
use super::connection::Connection;
use super::error;
use super::inline::{COMMIT, Within, behind};
use super::known::Known;
use super::log::Log;
use super::receipts::receipts;
use super::rows::value;
use super::statements::Statements;
use super::trouble::Trouble;
use super::{facts, select};
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::recorder::sql::{EventTable, Identifier, still_filled};
use crate::recorder::verdict::Facts;
use crate::recorder::{Commit, StoredKey};

/// Replaces a stored key; returns whether the old one was still stored. `again` is true if the answer to an earlier
/// attempt was lost.
pub(super) async fn replace_key(
    connection: &Connection,
    statements: &Statements,
    old: &StoredKey,
    new: &StoredKey,
    again: bool,
) -> Result<bool, Error> {
    let (Some(key), Some(from), Some(to)) = (old.key(), old.wrapped(), new.wrapped()) else {
        return Ok(false);
    };
    if old.aggregate() != new.aggregate() || old.key() != new.key() {
        return Ok(false);
    }
    let id = old.aggregate();
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] = [&id, &key.to_bytes().to_vec(), &from, &to];
    let changed = connection.execute(&statements.replace_key, &values).await;
    if changed.map_err(error::of("store the data key"))? > 0 {
        return Ok(true);
    }
    // The attempt whose answer was lost may have replaced the key.
    Ok(again && select::keys(connection, statements, &[id]).await?.contains(new))
}

/// The time that forgetting waits for a lock: at first, and at most. Later appends of all processes wait behind it.
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(1);

/// Destroys the key and stores the notice; a repeated call changes nothing. Returns whether this call did it.
///
/// An append that waits for somebody else keeps the lock from this call. So the call lets go after a short time, and
/// the appends behind it have as much time before it tries again, until its own time is over.
pub(super) async fn write_over(
    connection: &Arc<Connection>,
    log: &Log,
    id: Uuid,
    notice: &Commit,
    until: Instant,
) -> Result<bool, Error> {
    let views = Within::of(connection, log);
    if !views.is_empty() {
        // Within the strong lock, the views take the notice alone.
        views.bring_in_parts().await?;
    }
    let mut wait = SHORTEST;
    loop {
        let wrote = attempt(connection, log, id, notice, wait).await;
        let is_late = |error: &Error| error.kind() == ErrorKind::Timeout;
        if !wrote.as_ref().is_err_and(is_late) || Instant::now() + wait >= until {
            return wrote;
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST);
    }
}

async fn attempt(
    connection: &Arc<Connection>,
    log: &Log,
    id: Uuid,
    notice: &Commit,
    wait: Duration,
) -> Result<bool, Error> {
    let failed = error::of("destroy the data key");
    // The strong lock waits for appends under way, and keeps later ones waiting before they see the tables.
    let (gate, wait) = (&log.statements.names.gate, wait.as_millis());
    let views = Within::of(connection, log);
    let wrote = async {
        // As an append, it locks the views before the gate.
        let places =
            views.begin(&format!("BEGIN; SET LOCAL lock_timeout = {wait}")).await.map_err(&failed)?;
        connection.run(&format!("LOCK TABLE {gate} IN EXCLUSIVE MODE")).await.map_err(&failed)?;
        match within(connection, &log.statements, id, notice).await? {
            Forgotten::Before => Ok(None),
            Forgotten::Now(last) => views.bring_to_own(places, last).await?.ok_or_else(behind).map(Some),
        }
    };
    let wrote = wrote.await;
    let end = if matches!(wrote, Ok(Some(_))) { COMMIT } else { "ROLLBACK" };
    let ended = connection.run(end).await.map_err(&failed);
    match wrote? {
        None => ended.map(|()| false),
        Some(reached) => {
            ended?;
            reached.committed();
            Ok(true)
        }
    }
}

/// The end of an attempt.
enum Forgotten {
    /// The key was destroyed before.
    Before,
    /// The key is destroyed, and the notice stands at this place.
    Now(Option<Mark>),
}

/// Destroys the key and stores the notice.
async fn within(
    connection: &Connection,
    statements: &Statements,
    id: Uuid,
    notice: &Commit,
) -> Result<Forgotten, Error> {
    let known = select::keys(connection, statements, &[id]).await?;
    if known.iter().any(StoredKey::is_forgotten) {
        return Ok(Forgotten::Before);
    }
    // The notice brings no key and needs none.
    let mut found = facts::read(connection, statements, &[(notice, None)]).await.map_err(plain)?;
    let answer = found.pop().and_then(|mut found| {
        found.facts = Facts { keys: HashMap::new(), ..found.facts };
        found.answer(notice, None)
    });
    let last = match answer {
        Some(Err(error)) => return Err(error),
        Some(Ok(receipt)) => receipt.mark(),
        None => insert(connection, statements, notice).await?,
    };
    let done = connection.execute(&statements.forget, &[&id]).await;
    done.map_err(error::of("destroy the data key"))?;
    Ok(Forgotten::Now(last))
}

async fn insert(
    connection: &Connection,
    statements: &Statements,
    notice: &Commit,
) -> Result<Option<Mark>, Error> {
    if notice.events().is_empty() {
        return Ok(None);
    }
    let table = &statements.events_table;
    notice.events().iter().try_for_each(|event| table.check_values(event))?;
    let batch = Batch::of(&[notice], None, table, &Known::default())?.without_keys();
    let failed = |cause: DriverError| plain(statements.trouble(cause));
    let rows =
        connection.query(statements.append.of(batch.shape()), &batch.parameters()).await.map_err(failed)?;
    let base = rows.first().filter(|row| value::<bool>(row, 1) == Some(true)).and_then(|row| value(row, 0));
    if let Some(base) = base {
        return Ok(receipts([notice], base)?.pop().and_then(|receipt| receipt.mark()));
    }
    Err(Error::new(ErrorKind::Unavailable, "the server stored no notice; try again"))
}

fn plain(trouble: Trouble) -> Error {
    match trouble {
        Trouble::ByFacts(error)
        | Trouble::Again(error)
        | Trouble::Anew(error)
        | Trouble::Absent(error)
        | Trouble::Lost(error)
        | Trouble::Failed(error) => error,
    }
}

/// Empties the user's own columns in all rows of an aggregate whose key is destroyed, including columns that another
/// program added. Each column is emptied for itself: one that refuses keeps no other filled.
pub(super) async fn empty_own_columns(
    connection: &Connection,
    statements: &Statements,
    aggregate: Uuid,
) -> Result<(), Error> {
    // Columns that the server computes follow the others.
    const COLUMNS: &str = "SELECT attname::text, attnotnull, format_type(atttypid, NULL) FROM pg_attribute
        WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
          AND attidentity = ''";
    let EventTable { id, version, topic, state, .. } = &statements.events_table;
    let events = &statements.names.events;
    let ours = [id, version, topic, state].map(Identifier::as_str);
    let failed = error::of("empty the columns of your own");
    let columns = connection.query_once(COLUMNS, &[(events, Type::TEXT)]).await.map_err(&failed)?;
    let (mut filled, mut first_cause) = (Vec::new(), None);
    for row in &columns {
        let column: &str = value(row, 0).unwrap_or_default();
        if ours.into_iter().chain(EventTable::FIXED).any(|own| own == column) {
            continue;
        }
        let is_required: bool = value(row, 1).unwrap_or_default();
        let nothing = match (is_required, value::<&str>(row, 2).unwrap_or_default()) {
            (false, _) => "NULL",
            (true, "bigint" | "integer" | "smallint" | "double precision" | "real" | "numeric") => "0",
            (true, _) => "''",
        };
        // Another program may have chosen the name.
        let quoted = format!("\"{}\"", column.replace('"', "\"\""));
        // Empty rows are left alone: triggers refuse even an update without a change.
        let still = format!("WHERE {id} = $1 AND {quoted} IS DISTINCT FROM {nothing}");
        let empty = format!("UPDATE {events} SET {quoted} = {nothing} {still}");
        let emptied = connection.query_once(&empty, &[(&aggregate, Type::UUID)]).await;
        let look = format!("SELECT EXISTS (SELECT 1 FROM {events} {still})");
        let left = connection.query_once(&look, &[(&aggregate, Type::UUID)]).await.map_err(&failed)?;
        if left.first().and_then(|row| value(row, 0)).unwrap_or(true) {
            filled.push(format!("`{column}`"));
            first_cause = first_cause.or(emptied.err());
        }
    }
    if filled.is_empty() {
        return Ok(());
    }
    Err(still_filled(aggregate, events, &filled, first_cause.map(&failed)))
}
