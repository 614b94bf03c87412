//! Topics made of two names, and the events that every aggregate has.

use std::fmt::{self, Debug};
use std::marker::PhantomData;

use serde::de::{Error, IgnoredAny};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::attribute::decode_changed;
use super::{Aggregate, Attribute, Events};
use crate::event::{Event, EventType, EventVisitor, unknown_version};
use crate::event_set::{self, Decoded, EventSet, Reading, Topics, equal, refuse};
use crate::stored_event::FORGOTTEN_END;

/// The longest topic that is made of an aggregate's and an event's name.
const LONGEST: usize = 255;

struct Made<A, E>(PhantomData<(A, E)>);

impl<A: Aggregate, E: Event> Made<A, E> {
    const BYTES: [u8; LONGEST] = join(A::NAME, E::NAME);
    const TOPIC: &'static str = joined(&Self::BYTES, A::NAME, E::NAME);
}

/// Returns the topic of an event that belongs to one aggregate: `usual`, unless the aggregate is renamed.
pub const fn topic<A: Aggregate, E: Event>(usual: &'static str) -> &'static str {
    // The branch is a function of its own, so that the compiler joins the names only if it takes the branch. For
    // thousands of events, that saves seconds of compile time.
    if A::RENAMED { renamed_topic::<A, E>() } else { usual }
}

const fn renamed_topic<A: Aggregate, E: Event>() -> &'static str {
    Made::<A, E>::TOPIC
}

const ATTRIBUTE_CHANGED: &str = "AttributeChanged";
const DISCARDED: &str = "Discarded";
const FORGOTTEN: &str = FORGOTTEN_END.split_at(".".len()).1;

/// The events that every aggregate has.
pub(super) struct StandardEvents<A>(PhantomData<fn() -> A>);

struct AttributeChangedOf<A>(PhantomData<A>);
struct DiscardedOf<A>(PhantomData<A>);
struct ForgottenOf<A>(PhantomData<A>);

impl<A: Aggregate> StandardEvents<A> {
    const CHANGED_BYTES: [u8; LONGEST] = join(A::NAME, ATTRIBUTE_CHANGED);
    const DISCARDED_BYTES: [u8; LONGEST] = join(A::NAME, DISCARDED);
    const FORGOTTEN_BYTES: [u8; LONGEST] = join(A::NAME, FORGOTTEN);
    pub(super) const ATTRIBUTE_CHANGED: &'static EventType = &EventType::standard::<AttributeChangedOf<A>>(
        ATTRIBUTE_CHANGED,
        joined(&Self::CHANGED_BYTES, A::NAME, ATTRIBUTE_CHANGED),
    );
    pub(super) const DISCARDED: &'static EventType =
        &EventType::standard::<DiscardedOf<A>>(DISCARDED, joined(&Self::DISCARDED_BYTES, A::NAME, DISCARDED));
    pub(super) const FORGOTTEN: &'static EventType =
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

/// Returns the part of the buffer that [`join`] wrote. Only constants call it, so a failure would be a compile error.
/// It never fails: both names are text, and so is the full stop between them.
const fn joined(bytes: &'static [u8; LONGEST], aggregate: &str, event: &str) -> &'static str {
    let (topic, _) = bytes.split_at(aggregate.len() + 1 + event.len());
    match str::from_utf8(topic) {
        Ok(topic) => topic,
        Err(_) => panic!("two names joined by a full stop are text"),
    }
}

const fn join(aggregate: &str, event: &str) -> [u8; LONGEST] {
    let (aggregate, event) = (aggregate.as_bytes(), event.as_bytes());
    assert!(
        aggregate.len() + 1 + event.len() <= LONGEST,
        "the names of the aggregate and of the event make a topic of over 255 bytes; set `topic`"
    );
    let mut joined = [b'.'; LONGEST];
    let (head, rest) = joined.split_at_mut(aggregate.len());
    head.copy_from_slice(aggregate);
    let (_, tail) = rest.split_at_mut(1);
    let (tail, _) = tail.split_at_mut(event.len());
    tail.copy_from_slice(event);
    joined
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
    struct Ends(&'static EventType);
    impl EventVisitor for Ends {
        type Output = bool;
        fn data<T: Serialize + Debug>(self, of: &'static EventType, _: &T) -> bool {
            of.topic() == self.0.topic()
        }
    }
    event.visit(Ends(discarded::<A>()))
}

/// Refuses an event whose topic or alias an earlier event of the aggregate has.
///
/// # Panics
///
/// With a message that names both events: at compile time, since only `const` items call it.
#[track_caller]
pub const fn distinct<A: Aggregate>(own: &EventType) {
    event_set::distinct(&Topics::of::<A>(), own);
}

/// Refuses a retired topic that an event of the aggregate still has.
///
/// # Panics
///
/// As [`distinct`].
#[track_caller]
pub const fn retired<A: Aggregate>(topic: &str) {
    event_set::retired(&Topics::of::<A>(), topic);
}

/// A constant for blocks outside the module of their aggregate. Each aggregate has a private constant of the same name;
/// outside its module, the compiler finds this one instead.
pub trait Elsewhere {
    #[doc(hidden)]
    const __IN_ITS_MODULE: bool = false;
}

impl<T: ?Sized> Elsewhere for T {}

/// Refuses a block outside the module of its aggregate, whose root the block could not make.
///
/// # Panics
///
/// With a message: at compile time, since only constants call it.
#[track_caller]
pub const fn in_its_module(home: bool) -> usize {
    assert!(
        home,
        "`#[mutator]` stands in another module than its struct; move it to that module, or into one inside it"
    );
    0
}

/// Refuses a block that names its aggregate by an alias: its topics would begin with the alias.
///
/// # Panics
///
/// With a message that contains the name: at compile time, since only constants call it.
#[track_caller]
pub const fn written_as(aggregate: &str, ident: &str) -> usize {
    if !equal(aggregate, ident) {
        refuse(&[
            "`",
            ident,
            "` is another name of `",
            aggregate,
            "`; write `#[mutator] impl ",
            aggregate,
            "`",
        ]);
    }
    0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_make_a_topic_of_255_bytes_and_no_longer_one() {
        let name = "A".repeat(LONGEST - 1 - DISCARDED.len());
        assert!(join(&name, DISCARDED).ends_with(b".Discarded"));
        let panic = std::panic::catch_unwind(|| join(&format!("{name}A"), DISCARDED)).unwrap_err();
        let message = panic.downcast_ref::<&str>().unwrap();
        assert!(message.contains("a topic of over 255 bytes; set `topic`"), "{message}");
    }
}
