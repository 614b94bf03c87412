//! The types linked into this program: aggregates, their events and attributes.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;

use crate::aggregate::{
    Aggregate, Attribute, AttributeType, Events, attribute_changed, discarded, forgotten,
};
use crate::error::{Error, ErrorKind};
use crate::event::{EventSet, EventType, Reading, Topics};
use crate::id::declare;

/// The runtime's description of an aggregate.
#[derive(Clone, Copy)]
pub struct AggregateType {
    name: &'static str,
    aliases: &'static [&'static str],
    id_namespace: &'static str,
    events: &'static [EventType],
    standard: [EventType; 3],
    attributes: &'static [AttributeType],
    retired: &'static [&'static str],
    retired_attributes: &'static [&'static str],
    topics: Topics,
    type_id: fn() -> TypeId,
    place: &'static Location<'static>,
}

impl AggregateType {
    /// Describes `A`, as declared at the place of this call.
    #[doc(hidden)]
    #[track_caller]
    pub const fn of<A: Aggregate>() -> Self {
        Self {
            name: A::NAME,
            aliases: A::ALIASES,
            id_namespace: A::ID_NAMESPACE,
            events: A::Event::TYPES,
            standard: [
                attribute_changed::<A>().at(Location::caller()),
                discarded::<A>().at(Location::caller()),
                forgotten::<A>().at(Location::caller()),
            ],
            attributes: A::Attribute::TYPES,
            retired: A::Event::RETIRED,
            retired_attributes: A::RETIRED_ATTRIBUTES,
            topics: Topics::of::<A>(),
            type_id: TypeId::of::<A>,
            place: Location::caller(),
        }
    }

    /// Returns the aggregate's stable name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the aggregate's former names, oldest first.
    pub const fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// Returns the namespace of ids derived from a key.
    pub const fn id_namespace(&self) -> &'static str {
        self.id_namespace
    }

    /// Returns the aggregate's events, without the standard ones.
    pub const fn events(&self) -> &'static [EventType] {
        self.events
    }

    /// Returns the events that every aggregate has: a changed attribute, the end, and the notice that it is forgotten.
    pub const fn standard_events(&self) -> &[EventType; 3] {
        &self.standard
    }

    /// Returns the aggregate's attributes.
    pub const fn attributes(&self) -> &'static [AttributeType] {
        self.attributes
    }

    /// Returns the topics of events that are stored but that the aggregate no longer has.
    pub const fn retired(&self) -> &'static [&'static str] {
        self.retired
    }

    /// Returns the names of attributes that are stored but that the aggregate no longer has.
    pub const fn retired_attributes(&self) -> &'static [&'static str] {
        self.retired_attributes
    }

    /// Returns the place of the declaration: file, line and column.
    pub const fn place(&self) -> &'static Location<'static> {
        self.place
    }
}

impl fmt::Debug for AggregateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AggregateType")
            .field("name", &self.name)
            .field("aliases", &self.aliases)
            .field("id_namespace", &self.id_namespace)
            .field("events", &self.events)
            .field("attributes", &self.attributes)
            .field("retired", &self.retired)
            .field("retired_attributes", &self.retired_attributes)
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
    /// The aggregates, by name and by former name.
    aggregates: BTreeMap<&'static str, &'static AggregateType>,
    /// The events, by topic and by former topic.
    topics: BTreeMap<String, &'static EventType>,
    /// For each topic, one aggregate that reads it.
    readers: BTreeMap<String, &'static AggregateType>,
}

