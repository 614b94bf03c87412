//! Reading: checks every value of a row, since a table may hold anything.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::batch::{number, slices};
use super::connection::{Connection, Page, Request};
use super::error;
use super::horizon::Look;
use super::log::Log;
use super::rows::{corrupt, count, mark_at, mark_of, value, version};
use super::statements::Statements;
use crate::error::{Diverged, Error};
use crate::id::{CommitId, DataKeyId, Mark, Name};
use crate::recorder::page::Fill;
use crate::recorder::sql::KnownTopics;
use crate::recorder::{Cursor, EventPage, EventRange, LogPage, LogRange, Notification, StoredKey};
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

/// Reads a page of the log, in one round trip.
///
/// The order of the statements matters: first the newest event, then who writes, then the page. An event at or below
/// the horizon is visible to the last statement, or never comes.
pub(super) async fn log(connection: &Connection, log: &Log, range: &LogRange) -> Result<LogPage, Error> {
    let Log { statements, horizon, size } = log;
    // No row has a topic with a zero byte, and the server takes no such text.
    let topics = range.topic_names().iter().map(AsRef::as_ref);
    let topics: Vec<&str> = topics.filter(|topic: &&str| !topic.contains('\0')).collect();
    let most = size.rows(range.max_count(), range.max_bytes());
    let (limit, [first_slice, last_slice]) = (count(most), slices(range.which_slices()));
    let bounds = range.bounds().map(|(first, last)| (first.get().cast_signed(), last.get().cast_signed()));
    let page = bounds.as_ref().map(|(first, last)| {
        let values: Vec<&(dyn ToSql + Sync)> = vec![first, last, &limit, &topics, &first_slice, &last_slice];
        Page { request: (statements.log.of(range), values), bytes: range.max_bytes().unwrap_or(usize::MAX) }
    });
    if let (Some((first, _)), Some(page), Some(reached)) = (bounds, &page, horizon.reached())
        // A reader that is so far behind gets a full page, most likely.
        && number(reached).saturating_sub(first) >= limit
        && let Some(page) = settled(connection, log, range, page, reached, most).await?
    {
        return Ok(page);
    }
    let kept = range.mark().map(number);
    let mut requests = Look::requests(statements);
    requests.extend(kept.iter().map(|kept| -> Request<'_> { (&statements.commit_at, vec![kept]) }));
    let read = connection.query_all(&requests, page.as_ref()).await;
    let (answers, mut rows) = read.map_err(error::of("read the log"))?;
    // Before anything else is asked: a page that was too large has ended the connection.
    size.saw(&rows);
    let mut answers = answers.into_iter();
    let look = Look::of(statements, &mut answers)?;
    check_kept(range.mark(), &mut answers)?;
    let (mut last, is_behind) = horizon.after(connection, statements, look).await?;
    if let Some(page) = page.filter(|_| is_behind) {
        rows = connection.page(&page).await.map_err(error::of("read the log"))?;
    }
    if last.is_some_and(|last| last.position() > range.stop()) {
        last = mark_at(connection, &statements.last_up_to, range.stop()).await?;
    }
    let through = range.through(last);
    let (Some(_), Some(last)) = (bounds, last) else { return Ok(LogPage::last(Vec::new(), through)) };
    Ok(fill(&rows, last, most, range)?.into_page(through))
}

/// Reads a page that ends at or below a place which readers have reached before: nobody has to be asked who writes.
/// `None` if the page is not full, or the place is gone: then the log is another one.
async fn settled(
    connection: &Connection,
    log: &Log,
    range: &LogRange,
    page: &Page<'_>,
    reached: Mark,
    most: usize,
) -> Result<Option<LogPage>, Error> {
    let places: Vec<i64> = [Some(reached), range.mark()].into_iter().flatten().map(number).collect();
    let looks = places.iter().map(|place| -> Request<'_> { (&log.statements.commit_at, vec![place]) });
    let read = connection.query_all(&looks.collect::<Vec<_>>(), Some(page)).await;
    let (answers, rows) = read.map_err(error::of("read the log"))?;
    log.size.saw(&rows);
    let mut answers = answers.into_iter();
    if found(&mut answers)? != Some(reached) {
        return Ok(None);
    }
    check_kept(range.mark(), &mut answers)?;
    let filled = fill(&rows, reached, most, range)?;
    Ok(filled.is_full().then(|| filled.into_page(None)))
}

/// Refuses the mark of a reader that is not where the reader says.
fn check_kept(mark: Option<Mark>, answers: &mut impl Iterator<Item = Vec<Row>>) -> Result<(), Error> {
    let Some(mark) = mark else { return Ok(()) };
    let found = found(answers)?;
    if found == Some(mark) { Ok(()) } else { Err(Diverged::new(mark, found.map(Mark::commit)).into()) }
}

/// Reads the next answer as the mark at a place.
fn found(answers: &mut impl Iterator<Item = Vec<Row>>) -> Result<Option<Mark>, Error> {
    answers.next().unwrap_or_default().first().map(mark_of).transpose()
}

/// Fills a page with the rows up to a place.
fn fill(rows: &[Row], last: Mark, most: usize, range: &LogRange) -> Result<Fill<Notification>, Error> {
    let mut known = KnownTopics::default();
    let mut page = Fill::new(Some(most), range.max_bytes());
    let mut before = None;
    for row in rows {
        let mark = mark_of(row)?;
        let place = mark.position();
        if before.replace(place).is_some_and(|before| before >= place) {
            return Err(corrupt("the log", "positions that do not grow"));
        }
        if place > last.position() {
            // A lower position may still appear.
            break;
        }
        let id = value(row, 2)
            .ok_or_else(|| corrupt(&format!("position {place} of the log"), "an id that is no UUID"))?;
        let event = event(row, id, 3, &mut known)?;
        if !page.push(event.state.len(), || Notification::new(mark, event)) {
            break;
        }
    }
    Ok(page)
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
fn event(row: &Row, id: Uuid, at: usize, topics: &mut KnownTopics) -> Result<StoredEvent, Error> {
    let version = version(row, id, at)?;
    let place = || format!("event {version} of aggregate {id}");
    let topic = value(row, at + 1).ok_or_else(|| corrupt(&place(), "a topic that is no text"))?;
    let topic: Name = topics.get(topic).map_err(|_| corrupt(&place(), "a topic that is no name"))?;
    let state: &[u8] = value(row, at + 2).ok_or_else(|| corrupt(&place(), "a state that is no bytes"))?;
    Ok(StoredEvent::of(id, version, topic, state.to_vec()))
}
