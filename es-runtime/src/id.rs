//! Ids and versions: which aggregate, and how many events it has.

#[cfg(feature = "testing")]
use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A UUID that knows which aggregate it names.
///
/// The id of one aggregate cannot be passed where the id of another is expected.
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
/// let parsed: Id<Account> = text.parse().unwrap();
/// assert_eq!(parsed, account.id());
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

    /// Names the aggregate that has this UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, aggregate: PhantomData }
    }

    /// The UUID, for code that handles ids of every aggregate alike.
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
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::from_uuid)
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

/// The number of events an aggregate has had; the creating event is version 1.
///
/// ```
/// use es_runtime::Version;
/// assert_eq!(Version::new(2), 2);
/// assert!(Version::new(2) < Version::new(3));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// The version of a creating event.
    pub const INITIAL: Self = Self(1);

    /// The version with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl PartialEq<u64> for Version {
    fn eq(&self, other: &u64) -> bool {
        self.0 == *other
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<Version> for u64 {
    fn from(version: Version) -> Self {
        version.0
    }
}

#[cfg(feature = "testing")]
type Source = Box<dyn FnMut() -> Uuid>;

#[cfg(feature = "testing")]
thread_local! {
    static SOURCE: RefCell<Option<Source>> = const { RefCell::new(None) };
}

#[cfg(not(feature = "testing"))]
fn new_uuid() -> Uuid {
    Uuid::now_v7()
}

#[cfg(feature = "testing")]
fn new_uuid() -> Uuid {
    // The source is taken out while it runs, so that one that makes ids itself finds the default. There is
    // none when the thread is about to end.
    let Ok(Some(mut source)) = SOURCE.try_with(RefCell::take) else { return Uuid::now_v7() };
    let uuid = source();
    SOURCE.with_borrow_mut(|slot| {
        slot.get_or_insert(source);
    });
    uuid
}

/// Makes the new ids of this thread come from `source` until the guard is dropped.
#[cfg(feature = "testing")]
pub(crate) fn override_source(source: Source) -> SourceGuard {
    SourceGuard { previous: SOURCE.with(|slot| slot.replace(Some(source))) }
}

#[cfg(feature = "testing")]
pub(crate) struct SourceGuard {
    previous: Option<Source>,
}

#[cfg(feature = "testing")]
impl Drop for SourceGuard {
    fn drop(&mut self) {
        SOURCE.with(|slot| slot.replace(self.previous.take()));
    }
}
