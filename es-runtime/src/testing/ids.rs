use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use uuid::Uuid;

use crate::id::{Id, SourceGuard, override_source};

/// Makes the new ids of this thread count up from the id with number `first`, until the guard is dropped.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::{id, ids_from};
///
/// let _ids = ids_from(1);
/// assert_eq!(Account::open("Ann".into()).id(), id(1));
/// assert_eq!(Account::open("Bob".into()).id(), id(2));
/// ```
#[must_use = "ids are random again when the guard is dropped"]
pub fn ids_from(first: u64) -> IdsGuard {
    Ids::from(first).install()
}

/// Returns the id with that number, as [`ids_from`] makes it: a version 7 UUID that ends with the number.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::Id;
/// use es_runtime::testing::id;
///
/// let id: Id<Account> = id(26);
/// assert_eq!(id.to_string(), "00000000-0000-7000-8000-00000000001a");
/// ```
pub const fn id<A: ?Sized>(number: u64) -> Id<A> {
    Id::from_uuid(uuid(number))
}

const fn uuid(number: u64) -> Uuid {
    // The version and the variant stand before the 62 bits of the number.
    Uuid::from_u64_pair(0x7000, (1 << 63) | (number & (u64::MAX >> 2)))
}

/// A guard that makes ids random again when it is dropped.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::{id, ids_from};
///
/// let guard = ids_from(1);
/// drop(guard);
/// assert_ne!(Account::open("Ann".into()).id(), id(1));
/// ```
pub struct IdsGuard {
    _source: SourceGuard,
}

impl fmt::Debug for IdsGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdsGuard").finish_non_exhaustive()
    }
}

/// A source of ids that count up, also from one installation to the next.
#[derive(Debug)]
pub(super) struct Ids {
    next: Rc<Cell<u64>>,
}

impl Ids {
    pub(super) fn from(first: u64) -> Self {
        Self { next: Rc::new(Cell::new(first)) }
    }

    pub(super) fn take(&self) -> Uuid {
        uuid(self.next.replace(self.next.get() + 1))
    }

    pub(super) fn install(&self) -> IdsGuard {
        let ids = Self { next: Rc::clone(&self.next) };
        IdsGuard { _source: override_source(Rc::new(move || ids.take())) }
    }
}
