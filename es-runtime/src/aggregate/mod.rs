//! Aggregates: a state that only events change, and the root that records them.

mod attribute;
#[doc(hidden)]
pub mod derived;
mod held;
mod role;
mod root;
mod discarded;
mod replay;
mod topic;
mod standard;
mod checks;
mod fingerprint;

use std::any::Any;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::{Uuid, uuid};

pub use self::attribute::{Attribute, AttributeType, AttributeVisitor, NoAttribute};
#[doc(hidden)]
pub use self::checks::{
    Elsewhere, distinct, distinct_declared, in_its_module, retired, state_called, written_as,
};
pub use self::discarded::Discarded;
pub(crate) use self::fingerprint::fingerprint;
pub(crate) use self::held::Held;
#[cfg(feature = "testing")]
pub(crate) use self::replay::replay;
pub(crate) use self::replay::{Replay, misplaced, not_found};
#[doc(hidden)]
pub use self::role::{
    Apply, ApplyRef, Begin, BeginRef, Change, Changes, Creates, Creation, Declared, Founds, Made, Triggers,
};
pub(crate) use self::root::Frozen;
pub use self::root::Root;
pub(crate) use self::standard::{Empty, forgotten, is_discarded};
#[doc(hidden)]
pub use self::standard::{attribute_changed, decode_standard, discarded, visit_attribute, visit_discarded};
#[doc(hidden)]
pub use self::topic::topic;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::topic::{LONGEST, join, joined};
use crate::event::{Envelope, EventSet, Recorded};
use crate::id::Id;

/// A root with its identity, its state and its events. `#[aggregate]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "put `#[aggregate]` on the struct, or name the type: `get::<Account>(..)`"
)]
pub trait Aggregate: Sized + 'static {
    /// The stable name: the beginning of topics, and part of ids derived from a key.
    const NAME: &'static str;
    /// The former names, oldest first: events stored under them are read as events of this aggregate.
    const ALIASES: &'static [&'static str] = &[];
    /// The namespace of ids derived from a key: [`Self::NAME`] as first released.
    const ID_NAMESPACE: &'static str = Self::NAME;
    /// True if [`Self::NAME`] differs from the name of the type.
    #[doc(hidden)]
    const RENAMED: bool = false;
    /// The name of the type.
    #[doc(hidden)]
    const IDENT: &'static str = Self::NAME;
    /// The name of the state, if it is not the usual one.
    #[doc(hidden)]
    const STATE: Option<&'static str> = None;
    /// The names of attributes that are stored but that the aggregate no longer has.
    const RETIRED_ATTRIBUTES: &'static [&'static str] = &[];
    /// A number that changes with the code of the struct.
    const FINGERPRINT: u64;
    /// The state, which events change.
    type State: State;
    /// The enum of the aggregate's events.
    type Event: Events<Self>;
    /// The enum of the aggregate's attributes.
    type Attribute: Attribute<State = Self::State>;
    /// A type whose values only the aggregate's module can make.
    #[doc(hidden)]
    type Seal;

    #[doc(hidden)]
    fn from_root(root: Root<Self>, seal: Seal<Self>) -> Self;
    #[doc(hidden)]
    fn into_root(self, seal: Seal<Self>) -> Root<Self>;
    #[doc(hidden)]
    fn root_mut(&mut self, seal: Seal<Self>) -> &mut Root<Self>;
}

/// The state of an aggregate, which events change and snapshots keep. `#[aggregate]` implements it.
pub trait State: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {}

#[doc(hidden)]
/// A token that keeps the hidden methods of the aggregate `A` to this crate: no other crate can make one.
///
/// A hand-written aggregate is handed tokens, too, but only its own.
#[derive(Debug)]
pub struct Seal<A> {
    _of: PhantomData<fn() -> A>,
}

impl<A> Seal<A> {
    pub(crate) const fn new() -> Self {
        Self { _of: PhantomData }
    }
}

#[doc(hidden)]
/// An aggregate that has its events. `#[mutator]` implements it.
#[diagnostic::on_unimplemented(
    message = "the aggregate `{Self}` has no events",
    label = "no `#[mutator] impl {Self}`",
    note = "write `#[mutator] impl {Self} {{ .. }}` with an `#[event(Name)]` method that returns `Self`"
)]
pub trait Mutator {
    #[doc(hidden)]
    const OK: usize = 0;
    /// The enum of the aggregate's events.
    type Event;
    /// The enum of the aggregate's attributes.
    type Attribute;
}

/// The events of an aggregate: the enum that `#[mutator]` makes.
pub trait Events<A: Aggregate>: EventSet {
    /// The topics of events that are stored but that the aggregate no longer has.
    const RETIRED: &'static [&'static str] = &[];
    /// A number that changes with the code of the event methods.
    const FINGERPRINT: u64;
    /// The variant for a changed attribute.
    const ATTRIBUTE_CHANGED: fn(A::Attribute) -> Self;
    /// The variant for the end of the aggregate.
    const DISCARDED: Self;
    /// A type whose values only the expansion of `#[mutator]` makes: see [`Change`].
    #[doc(hidden)]
    type Seal;

    /// Makes the state, if this event creates the aggregate.
    fn create(self, envelope: &Envelope) -> Option<A::State>;

    /// Changes the state, and returns the effect of the event.
    fn change(self, state: &mut A::State, envelope: &Envelope) -> Effect;

    /// Returns the value that the variant holds, for code that looks for a type of event: an event, an `A::Attribute`,
    /// or [`Ended`].
    #[doc(hidden)]
    fn as_any(&self) -> &dyn Any;
}

/// The end of an aggregate, as [`Events::as_any`] returns it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Ended;

#[doc(hidden)]
/// The effect of an event on an aggregate that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The event changed the state.
    Changed,
    /// The event changed nothing: it creates aggregates, and this one exists.
    Creates,
    /// The event changed no state, but the aggregate is gone.
    Discards,
}

impl<E> Recorded<E> {
    /// Returns the id of the aggregate `A`, to which this event belongs.
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
    /// let opened = &account.pending()[0];
    /// assert_eq!(opened.id::<Account>(), account.id());
    /// assert_eq!(opened.envelope().id(), account.id()); // a UUID, which can be compared with an id
    /// ```
    pub const fn id<A: Aggregate<Event = E>>(&self) -> Id<A> {
        Id::from_uuid(self.envelope().id())
    }
}

/// The root of all ids derived from a key: part of the stored format, so it never changes.
const KEYS: Uuid = uuid!("6f2d1ac4-9f6a-5d0e-8d7b-3a9c41f0e2b5");

impl<A: Aggregate> Id<A> {
    /// Derives the id from a natural key: the same key names the same aggregate, for ever.
    ///
    /// Anybody who knows the key knows the id. An id made from a person's address can be guessed, even after the
    /// aggregate is [forgotten](crate::Application::forget). Once an aggregate is discarded or forgotten, neither its
    /// id nor its key is ever usable again. If a thing may come again, derive its id from something that is new each
    /// time.
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
    /// let id = Id::<Account>::from_key("ann@example.org");
    /// let account = Account::open_with_id(id);
    /// assert_eq!(account.id(), Id::from_key("ann@example.org"));
    /// ```
    pub fn from_key(key: impl AsRef<[u8]>) -> Self {
        let namespace = Uuid::new_v5(&KEYS, A::ID_NAMESPACE.as_bytes());
        Self::from_uuid(Uuid::new_v5(&namespace, key.as_ref()))
    }
}
