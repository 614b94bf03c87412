//! Exempt from semver: the only names that the expansions of our macros use.

pub use ::inventory::submit;
pub use ::serde;

pub use crate::aggregate::{
    Aggregate, Attribute, AttributeChanged, AttributeType, AttributeVisitor, Begin, Changes, Creates, Discarded,
    DiscardedEvent, Effect, Events, Mutator, NoAttribute, Root, Seal, When, decode_standard, decode_value, made_topic,
};
pub use crate::event::{Envelope, Event, EventType, EventVisitor, decode, is};
pub use crate::id::Id;
#[cfg(any())]
pub use crate::lock::{Shapes, StoredShapes};
pub use crate::registry::AggregateType;
pub use crate::storable::{StateField, Storable};

/// Shows the root, by the `Debug` of its state.
///
/// # Errors
///
/// What the formatter returns.
pub fn debug<A: Aggregate>(
    root: &Root<A>,
    state: &dyn core::fmt::Debug,
    f: &mut core::fmt::Formatter<'_>,
) -> core::fmt::Result {
    f.debug_struct(A::NAME)
        .field("id", &root.id())
        .field("version", &root.version())
        .field("state", state)
        .field("pending", &root.pending().len())
        .finish()
}

/// The name under which `events.lock` records an attribute.
pub fn attribute_shape<A: Aggregate>(name: &str) -> String {
    format!("{}.{name}", <AttributeChanged<'_, A> as Event>::TOPIC)
}
