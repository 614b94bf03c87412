/// The kinds of failure that a caller may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such aggregate: it was never created, or it is discarded.
    NotFound,
    /// Two parts of the program do not fit together: found at start, before anything is stored.
    Config,
    /// The id belongs to an aggregate of another type.
    WrongAggregate,
    /// The stored topic is not one that this program knows; a newer release may have written it.
    UnknownTopic,
    /// Stored data contradicts itself.
    Corrupt,
    /// The value cannot be stored as it is.
    Invalid,
}
