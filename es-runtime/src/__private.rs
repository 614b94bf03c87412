//! Exempt from semver: the only names that the expansions of our macros use.

pub use core::any::Any;
pub use core::clone::Clone;
pub use core::cmp::{Eq, PartialEq};
pub use core::convert::From;
pub use core::fmt::{self, Debug, Formatter};
pub use core::mem::MaybeUninit;
pub use core::ops::Deref;
pub use core::option::Option::{self, None, Some};
pub use core::result::Result::{self, Ok};

#[cfg(feature = "macros")]
pub use ::es_macros::late_event;
pub use ::inventory::submit;
pub use ::serde::{self, Deserialize, Deserializer, Serialize, Serializer};

pub use crate::aggregate::derived::{self, AssertDerives};
pub use crate::aggregate::{
    Aggregate, Apply, ApplyRef, Attribute, AttributeType, AttributeVisitor, Begin, BeginRef, Change, Changes,
    Creates, Creation, Declared, Discarded, Effect, Elsewhere, Ended, Events, Founds, Made, Mutator,
    NoAttribute, Root, Seal, State, Triggers, decode_standard, distinct, distinct_declared, in_its_module,
    retired, state_called, topic, visit_attribute, visit_discarded, written_as,
};
pub use crate::event::{
    AssertEvent, AssertSet, AssertShared, AssertStateField, AssertStorable, Becomes, Checked, Decoded,
    Envelope, Event, EventSet, EventType, EventVisitor, Handled, Kept, OldShape, Place, Read, Secrecy,
    Shared, StateField, Storable, Topics, Written, decode_past, distinct_set,
};
pub use crate::id::Id;
pub use crate::locked_view;
#[cfg(feature = "testing")]
pub use crate::projection::lock::LockedView;
pub use crate::projection::{
    Async, Blocking, Given, HandledRow, Handler, Handles, InMemory, Projection, ReadResult, Row, Seen,
    checks, wrong_handler,
};
pub use crate::registry::AggregateType;
#[cfg(feature = "testing")]
pub use crate::schema::lock::{Locked, Shapes, StoredShapes, attribute_topic};
pub use crate::stored_shapes;
pub use crate::view::{self, AsyncTx, BlockingTx};

use ::serde::de::DeserializeOwned;

use crate::event::OlderShapes;

pub use crate::__half_typed as half_typed;

/// A part of a block that the macros cannot parse. An editor sees it as typed; the compiler, which has reported it,
/// sees nothing.
#[cfg(rust_analyzer)]
#[doc(hidden)]
#[macro_export]
macro_rules! __half_typed {
    ($state:path { $($typed:tt)* }) => { impl $state { $($typed)* } };
}

/// A part of a block that the macros cannot parse. An editor sees it as typed; the compiler, which has reported it,
/// sees nothing. If there was no report, this lint fails the build: lints come after all other errors.
#[cfg(not(rust_analyzer))]
#[doc(hidden)]
#[macro_export]
macro_rules! __half_typed {
    ($state:path { $($typed:tt)* }) => {
        #[deny(unused_must_use)]
        const _: () = {
            $crate::__private::not_understood();
        };
    };
}

/// Stands for a part of a block that the macros cannot parse.
#[must_use = "es-runtime does not understand this part of the block, though the compiler does; write it in another way"]
pub const fn not_understood() -> bool {
    false
}

/// Formats the root, by the `Debug` of its state.
///
/// # Errors
///
/// Returns the formatter's error.
pub fn debug<A: Aggregate>(root: &Root<A>, state: &dyn Debug, f: &mut Formatter<'_>) -> fmt::Result {
    root.show(state, f)
}

/// The transaction of a view whose handlers have mistakes, which are reported.
#[derive(Debug)]
pub struct UnknownTx;

impl BlockingTx for UnknownTx {}
impl AsyncTx for UnknownTx {}

/// The events of an aggregate, if the constant can be evaluated: if the aggregate has events.
pub type EventsOf<A, const OK: usize> = <<A as Checked<OK>>::Type as Mutator>::Event;

/// Returns the description of a type of event.
#[inline]
pub const fn of<E: Event>() -> &'static EventType {
    &E::TYPE
}

