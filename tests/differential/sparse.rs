use es_runtime::Error;
use es_runtime::error::{Conflict, Diverged};
use es_runtime::id::Position;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, EventPage, EventRange, KeyRecorder,
    LogPage, LogRange, Mark, MemoryRecorder, Notification, ProcessRecorder, Receipt, Remains, Step,
    StoredKey, TrackingRecorder,
};
use uuid::Uuid;

/// A correct recorder that uses every third position only: position 1 of memory is 3, 2 is 6, and so on.
pub(crate) struct Sparse(MemoryRecorder);

impl Sparse {
    pub(crate) fn new() -> Self {
        Self(MemoryRecorder::new())
    }
}

fn out(position: Position) -> Position {
    Position::new(position.get() * 3).unwrap()
}

fn out_mark(mark: Mark) -> Mark {
    Mark::new(out(mark.position()), mark.commit())
}

/// Returns the mark in memory; for a position without an event, a mark behind all others.
fn inside(mark: Mark) -> Mark {
    let number = mark.position().get();
    let number = if number.is_multiple_of(3) { number / 3 } else { number + 1_000_000 };
    Mark::new(Position::new(number).unwrap(), mark.commit())
}

fn inside_step(step: &Step) -> Step {
    Step::new(step.cursor().clone(), step.from().map(inside), inside(step.to())).unwrap()
}

fn out_receipt(receipt: Receipt) -> Receipt {
    let Some((first, last)) = receipt.positions() else { return receipt };
    let moved = Receipt::at(receipt.commit(), out(first), out(last));
    if receipt.is_repeated() { moved.as_repeated() } else { moved }
}

fn out_error(asked: Option<Mark>) -> impl Fn(Error) -> Error {
    move |error| match (error.as_diverged(), error.as_conflict()) {
        (Some(diverged), _) => Diverged::new(asked.unwrap(), diverged.found).into(),
        (_, Some(Conflict::Tracking { consumer, upstream, expected, found, .. })) => {
            let [expected, found] = [expected, found].map(|mark| mark.map(out_mark));
            Conflict::tracking(consumer.clone(), upstream.clone(), expected, found).into()
        }
        _ => error,
    }
}

impl AggregateRecorder for Sparse {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.0.append(commit).await.map(out_receipt)
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.0.select(id, range).await
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        self.0.has_commit(id, commit).await
    }
}

impl KeyRecorder for Sparse {
    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        self.0.select_keys(ids).await
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        self.0.replace_key(old, new).await
    }

    async fn forget(&self, id: Uuid, notice: Commit) -> Result<Remains, Error> {
        self.0.forget(id, notice).await
    }
}

impl ApplicationRecorder for Sparse {
    async fn read_log(&self, range: LogRange) -> Result<LogPage, Error> {
        let mut inner = LogRange::all().after(range.mark().map(inside)).slices(range.which_slices());
        inner = inner.topics(range.topic_names().to_vec());
        if let Some((first, _)) = range.bounds() {
            inner = inner.from(Position::new(first.get().div_ceil(3)).unwrap());
        } else {
            inner = inner.limit(0);
        }
        // Below the first position there is no event: memory has no such position to end at.
        let stop = Position::new(range.stop().get() / 3);
        inner = inner.up_to(stop.unwrap_or(Position::FIRST));
        if let Some(limit) = range.max_count() {
            inner = inner.limit(limit);
        }
        if let Some(bytes) = range.max_bytes() {
            inner = inner.limit_bytes(bytes);
        }
        let inner = if range.is_firsts() { inner.firsts() } else { inner };
        let mut page = self.0.read_log(inner).await.map_err(out_error(range.mark()))?;
        if stop.is_none() {
            return Ok(LogPage::last(Vec::new(), None));
        }
        page.through = page.through.map(out_mark);
        let moved = |entry: Notification| Notification::new(out_mark(entry.mark()), entry.event);
        page.entries = page.entries.into_iter().map(moved).collect();
        Ok(page)
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        Ok(receipt.mark())
    }

    async fn beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        self.0.beyond(after.map(inside)).await
    }
}

impl TrackingRecorder for Sparse {
    async fn tracked(&self, cursor: &Cursor) -> Result<Option<Mark>, Error> {
        Ok(self.0.tracked(cursor).await?.map(out_mark))
    }

    async fn track(&self, step: Step) -> Result<(), Error> {
        self.0.track(inside_step(&step)).await.map_err(out_error(None))
    }
}

impl ProcessRecorder for Sparse {
    async fn append_tracked(&self, commit: Commit, step: Step) -> Result<Receipt, Error> {
        self.0.append_tracked(commit, inside_step(&step)).await.map(out_receipt).map_err(out_error(None))
    }
}
