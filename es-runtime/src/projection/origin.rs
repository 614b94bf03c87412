use std::fmt;
use std::marker::PhantomData;

use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::clock::Timestamp;
use crate::event::{Envelope, Metadata};
use crate::id::{CommitId, Id, Mark, Position, Version};

/// The aggregate of an [`Origin`] that may be any: see [`Origin::aggregate`].
#[derive(Clone, Copy, Debug)]
pub struct Any;

/// The origin of an event that a handler receives: the aggregate, its version, and the place in the log.
///
/// A handler takes `origin: &Origin<Account>`. A handler of an event that several aggregates share may take
/// `origin: &Origin<Any>`, and ask whose event it is.
///
/// ```
/// # use es_runtime::{aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
/// use es_runtime::projection;
/// use es_runtime::projection::Origin;
///
/// /// The payments to report to a service, which recognises a repeated one by its key.
/// #[derive(Default)]
/// pub struct Payments { all: Vec<(uuid::Uuid, i64)> }
///
/// #[projection(Account, ..)]
/// impl Payments {
///     #[event]
///     fn deposited(&mut self, event: &Deposited, origin: &Origin<Account>) {
///         self.all.push((origin.key(), event.amount));
///     }
/// }
/// ```
pub struct Origin<A> {
    envelope: Envelope,
    metadata: Metadata,
    mark: Mark,
    aggregate: &'static str,
    of: PhantomData<fn() -> A>,
}

/// The namespace of the keys of events. It never changes: a reactor hands the keys on.
const KEYS: Uuid = uuid::uuid!("5d0c7d3e-2c4b-5f0e-9b61-7a3f0c8e1d24");

impl<A> Origin<A> {
    pub(crate) const fn new(
        envelope: Envelope,
        metadata: Metadata,
        mark: Mark,
        aggregate: &'static str,
    ) -> Self {
        Self { envelope, metadata, mark, aggregate, of: PhantomData }
    }

    /// Returns the version of the aggregate that this event made.
    pub const fn version(&self) -> Version {
        self.envelope.version()
    }

    /// Returns the time at which the event was recorded.
    pub const fn time(&self) -> Timestamp {
        self.envelope.timestamp()
    }

    /// Returns the place in the log.
    pub const fn position(&self) -> Position {
        self.mark.position()
    }

    /// Returns the place in the log, with the commit that stands there.
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// Returns the commit that stored the event.
    pub const fn commit(&self) -> CommitId {
        self.mark.commit()
    }

    /// Returns the id, the version and the time of the event.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Returns the metadata.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns a key that belongs to this event alone, and is the same whenever the event is handled: for a service that
    /// recognises a repeated request.
    pub fn key(&self) -> Uuid {
        let namespace = Uuid::new_v5(&KEYS, self.envelope.id().as_bytes());
        Uuid::new_v5(&namespace, &self.version().get().to_be_bytes())
    }

    /// Returns the name of the aggregate.
    pub const fn aggregate(&self) -> &'static str {
        self.aggregate
    }

    /// Returns the same origin, of whichever aggregate.
    #[doc(hidden)]
    pub fn any(&self) -> Origin<Any> {
        Origin::new(self.envelope, self.metadata.clone(), self.mark, self.aggregate)
    }
}

impl<A: Aggregate> Origin<A> {
    /// Returns the id of the aggregate.
    pub const fn id(&self) -> Id<A> {
        Id::from_uuid(self.envelope.id())
    }
}

impl Origin<Any> {
    /// Returns the id of the aggregate, whose type [`aggregate`](Self::aggregate) names.
    pub const fn uuid(&self) -> Uuid {
        self.envelope.id()
    }

    /// Returns the id of the aggregate, if it is an `A`.
    pub fn id_of<A: Aggregate>(&self) -> Option<Id<A>> {
        (self.aggregate == A::NAME).then(|| Id::from_uuid(self.envelope.id()))
    }
}

impl<A> fmt::Debug for Origin<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("aggregate", &self.aggregate)
            .field("id", &self.envelope.id())
            .field("version", &self.version())
            .field("mark", &self.mark)
            .finish_non_exhaustive()
    }
}
