use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::Commit;
use crate::error::{Error, ErrorKind};
use crate::id::Version;

/// The limits of a recorder for a commit; `None` for no limit.
///
/// The recorder refuses a commit beyond a limit as a whole, as [`ErrorKind::Unsupported`], and the message names the
/// limit.
///
/// ```
/// use es_runtime::recorder::{AggregateRecorder, Limits, MemoryRecorder};
///
/// assert_eq!(MemoryRecorder::new().limits(), Limits::NONE);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest number of aggregates in one commit.
    pub aggregates: Option<usize>,
    /// The largest number of events in one commit.
    pub events: Option<usize>,
    /// The largest number of bytes in the states of one commit.
    pub bytes: Option<usize>,
    /// True if versions may have gaps; otherwise each follows the one before it, and the first is 1.
    pub sparse_versions: bool,
}

impl Limits {
    /// No limits at all.
    pub const NONE: Self = Self { aggregates: None, events: None, bytes: None, sparse_versions: true };

    /// Forbids gaps in the versions of an aggregate.
    #[must_use]
    pub const fn without_gaps(mut self) -> Self {
        self.sparse_versions = false;
        self
    }

    /// Sets a limit on the aggregates of one commit.
    #[must_use]
    pub const fn with_aggregates(mut self, most: usize) -> Self {
        self.aggregates = Some(most);
        self
    }

    /// Sets a limit on the events of one commit.
    #[must_use]
    pub const fn with_events(mut self, most: usize) -> Self {
        self.events = Some(most);
        self
    }

    /// Sets a limit on the bytes in the states of one commit.
    #[must_use]
    pub const fn with_bytes(mut self, most: usize) -> Self {
        self.bytes = Some(most);
        self
    }

    /// Refuses a commit beyond a limit. A recorder calls this before it stores anything.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`], naming the limit.
    pub fn check(&self, commit: &Commit) -> Result<(), Error> {
        let events = commit.events();
        over(self.events, "events", || events.len())?;
        over(self.bytes, "bytes of states", || commit.state_bytes())?;
        over(self.aggregates, "aggregates", || {
            events.iter().map(|event| event.id).collect::<HashSet<_>>().len()
        })
    }
}

impl Limits {
    /// Refuses a commit that would leave a gap in the versions of an aggregate, if the recorder accepts none. `newest`
    /// returns the last stored version. [Gapless](Commit::gapless) events are exempt: a gap before them is a conflict.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`], naming the limit.
    pub fn check_versions(
        &self,
        commit: &Commit,
        mut newest: impl FnMut(Uuid) -> Option<Version>,
    ) -> Result<(), Error> {
        if self.sparse_versions {
            return Ok(());
        }
        let mut lasts: HashMap<Uuid, u64> = HashMap::new();
        for (at, event) in commit.events().iter().enumerate() {
            let last = lasts.entry(event.id).or_insert_with(|| newest(event.id).map_or(0, Version::get));
            let version = event.version.get();
            if version == 0 || (version > *last + 1 && at >= commit.gapless().len()) {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "event {version} of aggregate {} would follow version {last}, and the store takes no gaps in \
                         versions; save the events between, or use a store that takes gaps",
                        event.id
                    ),
                ));
            }
            *last = version.max(*last);
        }
        Ok(())
    }
}

fn over(most: Option<usize>, of: &str, count: impl FnOnce() -> usize) -> Result<(), Error> {
    let Some(most) = most else { return Ok(()) };
    let found = count();
    if found <= most {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unsupported,
        format!(
            "the commit has {found} {of}, and the store takes {most} at most in one commit; save it in parts"
        ),
    ))
}
