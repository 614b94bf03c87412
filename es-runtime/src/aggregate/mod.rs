//! Aggregates: a state that only events change, and the root that records them.

mod attribute;
mod discarded;
mod fingerprint;
mod held;
mod replay;
mod role;
mod root;
mod standard;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::{Uuid, uuid};

#[doc(hidden)]
pub use self::attribute::visit_attribute;
pub use self::attribute::{Attribute, AttributeType, AttributeVisitor, NoAttribute};
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
#[doc(hidden)]
pub use self::standard::{
    Elsewhere, attribute_changed, decode_standard, discarded, distinct, in_its_module, retired, topic,
    visit_discarded, written_as,
};
pub(crate) use self::standard::{Empty, forgotten, is_discarded};
use crate::event::{Envelope, Recorded};
use crate::event_set::EventSet;
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
    /// Names it had before, oldest first: events stored under them are read as its own.
    const ALIASES: &'static [&'static str] = &[];
    /// The name that ids derived from a key are made with: [`Self::NAME`] as first released.
    const ID_NAMESPACE: &'static str = Self::NAME;
    /// Whether [`Self::NAME`] is another than the type's.
    #[doc(hidden)]
    const RENAMED: bool = false;
    /// The name of the type.
    #[doc(hidden)]
    const IDENT: &'static str = Self::NAME;
    /// Names of attributes that are stored but that the aggregate no longer has.
    const RETIRED_ATTRIBUTES: &'static [&'static str] = &[];
    /// A number that changes with the code of the struct.
    const FINGERPRINT: u64;
    /// What events change.
    type State: State;
    /// The enum of all its events.
    type Event: Events<Self>;
    /// The enum of its attributes.
    type Attribute: Attribute<State = Self::State>;
    /// A type of which only the aggregate's module can make a value.
    #[doc(hidden)]
    type Seal;

    #[doc(hidden)]
    fn from_root(root: Root<Self>, seal: Seal) -> Self;
    #[doc(hidden)]
    fn into_root(self, seal: Seal) -> Root<Self>;
    #[doc(hidden)]
    fn root_mut(&mut self, seal: Seal) -> &mut Root<Self>;
}

/// What events change and snapshots keep. `#[aggregate]` implements it.
pub trait State: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {}

#[doc(hidden)]
/// Keeps the hidden methods of [`Aggregate`] to this crate: nobody else can make one.
#[derive(Debug)]
pub struct Seal {
    _private: (),
}

impl Seal {
    pub(crate) const fn new() -> Self {
        Self { _private: () }
    }
}

#[doc(hidden)]
/// That an aggregate has its events. `#[mutator]` implements it.
#[diagnostic::on_unimplemented(
    message = "the aggregate `{Self}` has no events",
    label = "no `#[mutator] impl {Self}`",
    note = "write `#[mutator] impl {Self} {{ .. }}` with an `#[event(Name)]` method that returns `Self`"
)]
pub trait Mutator {
    #[doc(hidden)]
    const OK: usize = 0;
    /// The enum of all its events.
    type Event;
    /// The enum of its attributes.
    type Attribute;
}

/// The events of an aggregate: the enum that `#[mutator]` makes.
pub trait Events<A: Aggregate>: EventSet {
    /// Topics of events that are stored but that the aggregate no longer has.
    const RETIRED: &'static [&'static str] = &[];
    /// A number that changes with the code of the event methods.
    const FINGERPRINT: u64;
    /// The variant for a changed attribute.
    const ATTRIBUTE_CHANGED: fn(A::Attribute) -> Self;
    /// The variant for the end.
    const DISCARDED: Self;
    /// A type of which only the expansion of `#[mutator]` has a value: see [`Change`].
    #[doc(hidden)]
    type Seal;

    /// Makes the state, if this event creates the aggregate.
    fn create(self, envelope: &Envelope) -> Option<A::State>;

    /// Changes the state, and says whether this event does so.
    fn change(self, state: &mut A::State, envelope: &Envelope) -> Effect;
}

#[doc(hidden)]
/// What an event did to an aggregate that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changed the state.
    Changed,
    /// Nothing: it creates aggregates, and this one exists.
    Creates,
    /// Nothing, but the aggregate is gone.
    Discards,
}

impl<E> Recorded<E> {
    /// Returns the id of the aggregate `A`, one of whose events this is.
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

/// The root of all ids derived from a key. Part of the stored format: it never changes.
const KEYS: Uuid = uuid!("6f2d1ac4-9f6a-5d0e-8d7b-3a9c41f0e2b5");

impl<A: Aggregate> Id<A> {
    /// Derives the id from a natural key: the same key names the same aggregate, for ever.
    ///
    /// Whoever knows the key knows the id: made of a person's address, it can be guessed, also when the aggregate is
    /// [forgotten](crate::Application::forget). Once that is discarded or forgotten, its id is never usable again, nor is the
    /// key: derive ids of what may come again from something that is new each time.
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
