//! Event sourcing for Rust.
// The modules in the order of the data flow: each imports only from those above it.

pub mod id;
pub mod error;
pub mod clock;
pub mod metadata;
pub mod upcast;
pub mod event;
pub mod storable;
pub mod aggregate;
pub mod registry;
pub mod shape;
pub mod lock;
#[cfg(feature = "testing")]
pub mod testing;
#[doc(hidden)]
pub mod __private;

pub use crate::aggregate::{Aggregate, Discarded, Root};
pub use crate::error::{Error, ErrorKind};
pub use crate::event::{Envelope, Event, Recorded};
pub use crate::id::{Id, Version};
pub use crate::metadata::Metadata;
pub use crate::registry::Registry;
#[cfg(feature = "macros")]
pub use es_macros::{aggregate, attribute, event, mutator};
