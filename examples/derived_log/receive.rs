//! The receiver of pushed rows, with the log of the sender to pull from.

use es_runtime::id::Mark;
use es_runtime::log::{SectionReader, SectionSource};
use es_runtime::recorder::{
    ApplicationRecorder, Commit, CommitId, Cursor, LogRange, Notification, ProcessRecorder, Step,
    TrackingRecorder,
};
use es_runtime::{Application, Error, ErrorKind, Wait};

use crate::derive::process;

/// A row as it is pushed. Positions may have gaps, so the push also says which place is before the row.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) before: Option<Mark>,
    pub(crate) row: Notification,
}

/// Returns the pushes of all rows after a place that the sender kept.
pub(crate) fn pushes(app: &Application, after: Option<Mark>) -> Result<Vec<Push>, Error> {
    let (mut pushes, mut before) = (Vec::new(), after);
    loop {
        let page = app.recorder().read_log(LogRange::all().after(before)).wait()?;
        for row in page.entries {
            let mark = row.mark();
            pushes.push(Push { before, row });
            before = Some(mark);
        }
        if !page.more {
            return Ok(pushes);
        }
    }
}

/// The outcome of a push.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Stored,
    /// The receiver has the row already.
    Known,
    /// Earlier rows were missing: the receiver has pulled so many.
    Pulled(usize),
}

/// Keeps a copy of the rows of a log.
pub(crate) struct Receiver<S> {
    app: Application,
    source: S,
    cursor: Cursor,
}

impl<S: SectionSource + Clone> Receiver<S> {
    pub(crate) fn new(app: &Application, source: S) -> Result<Self, Error> {
        Ok(Self { app: app.clone(), source, cursor: Cursor::new("copy", "payments")? })
    }

    /// Takes a pushed row.
    pub(crate) fn receive(&self, push: &Push) -> Result<Received, Error> {
        match self.store(push.before, &push.row) {
            Ok(true) => Ok(Received::Stored),
            Ok(false) => Ok(Received::Known),
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let reached = self.reached()?.map(Mark::position);
                if reached >= Some(push.row.position()) {
                    return Ok(Received::Known);
                }
                self.pull().map(Received::Pulled)
            }
            Err(error) => Err(error),
        }
    }

    /// Pulls all rows after the place that is reached; returns how many there were. A receiver also pulls when it starts,
    /// and now and then: no later push tells of a last one that went missing.
    pub(crate) fn pull(&self) -> Result<usize, Error> {
        let (mut from, mut pulled) = (self.reached()?, 0);
        let mut rows = SectionReader::new(self.source.clone());
        rows.seek(from.map(Mark::position));
        while let Some(row) = rows.next().wait()? {
            pulled += usize::from(self.store(from, &row)?);
            from = Some(row.mark());
        }
        Ok(pulled)
    }

    /// Stores a row with the step to it, if the place before it is the one that is reached. Returns false if the row is
    /// stored already.
    fn store(&self, before: Option<Mark>, row: &Notification) -> Result<bool, Error> {
        let step = Step::new(self.cursor.clone(), before, row.mark())?;
        let commit = CommitId::from_key(&format!("copied: {}", row.mark()));
        let commit = Commit::with_id(commit, vec![row.event.clone()]);
        process(&self.app)?.append_tracked(commit, step).wait().map(|receipt| !receipt.is_repeated())
    }

    fn reached(&self) -> Result<Option<Mark>, Error> {
        process(&self.app)?.tracked(&self.cursor).wait()
    }
}