impl Registry {
    /// Returns the registry of this program, which the first call makes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if two aggregates share a name or the namespace of their ids, or two events share a topic.
    /// The message names all of them, and the places of their declarations.
    pub fn global() -> Result<&'static Self, Error> {
        static GLOBAL: OnceLock<Result<Registry, String>> = OnceLock::new();
        let made = GLOBAL.get_or_init(|| {
            Registry::new(inventory::iter::<AggregateType>(), inventory::iter::<EventType>())
        });
        if let Ok(registry) = made {
            declare(registry.topics.keys().map(String::as_str));
        }
        made.as_ref().map_err(|clashes| Error::new(ErrorKind::Config, clashes.clone()))
    }

    /// Returns every aggregate, by name.
    pub fn aggregates(&self) -> impl Iterator<Item = &'static AggregateType> {
        self.aggregates.iter().filter(|(name, found)| **name == found.name).map(|(_, found)| *found)
    }

    /// Returns the aggregate that has, or had, that name.
    pub fn aggregate(&self, name: &str) -> Option<&'static AggregateType> {
        self.aggregates.get(name).copied()
    }

    /// Returns every event, by topic.
    pub fn events(&self) -> impl Iterator<Item = &'static EventType> {
        self.topics.iter().filter(|(topic, event)| *topic == event.topic()).map(|(_, event)| *event)
    }

    /// Returns the event that is, or was, stored under that topic.
    pub fn event(&self, topic: &str) -> Option<&'static EventType> {
        self.topics.get(topic).copied()
    }

    /// Returns an aggregate that reads events stored under that topic; if there are several, one of them.
    pub fn reader(&self, topic: &str) -> Option<&'static AggregateType> {
        self.readers.get(topic).copied()
    }

    fn new(
        aggregates: impl IntoIterator<Item = &'static AggregateType>,
        events: impl IntoIterator<Item = &'static EventType>,
    ) -> Result<Self, String> {
        let mut registry =
            Self { aggregates: BTreeMap::new(), topics: BTreeMap::new(), readers: BTreeMap::new() };
        let mut namespaces = BTreeMap::new();
        let mut clashes = BTreeSet::new();
        let mut declared = BTreeSet::new();
        // Events declared on their own come first: a report of their place helps more.
        for event in events {
            for topic in [event.topic()].iter().chain(event.aliases()) {
                declared.insert(*topic);
                clashes.extend(registry.add_event(topic, event));
            }
        }
        // Sorted, so that a clash reads the same in every build.
        let mut aggregates: Vec<_> = aggregates.into_iter().collect();
        aggregates.sort_by_key(|aggregate| (aggregate.place.file(), aggregate.place.line()));
        for aggregate in aggregates {
            for name in [&aggregate.name].into_iter().chain(aggregate.aliases) {
                let other = *registry.aggregates.entry(name).or_insert(aggregate);
                if other.type_id() != aggregate.type_id() {
                    let former = other.name != *name || aggregate.name != *name;
                    let counts = if former { " (a former name counts)" } else { "" };
                    clashes.insert(Clash::Name(format!(
                        "two aggregates are named `{name}`{counts}: at {} and at {}; give one of them another `name`",
                        other.place, aggregate.place
                    )));
                }
            }
            let other: &AggregateType = namespaces.entry(aggregate.id_namespace).or_insert(aggregate);
            if other.type_id() != aggregate.type_id() && other.name != aggregate.name {
                clashes.insert(Clash::Other(format!(
                    "the aggregates `{}` at {} and `{}` at {} both derive ids from keys under the name `{}`, \
                     so that equal keys give equal ids; give one of them another `id_namespace`",
                    other.name, other.place, aggregate.name, aggregate.place, aggregate.id_namespace
                )));
            }
            for (topic, reading) in aggregate.topics.all() {
                let (Reading::Event(event) | Reading::Forgotten(event)) = reading else { continue };
                let first = *registry.readers.entry(topic.clone()).or_insert(aggregate);
                // Reports name the place of the aggregate for a standard event.
                let placed = aggregate.standard.iter().find(|standard| standard.topic() == event.topic());
                let clash = registry.add_event(&topic, placed.unwrap_or(event));
                // Topics made of a name that two aggregates share differ again as soon as the names do.
                let follows = !declared.contains(&*topic) && is_made_of_shared_name(&topic, first, aggregate);
                clashes.extend(clash.filter(|_| !follows));
            }
        }
        if clashes.is_empty() { Ok(registry) } else { Err(report(&clashes)) }
    }

    fn add_event(&mut self, topic: &str, event: &'static EventType) -> Option<Clash> {
        let known = *self.topics.entry(topic.to_owned()).or_insert(event);
        (known.type_id() != event.type_id()).then(|| {
            Clash::Other(format!(
                "the events `{}` at {} and `{}` at {} both have the topic `{topic}`; give one of them another `topic`",
                known.name(),
                known.place(),
                event.name(),
                event.place()
            ))
        })
    }
}

/// A clash of two types, in the order of the report: names first, since other clashes may follow from them.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Clash {
    Name(String),
    Other(String),
}

/// Returns whether the topic begins with a name that both aggregates have, or had.
fn is_made_of_shared_name(topic: &str, one: &AggregateType, other: &AggregateType) -> bool {
    let Some((name, _)) = topic.rsplit_once('.') else { return false };
    one.type_id() != other.type_id()
        && [one, other].iter().all(|aggregate| aggregate.name == name || aggregate.aliases.contains(&name))
}

/// Formats the first clashes, a line for each: the rest is often more of the same.
fn report(clashes: &BTreeSet<Clash>) -> String {
    const SHOWN: usize = 20;
    let lines = clashes.iter().map(|(Clash::Name(line) | Clash::Other(line))| line.clone());
    let mut lines: Vec<String> = lines.take(SHOWN).collect();
    if let Some(more @ 1..) = clashes.len().checked_sub(SHOWN) {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

impl AggregateType {
    fn type_id(&self) -> TypeId {
        (self.type_id)()
    }
}
