//! Aggregates and events in a recorder.
//!
//! Take an [`EventStore`] to write and read events themselves. Take a [`Repository`] to load aggregates: it replays
//! their events, from a snapshot of a [`SnapshotStore`] or a state in a [`Cache`] if there is one. An
//! [`Application`](crate::Application) holds all of these, and saves, loads and retries with them.

mod event_store;
mod snapshot;
mod cache;
mod timing;
mod repository;
mod upkeep;

pub use self::cache::Cache;
pub(crate) use self::cache::{Key, key};
pub use self::event_store::{EventStore, EventStream, Mappers};
pub(crate) use self::event_store::{Pages, is_about_key};
pub use self::repository::{At, Past, Repository};
pub(crate) use self::repository::{bounds, clear_forgotten, no_events, no_snapshots};
pub(crate) use self::snapshot::Rows;
pub use self::snapshot::{Snapshot, SnapshotStore};
pub(crate) use self::timing::Snapshotting;
pub(crate) use self::upkeep::Kept;
