//! What is linked into this program: aggregates, their events and attributes.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;

use crate::aggregate::{Aggregate, Attribute, AttributeType, Events, attribute_changed, discarded};
use crate::error::{Error, ErrorKind};
use crate::event::EventType;

/// What the runtime knows about an aggregate.
#[derive(Clone, Copy)]
pub struct AggregateType {
    name: &'static str,
    events: &'static [EventType],
    standard: [EventType; 2],
    attributes: &'static [AttributeType],
    retired: &'static [&'static str],
    type_id: fn() -> TypeId,
    place: &'static Location<'static>,
}

impl AggregateType {
    /// Describes `A`, as declared at the place of this call.
    #[track_caller]
    pub const fn of<A: Aggregate>() -> Self {
        Self {
            name: A::NAME,
            events: A::Event::TYPES,
            standard: [
                attribute_changed::<A>().at(Location::caller()),
                discarded::<A>().at(Location::caller()),
            ],
            attributes: A::Attribute::TYPES,
            retired: A::Event::RETIRED,
            type_id: TypeId::of::<A>,
            place: Location::caller(),
        }
    }

    /// The aggregate's stable name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its events, without the standard ones.
    pub const fn events(&self) -> &'static [EventType] {
        self.events
    }

    /// The events that every aggregate has: a changed attribute, and the end.
    pub const fn standard_events(&self) -> &[EventType; 2] {
        &self.standard
    }

    /// Its attributes.
    pub const fn attributes(&self) -> &'static [AttributeType] {
        self.attributes
    }

    /// Topics of events that are stored but that it no longer has.
    pub const fn retired(&self) -> &'static [&'static str] {
        self.retired
    }

    /// Where it is declared: file, line and column.
    pub const fn place(&self) -> &'static Location<'static> {
        self.place
    }
}

impl fmt::Debug for AggregateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AggregateType")
            .field("name", &self.name)
            .field("events", &self.events)
            .field("attributes", &self.attributes)
            .field("retired", &self.retired)
            .field("place", &format_args!("{}", self.place))
            .finish()
    }
}

inventory::collect!(AggregateType);
inventory::collect!(EventType);

/// All aggregates and events linked into this program.
///
/// ```standalone_crate
/// use es_runtime::{Registry, aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// # fn main() -> Result<(), es_runtime::Error> {
/// let registry = Registry::global()?;
/// for aggregate in registry.aggregates() {
///     println!("{} ({})", aggregate.name(), aggregate.place());
/// }
/// assert_eq!(registry.event("Account.Opened").map(|event| event.version()), Some(1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Registry {
    aggregates: BTreeMap<&'static str, &'static AggregateType>,
    topics: BTreeMap<&'static str, &'static EventType>,
}

impl Registry {
    /// The registry of this program, made when it is first asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if two aggregates share a name or two events a topic; the message names all
    /// of them and where they are declared.
    pub fn global() -> Result<&'static Self, Error> {
        static GLOBAL: OnceLock<Result<Registry, String>> = OnceLock::new();
        let made = GLOBAL.get_or_init(|| {
            Registry::new(inventory::iter::<AggregateType>(), inventory::iter::<EventType>())
        });
        made.as_ref().map_err(|clashes| Error::new(ErrorKind::Config, clashes.clone()))
    }

    /// Every aggregate, by name.
    pub fn aggregates(&self) -> impl Iterator<Item = &'static AggregateType> {
        self.aggregates.values().copied()
    }

    /// The aggregate with that name.
    pub fn aggregate(&self, name: &str) -> Option<&'static AggregateType> {
        self.aggregates.get(name).copied()
    }

    /// Every event, by topic.
    pub fn events(&self) -> impl Iterator<Item = &'static EventType> {
        self.topics.iter().filter(|(topic, event)| **topic == event.topic()).map(|(_, event)| *event)
    }

    /// The event stored under that topic, or that alias of it.
    pub fn event(&self, topic: &str) -> Option<&'static EventType> {
        self.topics.get(topic).copied()
    }

    fn new(
        aggregates: impl IntoIterator<Item = &'static AggregateType>,
        events: impl IntoIterator<Item = &'static EventType>,
    ) -> Result<Self, String> {
        let mut registry = Self { aggregates: BTreeMap::new(), topics: BTreeMap::new() };
        let mut clashes = Vec::new();
        // Events declared on their own come first: their place is the better one to name.
        let mut events: Vec<_> = events.into_iter().collect();
        for aggregate in aggregates {
            events.extend(aggregate.events.iter().chain(&aggregate.standard));
            if let Some(other) = registry.aggregates.insert(aggregate.name, aggregate)
                && other.type_id() != aggregate.type_id()
            {
                clashes.push(format!(
                    "two aggregates are named `{}`: at {} and at {}; give one of them another `name`",
                    aggregate.name, other.place, aggregate.place
                ));
            }
        }
        for event in events {
            for topic in [&event.topic()].into_iter().chain(event.aliases()) {
                let known = registry.topics.entry(topic).or_insert(event);
                if known.type_id() != event.type_id() {
                    clashes.push(format!(
                        "the events `{}` at {} and `{}` at {} both have the topic `{topic}`; \
                         give one of them another `topic`",
                        known.name(),
                        known.place(),
                        event.name(),
                        event.place()
                    ));
                }
            }
        }
        clashes.sort();
        clashes.dedup();
        if clashes.is_empty() { Ok(registry) } else { Err(clashes.join("\n")) }
    }
}

impl AggregateType {
    fn type_id(&self) -> TypeId {
        (self.type_id)()
    }
}
