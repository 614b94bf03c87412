use std::borrow::Cow;

use super::Position;
use crate::id::Version;

/// Which events of one sequence are meant, in which order, and how many at most.
///
/// ```
/// use es_runtime::Version;
/// use es_runtime::recorder::EventRange;
///
/// let last = EventRange::all().descending().limit(1);
/// let tail = EventRange::all().gt(Version::from(100));
/// assert!(tail.contains(Version::from(101)) && !tail.contains(Version::from(100)));
/// # let _ = last;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct EventRange {
    /// The lowest version, and the one above the highest, so that a range can be empty.
    start: u64,
    end: u64,
    limit: Option<usize>,
    descending: bool,
}

impl EventRange {
    /// All of them, from the lowest version on.
    pub const fn all() -> Self {
        Self { start: 0, end: Version::MAX.get() + 1, limit: None, descending: false }
    }

    /// Only versions greater than `version`.
    pub fn gt(mut self, version: Version) -> Self {
        self.start = self.start.max(version.get() + 1);
        self
    }

    /// Only `version` and greater ones.
    pub fn gte(mut self, version: Version) -> Self {
        self.start = self.start.max(version.get());
        self
    }

    /// Only versions less than `version`.
    pub fn lt(mut self, version: Version) -> Self {
        self.end = self.end.min(version.get());
        self
    }

    /// Only `version` and lesser ones.
    pub fn lte(mut self, version: Version) -> Self {
        self.end = self.end.min(version.get() + 1);
        self
    }

    /// At most so many.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(self.limit.map_or(limit, |known| known.min(limit)));
        self
    }

    /// From the highest version on.
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// The lowest and the highest version; nothing if none can be meant.
    pub fn bounds(&self) -> Option<(Version, Version)> {
        if self.start >= self.end || self.limit == Some(0) {
            return None;
        }
        Some((Version::new(self.start)?, Version::new(self.end - 1)?))
    }

    /// What is left of the limit after so many; nothing if nothing is left.
    pub(crate) fn without_first(mut self, count: usize) -> Option<Self> {
        if let Some(limit) = &mut self.limit {
            *limit = limit.checked_sub(count).filter(|left| *left > 0)?;
        }
        Some(self)
    }

    /// How many at most.
    pub const fn max_count(&self) -> Option<usize> {
        self.limit
    }

    /// Whether the highest version comes first.
    pub const fn is_descending(&self) -> bool {
        self.descending
    }

    /// Whether `version` is meant, as far as the bounds go.
    pub fn contains(&self, version: Version) -> bool {
        (self.start..self.end).contains(&version.get())
    }
}

/// Which events of the log are meant, and how many at most.
///
/// ```
/// use es_runtime::recorder::{LogRange, Position};
///
/// let next_page = LogRange::all().after(Position::new(1_000)).limit(1_000);
/// let payments = LogRange::all().topics(["payment.received", "payment.returned"]);
/// # let _ = (next_page, payments);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct LogRange {
    start: u64,
    stop: u64,
    limit: Option<usize>,
    topics: Vec<Cow<'static, str>>,
    firsts: bool,
}

impl LogRange {
    /// The whole log.
    pub const fn all() -> Self {
        Self { start: 1, stop: i64::MAX.unsigned_abs(), limit: None, topics: Vec::new(), firsts: false }
    }

    /// Only `position` and later ones.
    pub fn from(mut self, position: Position) -> Self {
        self.start = self.start.max(position.get());
        self
    }

    /// Only what comes after `position`; after nothing is from the beginning.
    pub fn after(mut self, position: Option<Position>) -> Self {
        self.start = self.start.max(position.map_or(1, |position| position.get() + 1));
        self
    }

    /// Only `position` and earlier ones.
    pub fn up_to(mut self, position: Position) -> Self {
        self.stop = self.stop.min(position.get());
        self
    }

    /// At most so many, of those that all else lets pass.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(self.limit.map_or(limit, |known| known.min(limit)));
        self
    }

    /// Only events under one of these topics; no topic at all is every topic.
    pub fn topics<T: Into<Cow<'static, str>>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// Only events of version 1: the first one of each aggregate.
    pub fn firsts(mut self) -> Self {
        self.firsts = true;
        self
    }

    /// The first and the last position; nothing if none can be meant.
    pub fn bounds(&self) -> Option<(Position, Position)> {
        if self.start > self.stop || self.limit == Some(0) {
            return None;
        }
        Some((Position::new(self.start)?, Position::new(self.stop)?))
    }

    /// How many at most.
    pub const fn max_count(&self) -> Option<usize> {
        self.limit
    }

    /// Whether only events of version 1 are meant.
    pub const fn is_firsts(&self) -> bool {
        self.firsts
    }

    /// The topics; none is every topic.
    pub fn topic_names(&self) -> &[Cow<'static, str>] {
        &self.topics
    }
}
