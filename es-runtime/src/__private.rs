//! Exempt from semver: the only names that the expansions of our macros use.

pub use ::inventory::submit;
pub use ::serde;

pub use crate::aggregate::{
    Aggregate, Apply, ApplyRef, Attribute, AttributeChanged, AttributeType, AttributeVisitor, Begin, BeginRef, Changes,
    Creates, Discarded, DiscardedEvent, Effect, Events, Mutator, NoAttribute, Root, Seal, State, decode_standard,
    decode_value, made_topic,
};
pub use crate::event::{Envelope, Event, EventType, EventVisitor};
pub use crate::id::Id;
#[cfg(any())]
pub use crate::lock::{Shapes, StoredShapes};
pub use crate::registry::AggregateType;
pub use crate::storable::{AssertStateField, AssertStorable, StateField, Storable};

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
    format!("{}.{name}", AttributeChanged::<A>::TYPE.topic())
}

/// Sets the attribute that has changed.
#[inline]
pub fn set_attribute<A: Aggregate>(attribute: A::Attribute, state: &mut A::State) {
    attribute.apply(state);
}

/// Shows an event as its variant would be shown.
///
/// # Errors
///
/// What the formatter returns.
pub fn debug_event<A: Aggregate>(event: &A::Event, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
    event.visit(Shown(f))
}

struct Shown<'a, 'b>(&'a mut core::fmt::Formatter<'b>);

impl EventVisitor for Shown<'_, '_> {
    type Output = core::fmt::Result;

    fn event<T: serde::Serialize + core::fmt::Debug>(self, _: &'static EventType, data: &T) -> Self::Output {
        data.fmt(self.0)
    }
}
