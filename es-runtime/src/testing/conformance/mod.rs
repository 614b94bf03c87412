//! The promises of recorders, as tests that run on any of them.
//!
//! The author of a store writes one line for each of its recorders in a test file,
//! [`recorder_conformance!`](crate::recorder_conformance); each rule becomes a test of its own, so that a failure
//! names the broken rule. The rules are also there as data, [`aggregate_rules`] and so on, for other harnesses.
//!
//! A level has the rules of its trait: a store without data keys, or without tracking, runs the others. A rule
//! resolves a receipt before it reads, since the log may show a commit later. Pages are as short as a store likes, and
//! the store has to refuse a commit beyond its [limits](crate::recorder::Limits) whole.
//!
//! Every rule runs in two [ways](Way): with [`Wait::wait`](crate::Wait), where the store may block the thread, and
//! polled as an executor does, where the store may not. A store has to test by itself how it bears a broken network or
//! disk.
#![expect(clippy::missing_panics_doc, reason = "a rule panics if the store breaks it: that is all it does")]

#[macro_use]
mod instantiate;
mod samples;
mod way;
mod store;
mod list;
pub mod events;
pub mod ranges;
pub mod pages;
pub mod sizes;
pub mod conflicts;
pub mod gaps;
pub mod atomicity;
pub mod repeats;
pub mod commits;
pub mod limits;
pub mod drops;
pub mod concurrency;
pub mod keys;
pub mod key_renewal;
pub mod forgetting;
pub mod notices;
pub mod steps;
pub mod refusals;
pub mod log;
pub mod log_ranges;
pub mod log_pages;
pub mod log_order;
pub mod marks;
pub mod other_logs;
pub mod slices;
pub mod waking;
pub mod followers;
pub mod cursors;
pub mod processing;
pub mod snapshots;
pub mod snapshot_ranges;
pub mod snapshot_sharing;
pub mod durability;
pub mod sharing;
#[cfg(test)]
mod tests;

pub use self::list::*;
pub use self::store::Store;
pub use self::way::Way;
