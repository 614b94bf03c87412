use std::borrow::Cow;

use uuid::Uuid;

use super::places::Places;
use crate::id::{CommitId, Mark, Position, Slices};
use crate::recorder::{Commit, Cursor, EventRange, LogRange, Receipt, Step, StoredKey};

/// A call of a recorder. Its positions count the events of the log from 1.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Append(Commit),
    AppendTracked(Commit, Step),
    Track(Step),
    Tracked(Cursor),
    Select(Uuid, EventRange),
    ReadLog(LogQuery),
    HasCommit(Uuid, CommitId),
    SelectKeys(Vec<Uuid>),
    ReplaceKey(StoredKey, StoredKey),
    Forget(Uuid, Commit),
    Resolve(Receipt),
}

impl Operation {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Append(_) => "append",
            Self::AppendTracked(..) => "append_tracked",
            Self::Track(_) => "track",
            Self::Tracked(_) => "tracked",
            Self::Select(..) => "select",
            Self::ReadLog(_) => "read_log",
            Self::HasCommit(..) => "has_commit",
            Self::SelectKeys(_) => "select_keys",
            Self::ReplaceKey(..) => "replace_key",
            Self::Forget(..) => "forget",
            Self::Resolve(_) => "resolve",
        }
    }
}

/// A range of the log, before the positions of a store are known.
#[derive(Clone, Debug, Default)]
pub(super) struct LogQuery {
    pub(super) after: Option<Mark>,
    pub(super) from: Option<Position>,
    pub(super) up_to: Option<Position>,
    pub(super) limit: Option<usize>,
    pub(super) limit_bytes: Option<usize>,
    pub(super) topics: Vec<&'static str>,
    pub(super) slices: Slices,
    pub(super) firsts: bool,
}

impl LogQuery {
    pub(super) fn range(&self, places: &Places) -> LogRange {
        let mark = self.after.map(|mark| places.stored_mark(mark));
        let mut range = LogRange::all().after(mark).slices(self.slices);
        range = range.topics(self.topics.iter().copied().map(Cow::Borrowed));
        if let Some(from) = self.from {
            range = range.from(places.stored(from));
        }
        if let Some(up_to) = self.up_to {
            range = range.up_to(places.stored(up_to));
        }
        if let Some(limit) = self.limit {
            range = range.limit(limit);
        }
        if let Some(bytes) = self.limit_bytes {
            range = range.limit_bytes(bytes);
        }
        if self.firsts { range.firsts() } else { range }
    }
}
