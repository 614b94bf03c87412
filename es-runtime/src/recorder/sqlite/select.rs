//! Reading: checks every value of a row, since a file may hold anything.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row, ToSql, params, params_from_iter};
use uuid::Uuid;

use super::error;
use super::statements::Statements;
use crate::error::{Diverged, Error, ErrorKind};
use crate::id::{CommitId, DataKeyId, Version};
use crate::recorder::page::Fill;
use crate::recorder::sql::{KnownTopics, Ranges};
use crate::recorder::{
    Cursor, EventPage, EventRange, LogPage, LogRange, Mark, Notification, Position, StoredKey,
};
use crate::stored_event::StoredEvent;

/// Reads events of one sequence.
pub(super) fn events(
    connection: &Connection,
    texts: &Ranges,
    id: Uuid,
    range: EventRange,
) -> Result<EventPage, Error> {
    let Some((first, last)) = range.bounds() else { return Ok(EventPage::default()) };
    let bound =
        params![id.as_bytes().as_slice(), i64::from(first), i64::from(last), limit(range.max_count())];
    let mut topics = KnownTopics::default();
    let mut page = Fill::new(range.max_count(), range.max_bytes());
    let text = texts.of(range.is_descending());
    each(connection, text, "read the events", bound, |row| {
        let event = event(row, id, 0, &mut topics)?;
        Ok(page.push(event.state.len(), || event))
    })?;
    Ok(page.into_page())
}

/// Passes the selected rows one by one to a function, which returns whether to go on.
pub(super) fn each(
    connection: &Connection,
    text: &str,
    doing: &'static str,
    bound: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let failed = error::of(doing);
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    let mut rows = statement.query(bound).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        if !read(row)? {
            break;
        }
    }
    Ok(())
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
    // Without a transaction, each of several statements would lock the file for itself.
    let begin = || connection.unchecked_transaction().map_err(error::of("read the data keys"));
    let _all = (ids.len() > 1).then(begin).transpose()?;
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
    let key_id = column(0).as_blob().ok().and_then(|bytes| bytes.try_into().ok()).map(DataKeyId::from_bytes);
    match (key_id, column(1).as_blob().ok(), column(2).as_i64().ok()) {
        (Some(key), Some(wrapped), Some(0)) => Ok(Some(StoredKey::new(id, key, wrapped.to_vec()))),
        (_, _, Some(forgotten)) if forgotten != 0 => Ok(Some(StoredKey::forgotten(id))),
        _ => Err(corrupt(&format!("the data key of aggregate {id}"), "columns of another type")),
    }
}

/// Returns the newest data keys that are not destroyed.
pub(super) fn sample_keys(connection: &Connection, statements: &Statements) -> Result<Vec<StoredKey>, Error> {
    let failed = error::of("read the data keys");
    let mut statement = connection.prepare_cached(&statements.newest_keyed).map_err(&failed)?;
    let ids =
        statement.query_map([], |row| row.get::<_, [u8; 16]>(0).map(Uuid::from_bytes)).map_err(&failed)?;
    keys(connection, statements, &ids.collect::<Result<Vec<_>, _>>().map_err(&failed)?)
}

