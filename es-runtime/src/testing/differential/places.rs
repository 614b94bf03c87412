use crate::error::{Conflict, Diverged};
use crate::id::{Mark, Position};
use crate::recorder::{Notification, Receipt};

/// The positions of a store in the order of its events. Operations and answers count positions from 1, without gaps.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Position>);

impl Places {
    /// Returns the last known position.
    pub(super) fn last(&self) -> Option<Position> {
        self.0.last().copied()
    }

    pub(super) fn push(&mut self, position: Position) {
        if self.last() < Some(position) {
            self.0.push(position);
        }
    }

    /// Returns the position in the store of a counted one.
    pub(super) fn stored(&self, counted: Position) -> Position {
        let at = usize::try_from(counted.get() - 1).unwrap_or(usize::MAX);
        self.0.get(at).copied().unwrap_or_else(|| {
            let behind = counted.get() - self.0.len() as u64;
            Position::new(self.last_number().saturating_add(behind)).unwrap_or(Position::MAX)
        })
    }

    /// Returns the counted position of one in the store. A position without an event counts down from the highest.
    pub(super) fn counted(&self, stored: Position) -> Position {
        let counted = match self.0.binary_search(&stored) {
            Ok(at) => at as u64 + 1,
            Err(at) if at == self.0.len() => at as u64 + (stored.get() - self.last_number()),
            Err(_) => Position::MAX.get() - stored.get(),
        };
        Position::new(counted).unwrap_or(Position::MAX)
    }

    fn last_number(&self) -> u64 {
        self.last().map_or(0, Position::get)
    }

    pub(super) fn stored_mark(&self, mark: Mark) -> Mark {
        Mark::new(self.stored(mark.position()), mark.commit())
    }

    pub(super) fn counted_mark(&self, mark: Mark) -> Mark {
        Mark::new(self.counted(mark.position()), mark.commit())
    }

    pub(super) fn stored_receipt(&self, receipt: &Receipt) -> Receipt {
        moved(receipt, |position| self.stored(position))
    }

    pub(super) fn counted_receipt(&self, receipt: &Receipt) -> Receipt {
        moved(receipt, |position| self.counted(position))
    }

    pub(super) fn counted_entry(&self, entry: Notification) -> Notification {
        Notification::new(self.counted_mark(entry.mark()), entry.event)
    }

    pub(super) fn counted_conflict(&self, conflict: &Conflict) -> Conflict {
        match conflict {
            Conflict::Tracking { consumer, upstream, expected, found } => {
                let [expected, found] =
                    [expected, found].map(|mark| mark.map(|mark| self.counted_mark(mark)));
                Conflict::tracking(consumer.clone(), upstream.clone(), expected, found)
            }
            other => other.clone(),
        }
    }

    pub(super) fn counted_diverged(&self, diverged: Diverged) -> Diverged {
        Diverged::new(self.counted_mark(diverged.kept), diverged.found)
    }
}

fn moved(receipt: &Receipt, to: impl Fn(Position) -> Position) -> Receipt {
    let moved = match receipt.positions() {
        Some((first, last)) => Receipt::at(receipt.commit(), to(first), to(last)),
        None => Receipt::new(receipt.commit()),
    };
    if receipt.is_repeated() { moved.as_repeated() } else { moved }
}
