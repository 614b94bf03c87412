//! Topics made of two names, and the events that every aggregate has.

use std::marker::PhantomData;

use serde::de::IgnoredAny;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::attribute::{AttributeChanged, decode_changed};
use super::{Aggregate, Events};
use crate::event::Event;

/// The longest topic that is made of an aggregate's and an event's name.
const LONGEST: usize = 256;

struct Joined<A, E>(PhantomData<(A, E)>);

impl<A: Aggregate, E: Event> Joined<A, E> {
    const BYTES: [u8; LONGEST] = join(A::NAME.as_bytes(), E::NAME.as_bytes());
    const TOPIC: &'static str = {
        let (topic, _) = Self::BYTES.split_at(A::NAME.len() + 1 + E::NAME.len());
        match str::from_utf8(topic) {
            Ok(topic) => topic,
            Err(_) => panic!("two names joined by a full stop are text"),
        }
    };
}

/// The topic of an event that belongs to one aggregate: `Account.Deposited`, joined at compile time.
pub const fn made_topic<A: Aggregate, E: Event>() -> &'static str {
    Joined::<A, E>::TOPIC
}

const fn join(aggregate: &[u8], event: &[u8]) -> [u8; LONGEST] {
    assert!(
        aggregate.len() + 1 + event.len() <= LONGEST,
        "the names of the aggregate and of the event make a topic of over 256 bytes; set `topic`"
    );
    let mut joined = [b'.'; LONGEST];
    let (head, rest) = joined.split_at_mut(aggregate.len());
    head.copy_from_slice(aggregate);
    let (_, tail) = rest.split_at_mut(1);
    let (tail, _) = tail.split_at_mut(event.len());
    tail.copy_from_slice(event);
    joined
}

/// The standard event that ends an aggregate, as it is stored: `{}`.
#[derive(Debug)]
pub struct DiscardedEvent<A>(PhantomData<A>);

impl<A> DiscardedEvent<A> {
    /// There is nothing to say about it.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: Aggregate> Event for DiscardedEvent<A> {
    const NAME: &'static str = "Discarded";
    const TOPIC: &'static str = made_topic::<A, Self>();
    type Past = ();
}

impl<A> Serialize for DiscardedEvent<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

/// Reads one of the events that every aggregate has.
pub fn decode_standard<'de, A: Aggregate, D: Deserializer<'de>>(
    topic: &str,
    data: D,
) -> Option<Result<A::Event, D::Error>> {
    if topic == AttributeChanged::<A>::TOPIC {
        Some(decode_changed(data).map(A::Event::ATTRIBUTE_CHANGED))
    } else if topic == DiscardedEvent::<A>::TOPIC {
        Some(IgnoredAny::deserialize(data).map(|_| A::Event::DISCARDED))
    } else {
        None
    }
}
