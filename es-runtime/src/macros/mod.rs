//! The macros, with their documentation for users.
//!
//! Their code is in the crate `es-macros`, which knows the runtime only by the paths that it writes into expansions.
//! The documentation has examples that run, so it stands here.

mod aggregate;
mod attribute;
mod derive;
mod event;
mod mutator;
mod projection;

pub use self::aggregate::aggregate;
pub use self::attribute::attribute;
pub use self::derive::{Event, EventSet};
pub use self::event::event;
pub use self::mutator::mutator;
pub use self::projection::projection;
