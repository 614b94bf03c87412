//! The log of one application: the statements for its tables, the place that its readers have reached, and the size of
//! its events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::Row;

use super::connection::{LITTLE, state_of};
use super::horizon::{Horizon, Places};
use super::kept::Views;
use super::looks::Looks;
use super::statements::Statements;

/// The largest number of rows that one statement reads, and the smallest: the driver keeps all of them.
const ROWS: usize = 2_000;
const FEWEST: usize = 16;

#[derive(Debug)]
pub(super) struct Log {
    pub(super) statements: Statements,
    pub(super) horizon: Horizon,
    pub(super) looks: Arc<Looks<Places>>,
    pub(super) size: Size,
    /// The views that each commit brings up to date.
    pub(super) views: Views,
}

impl Log {
    pub(super) fn new(statements: Statements) -> Self {
        let (horizon, looks) = (Horizon::default(), Arc::default());
        Self { statements, horizon, looks, size: Size::default(), views: Views::default() }
    }
}

/// The size of the last events that were read. It tells how many rows to ask for where their bytes are limited: the server
/// sends all that it is asked for.
#[derive(Debug, Default)]
pub(super) struct Size(AtomicUsize);

impl Size {
    /// Notes the sizes of events that were read.
    pub(super) fn saw(&self, rows: &[Row]) {
        for row in rows {
            self.note(state_of(row));
        }
    }

    fn note(&self, bytes: usize) {
        // A mean in which older states count less and less. Threads may overwrite each other's: it is a guess.
        let known = self.0.load(Ordering::Relaxed);
        self.0.store(known - known / 16 + bytes / 16, Ordering::Relaxed);
    }

    /// Returns the number of rows to ask for, at most as many as are wanted.
    pub(super) fn rows(&self, most: Option<usize>, bytes: Option<usize>) -> usize {
        let each = self.0.load(Ordering::Relaxed).max(1);
        // Fewer than the fewest, if so many would end the connection.
        let fewest = |bytes: usize| FEWEST.min(bytes.max(LITTLE) / each).max(1);
        let room = bytes.map_or(ROWS, |bytes| (bytes / each).saturating_mul(2).clamp(fewest(bytes), ROWS));
        most.map_or(room, |most| most.min(room))
    }
}

#[cfg(test)]
mod tests {
    use super::{ROWS, Size};

    #[test]
    fn fewer_rows_are_asked_for_where_states_are_large() {
        let size = Size::default();
        assert_eq!(size.rows(None, Some(1 << 20)), ROWS);
        (0..200).for_each(|_| size.note(10_000));
        let rows = size.rows(None, Some(1 << 20));
        assert!((150..300).contains(&rows), "{rows}");
        assert_eq!(size.rows(Some(7), Some(1 << 20)), 7);
        assert_eq!(size.rows(None, None), ROWS);
        (0..200).for_each(|_| size.note(1 << 20));
        assert_eq!(size.rows(None, Some(1 << 20)), 2);
        (0..200).for_each(|_| size.note(1 << 25));
        assert_eq!(size.rows(None, Some(1 << 20)), 1);
        (0..200).for_each(|_| size.note(100 << 10));
        assert_eq!(size.rows(None, Some(1)), 10);
        (0..400).for_each(|_| size.note(10));
        assert_eq!(size.rows(None, Some(1 << 20)), ROWS);
    }
}
