//! Reading the log, page by page.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::batch::{number, slices};
use super::connection::{Connection, Page, Request};
use super::error;
use super::horizon::Look;
use super::log::Log;
use super::rows::{corrupt, count, mark_at, mark_of, value};
use super::select::event;
use super::statements::Statements;
use crate::error::{Diverged, Error};
use crate::id::{Mark, Position};
use crate::recorder::page::Fill;
use crate::recorder::sql::KnownTopics;
use crate::recorder::{LogPage, LogRange, Notification};

/// The question for a page of the log.
struct Asked<'a> {
    log: &'a Log,
    range: &'a LogRange,
    /// The most rows that the page may have.
    most: usize,
    limit: i64,
    topics: Vec<&'a str>,
    slices: [i16; 2],
    first: i64,
    last: i64,
}

impl<'a> Asked<'a> {
    /// Returns the question for a range, or `None` if the range is empty.
    fn of(log: &'a Log, range: &'a LogRange) -> Option<Self> {
        let (first, last) = range.bounds()?;
        // No row has a topic with a zero byte, and the server takes no such text.
        let topics =
            range.topic_names().iter().map(AsRef::as_ref).filter(|topic: &&str| !topic.contains('\0'));
        let most = log.size.rows(range.max_count(), range.max_bytes());
        let [first, last] = [first, last].map(|place| place.get().cast_signed());
        let (limit, slices) = (count(most), slices(range.which_slices()));
        Some(Self { log, range, most, limit, topics: topics.collect(), slices, first, last })
    }

    fn page(&self) -> Page<'_> {
        let Self { log, range, limit, topics, slices: [first_slice, last_slice], first, last, .. } = self;
        let values: Vec<&(dyn ToSql + Sync)> = vec![first, last, limit, topics, first_slice, last_slice];
        let request = (log.statements.log.of(range), values);
        Page { request, bytes: range.max_bytes().unwrap_or(usize::MAX) }
    }

    /// Returns whether a page that ends at a place is full, most likely.
    fn is_far_behind(&self, place: Mark) -> bool {
        number(place).saturating_sub(self.first) >= self.limit
    }
}

/// Reads a page of the log, in one round trip. `None` if a page that was too large has ended the connection before
/// all was known: then [`by_parts`] reads it, on another connection.
///
/// The order of the statements matters: first the newest event, then who writes, then the page. An event at or below
/// the horizon is visible to the last statement, or never comes.
pub(super) async fn at_once(
    connection: &Connection,
    log: &Log,
    range: &LogRange,
) -> Result<Option<LogPage>, Error> {
    let Log { statements, horizon, size, .. } = log;
    let asked = Asked::of(log, range);
    if let (Some(asked), Some(reached)) = (&asked, horizon.reached())
        && asked.is_far_behind(reached)
    {
        let page = settled(connection, asked, reached).await?;
        if page.is_some() || connection.is_closed() {
            return Ok(page);
        }
    }
    let kept = range.mark().map(number);
    let requests = looks(statements, kept.as_ref());
    let page = asked.as_ref().map(Asked::page);
    let read = connection.query_all(&requests, page.as_ref()).await;
    let (answers, mut rows) = read.map_err(error::of("read the log"))?;
    size.saw(&rows);
    let mut answers = answers.into_iter();
    let look = Look::of(statements, &mut answers)?;
    check_kept(range.mark(), &mut answers)?;
    if let Some(asked) = asked.as_ref().filter(|_| connection.is_closed()) {
        return Ok(match look.complete() {
            Some(complete) => fill(&rows, complete, asked)?.into_part(),
            None => None,
        });
    }
    let (last, is_behind) = horizon.after(connection, statements, look).await?;
    let last = last_of(connection, statements, range, last).await?;
    if let Some(page) = page.filter(|_| is_behind) {
        rows = connection.page(&page).await.map_err(error::of("read the log"))?;
    }
    filled(&rows, last, asked.as_ref(), range).map(Some)
}

/// Reads a page of the log in parts, the page after all else: nothing more is asked on a connection that the page ends.
pub(super) async fn by_parts(connection: &Connection, log: &Log, range: &LogRange) -> Result<LogPage, Error> {
    let Log { statements, horizon, .. } = log;
    let kept = range.mark().map(number);
    let requests = looks(statements, kept.as_ref());
    let read = connection.query_all(&requests, None).await;
    let mut answers = read.map_err(error::of("read the log"))?.0.into_iter();
    let look = Look::of(statements, &mut answers)?;
    check_kept(range.mark(), &mut answers)?;
    let (last, _) = horizon.after(connection, statements, look).await?;
    let last = last_of(connection, statements, range, last).await?;
    up_to(connection, log, range, last).await
}

