//! Reading: checks every value of a row, since a table may hold anything.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::batch::slices;
use super::connection::{Connection, Page, Request};
use super::error;
use super::log::Log;
use super::rows::{corrupt, count, mark_of, value, version};
use super::statements::Statements;
use crate::error::Error;
use crate::id::{CommitId, DataKeyId, Mark, Name};
use crate::recorder::page::Fill;
use crate::recorder::sql::KnownTopics;
use crate::recorder::{Cursor, EventPage, EventRange, StoredKey};
use crate::stored_event::StoredEvent;

/// Reads events of one sequence.
pub(super) async fn events(
    connection: &Connection,
    log: &Log,
    id: Uuid,
    range: EventRange,
) -> Result<EventPage, Error> {
    let Some((first, last)) = range.bounds() else { return Ok(EventPage::default()) };
    let most = log.size.rows(range.max_count(), range.max_bytes());
    let (first, last, limit) = (i64::from(first), i64::from(last), count(most));
    let text = log.statements.events.of(range.is_descending());
    let request: Request<'_> = (text, vec![&id, &first, &last, &limit]);
    let read = Page { request, bytes: range.max_bytes().unwrap_or(usize::MAX) };
    let rows = connection.page(&read).await.map_err(error::of("read the events"))?;
    log.size.saw(&rows);
    let mut topics = KnownTopics::default();
    let mut page = Fill::new(Some(most), range.max_bytes());
    for row in &rows {
        let event = event(row, id, 0, &mut topics)?;
        if !page.push(event.state.len(), || event) {
            break;
        }
    }
    Ok(page.into_page())
}

pub(super) async fn has_commit(
    connection: &Connection,
    statements: &Statements,
    id: Uuid,
    commit: CommitId,
) -> Result<bool, Error> {
    let failed = error::of("look for the commit");
    let rows = connection.query(&statements.has_commit, &[&id, &commit.uuid()]).await.map_err(&failed)?;
    Ok(rows.first().and_then(|row| value(row, 0)).unwrap_or(false))
}

/// Looks for several commits, each with an aggregate.
pub(super) async fn has_commits(
    connection: &Connection,
    statements: &Statements,
    commits: &[(Uuid, CommitId)],
) -> Result<Vec<bool>, Error> {
    let failed = error::of("look for the commits");
    let (ids, commits): (Vec<Uuid>, Vec<Uuid>) =
        commits.iter().map(|(id, commit)| (*id, commit.uuid())).unzip();
    let rows = connection.query(&statements.has_commits, &[&ids, &commits]).await.map_err(&failed)?;
    let mut found = vec![false; ids.len()];
    for row in &rows {
        // The server counts from 1.
        let at = value::<i64>(row, 0).and_then(|at| usize::try_from(at.checked_sub(1)?).ok());
        let place = at.and_then(|at| found.get_mut(at));
        *place.ok_or_else(|| corrupt("the answer about commits", "a place that is none"))? = true;
    }
    Ok(found)
}

pub(super) async fn keys(
    connection: &Connection,
    statements: &Statements,
    ids: &[Uuid],
) -> Result<Vec<StoredKey>, Error> {
    let failed = error::of("read the data keys");
    let rows = connection.query(&statements.keys, &[&ids]).await.map_err(&failed)?;
    rows.iter().map(key).collect()
}

/// Returns the newest data keys that are not destroyed.
pub(super) async fn sample_keys(
    connection: &Connection,
    statements: &Statements,
) -> Result<Vec<StoredKey>, Error> {
    let failed = error::of("read the data keys");
    let rows = connection.query(&statements.newest_keyed, &[]).await.map_err(&failed)?;
    rows.iter().map(key).collect()
}

fn key(row: &Row) -> Result<StoredKey, Error> {
    let id: Uuid = value(row, 0).ok_or_else(|| corrupt("a data key", "an id that is no UUID"))?;
    let key = value::<&[u8]>(row, 1).and_then(|bytes| bytes.try_into().ok()).map(DataKeyId::from_bytes);
    match (key, value::<&[u8]>(row, 2), value::<bool>(row, 3)) {
        (Some(key), Some(wrapped), Some(false)) => Ok(StoredKey::new(id, key, wrapped.to_vec())),
        (_, _, Some(true)) => Ok(StoredKey::forgotten(id)),
        _ => Err(corrupt(&format!("the data key of aggregate {id}"), "columns of another type")),
    }
}

pub(super) async fn tracked(
    connection: &Connection,
    statements: &Statements,
    cursor: &Cursor,
) -> Result<Option<Mark>, Error> {
    let [first, last] = slices(cursor.slices);
    let values: [&(dyn ToSql + Sync); 4] =
        [&cursor.consumer.as_str(), &cursor.upstream.as_str(), &first, &last];
    let rows =
        connection.query(&statements.tracked, &values).await.map_err(error::of("read the tracking"))?;
    rows.first().map(mark_of).transpose()
}

/// Reads an event from the columns version, topic and state, of which the first has the number `at`.
pub(super) fn event(row: &Row, id: Uuid, at: usize, topics: &mut KnownTopics) -> Result<StoredEvent, Error> {
    let version = version(row, id, at)?;
    let place = || format!("event {version} of aggregate {id}");
    let topic = value(row, at + 1).ok_or_else(|| corrupt(&place(), "a topic that is no text"))?;
    let topic: Name = topics.get(topic).map_err(|_| corrupt(&place(), "a topic that is no name"))?;
    let state: &[u8] = value(row, at + 2).ok_or_else(|| corrupt(&place(), "a state that is no bytes"))?;
    Ok(StoredEvent::of(id, version, topic, state.to_vec()))
}
