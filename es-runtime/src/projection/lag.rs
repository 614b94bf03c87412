//! The lag of a place behind the head of the log, in positions and in time.

use std::time::Duration;

use super::status::position;
use crate::clock::Timestamp;
use crate::id::Mark;
use crate::log::Source;
use crate::recorder::LogRange;

/// The lag of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lag {
    /// The number of positions between the place and the head.
    pub(super) positions: u64,
    /// The age of the first event behind the place.
    pub(super) time: Duration,
}

impl Lag {
    /// Measures a place. `still` stands for the age of an event that cannot be read.
    pub(super) async fn of(
        source: &Source,
        place: Option<Mark>,
        newest: Option<Mark>,
        still: Duration,
    ) -> Self {
        let positions = position(newest).saturating_sub(position(place));
        if positions == 0 {
            return Self::default();
        }
        Self { positions, time: age_after(source, place).await.unwrap_or(still) }
    }
}

/// Returns the time since the first event behind a place was recorded.
async fn age_after(source: &Source, place: Option<Mark>) -> Option<Duration> {
    let page = source.read(LogRange::all().after(place).limit(1)).await.ok()?;
    let mappers = source.mappers_for(&page.entries).await.ok()?;
    let row = &page.entries.first()?.event;
    let recorded = mappers.of(row)?.time_of(row).ok()?;
    // The clock of another process may be ahead.
    Some(Timestamp::now().checked_since(recorded).unwrap_or_default())
}
