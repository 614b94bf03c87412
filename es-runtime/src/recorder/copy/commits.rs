use uuid::Uuid;

use crate::error::{Error, ErrorKind};
use crate::id::Position;
use crate::recorder::{ApplicationRecorder, CommitId, LogRange, Mark};
use crate::stored_event::StoredEvent;

/// The largest number of events on a page: states may be empty.
pub(super) const MOST: usize = 4_096;

/// A commit as it stands in a log.
pub(super) struct WholeCommit {
    pub(super) id: CommitId,
    /// The place of the last event.
    pub(super) end: Mark,
    pub(super) events: Vec<StoredEvent>,
}

/// A reader of whole commits, which may span pages of the log.
pub(super) struct Commits<'a, F: ?Sized> {
    from: &'a F,
    reached: Option<Mark>,
    stop: Position,
    bytes: usize,
    /// The commit whose end is not read yet.
    begun: Option<WholeCommit>,
    is_at_end: bool,
}

impl<'a, F: ApplicationRecorder + ?Sized> Commits<'a, F> {
    pub(super) const fn new(from: &'a F, after: Option<Mark>, stop: Position, bytes: usize) -> Self {
        Self { from, reached: after, stop, bytes, begun: None, is_at_end: false }
    }

    /// Returns the next commits, about one page of them; none at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<WholeCommit>, Error> {
        let mut whole = Vec::new();
        while whole.is_empty() && !self.is_at_end {
            let range = LogRange::all().after(self.reached).up_to(self.stop);
            let page = self.from.read_log(range.limit(MOST).limit_bytes(self.bytes)).await?;
            for entry in page.entries {
                let (mark, event) = (entry.mark(), entry.event);
                match &mut self.begun {
                    Some(begun) if begun.id == mark.commit() => {
                        begun.end = mark;
                        begun.events.push(event);
                    }
                    begun => {
                        let next = WholeCommit { id: mark.commit(), end: mark, events: vec![event] };
                        whole.extend(begun.replace(next));
                    }
                }
            }
            self.reached = page.through.or(self.reached);
            if !page.more {
                // The log shows a commit as a whole: at its end, no event of the last one is missing.
                self.is_at_end = true;
                whole.extend(self.begun.take());
            }
        }
        Ok(whole)
    }
}

/// Returns which of these commit ids callers chose, each with an aggregate of the commit.
pub(super) async fn chosen<R: ApplicationRecorder + ?Sized>(
    store: &R,
    commits: Vec<(Uuid, CommitId)>,
) -> Result<Vec<bool>, Error> {
    let many = commits.len();
    let chosen = store.has_commits(commits).await?;
    if chosen.len() == many {
        return Ok(chosen);
    }
    let message = format!("a store answered {} of {many} questions for commits", chosen.len());
    Err(Error::new(ErrorKind::Storage, message))
}
