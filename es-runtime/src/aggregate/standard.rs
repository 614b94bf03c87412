//! The events that every aggregate has.

use std::fmt::{self, Debug};
use std::marker::PhantomData;

use serde::de::{Error, IgnoredAny};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::attribute::decode_changed;
use super::topic::{LONGEST, join, joined};
use super::{Aggregate, Attribute, AttributeVisitor, Events};
use crate::event::{Decoded, EventSet, EventType, EventVisitor, Reading, Topics, unknown_version};
use crate::stored_event::FORGOTTEN_END;

const ATTRIBUTE_CHANGED: &str = "AttributeChanged";
const DISCARDED: &str = "Discarded";
const FORGOTTEN: &str = FORGOTTEN_END.split_at(".".len()).1;

/// The events that every aggregate has.
struct StandardEvents<A>(PhantomData<fn() -> A>);

struct AttributeChangedOf<A>(PhantomData<A>);
struct DiscardedOf<A>(PhantomData<A>);
struct ForgottenOf<A>(PhantomData<A>);

impl<A: Aggregate> StandardEvents<A> {
    const CHANGED_BYTES: [u8; LONGEST] = join(A::NAME, ATTRIBUTE_CHANGED);
    const DISCARDED_BYTES: [u8; LONGEST] = join(A::NAME, DISCARDED);
    const FORGOTTEN_BYTES: [u8; LONGEST] = join(A::NAME, FORGOTTEN);
    const ATTRIBUTE_CHANGED: &'static EventType = &EventType::standard::<AttributeChangedOf<A>>(
        ATTRIBUTE_CHANGED,
        joined(&Self::CHANGED_BYTES, A::NAME, ATTRIBUTE_CHANGED),
    );
    const DISCARDED: &'static EventType =
        &EventType::standard::<DiscardedOf<A>>(DISCARDED, joined(&Self::DISCARDED_BYTES, A::NAME, DISCARDED));
    const FORGOTTEN: &'static EventType =
        &EventType::standard::<ForgottenOf<A>>(FORGOTTEN, joined(&Self::FORGOTTEN_BYTES, A::NAME, FORGOTTEN));
}

/// Returns the type of the event that changes an attribute.
pub const fn attribute_changed<A: Aggregate>() -> &'static EventType {
    StandardEvents::<A>::ATTRIBUTE_CHANGED
}

/// Returns the type of the event that ends an aggregate.
pub const fn discarded<A: Aggregate>() -> &'static EventType {
    StandardEvents::<A>::DISCARDED
}

/// Returns the type of the notice that an aggregate is forgotten: a row that readers of the log see, and that changes
/// no state.
pub(crate) const fn forgotten<A: Aggregate>() -> &'static EventType {
    StandardEvents::<A>::FORGOTTEN
}

impl Topics {
    /// Returns the names and topics of an aggregate.
    pub const fn of<A: Aggregate>() -> Self {
        Self {
            name: A::NAME,
            former: A::ALIASES,
            events: A::Event::TYPES,
            attribute_changed: attribute_changed::<A>(),
            discarded: discarded::<A>(),
            forgotten: forgotten::<A>(),
            retired: A::Event::RETIRED,
        }
    }
}

/// The data of an event whose topic says all, as they are stored: `{}`.
pub(crate) struct Empty;

impl Serialize for Empty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

impl Debug for Empty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DISCARDED)
    }
}

/// The standard event that sets an attribute, as it is stored: `{"name": .., "value": ..}`, with `"v"`
/// between them when the version is above 1.
struct AttributeChanged<'a, A: Aggregate>(&'a A::Attribute);

/// Passes the event that sets `attribute` to `visitor`.
pub fn visit_attribute<A: Aggregate, V: EventVisitor>(attribute: &A::Attribute, visitor: V) -> V::Output {
    visitor.data(StandardEvents::<A>::ATTRIBUTE_CHANGED, &AttributeChanged::<A>(attribute))
}

impl<A: Aggregate> Debug for AttributeChanged<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<A: Aggregate> Serialize for AttributeChanged<'_, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.visit(Stored(serializer))
    }
}

struct Stored<S>(S);

impl<S: Serializer> AttributeVisitor for Stored<S> {
    type Output = Result<S::Ok, S::Error>;

    fn attribute<T: Serialize>(self, name: &'static str, version: u32, value: &T) -> Self::Output {
        let mut map = self.0.serialize_map(Some(if version > 1 { 3 } else { 2 }))?;
        map.serialize_entry("name", name)?;
        if version > 1 {
            map.serialize_entry("v", &version)?;
        }
        map.serialize_entry("value", value)?;
        map.end()
    }
}

/// Passes the event that ends an aggregate to `visitor`.
pub fn visit_discarded<A: Aggregate, V: EventVisitor>(visitor: V) -> V::Output {
    visitor.event(discarded::<A>(), &Empty)
}

/// Reads a row that is none of the aggregate's own events: an event that every aggregate has, or one stored under an
/// earlier name of the aggregate. Returns `None` if the topic is unknown or retired, or the attribute is retired.
pub fn decode_standard<'de, A: Aggregate, D: Deserializer<'de>>(
    topic: &str,
    version: u32,
    data: D,
) -> Decoded<A::Event, D::Error> {
    let is_changed = topic == attribute_changed::<A>().topic();
    if !is_changed && topic != discarded::<A>().topic() {
        return match Topics::of::<A>().read(topic)? {
            // The event's current topic is known exactly: the recursion ends there.
            Reading::Event(event) if event.topic() != topic => A::Event::decode(event.topic(), version, data),
            _ => None,
        };
    }
    if version != 1 {
        return Some(Err(unknown_version(topic, version, 1)));
    }
    if !is_changed {
        return Some(IgnoredAny::deserialize(data).map(|_| A::Event::DISCARDED));
    }
    // Compiled only if there are attributes: for other aggregates it would cost compile time.
    if const { A::Attribute::TYPES.is_empty() && A::RETIRED_ATTRIBUTES.is_empty() } {
        return Some(Err(D::Error::custom(format_args!("`{}` has no attributes", A::NAME))));
    }
    let attribute = decode_changed(data, A::RETIRED_ATTRIBUTES).transpose()?;
    Some(attribute.map(A::Event::ATTRIBUTE_CHANGED))
}

/// Returns whether the event ends the aggregate.
pub(crate) fn is_discarded<A: Aggregate>(event: &A::Event) -> bool {
    event.topic() == discarded::<A>().topic()
}
