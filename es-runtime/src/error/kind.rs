/// The kinds of failure that a caller may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such aggregate: it was never created, or it is discarded.
    NotFound,
    /// Someone else saved the aggregate first.
    Conflict,
    /// Whether the save took place is not known; saving again finds out.
    OutcomeUnknown,
    /// The store cannot be reached now.
    Unavailable,
    /// The store did not answer in time.
    Timeout,
    /// Two parts of the program do not fit together: found at start, before anything is stored.
    Config,
    /// The store's tables are not as they should be.
    Schema,
    /// The id belongs to an aggregate of another type.
    WrongAggregate,
    /// The stored topic is not one that this program knows; a newer release may have written it.
    UnknownTopic,
    /// Stored data contradicts itself.
    Corrupt,
    /// Data cannot be encrypted, or not be decrypted: the key is another one, or the data were altered or moved.
    Cipher,
    /// The aggregate's data were erased for good.
    Forgotten,
    /// The value cannot be stored as it is.
    Invalid,
    /// The application or the store was closed.
    Closed,
    /// The store failed in a way of its own.
    Storage,
}
