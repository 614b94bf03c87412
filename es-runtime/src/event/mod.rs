//! Events: facts that happened, as plain data with a stable name.

mod metadata;
mod storable;
mod upcast;
mod set;

use std::any::TypeId;
use std::fmt;
use std::panic::Location;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserializer, Serialize};
use uuid::Uuid;

pub use self::metadata::Metadata;
#[doc(hidden)]
pub use self::set::{AssertSet, Topics, distinct_set};
pub use self::set::{Decoded, EventSet};
pub(crate) use self::set::{Reading, distinct, equal, refuse, retired};
#[doc(hidden)]
pub use self::storable::{
    AssertEvent, AssertShared, AssertStateField, AssertStorable, Checked, Kept, Read, Shared, StateField,
    Storable, Written,
};
#[doc(hidden)]
pub use self::upcast::{Becomes, OldShape, OlderShapes};
use crate::clock::Timestamp;
use crate::id::Version;

/// A type of event. `#[event]` implements it.
///
/// Each event is stored with its topic, which therefore never changes once the first event is stored. Renaming or
/// moving the type leaves the topic as it is.
///
/// ```
/// use es_runtime::{Event, event};
///
/// #[event(topic = "payment.received", aliases = ["payment-received"])]
/// pub struct PaymentReceived {
///     pub amount: i64,
/// }
///
/// assert_eq!(PaymentReceived::TOPIC, "payment.received");
/// assert_eq!(PaymentReceived::VERSION, 1);
/// ```
///
/// `#[derive(Event)]` does the same and leaves the other derives to you. An impl by hand has two names, and neither the
/// registry nor `events.lock` know such a type:
///
/// ```
/// use es_runtime::Event;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// pub struct PaymentReceived {
///     pub amount: i64,
/// }
///
/// impl Event for PaymentReceived {
///     const NAME: &'static str = "PaymentReceived";
///     const TOPIC: &'static str = "payment.received";
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "put `#[event]` on the struct; in place of a set of events, name each event"
)]
pub trait Event: Clone + fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The event's name in the code.
    const NAME: &'static str;
    /// The name that events are stored under.
    const TOPIC: &'static str;
    /// The names that events were stored under before.
    const ALIASES: &'static [&'static str] = &[];
    /// The version of the current shape.
    const VERSION: u32 = 1;
    /// The encryption that the event demands or waives, whatever the mapper does with other events.
    const SECRECY: Secrecy = Secrecy::AsConfigured;
    /// True if a field has `#[serde(flatten)]`. A save of such an event checks that no key is written twice.
    const IS_FLATTENED: bool = false;
    /// The place of the declaration.
    const PLACE: Place = Place::here();
    /// All of these constants as a value.
    const TYPE: EventType = EventType {
        name: Self::NAME,
        topic: Self::TOPIC,
        aliases: Self::ALIASES,
        version: Self::VERSION,
        secrecy: Self::SECRECY,
        is_flattened: Self::IS_FLATTENED,
        type_id: TypeId::of::<Self>,
        place: Self::PLACE.location,
        is_made: Self::PLACE.is_made,
    };

    /// Returns whether an event stored under `topic` is of this type.
    #[inline]
    fn is(topic: &str) -> bool {
        topic == Self::TOPIC || Self::ALIASES.contains(&topic)
    }

    /// Reads an event of the given version, and brings it up to the current shape.
    ///
    /// # Errors
    ///
    /// If the data do not fit the shape, or the version is not known.
    fn decode<'de, D: Deserializer<'de>>(version: u32, data: D) -> Result<Self, D::Error> {
        if version == 1 { Self::deserialize(data) } else { Err(unknown_version(Self::TOPIC, version, 1)) }
    }

    /// Passes the event to `visitor`.
    fn accept<V: EventVisitor>(&self, visitor: V) -> V::Output {
        visitor.event(&Self::TYPE, self)
    }
}

/// An event that is declared on its own, as an aggregate handles it. The trait has no supertraits, and holds all that a
/// handler needs: the compiler then reports a type that breaks the rules of events once, at the handler.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "put `#[event]` on the struct; in place of a set of events, name each event"
)]
pub trait Handled: Sized {
    /// [`Event::TYPE`].
    const TYPE: EventType;

