use std::future::Future;
use std::time::Duration;

use uuid::Uuid;

use super::pause::until;
use super::when::Call;
use super::wrapper::Faulty;
use crate::error::Error;
use crate::id::{CommitId, Mark, Position};
use crate::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, Cursor, DynKeyRecorder, DynProcessRecorder, EventPage,
    EventRange, KeyRecorder, Limits, LogPage, LogRange, ProcessRecorder, Receipt, Remains, Step, StoredKey,
    TrackingRecorder,
};
use crate::wait::{Elapsed, timeout};

/// The longest time that a reader waits for a held commit before it looks again.
const INTERVAL: Duration = Duration::from_secs(1);

impl<R> Faulty<R> {
    /// Makes a call with its faults.
    pub(super) async fn call<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let due = self.faults.due(call);
        due.before().await?;
        due.after(work.await).await
    }

    /// Stores a commit with its faults.
    async fn store(
        &self,
        commit: CommitId,
        work: impl Future<Output = Result<Receipt, Error>>,
    ) -> Result<Receipt, Error> {
        let due = self.faults.due(Call::Append);
        due.before().await?;
        let under_way = due.hold().map(|(switch, hold)| (switch, self.faults.ledger().hold(commit, hold)));
        let stored = work.await;
        if let Ok(receipt) = &stored {
            if receipt.positions().is_some() && !receipt.is_repeated() {
                self.faults.ledger().count_later();
            }
            if let Some((switch, under_way)) = under_way
                && under_way.stored(receipt)
            {
                switch.strike();
            }
        } else {
            drop(under_way);
        }
        due.after(stored).await
    }
}

impl<R: ApplicationRecorder> Faulty<R> {
    /// Reads the log up to the first held commit.
    async fn in_order(&self, range: LogRange) -> Result<LogPage, Error> {
        let end = self.inner.read_log(LogRange::all().limit(0)).await?.through;
        let complete = end.and_then(|end| Position::new(self.faults.ledger().complete(end.position().get())));
        if let Some(complete) = complete {
            return self.inner.read_log(range.up_to(complete)).await;
        }
        // The page is empty, but the store still compares the mark.
        let reached = range.mark();
        self.inner.read_log(range.limit(0)).await?;
        Ok(LogPage::last(Vec::new(), reached))
    }

    async fn shown_beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        let Some(floor) = self.faults.ledger().floor() else { return self.inner.beyond(after).await };
        if self.in_order(LogRange::all().limit(0)).await?.through == after {
            let shown = until(|| self.faults.ledger().floor() != Some(floor));
            let _: Result<(), Elapsed> = timeout(INTERVAL, shown).await;
        }
        Ok(())
    }

    async fn shown(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        let mark = self.inner.resolve(receipt).await?;
        if let Some(mark) = mark {
            until(|| self.faults.ledger().is_reached(mark)).await;
        }
        Ok(mark)
    }
}

impl<R: AggregateRecorder> AggregateRecorder for Faulty<R> {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.store(commit.id(), self.inner.append(commit)).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.call(Call::Select, self.inner.select(id, range)).await
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        self.call(Call::HasCommit, self.inner.has_commit(id, commit)).await
    }

    async fn has_commits(&self, commits: Vec<(Uuid, CommitId)>) -> Result<Vec<bool>, Error> {
        self.call(Call::HasCommit, self.inner.has_commits(commits)).await
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    fn as_keys(&self) -> Option<&(dyn DynKeyRecorder + 'static)> {
        (self.keys)(self)
    }
}

impl<R: KeyRecorder> KeyRecorder for Faulty<R> {
    async fn sample_keys(&self) -> Result<Vec<StoredKey>, Error> {
        self.call(Call::SelectKeys, self.inner.sample_keys()).await
    }

    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        self.call(Call::SelectKeys, self.inner.select_keys(ids)).await
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        self.call(Call::ReplaceKey, self.inner.replace_key(old, new)).await
    }

    async fn forget(&self, id: Uuid, notice: Commit) -> Result<Remains, Error> {
        self.call(Call::Forget, self.inner.forget(id, notice)).await
    }
}

impl<R: ApplicationRecorder> ApplicationRecorder for Faulty<R> {
    async fn read_log(&self, range: LogRange) -> Result<LogPage, Error> {
        self.call(Call::ReadLog, self.in_order(range)).await
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        self.call(Call::Resolve, self.shown(receipt)).await
    }

    async fn beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        self.call(Call::Beyond, self.shown_beyond(after)).await
    }

    fn as_process(&self) -> Option<&(dyn DynProcessRecorder + 'static)> {
        (self.process)(self)
    }
}

impl<R: TrackingRecorder> TrackingRecorder for Faulty<R> {
    async fn tracked(&self, cursor: &Cursor) -> Result<Option<Mark>, Error> {
        self.call(Call::Tracked, self.inner.tracked(cursor)).await
    }

    async fn track(&self, step: Step) -> Result<(), Error> {
        self.call(Call::Track, self.inner.track(step)).await
    }
}

impl<R: ProcessRecorder> ProcessRecorder for Faulty<R> {
    async fn append_tracked(&self, commit: Commit, step: Step) -> Result<Receipt, Error> {
        self.store(commit.id(), self.inner.append_tracked(commit, step)).await
    }
}
