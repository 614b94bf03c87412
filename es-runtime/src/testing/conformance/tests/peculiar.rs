//! A recorder that does everything that the promises leave open, and keeps the promises.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::writes::pause;
use crate::error::Error;
use crate::recorder::*;
use crate::wait::Wait;

/// A recorder that shows commits after their receipts, returns short pages, and sends hints for nothing.
#[derive(Default)]
pub(super) struct Peculiar {
    inner: MemoryRecorder,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    places: HashMap<CommitId, Receipt>,
    /// The positions that readers do not reach yet, and the moment at which each was stored.
    late: Vec<(Position, Instant)>,
    /// The position that readers reach.
    shown: Option<Position>,
}

impl Peculiar {
    fn without_places(&self, receipt: &Receipt) -> Receipt {
        let mut state = self.state.lock().unwrap();
        state.places.entry(receipt.commit()).or_insert_with(|| receipt.clone());
        if let Some(last) = receipt.last().filter(|_| !receipt.is_repeated()) {
            state.late.push((last, Instant::now()));
        }
        let plain = Receipt::new(receipt.commit());
        if receipt.is_repeated() { plain.as_repeated() } else { plain }
    }

    /// Returns the position that readers reach by now.
    fn shown(&self) -> Option<Position> {
        let mut state = self.state.lock().unwrap();
        // Both looks use one moment: a position that became due between two would never be shown.
        let now = Instant::now();
        let is_due = |since: &Instant| now.duration_since(*since) > Duration::from_millis(2);
        let due = state.late.iter().filter(|(_, since)| is_due(since)).map(|(last, _)| *last).max();
        state.late.retain(|(_, since)| !is_due(since));
        state.shown = state.shown.max(due);
        state.shown
    }
}

impl AggregateRecorder for Peculiar {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        pause().await;
        Ok(self.without_places(&self.inner.append(commit).await?))
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        pause().await;
        let few = range.max_count().unwrap_or(usize::MAX).min(200);
        self.inner.select(id, range.limit(few)).await
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        self.inner.has_commit(id, commit).await
    }

    fn as_keys(&self) -> Option<&(dyn DynKeyRecorder + 'static)> {
        Some(self)
    }
}

impl KeyRecorder for Peculiar {
    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        let mut keys = self.inner.select_keys(ids).await?;
        keys.reverse();
        Ok(keys)
    }

    async fn sample_keys(&self) -> Result<Vec<StoredKey>, Error> {
        Ok(Vec::new())
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        self.inner.replace_key(old, new).await
    }

    async fn forget(&self, id: Uuid, notice: Commit) -> Result<Remains, Error> {
        self.inner.forget(id, notice).await?;
        let newest = self.inner.read_log(LogRange::all().limit(0)).await?.through;
        self.state.lock().unwrap().late.extend(newest.map(|mark| (mark.position(), Instant::now())));
        Ok(Remains::OLD_PAGES)
    }
}

impl ApplicationRecorder for Peculiar {
    async fn read_log(&self, range: LogRange) -> Result<LogPage, Error> {
        // The recorder compares the mark first, and so notices another log.
        self.inner.read_log(range.clone().limit(0)).await?;
        let Some(shown) = self.shown() else { return Ok(LogPage::last(Vec::new(), None)) };
        let few = range.max_count().unwrap_or(usize::MAX).min(150);
        let mut page = self.inner.read_log(range.clone().up_to(shown).limit(few)).await?;
        if page.entries.len() > 1 && few > 1 {
            // A page may end anywhere.
            page.entries.pop();
            page = LogPage::with_more(page.entries);
        }
        Ok(page)
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        pause().await;
        let mut state = self.state.lock().unwrap();
        let known = state.places.get(&receipt.commit()).and_then(Receipt::mark);
        state.shown = state.shown.max(known.map(Mark::position));
        Ok(known)
    }

    async fn beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        // Half of the hints are for nothing.
        if Uuid::new_v4().as_bytes()[0].is_multiple_of(2) {
            return Ok(());
        }
        self.inner.beyond(after).await
    }

    fn as_process(&self) -> Option<&(dyn DynProcessRecorder + 'static)> {
        Some(self)
    }
}

impl TrackingRecorder for Peculiar {
    async fn tracked(&self, cursor: &Cursor) -> Result<Option<Mark>, Error> {
        self.inner.tracked(cursor).await
    }

    async fn track(&self, step: Step) -> Result<(), Error> {
        pause().await;
        self.inner.track(step).wait()
    }
}

impl ProcessRecorder for Peculiar {
    async fn append_tracked(&self, commit: Commit, step: Step) -> Result<Receipt, Error> {
        Ok(self.without_places(&self.inner.append_tracked(commit, step).await?))
    }
}
