/// The kinds of failure that a caller may want to distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No such aggregate exists: it was never created, or is discarded.
    NotFound,
    /// The aggregate has changed since the caller loaded it: see [`Error::as_conflict`](crate::Error::as_conflict).
    /// Nothing was stored. Load the aggregate again and repeat the command, as `Application::execute` does.
    Conflict,
    /// The id is taken: the saved events create an aggregate that exists already. Repeating the save cannot succeed, no
    /// matter how long ago the aggregate was created. Nothing was stored; see
    /// [`Error::as_conflict`](crate::Error::as_conflict).
    AlreadyExists,
    /// The log is not the log that the reader knows: see [`Error::as_diverged`](crate::Error::as_diverged).
    Diverged,
    /// The database did not confirm that it kept the commit. Save again: the store never stores a commit twice.
    OutcomeUnknown,
    /// The database cannot be reached or used now; the same call may succeed later.
    Unavailable,
    /// The database is busy and did not answer in time; the same call may succeed later.
    Timeout,
    /// Two parts of the program or of its configuration do not fit together. Most such faults appear when the application
    /// opens. The others appear at the first call that needs both parts, which then stores nothing.
    Config,
    /// Stored data are well-formed, but of another shape than this program expects. The tables are missing, or belong
    /// to another application or a newer release; or the type of an event has changed since the event was stored; or the
    /// code of a projection has changed since the rows of its view were made.
    Schema,
    /// Another process, or another part of this one, does the same work now: it rebuilds the view. The call did nothing. It
    /// may succeed later, but would do the work a second time.
    InProgress,
    /// The id belongs to an aggregate of another type.
    WrongAggregate,
    /// The program does not know the stored topic; a newer release may have written it.
    UnknownTopic,
    /// Stored data are damaged, or contradict each other.
    Corrupt,
    /// Stored data cannot be decrypted: they need another key, or were altered.
    Cipher,
    /// The data key is destroyed for good: the aggregate is forgotten.
    Forgotten,
    /// The value cannot be stored as it is, or the call makes no sense.
    Invalid,
    /// The store or the view cannot do this at all: a commit exceeds a limit, which the message names, or a view cannot be
    /// rebuilt beside its old rows.
    Unsupported,
    /// The application or its store is closed, or the projection was stopped.
    Closed,
    /// The database failed in a way that another attempt does not mend: a full disk, a file that may not be written.
    Storage,
}

impl ErrorKind {
    /// Returns whether the same call may succeed later, with nothing changed on the side of the caller.
    ///
    /// A conflict is not transient: the caller has to load the aggregate again first, as `Application::execute` does.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::OutcomeUnknown | Self::Unavailable | Self::Timeout)
    }
}
