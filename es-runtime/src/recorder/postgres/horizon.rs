//! The horizon: the place up to which the log is complete.
//!
//! A writer announces a floor by a lock before it draws positions above it, and keeps the lock until it has committed.
//! The server shows a commit before it releases the locks of the commit. So a reader that looks for the newest event
//! first, and for the floors after that, finds every writer that may still store something below that event.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::Row;

use super::connection::{Connection, Request};
use super::error;
use super::insert::BLOCK;
use super::rows::{mark_at, mark_of, value};
use super::statements::Statements;
use crate::error::Error;
use crate::id::{Mark, Position};

/// The newest event, and the place up to which the log is complete.
pub(super) type Places = (Option<Mark>, Option<Mark>);

/// The last place that readers of this process have reached.
#[derive(Debug, Default)]
pub(super) struct Horizon {
    reached: Mutex<Option<Mark>>,
    held: Mutex<Held>,
}

/// The time since which readers are held back.
#[derive(Debug, Default)]
struct Held {
    since: Option<Instant>,
    is_told: bool,
}

/// The time after which readers are held back too long.
const TOO_LONG: Duration = Duration::from_secs(1);

/// A look at the log: its newest event, and then the floors of those who write.
pub(super) struct Look {
    pub(super) newest: Option<Mark>,
    /// The last position that nobody can still fill from below, if somebody writes.
    settled: Option<i64>,
}

impl Look {
    /// Returns the statements of a look, in their order.
    pub(super) fn requests(statements: &Statements) -> Vec<Request<'_>> {
        let newest: Request<'_> = (&statements.last_up_to, vec![&i64::MAX]);
        let floors = statements.floors.iter().map(|text| (text, Vec::new()));
        std::iter::once(newest).chain(floors).collect()
    }

    /// Reads the answers to these statements.
    pub(super) fn of(
        statements: &Statements,
        answers: &mut impl Iterator<Item = Vec<Row>>,
    ) -> Result<Self, Error> {
        let newest = answers.next().unwrap_or_default().first().map(mark_of).transpose()?;
        let floors = statements.floors.as_ref().and_then(|_| answers.next()).unwrap_or_default();
        let floors = floors.iter().filter_map(|row| value::<i64>(row, 0));
        let lowest = floors.map(|half| floor(newest, half)).min();
        Ok(Self { newest, settled: lowest.map(end_of) })
    }
}

impl Look {
    /// Returns the position up to which the log is complete, whether an event stands there or not.
    pub(super) fn complete(&self) -> Option<Position> {
        let newest = self.newest?.position();
        let Some(settled) = self.settled else { return Some(newest) };
        Position::new(u64::try_from(settled).ok()?).map(|settled| newest.min(settled))
    }

    /// Returns the last event that nobody can come before any more.
    async fn found(&self, connection: &Connection, statements: &Statements) -> Result<Option<Mark>, Error> {
        match (self.newest, self.settled) {
            (Some(newest), Some(settled)) if settled < newest.position().get().cast_signed() => {
                match u64::try_from(settled).ok().and_then(Position::new) {
                    Some(settled) => mark_at(connection, &statements.last_up_to, settled).await,
                    None => Ok(None),
                }
            }
            (newest, _) => Ok(newest),
        }
    }
}

/// Returns the floor whose low half is known: it is near the block of the newest event.
pub(super) fn floor(newest: Option<Mark>, half: i64) -> i64 {
    let block = newest.map_or(0, |mark| mark.position().get().cast_signed() / BLOCK.cast_signed() as i64);
    near(block, half)
}

/// Returns whether the floor whose low half is known is below the block of an event.
pub(super) fn is_below(half: i64, of: Mark) -> bool {
    floor(Some(of), half) < of.position().get().cast_signed() / BLOCK.cast_signed() as i64
}

fn near(block: i64, half: i64) -> i64 {
    let low = block & 0xffff_ffff;
    // The low half of the difference counts, whatever stands in the table.
    block.saturating_add((half.wrapping_sub(low) << 32) >> 32)
}

/// Returns the last position of a block.
const fn end_of(block: i64) -> i64 {
    let size = BLOCK.cast_signed() as i64;
    block.saturating_mul(size).saturating_add(size - 1)
}

impl Horizon {
    fn lock(&self) -> MutexGuard<'_, Option<Mark>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the last place that a reader has reached, without a look.
    pub(super) fn reached(&self) -> Option<Mark> {
        *self.lock()
    }

    /// Notes whether a reader was held back; returns for how long readers have been.
    pub(super) fn held_for(&self, is_held: bool) -> Option<Duration> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_held {
            *held = Held::default();
            return None;
        }
        Some(held.since.get_or_insert_with(Instant::now).elapsed())
    }

    /// Returns true once, if readers are held back too long.
    pub(super) fn is_held_too_long(&self) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_long = held.since.is_some_and(|since| since.elapsed() > TOO_LONG);
        is_long && !std::mem::replace(&mut held.is_told, true)
    }

    /// Looks at the log; returns its newest event, and the place up to which it is complete.
    pub(super) async fn look(
        &self,
        connection: &Connection,
        statements: &Statements,
    ) -> Result<Places, Error> {
        let answers = connection.query_all(&Look::requests(statements), None).await;
        let (answers, _) = answers.map_err(error::of("read the log"))?;
        let look = Look::of(statements, &mut answers.into_iter())?;
        let newest = look.newest;
        let found = look.found(connection, statements).await?;
        Ok((newest, self.keep(connection, statements, found).await?))
    }

    /// Returns the place up to which the log is complete for what was read after a look. If that is no longer enough, the
    /// second value is true: another look has reached a later place, and what was read may lack events before it.
    pub(super) async fn after(
        &self,
        connection: &Connection,
        statements: &Statements,
        look: Look,
    ) -> Result<(Option<Mark>, bool), Error> {
        let found = look.found(connection, statements).await?;
        let reached = self.keep(connection, statements, found).await?;
        Ok((reached, reached != found))
    }

    /// Keeps the place that a look has found; returns a later one, if another look has found that.
    async fn keep(
        &self,
        connection: &Connection,
        statements: &Statements,
        found: Option<Mark>,
    ) -> Result<Option<Mark>, Error> {
        let place = |mark: Option<Mark>| mark.map(Mark::position);
        let known = self.reached();
        if place(found) < place(known)
            && let Some(known) = known
            && mark_at(connection, &statements.commit_at, known.position()).await? == Some(known)
        {
            // Another look was later, or a floor that was read early was announced late.
            return Ok(Some(known));
        }
        let mut reached = self.lock();
        // A place that is gone is of another log: a restored one.
        if *reached == known || place(*reached) < place(found) {
            *reached = found;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::{end_of, near};

    #[test]
    fn a_floor_is_known_by_its_low_half_near_the_newest_block() {
        for block in [1_i64, 5, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 40) + 7] {
            for distance in [-1_000_000, -1, 0, 1, 1_000_000] {
                let known = block + distance;
                if known >= 0 {
                    assert_eq!(near(block, known & 0xffff_ffff), known, "{block} {distance}");
                }
            }
        }
    }

    #[test]
    fn a_floor_of_any_value_overflows_nothing() {
        assert_eq!((end_of(0), end_of(7)), (1_023, 8_191));
        assert_eq!(end_of((1 << 53) - 1), i64::MAX);
        for value in [i64::MIN, -1, 0, i64::MAX] {
            for half in [i64::MIN, -1, 0, i64::MAX] {
                let _: i64 = end_of(near(value, half));
            }
        }
    }
}