    /// [`Event::is`].
    fn is(topic: &str) -> bool;

    /// [`Event::decode`].
    ///
    /// # Errors
    ///
    /// As [`Event::decode`].
    fn decode<'de, D: Deserializer<'de>>(version: u32, data: D) -> Result<Self, D::Error>;

    /// [`Event::accept`].
    fn accept<V: EventVisitor>(&self, visitor: V) -> V::Output;

    /// [`Clone::clone`].
    #[must_use]
    fn copied(&self) -> Self;
}

impl<E: Event> Handled for E {
    const TYPE: EventType = <E as Event>::TYPE;

    #[inline]
    fn is(topic: &str) -> bool {
        <E as Event>::is(topic)
    }

    #[inline]
    fn decode<'de, D: Deserializer<'de>>(version: u32, data: D) -> Result<Self, D::Error> {
        <E as Event>::decode(version, data)
    }

    #[inline]
    fn accept<V: EventVisitor>(&self, visitor: V) -> V::Output {
        <E as Event>::accept(self, visitor)
    }

    #[inline]
    fn copied(&self) -> Self {
        self.clone()
    }
}

/// Reads a value of any version: an event, or the value of an attribute.
///
/// # Errors
///
/// If the data do not fit the shape, or the version is not known.
#[doc(hidden)]
pub fn decode_past<'de, T, P, D>(name: &str, version: u32, data: D) -> Result<T, D::Error>
where
    T: DeserializeOwned,
    P: OlderShapes<T>,
    D: Deserializer<'de>,
{
    let current = P::LENGTH + 1;
    if version == current {
        return T::deserialize(data);
    }
    // Compiled only if there are older shapes: an instance for each event would cost compile time.
    if const { P::LENGTH > 0 } && (1..current).contains(&version) {
        return P::decode(version, data);
    }
    Err(unknown_version(name, version, current))
}

#[cold]
pub(crate) fn unknown_version<E: Error>(name: &str, version: u32, current: u32) -> E {
    E::custom(format_args!("`{name}` has version {version}, but this program knows versions 1 to {current}"))
}

/// The encryption that a type of events demands or waives; `#[event(Name, encrypted)]` and `#[event(Name, clear)]` set it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Secrecy {
    /// The event is encrypted if the [`Mapper`](crate::mapper::Mapper) has a cipher and does not leave its topic in
    /// clear.
    #[default]
    AsConfigured,
    /// The event is always encrypted: a mapper without a cipher refuses to write it, and every mapper refuses a row in
    /// clear.
    Encrypted,
    /// The event is never encrypted, even if the mapper has a cipher. The mapper still reads a row that was encrypted
    /// before.
    Clear,
}

/// The runtime's description of a type of event.
#[derive(Clone, Copy)]
pub struct EventType {
    name: &'static str,
    topic: &'static str,
    aliases: &'static [&'static str],
    version: u32,
    secrecy: Secrecy,
    is_flattened: bool,
    type_id: fn() -> TypeId,
    place: &'static Location<'static>,
    is_made: bool,
}

/// The place of a declaration: see [`Event::PLACE`].
#[derive(Clone, Copy, Debug)]
pub struct Place {
    location: &'static Location<'static>,
    /// True of an event that a method of an aggregate makes.
    is_made: bool,
}

impl Place {
    /// Returns the place of the caller.
    #[track_caller]
    pub const fn here() -> Self {
        Self { location: Location::caller(), is_made: false }
    }

    /// Returns the place of the caller, a method that makes the event.
    #[doc(hidden)]
    #[track_caller]
    pub const fn of_made() -> Self {
        Self { location: Location::caller(), is_made: true }
    }
}

