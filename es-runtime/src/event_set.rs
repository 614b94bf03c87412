//! Sets of events: the types of which a sequence may hold any.
//!
//! The enum of an aggregate's events is one, and so is any single type of event. In the stand-alone style the sets are
//! your own: the events are plain serde types, you choose ids and versions, and what the events change is up to you.
//! What is stored is the same as for an aggregate.

mod topics;
mod distinct;

use std::fmt::Debug;

use serde::Serialize;

#[doc(hidden)]
pub use ::serde::Deserializer;

use uuid::Uuid;

#[doc(hidden)]
pub use self::distinct::distinct_set;
pub(crate) use self::distinct::{distinct, equal, refuse, retired};
pub(crate) use self::topics::Reading;
#[doc(hidden)]
pub use self::topics::Topics;
use crate::clock::Timestamp;
use crate::event::{Envelope, Event, EventType, EventVisitor, Metadata, Recorded};
use crate::id::Version;

/// Some types of events. Every [`Event`] is a set of one, [`event_set!`](crate::event_set!) makes an enum of several, and
/// `#[mutator]` makes the enum of an aggregate's.
///
/// By hand it is three items:
///
/// ```
/// use es_runtime::event::{Event, EventType, EventVisitor};
/// use es_runtime::event_set::EventSet;
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
    note = "declare the enum with `event_set! {{ .. }}`, or implement `Event` for the struct"
)]
pub trait EventSet: Clone + Debug + Send + Sync + 'static {
    /// What is known about each of them.
    const TYPES: &'static [EventType];
    /// The aggregate that all of them belong to, if they belong to one.
    #[doc(hidden)]
    const AGGREGATE: Option<Topics> = None;

    /// Shows the event to `visitor`, with its own type.
    fn visit<V: EventVisitor>(&self, visitor: V) -> V::Output;

    /// Reads the event stored under `topic`; returns `None` if the set has no such event.
    fn decode<'de, D: Deserializer<'de>>(topic: &str, version: u32, data: D) -> Decoded<Self, D::Error>;

    /// Returns what is known about the type of this event.
    fn event_type(&self) -> &'static EventType {
        self.visit(TypeOf)
    }

    /// Returns the topic that this event is stored under.
    ///
    /// ```
    /// use es_runtime::event_set::EventSet;
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

/// What was read; `None` if the name is not known.
pub type Decoded<T, E> = Option<Result<T, E>>;

impl<E: Event> EventSet for E {
    const TYPES: &'static [EventType] = &[E::TYPE];

    fn visit<V: EventVisitor>(&self, visitor: V) -> V::Output {
        self.accept(visitor)
    }

    fn decode<'de, D: Deserializer<'de>>(topic: &str, version: u32, data: D) -> Decoded<Self, D::Error> {
        E::is(topic).then(|| <E as Event>::decode(version, data))
    }
}

/// Makes an enum of events, each a variant of its type's name, and the [`EventSet`] of them.
///
/// ```
/// use es_runtime::{Event, event_set};
/// use serde::{Deserialize, Serialize};
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
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// pub struct Discarded {}
///
/// impl Event for Discarded {
///     const NAME: &'static str = "Discarded";
///     const TOPIC: &'static str = "example.discarded";
/// }
///
/// event_set! {
///     /// What happens to an example.
///     pub enum ExampleEvent {
///         Created,
///         Discarded,
///     }
/// }
///
/// let event: ExampleEvent = Created { name: "one".into() }.into();
/// assert!(matches!(event, ExampleEvent::Created(Created { name }) if name == "one"));
/// ```
///
/// The types may also be those of [`#[event]`](macro@crate::event), whose shapes `events.lock` then holds to what was
/// recorded. Two events with one topic do not compile:
///
/// ```compile_fail,E0080
/// # use es_runtime::event_set;
/// use es_runtime::event;
///
/// #[event(topic = "example.created")]
/// pub struct Created {}
///
/// #[event(topic = "example.created")]
/// pub struct Made {}
///
/// event_set! {
///     pub enum ExampleEvent {
///         Created,
///         Made,
///     }
/// }
/// ```
#[macro_export]
macro_rules! event_set {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$own:meta])* $event:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #[allow(missing_docs)]
        $vis enum $name {
            $($(#[$own])* $event($event),)+
        }

        $(
            impl ::core::convert::From<$event> for $name {
                fn from(event: $event) -> Self {
                    Self::$event(event)
                }
            }
        )+

        impl $crate::event_set::EventSet for $name {
            const TYPES: &'static [$crate::event::EventType] = &[$(<$event as $crate::event::Event>::TYPE),+];

            fn visit<V: $crate::event::EventVisitor>(&self, visitor: V) -> V::Output {
                match self {
                    $(Self::$event(event) => $crate::event::Event::accept(event, visitor),)+
                }
            }

            fn decode<'de, D: $crate::event_set::Deserializer<'de>>(
                topic: &str,
                version: u32,
                data: D,
            ) -> ::core::option::Option<::core::result::Result<Self, D::Error>> {
                $(
                    if <$event as $crate::event::Event>::is(topic) {
                        let event = <$event as $crate::event::Event>::decode(version, data);
                        return ::core::option::Option::Some(event.map(Self::$event));
                    }
                )+
                ::core::option::Option::None
            }
        }

        const _: () = $crate::event_set::distinct_set(<$name as $crate::event_set::EventSet>::TYPES);
    };
}

impl<E: EventSet> Recorded<E> {
    /// An event that happens now, at a place in a sequence that you choose.
    ///
    /// ```
    /// use es_runtime::event::{Event, Recorded};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Clone, Debug, Serialize, Deserialize)]
    /// pub struct Measured {
    ///     pub celsius: i32,
    /// }
    ///
    /// impl Event for Measured {
    ///     const NAME: &'static str = "Measured";
    ///     const TOPIC: &'static str = "sensor.measured";
    /// }
    ///
    /// let measured = Recorded::now(uuid::Uuid::now_v7(), 1, Measured { celsius: 21 });
    /// assert_eq!(measured.envelope().version(), 1);
    /// ```
    pub fn now(id: Uuid, version: impl Into<Version>, event: E) -> Self {
        Self::at(Timestamp::now(), id, version, event)
    }

    /// An event that happened at `timestamp`.
    pub fn at(timestamp: Timestamp, id: Uuid, version: impl Into<Version>, event: E) -> Self {
        Self::new(Envelope::new(id, version.into(), timestamp), event)
    }

    /// Returns the topic that the event is stored under.
    pub fn topic(&self) -> &'static str {
        self.event().topic()
    }

    /// Returns the name of the event in the code.
    pub fn name(&self) -> &'static str {
        self.event().name()
    }

    /// The same with this metadata.
    #[must_use]
    pub fn and_metadata(self, metadata: Metadata) -> Self {
        self.with_metadata(metadata)
    }
}
