// The links of the README as they lead from the generated page: of two definitions the first one counts.
//! [ARCHITECTURE.md]: ../../../ARCHITECTURE.md
//! [CONTRIBUTING.md]: ../../../CONTRIBUTING.md
//! [CHANGELOG.md]: ../../../CHANGELOG.md
//! [es-runtime/docs/adr]: ../../../es-runtime/docs/adr
//! [LICENSE-MIT]: ../../../LICENSE-MIT
//! [LICENSE-APACHE]: ../../../LICENSE-APACHE
//! [ex-hello]: ../../../examples/hello/main.rs
//! [ex-quick_start]: ../../../examples/quick_start/main.rs
//! [ex-aggregates]: ../../../examples/aggregates/main.rs
//! [ex-snapshotting]: ../../../examples/snapshotting/main.rs
//! [ex-encryption]: ../../../examples/encryption/main.rs
//! [ex-optimistic_concurrency]: ../../../examples/optimistic_concurrency/main.rs
//! [ex-view]: ../../../examples/view/main.rs
//! [ex-follower]: ../../../examples/follower/main.rs
//! [ex-derived_log]: ../../../examples/derived_log/main.rs
//! [ex-read_model]: ../../../examples/read_model/main.rs
//! [ex-alternative_schema]: ../../../examples/alternative_schema/main.rs
//! [ex-deployment]: ../../../examples/deployment/main.rs
//! [ex-web]: ../../../examples/web/main.rs
//! [ex-standalone]: ../../../examples/standalone/main.rs
//! [ex-everything]: ../../../examples/everything/main.rs
//! [ex-postgres]: ../../../examples/postgres/main.rs
//! [ex-moving]: ../../../examples/moving/main.rs
//! [ex-sqlx_view]: ../../../examples/sqlx_view/main.rs
//! [application]: Application#tracing
//! [g-first]: guide::first_aggregate
//! [g-code]: guide::where_code_goes
//! [g-saving]: guide::saving_and_loading
//! [g-commands]: guide::commands_and_conflicts
//! [g-styles]: guide::two_styles_of_events
//! [g-changing]: guide::changing_events
//! [g-testing]: guide::testing
//! [g-snapshots]: guide::snapshots_and_cache
//! [g-encryption]: guide::encryption_and_forgetting
//! [g-projections]: guide::projections
//! [g-deployment]: guide::deployment
//! [g-without]: guide::without_macros
//! [g-errors]: guide::errors
//! [g-writing]: guide::writing_a_store
//! [g-limits]: guide::limits
//! [g-others]: guide::other_libraries
#![cfg_attr(feature = "testing", doc = "[test kit]: testing")]
#![cfg_attr(not(feature = "testing"), doc = "[test kit]: #features")]
//!
#![doc = include_str!("../../README.md")]
// The modules in the order of the data flow: each imports only from those above it.

mod overrides;
pub mod id;
pub mod error;
mod stored_event;
pub mod wait;
pub mod clock;
pub mod event;
pub mod aggregate;
mod registry;
#[cfg(feature = "testing")]
pub mod schema;
pub mod mapper;
mod observe;
pub mod recorder;
pub mod store;
pub mod sequence;
pub mod standalone;
pub mod log;
pub mod view;
pub mod projection;
pub mod application;
#[cfg(feature = "macros")]
mod macros;
#[cfg(feature = "testing")]
pub mod testing;
pub mod guide;
#[doc(hidden)]
pub mod __private;

pub use crate::aggregate::{Aggregate, Discarded, Root};
pub use crate::application::Application;
pub use crate::error::{Error, ErrorKind};
pub use crate::event::{Envelope, Event, EventSet, Metadata, Recorded};
pub use crate::id::{Id, Version};
#[cfg(feature = "macros")]
pub use crate::macros::{Event, EventSet, aggregate, attribute, event, mutator, projection};
pub use crate::registry::{AggregateType, Registry};
pub use crate::wait::Wait;