/// Reads an event of the aggregate as a variant of its enum.
pub fn read<'de, E: Event, T, D: Deserializer<'de>>(
    variant: fn(E) -> T,
    version: u32,
    data: D,
) -> Decoded<T, D::Error> {
    Some(E::decode(version, data).map(variant))
}

/// Reads a value of an attribute, in its current or an older shape, as a variant of the enum of attributes.
pub fn read_value<'de, T, P, A, D>(
    variant: fn(T) -> A,
    name: &str,
    version: u32,
    value: D,
) -> Decoded<A, D::Error>
where
    T: DeserializeOwned,
    P: OlderShapes<T>,
    D: Deserializer<'de>,
{
    Some(decode_past::<T, P, D>(name, version, value).map(variant))
}

/// Reports that an event creates aggregates, and drops the event: the aggregate exists.
#[inline]
pub fn creates<E>(event: E) -> Effect {
    drop(event);
    Effect::Creates
}

/// Formats an event as its variant would be formatted.
///
/// # Errors
///
/// Returns the formatter's error.
pub fn debug_event<E: EventSet>(event: &E, f: &mut Formatter<'_>) -> fmt::Result {
    event.visit(Shown(f))
}

/// Serializes the stored part of an event.
///
/// # Errors
///
/// Returns the serializer's error.
pub fn serialize_event<E: EventSet, S: Serializer>(event: &E, serializer: S) -> Result<S::Ok, S::Error> {
    event.visit(Data(serializer))
}

struct Data<S>(S);

impl<S: Serializer> EventVisitor for Data<S> {
    type Output = Result<S::Ok, S::Error>;

    fn data<T: serde::Serialize + Debug>(self, _: &'static EventType, data: &T) -> Self::Output {
        data.serialize(self.0)
    }
}

struct Shown<'a, 'b>(&'a mut Formatter<'b>);

impl EventVisitor for Shown<'_, '_> {
    type Output = fmt::Result;

    fn data<T: serde::Serialize + Debug>(self, _: &'static EventType, data: &T) -> fmt::Result {
        data.fmt(self.0)
    }
}

/// Hands the code that traces the stored shapes to `events_lock!()`. Without the feature `testing`, and outside of
/// tests, none of it is compiled: tracing costs time.
#[cfg(feature = "testing")]
#[doc(hidden)]
#[macro_export]
macro_rules! stored_shapes {
    ($($collect:tt)*) => {
        #[cfg(test)]
        $crate::__private::submit! {
            $crate::__private::StoredShapes {
                module: ::core::module_path!(),
                // Cargo sets this variable only for integration tests and benches.
                is_test: ::core::option_env!("CARGO_TARGET_TMPDIR").is_some(),
                collect: $($collect)*
            }
        }
    };
}

/// Expands to nothing: only the feature `testing` traces stored shapes.
#[cfg(not(feature = "testing"))]
#[doc(hidden)]
#[macro_export]
macro_rules! stored_shapes {
    ($($collect:tt)*) => {};
}

/// Hands a projection to `views_lock!()`, in tests alone.
#[cfg(feature = "testing")]
#[doc(hidden)]
#[macro_export]
macro_rules! locked_view {
    ($place:ident $view:ident $version:literal) => {
        #[cfg(test)]
        $crate::__private::submit! {
            $crate::__private::LockedView::$place::<$view>(::core::module_path!(), $version)
        }
    };
}

/// Expands to nothing: only the feature `testing` holds projections to a file.
#[cfg(not(feature = "testing"))]
#[doc(hidden)]
#[macro_export]
macro_rules! locked_view {
    ($place:ident $view:ident $version:literal) => {};
}

/// Reports the feature that `events_lock!()` needs.
#[cfg(not(feature = "testing"))]
#[doc(hidden)]
#[macro_export]
macro_rules! events_lock {
    () => {
        ::core::compile_error!(
            "`events_lock!()` needs the feature `testing` of `es-runtime`; add it under `[dev-dependencies]`"
        );
    };
}

/// Reports the feature that `views_lock!()` needs.
#[cfg(not(feature = "testing"))]
#[doc(hidden)]
#[macro_export]
macro_rules! views_lock {
    () => {
        ::core::compile_error!(
            "`views_lock!()` needs the feature `testing` of `es-runtime`; add it under `[dev-dependencies]`"
        );
    };
}
