use es_runtime::Error;
use es_runtime::error::Conflict;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, EventPage, EventRange, KeyRecorder,
    LogPage, LogRange, Mark, MemoryRecorder, Notification, ProcessRecorder, Receipt, Remains, Step,
    StoredKey, TrackingRecorder,
};
use uuid::Uuid;

/// One small fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    RepeatsLookNew,
    ConflictsNameNoVersion,
    ShortPagesEndTheLog,
    ThroughIsTheLastEntry,
    StepsDoNotCompare,
    FindsNoCommit,
}

impl Wrong {
    pub(crate) const ALL: [Self; 6] = [
        Self::RepeatsLookNew,
        Self::ConflictsNameNoVersion,
        Self::ShortPagesEndTheLog,
        Self::ThroughIsTheLastEntry,
        Self::StepsDoNotCompare,
        Self::FindsNoCommit,
    ];
}

/// A recorder in memory that has one fault.
pub(crate) struct WrongIn {
    inner: MemoryRecorder,
    fault: Wrong,
}

impl WrongIn {
    pub(crate) fn new(fault: Wrong) -> Self {
        Self { inner: MemoryRecorder::new(), fault }
    }

    fn answer(&self, answer: Result<Receipt, Error>) -> Result<Receipt, Error> {
        match (self.fault, answer) {
            (Wrong::RepeatsLookNew, Ok(receipt)) => Ok(match receipt.positions() {
                Some((first, last)) => Receipt::at(receipt.commit(), first, last),
                None => receipt,
            }),
            (Wrong::ConflictsNameNoVersion, Err(error)) => match error.as_conflict() {
                Some(Conflict::Version { id, expected: Some(expected), .. }) => {
                    Err(Conflict::version(*id, expected.next(), None).into())
                }
                _ => Err(error),
            },
            (_, answer) => answer,
        }
    }
}

impl AggregateRecorder for WrongIn {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.answer(self.inner.append(commit).await)
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.inner.select(id, range).await
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        Ok(self.fault != Wrong::FindsNoCommit && self.inner.has_commit(id, commit).await?)
    }
}

impl KeyRecorder for WrongIn {
    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        self.inner.select_keys(ids).await
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        self.inner.replace_key(old, new).await
    }

    async fn forget(&self, id: Uuid, notice: Commit) -> Result<Remains, Error> {
        self.inner.forget(id, notice).await
    }
}

impl ApplicationRecorder for WrongIn {
    async fn read_log(&self, range: LogRange) -> Result<LogPage, Error> {
        let mut page = self.inner.read_log(range.clone()).await?;
        match self.fault {
            Wrong::ShortPagesEndTheLog => page.more = false,
            Wrong::ThroughIsTheLastEntry => {
                page.through = page.entries.last().map(Notification::mark).or(range.mark());
            }
            _ => {}
        }
        Ok(page)
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        self.inner.resolve(receipt).await
    }

    async fn beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        self.inner.beyond(after).await
    }
}

impl TrackingRecorder for WrongIn {
    async fn tracked(&self, cursor: &Cursor) -> Result<Option<Mark>, Error> {
        self.inner.tracked(cursor).await
    }

    async fn track(&self, step: Step) -> Result<(), Error> {
        let known = self.inner.tracked(step.cursor()).await?;
        let forward = Step::new(step.cursor().clone(), known, step.to());
        let step = if self.fault == Wrong::StepsDoNotCompare { forward.unwrap_or(step) } else { step };
        self.inner.track(step).await
    }
}

impl ProcessRecorder for WrongIn {
    async fn append_tracked(&self, commit: Commit, step: Step) -> Result<Receipt, Error> {
        self.answer(self.inner.append_tracked(commit, step).await)
    }
}