/// Reads a page of the log. The three statements need no transaction: rows that the second sees do not change any more.
pub(super) fn log(
    connection: &Connection,
    statements: &Statements,
    range: &LogRange,
) -> Result<LogPage, Error> {
    if let Some(mark) = range.mark() {
        let found = mark_of(connection, &statements.commit_at, mark.position())?;
        if found != Some(mark) {
            return Err(Diverged::new(mark, found.map(Mark::commit)).into());
        }
    }
    let last = mark_of(connection, &statements.last_up_to, range.stop())?;
    let through = range.through(last);
    let (Some((first, _)), Some(last)) = (range.bounds(), last) else {
        return Ok(LogPage::last(Vec::new(), through));
    };
    let slices = range.which_slices();
    let topics = match range.topic_names() {
        [] => None,
        topics => Some(serde_json::Value::from(topics.to_vec()).to_string()),
    };
    let bound: [(i32, &dyn ToSql); 6] = [
        (1, &first.get().cast_signed()),
        (2, &last.position().get().cast_signed()),
        (3, &limit(range.max_count())),
        (4, &topics),
        (5, &slices.first().get()),
        (6, &slices.last().get()),
    ];
    let many = if slices.is_all() { if topics.is_some() { 4 } else { 3 } } else { 6 };
    let mut known = KnownTopics::default();
    let mut page = Fill::new(range.max_count(), range.max_bytes());
    let mut before = None;
    let bound = bound.into_iter().take(many).map(|(_, value)| value);
    each(connection, statements.log.of(range), "read the log", params_from_iter(bound), |row| {
        let mark = mark(row)?;
        let place = mark.position();
        if before.replace(place).is_some_and(|before| before >= place) {
            return Err(corrupt("the log", "positions that do not grow"));
        }
        let id = row.get_ref(2).ok().and_then(|value| Uuid::from_slice(value.as_blob().ok()?).ok());
        let id =
            id.ok_or_else(|| corrupt(&format!("position {place} of the log"), "an id that is no UUID"))?;
        let event = event(row, id, 3, &mut known)?;
        Ok(page.push(event.state.len(), || Notification::new(mark, event)))
    })?;
    Ok(page.into_page(through))
}

/// Returns the place that a statement selects at, or up to, a position.
fn mark_of(connection: &Connection, text: &str, position: Position) -> Result<Option<Mark>, Error> {
    let failed = error::of("read the log");
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    let mut rows = statement.query([position.get().cast_signed()]).map_err(&failed)?;
    rows.next().map_err(&failed)?.map(mark).transpose()
}

/// Returns the place of the newest event.
pub(super) fn newest(connection: &Connection, statements: &Statements) -> Result<Option<Mark>, Error> {
    mark_of(connection, &statements.last_up_to, Position::MAX)
}

/// Reads a place from the first two columns, position and commit.
fn mark(row: &Row<'_>) -> Result<Mark, Error> {
    let place = row.get::<_, i64>(0).ok().and_then(|number| Position::new(number.try_into().ok()?));
    let place = place.ok_or_else(|| corrupt("the log", "a position that is no number above 0"))?;
    let commit = row.get_ref(1).ok().and_then(|value| Uuid::from_slice(value.as_blob().ok()?).ok());
    let commit = commit
        .ok_or_else(|| corrupt(&format!("position {place} of the log"), "a commit id that is no UUID"))?;
    Ok(Mark::new(place, CommitId::from_uuid(commit)))
}

pub(super) fn tracked(
    connection: &Connection,
    statements: &Statements,
    cursor: &Cursor,
) -> Result<Option<Mark>, Error> {
    let failed = error::of("read the tracking");
    let mut statement = connection.prepare_cached(&statements.tracked).map_err(&failed)?;
    let Cursor { consumer, upstream, slices } = cursor;
    let key = params![consumer.as_str(), upstream.as_str(), slices.first().get(), slices.last().get()];
    let mut rows = statement.query(key).map_err(&failed)?;
    rows.next().map_err(&failed)?.map(mark).transpose()
}

/// Returns a limit for SQLite, which counts with signs; below zero is no limit.
pub(super) fn limit(count: Option<usize>) -> i64 {
    count.map_or(-1, |count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// Reads an event from the columns version, topic and state, of which the first has the number `at`.
fn event(row: &Row<'_>, id: Uuid, at: usize, topics: &mut KnownTopics) -> Result<StoredEvent, Error> {
    let column = |at| row.get_ref(at).unwrap_or(ValueRef::Null);
    let version = version(row, id, at)?;
    let place = || format!("event {version} of aggregate {id}");
    let topic = column(at + 1).as_str().map_err(|_| corrupt(&place(), "a topic that is no text"))?;
    let state = column(at + 2).as_blob().map_err(|_| corrupt(&place(), "a state that is no blob"))?;
    let topic = topics.get(topic).map_err(|_| corrupt(&place(), "a topic that is no name"))?;
    Ok(StoredEvent::of(id, version, topic, state.to_vec()))
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
