//! Sets of events: the types of event that a sequence may hold.
//!
//! The enum of an aggregate's events is a set, and so is any single type of event. In the stand-alone style the sets
//! are your own: the events are plain serde types, you choose ids and versions, and you decide what the events change.
//! The stored rows are the same as for an aggregate.

mod topics;
mod distinct;

use std::fmt::Debug;

use serde::{Deserializer, Serialize};
use uuid::Uuid;

#[doc(hidden)]
pub use self::distinct::distinct_set;
pub(crate) use self::distinct::{distinct, equal, refuse, retired};
pub(crate) use self::topics::Reading;
#[doc(hidden)]
pub use self::topics::Topics;
use crate::clock::Timestamp;
use crate::event::{Envelope, Event, EventType, EventVisitor, Recorded};
use crate::id::Version;

/// A set of types of event. Every [`Event`] is a set of one, `#[derive(EventSet)]` makes a set of an enum, and
/// `#[mutator]` makes the set of an aggregate's events.
///
/// An impl by hand has three items:
///
/// ```
/// use es_runtime::event::{Event, EventSet, EventType, EventVisitor};
/// use serde::{Deserialize, Deserializer, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// pub struct Created {
///     pub name: String,
/// }
///
/// impl Event for Created {
///     const NAME: &'static str = "Created";
///     const TOPIC: &'static str = "example.created";
/// }
///
/// #[derive(Clone, Debug)]
/// pub enum ExampleEvent {
///     Created(Created),
/// }
///
/// impl EventSet for ExampleEvent {
///     const TYPES: &'static [EventType] = &[Created::TYPE];
///
///     fn visit<V: EventVisitor>(&self, visitor: V) -> V::Output {
///         match self {
///             Self::Created(event) => event.accept(visitor),
///         }
///     }
///
///     fn decode<'de, D: Deserializer<'de>>(
///         topic: &str,
///         version: u32,
///         data: D,
///     ) -> Option<Result<Self, D::Error>> {
///         Created::is(topic).then(|| <Created as Event>::decode(version, data).map(Self::Created))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of events",
    label = "neither an event nor a set of them",
    note = "derive `EventSet` for an enum of events, or `Event` for one struct"
)]
pub trait EventSet: Clone + Debug + Send + Sync + 'static {
    /// The descriptions of the types in the set.
    const TYPES: &'static [EventType];
    /// The aggregate that all events of the set belong to, if there is one.
    #[doc(hidden)]
    const AGGREGATE: Option<Topics> = None;

    /// Passes the event to `visitor`, in its own type.
    fn visit<V: EventVisitor>(&self, visitor: V) -> V::Output;

    /// Reads the event stored under `topic`; returns `None` if the set has no such event.
    fn decode<'de, D: Deserializer<'de>>(topic: &str, version: u32, data: D) -> Decoded<Self, D::Error>;

    /// Returns the description of this event's type.
    fn event_type(&self) -> &'static EventType {
        self.visit(TypeOf)
    }

    /// Returns the topic that this event is stored under.
    ///
    /// ```
    /// use es_runtime::event::EventSet;
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
    /// assert_eq!((opened.event().topic(), opened.event().name()), ("Account.Opened", "Opened"));
    /// assert_eq!((opened.topic(), opened.name()), ("Account.Opened", "Opened")); // without the trait
    /// ```
    fn topic(&self) -> &'static str {
        self.event_type().topic()
    }

    /// Returns the name of this event in the code.
    fn name(&self) -> &'static str {
        self.event_type().name()
    }
}

struct TypeOf;

impl EventVisitor for TypeOf {
    type Output = &'static EventType;

    fn data<T: Serialize + Debug>(self, of: &'static EventType, _: &T) -> &'static EventType {
        of
    }
}

/// The result of a read; `None` if the name is unknown.
pub type Decoded<T, E> = Option<Result<T, E>>;

/// Asserts [`EventSet`] of an enum with `#[derive(EventSet)]`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the events of `{Self}` cannot be copied and shown; derive `Clone` and `Debug` for it, too",
    label = "lacks one of these derives"
)]
pub trait AssertSet {
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: EventSet> AssertSet for T {}

impl<E: Event> EventSet for E {
    const TYPES: &'static [EventType] = &[E::TYPE];

    fn visit<V: EventVisitor>(&self, visitor: V) -> V::Output {
        self.accept(visitor)
    }

    fn decode<'de, D: Deserializer<'de>>(topic: &str, version: u32, data: D) -> Decoded<Self, D::Error> {
        E::is(topic).then(|| <E as Event>::decode(version, data))
    }
}

impl<E: EventSet> Recorded<E> {
    /// Returns an event that happens now, at a place in a sequence that you choose.
    ///
    /// ```
    /// use es_runtime::{Event, Recorded};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Clone, Debug, Serialize, Deserialize, Event)]
    /// #[event(topic = "sensor.measured")]
    /// pub struct Measured {
    ///     pub celsius: i32,
    /// }
    ///
    /// let measured = Recorded::now(uuid::Uuid::now_v7(), 1, Measured { celsius: 21 });
    /// assert_eq!(measured.envelope().version(), 1);
    /// ```
    pub fn now(id: Uuid, version: impl Into<Version>, event: E) -> Self {
        Self::at(Timestamp::now(), id, version, event)
    }

    /// Returns an event that happened at `timestamp`.
    pub fn at(timestamp: Timestamp, id: Uuid, version: impl Into<Version>, event: E) -> Self {
        Self::new(Envelope::of(id, version.into(), timestamp), event)
    }

    /// Returns the topic that the event is stored under.
    pub fn topic(&self) -> &'static str {
        self.event().topic()
    }

    /// Returns the name of the event in the code.
    pub fn name(&self) -> &'static str {
        self.event().name()
    }
}
