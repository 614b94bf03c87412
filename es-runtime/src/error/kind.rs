/// The kinds of failure that a caller may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such aggregate: it was never created, or it is discarded.
    NotFound,
    /// The aggregate has changed since it was loaded: see [`Error::as_conflict`](crate::Error::as_conflict). Nothing was stored.
    /// Load it again and repeat the command, as `Application::execute` does.
    Conflict,
    /// The id is taken: the events that were saved create an aggregate, and there is one. To repeat that cannot succeed, whether
    /// the other caller came a moment or a year ago. Nothing was stored; see [`Error::as_conflict`](crate::Error::as_conflict).
    AlreadyExists,
    /// The log is not the one that the reader knows: see [`Error::as_diverged`](crate::Error::as_diverged).
    Diverged,
    /// The store did not say whether it kept what was saved. Save again: that never stores anything twice.
    OutcomeUnknown,
    /// The store cannot be reached or used now; the same call may succeed later.
    Unavailable,
    /// The store is busy and did not answer in time; the same call may succeed later.
    Timeout,
    /// Two parts of the program or of its configuration do not fit together: found at start, before anything is
    /// stored.
    Config,
    /// Stored data are in order, and of another shape than this program expects. The tables are another application's, a newer
    /// release's, or not there; or an event's type has changed since the event was stored.
    Schema,
    /// The id belongs to an aggregate of another type.
    WrongAggregate,
    /// The stored topic is not one that this program knows; a newer release may have written it.
    UnknownTopic,
    /// Stored data are damaged, or contradict each other.
    Corrupt,
    /// Stored data cannot be decrypted: another key, or altered data.
    Cipher,
    /// The data key is gone for good: the aggregate is forgotten.
    Forgotten,
    /// The value cannot be stored as it is, or the call makes no sense.
    Invalid,
    /// The store cannot do this at all: the commit is beyond a limit, which the message names.
    Unsupported,
    /// The application or its store is closed.
    Closed,
    /// The store failed in a way that trying again does not mend: a full disk, a file that may not be written.
    Storage,
}

impl ErrorKind {
    /// Whether the same call may succeed later, with nothing changed on this side.
    ///
    /// A conflict is not among them: the aggregate has to be loaded again first, as
    /// `Application::execute` does.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::OutcomeUnknown | Self::Unavailable | Self::Timeout)
    }
}
