//! Ids, versions and positions: the name of an aggregate, the number of its events, and their places in the log.

mod commit;
mod data_key;
mod name;
mod position;
mod slice;
mod version;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

pub use self::commit::CommitId;
pub use self::data_key::DataKeyId;
pub(crate) use self::name::declare;
pub use self::name::{InvalidName, Name};
pub use self::position::{InvalidPlace, Mark, Position};
pub use self::slice::{Slice, Slices};
pub use self::version::{Version, VersionOutOfRange};
#[cfg(feature = "testing")]
use crate::overrides::{OverrideKey, Overrides};

/// The UUID of an aggregate of type `A`.
///
/// The compiler refuses the id of one type of aggregate where the id of another is expected.
///
/// ```
/// use es_runtime::{Id, aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// let account = Account::open();
/// let text = account.id().to_string();
/// let parsed: Id<Account> = text.parse()?;
/// assert_eq!(parsed, account.id());
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub struct Id<A: ?Sized> {
    uuid: Uuid,
    aggregate: PhantomData<fn() -> A>,
}

impl<A: ?Sized> Id<A> {
    /// Makes a new id: a UUID of version 7, so that new rows stand together in an index.
    #[expect(clippy::new_without_default, reason = "two defaults would differ, which nobody expects")]
    pub fn new() -> Self {
        Self::from_uuid(new_uuid())
    }

    /// Makes the id of the aggregate with this UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, aggregate: PhantomData }
    }

    /// Returns the UUID, for code that handles the ids of all aggregates alike.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<A: ?Sized> Clone for Id<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: ?Sized> Copy for Id<A> {}

impl<A: ?Sized> PartialEq for Id<A> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<A: ?Sized> PartialEq<Uuid> for Id<A> {
    fn eq(&self, other: &Uuid) -> bool {
        self.uuid == *other
    }
}

impl<A: ?Sized> PartialEq<Id<A>> for Uuid {
    fn eq(&self, other: &Id<A>) -> bool {
        *self == other.uuid
    }
}

impl<A: ?Sized> Eq for Id<A> {}

impl<A: ?Sized> PartialOrd for Id<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<A: ?Sized> Ord for Id<A> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<A: ?Sized> Hash for Id<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<A: ?Sized> fmt::Debug for Id<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.uuid)
    }
}

impl<A: ?Sized> fmt::Display for Id<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}

impl<A: ?Sized> From<Uuid> for Id<A> {
    fn from(uuid: Uuid) -> Self {
        Self::from_uuid(uuid)
    }
}

impl<A: ?Sized> From<Id<A>> for Uuid {
    fn from(id: Id<A>) -> Self {
        id.uuid
    }
}

impl<A: ?Sized> FromStr for Id<A> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::from_uuid).map_err(|cause| ParseIdError::new(text, cause))
    }
}

/// A text that is no id, because it is no UUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseIdError {
    /// The beginning of the text.
    text: String,
    cause: uuid::Error,
}

impl ParseIdError {
    fn new(text: &str, cause: uuid::Error) -> Self {
        Self { text: text.chars().take(60).collect(), cause }
    }
}

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no id; an id is a UUID, as in `0199a9b2-7c1e-7d3a-9c41-6f2d1ac49f6a`", self.text)
    }
}

impl std::error::Error for ParseIdError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl<A: ?Sized> Serialize for Id<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.uuid.serialize(serializer)
    }
}

impl<'de, A: ?Sized> Deserialize<'de> for Id<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from_uuid)
    }
}

#[cfg(feature = "testing")]
type Source = std::rc::Rc<dyn Fn() -> Uuid>;

#[cfg(feature = "testing")]
thread_local! {
    static SOURCES: Overrides<Source> = const { Overrides::new() };
}

fn new_uuid() -> Uuid {
    #[cfg(feature = "testing")]
    if let Some(source) = SOURCES.try_with(Overrides::current).ok().flatten() {
        return source();
    }
    Uuid::now_v7()
}

/// Takes the new ids of this thread from `source` until the guard is dropped.
#[cfg(feature = "testing")]
pub(crate) fn override_source(source: Source) -> SourceGuard {
    SourceGuard { key: SOURCES.with(|sources| sources.set(source)) }
}

#[cfg(feature = "testing")]
pub(crate) struct SourceGuard {
    key: OverrideKey,
}

#[cfg(feature = "testing")]
impl Drop for SourceGuard {
    fn drop(&mut self) {
        // A thread that is about to end has no source to restore.
        let _ = SOURCES.try_with(|sources| sources.unset(&self.key));
    }
}