/// Reads a page up to a place that is complete for the session, after the mark of the range.
pub(super) async fn up_to(
    connection: &Connection,
    log: &Log,
    range: &LogRange,
    last: Option<Mark>,
) -> Result<LogPage, Error> {
    let kept = range.mark().map(number);
    let asked = last.zip(Asked::of(log, range)).map(|(last, asked)| {
        // The server sends nothing that this page cannot hold.
        Asked { last: asked.last.min(number(last)), ..asked }
    });
    let looks: Vec<_> = look_at(&log.statements, kept.as_ref()).collect();
    let page = asked.as_ref().map(Asked::page);
    let read = connection.query_all(&looks, page.as_ref()).await;
    let (answers, rows) = read.map_err(error::of("read the log"))?;
    log.size.saw(&rows);
    check_kept(range.mark(), &mut answers.into_iter())?;
    filled(&rows, last, asked.as_ref(), range)
}

/// Returns the statements of a look, and the one for the mark that a reader keeps.
fn looks<'a>(statements: &'a Statements, kept: Option<&'a i64>) -> Vec<Request<'a>> {
    Look::requests(statements).into_iter().chain(look_at(statements, kept)).collect()
}

/// Returns the statement for the mark that a reader keeps.
fn look_at<'a>(
    statements: &'a Statements,
    kept: Option<&'a i64>,
) -> impl Iterator<Item = Request<'a>> + use<'a> {
    kept.into_iter().map(|kept| -> Request<'a> { (&statements.commit_at, vec![kept]) })
}

/// Returns the last place of the log that is within a range and complete.
async fn last_of(
    connection: &Connection,
    statements: &Statements,
    range: &LogRange,
    complete: Option<Mark>,
) -> Result<Option<Mark>, Error> {
    if complete.is_some_and(|complete| complete.position() > range.stop()) {
        return mark_at(connection, &statements.last_up_to, range.stop()).await;
    }
    Ok(complete)
}

fn filled(
    rows: &[Row],
    last: Option<Mark>,
    asked: Option<&Asked<'_>>,
    range: &LogRange,
) -> Result<LogPage, Error> {
    let through = range.through(last);
    let (Some(asked), Some(last)) = (asked, last) else { return Ok(LogPage::last(Vec::new(), through)) };
    Ok(fill(rows, last.position(), asked)?.into_page(through))
}

/// Reads a page that ends at or below a place which readers have reached before: nobody has to be asked who writes.
/// `None` if the page is not full, or the place is gone: then the log is another one.
async fn settled(
    connection: &Connection,
    asked: &Asked<'_>,
    reached: Mark,
) -> Result<Option<LogPage>, Error> {
    let (log, range, page) = (asked.log, asked.range, asked.page());
    let places: Vec<i64> = [Some(reached), range.mark()].into_iter().flatten().map(number).collect();
    let looks = places.iter().map(|place| -> Request<'_> { (&log.statements.commit_at, vec![place]) });
    let read = connection.query_all(&looks.collect::<Vec<_>>(), Some(&page)).await;
    let (answers, rows) = read.map_err(error::of("read the log"))?;
    log.size.saw(&rows);
    let mut answers = answers.into_iter();
    if found(&mut answers)? != Some(reached) {
        return Ok(None);
    }
    check_kept(range.mark(), &mut answers)?;
    let filled = fill(&rows, reached.position(), asked)?;
    // Of a page that was too large, the reader gets what is sure.
    Ok(if filled.is_full() || connection.is_closed() { filled.into_part() } else { None })
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
fn fill(rows: &[Row], last: Position, asked: &Asked<'_>) -> Result<Fill<Notification>, Error> {
    let mut known = KnownTopics::default();
    let mut page = Fill::new(Some(asked.most), asked.range.max_bytes());
    let mut before = None;
    for row in rows {
        let mark = mark_of(row)?;
        let place = mark.position();
        if before.replace(place).is_some_and(|before| before >= place) {
            return Err(corrupt("the log", "positions that do not grow"));
        }
        if place > last {
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