impl EventType {
    /// Describes an event that every aggregate has.
    pub(crate) const fn standard<E: 'static>(name: &'static str, topic: &'static str) -> Self {
        Self {
            name,
            topic,
            aliases: &[],
            version: 1,
            secrecy: Secrecy::AsConfigured,
            is_flattened: false,
            type_id: TypeId::of::<E>,
            place: Location::caller(),
            is_made: false,
        }
    }

    /// Returns the same event, as declared at `place`.
    pub(crate) const fn at(mut self, place: &'static Location<'static>) -> Self {
        self.place = place;
        self
    }

    /// Returns the event's name in the code.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the name that events are stored under.
    pub const fn topic(&self) -> &'static str {
        self.topic
    }

    /// Returns the names that events were stored under before.
    pub const fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// Returns the version of the current shape.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Returns the encryption that the event demands or waives.
    pub const fn secrecy(&self) -> Secrecy {
        self.secrecy
    }

    /// Returns whether a field has `#[serde(flatten)]`.
    pub const fn is_flattened(&self) -> bool {
        self.is_flattened
    }

    /// Returns the place of the declaration: file, line and column.
    pub const fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// Returns whether a method of an aggregate makes the event.
    pub(crate) const fn is_made(&self) -> bool {
        self.is_made
    }

    pub(crate) fn type_id(&self) -> TypeId {
        (self.type_id)()
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventType")
            .field("name", &self.name)
            .field("topic", &self.topic)
            .field("aliases", &self.aliases)
            .field("version", &self.version)
            .field("place", &format_args!("{}", self.place))
            .finish()
    }
}

/// The id, the version and the time of an event: all that an event method may use besides the event and the state.
///
/// An event method with a parameter `&Envelope` gets the envelope of the event that it applies. The parameter does not
/// become a field of the event.
///
/// ```
/// use es_runtime::{Envelope, aggregate, clock::Timestamp, mutator};
///
/// #[aggregate]
/// pub struct Account {
///     pub last_deposit: Option<Timestamp>,
/// }
///
/// #[mutator]
/// impl Account {
///     #[event(Opened)]
///     pub fn open() -> Self {
///         Self { last_deposit: None }
///     }
///
///     #[event(Deposited)]
///     pub fn deposit(&mut self, amount: i64, envelope: &Envelope) {
///         self.last_deposit = Some(envelope.timestamp());
///     }
/// }
///
/// let mut account = Account::open();
/// account.deposit(10);
/// assert_eq!(account.last_deposit, Some(account.modified_at()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    id: Uuid,
    version: Version,
    timestamp: Timestamp,
}

impl Envelope {
    pub(crate) const fn of(id: Uuid, version: Version, timestamp: Timestamp) -> Self {
        Self { id, version, timestamp }
    }

    /// Returns the id of the aggregate that the event belongs to.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Returns the version of the aggregate that this event made.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the time at which the event was recorded; never before the event ahead of it.
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }
}

/// An event with its envelope and its metadata.
#[derive(Clone, Debug)]
pub struct Recorded<E> {
    envelope: Envelope,
    metadata: Metadata,
    event: E,
}

impl<E> Recorded<E> {
    pub(crate) const fn new(envelope: Envelope, event: E) -> Self {
        Self { envelope, metadata: Metadata::new(), event }
    }

    /// Returns the same event with this metadata in place of its own.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    pub(crate) fn set_metadata(&mut self, metadata: Metadata) {
        self.metadata = metadata;
    }

    /// Sets the version of an event that was appended, and so gets its place late.
    pub(crate) const fn set_version(&mut self, version: Version) {
        self.envelope.version = version;
    }

    /// Replaces the event, and keeps its envelope and metadata.
    pub(crate) fn map<T>(self, map: impl FnOnce(E) -> T) -> Recorded<T> {
        Recorded { envelope: self.envelope, metadata: self.metadata, event: map(self.event) }
    }

    /// Returns the event.
    pub const fn event(&self) -> &E {
        &self.event
    }

    /// Returns the identity and the time of the event.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Returns the metadata, which are stored beside the event for readers.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns the event itself.
    pub fn into_event(self) -> E {
        self.event
    }

    #[inline]
    pub(crate) fn into_parts(self) -> (Envelope, E, Metadata) {
        (self.envelope, self.event, self.metadata)
    }
}

/// An operation on an event of any type: see [`EventSet::visit`].
pub trait EventVisitor {
    /// The result of the operation.
    type Output;

    /// Visits an event that is a value of its own type.
    #[inline]
    fn event<T: Serialize + fmt::Debug + 'static>(self, of: &'static EventType, event: &T) -> Self::Output
    where
        Self: Sized,
    {
        self.data(of, event)
    }

    /// Visits any event: `data` is the stored part of it.
    fn data<T: Serialize + fmt::Debug>(self, of: &'static EventType, data: &T) -> Self::Output;
}
