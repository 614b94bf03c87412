use std::fmt;

use super::{Aggregate, Events, Root, Seal};
use crate::event::Recorded;
use crate::id::{Id, Version};

/// An aggregate that was discarded: it can be saved, and that is all.
///
/// ```
/// # use es_runtime::{aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// let account = Account::open();
/// let discarded = account.discard();
/// assert_eq!(discarded.version(), 2);
/// assert_eq!(discarded.pending().len(), 2);
/// ```
#[must_use = "a discarded aggregate is gone only when this is saved"]
pub struct Discarded<A: Aggregate> {
    root: Root<A>,
}

impl<A: Aggregate> Root<A> {
    /// Records that the aggregate is gone. Only the aggregate's module has the seal, so no other code can end the
    /// aggregate.
    #[doc(hidden)]
    pub fn discard(aggregate: A, _: A::Seal) -> Discarded<A> {
        // The root comes out of an aggregate, which only its own module can make: a root made by hand cannot be saved.
        let mut root = aggregate.into_root(Seal::new());
        let envelope = root.next_envelope();
        root.push(envelope, A::Event::DISCARDED);
        Discarded { root }
    }
}

impl<A: Aggregate> Discarded<A> {
    pub(crate) const fn root(&self) -> &Root<A> {
        &self.root
    }

    pub(crate) fn root_mut(&mut self) -> &mut Root<A> {
        &mut self.root
    }

    /// Returns the id that the aggregate had; it is never used again.
    pub fn id(&self) -> Id<A> {
        self.root.id()
    }

    /// Returns the version that discarding made.
    pub fn version(&self) -> Version {
        self.root.version()
    }

    /// Returns the events that are not saved yet; the last one discards.
    pub fn pending(&self) -> &[Recorded<A::Event>] {
        self.root.pending()
    }
}

impl<A: Aggregate> fmt::Debug for Discarded<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discarded").field("id", &self.id()).field("version", &self.version()).finish()
    }
}
