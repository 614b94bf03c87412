//! Reading: every value of a row is checked, since a file may hold anything.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use uuid::Uuid;

use super::error;
use super::statements::{Ranges, Statements};
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Version};
use crate::recorder::sql::KnownTopics;
use crate::recorder::{EventRange, LogRange, Notification, Position, StoredKey};
use crate::stored_event::StoredEvent;

/// Events of one sequence.
pub(super) fn events(
    connection: &Connection,
    texts: &Ranges,
    id: Uuid,
    range: EventRange,
) -> Result<Vec<StoredEvent>, Error> {
    let Some((first, last)) = range.bounds() else { return Ok(Vec::new()) };
    let bound =
        params![id.as_bytes().as_slice(), i64::from(first), i64::from(last), limit(range.max_count())];
    let mut topics = KnownTopics::default();
    let text = texts.of(range.is_descending());
    rows(connection, text, "read the events", bound, |row| event(row, id, 0, &mut topics))
}

/// What a statement selects, each row read and checked.
pub(super) fn rows<T>(
    connection: &Connection,
    text: &str,
    doing: &'static str,
    bound: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let failed = error::of(doing);
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    let mut rows = statement.query(bound).map_err(&failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

pub(super) fn has_commit(
    connection: &Connection,
    statements: &Statements,
    id: Uuid,
    commit: CommitId,
) -> Result<bool, Error> {
    let failed = error::of("look for the commit");
    let mut statement = connection.prepare_cached(&statements.has_commit).map_err(&failed)?;
    let commit = commit.uuid();
    let key = params![id.as_bytes().as_slice(), commit.as_bytes().as_slice()];
    statement.query_row(key, |row| row.get(0)).map_err(&failed)
}

pub(super) fn keys(
    connection: &Connection,
    statements: &Statements,
    ids: &[Uuid],
) -> Result<Vec<StoredKey>, Error> {
    ids.iter().filter_map(|id| key(connection, statements, *id).transpose()).collect()
}

pub(super) fn key(
    connection: &Connection,
    statements: &Statements,
    id: Uuid,
) -> Result<Option<StoredKey>, Error> {
    let failed = error::of("read the data key");
    let mut statement = connection.prepare_cached(&statements.key).map_err(&failed)?;
    let mut rows = statement.query([id.as_bytes().as_slice()]).map_err(&failed)?;
    let Some(row) = rows.next().map_err(&failed)? else { return Ok(None) };
    let column = |at| row.get_ref(at).unwrap_or(ValueRef::Null);
    let (wrapped, forgotten) = (column(0), column(1));
    match (wrapped.as_blob().ok(), forgotten.as_i64().ok()) {
        (Some(wrapped), Some(0)) => Ok(Some(StoredKey::new(id, wrapped.to_vec()))),
        (_, Some(_)) => Ok(Some(StoredKey::forgotten(id))),
        _ => Err(corrupt(&format!("the data key of aggregate {id}"), "columns of another type")),
    }
}

pub(super) fn log(
    connection: &Connection,
    statements: &Statements,
    range: &LogRange,
) -> Result<Vec<Notification>, Error> {
    let Some((first, last)) = range.bounds() else { return Ok(Vec::new()) };
    let (first, last) = (first.get().cast_signed(), last.get().cast_signed());
    let (limit, topics) = (limit(range.max_count()), range.topic_names());
    let text = match (topics.is_empty(), range.is_firsts()) {
        (true, false) => &statements.log,
        (false, false) => &statements.log_of_topics,
        (true, true) => &statements.firsts,
        (false, true) => &statements.firsts_of_topics,
    };
    let mut known = KnownTopics::default();
    let read = |row: &Row<'_>| {
        let place = row.get::<_, i64>(0).ok().and_then(|number| Position::new(number.try_into().ok()?));
        let place = place.ok_or_else(|| corrupt("the log", "a position that is no number above 0"))?;
        let id = row.get_ref(1).ok().and_then(|value| Uuid::from_slice(value.as_blob().ok()?).ok());
        let id =
            id.ok_or_else(|| corrupt(&format!("position {place} of the log"), "an id that is no UUID"))?;
        Ok(Notification::new(place, event(row, id, 2, &mut known)?))
    };
    if topics.is_empty() {
        return rows(connection, text, "read the log", params![first, last, limit], read);
    }
    let topics = serde_json::Value::from(topics.to_vec()).to_string();
    rows(connection, text, "read the log", params![first, last, limit, topics], read)
}

pub(super) fn last_position(
    connection: &Connection,
    statements: &Statements,
) -> Result<Option<Position>, Error> {
    let failed = error::of("read the last position");
    let mut statement = connection.prepare_cached(&statements.last_position).map_err(&failed)?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0)).map_err(&failed)?;
    Ok(last.and_then(|last| Position::new(last.try_into().ok()?)))
}

pub(super) fn last_tracked(
    connection: &Connection,
    statements: &Statements,
    upstream: &str,
) -> Result<Option<Position>, Error> {
    let failed = error::of("read the tracking");
    let mut statement = connection.prepare_cached(&statements.tracked).map_err(&failed)?;
    let found: Option<i64> = statement.query_row([upstream], |row| row.get(0)).optional().map_err(&failed)?;
    Ok(found.and_then(|found| Position::new(found.try_into().ok()?)))
}

/// SQLite counts with signs; below zero is no limit.
pub(super) fn limit(count: Option<usize>) -> i64 {
    count.map_or(-1, |count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// An event from the columns version, topic and state, of which the first is number `at`.
fn event(row: &Row<'_>, id: Uuid, at: usize, topics: &mut KnownTopics) -> Result<StoredEvent, Error> {
    let column = |at| row.get_ref(at).unwrap_or(ValueRef::Null);
    let version = version(row, id, at)?;
    let place = || format!("event {version} of aggregate {id}");
    let topic = column(at + 1).as_str().map_err(|_| corrupt(&place(), "a topic that is no text"))?;
    let state = column(at + 2).as_blob().map_err(|_| corrupt(&place(), "a state that is no blob"))?;
    Ok(StoredEvent::new(id, version, topics.get(topic), state.to_vec()))
}

pub(super) fn version(row: &Row<'_>, id: Uuid, at: usize) -> Result<Version, Error> {
    let number = row.get_ref(at).ok().and_then(|value| Version::try_from(value.as_i64().ok()?).ok());
    number
        .ok_or_else(|| corrupt(&format!("a row of aggregate {id}"), "a version that is no number from 0 on"))
}

pub(super) fn corrupt(place: &str, what: &str) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!("{place} has {what}; something else wrote into the table, or the file is damaged"),
    )
}
