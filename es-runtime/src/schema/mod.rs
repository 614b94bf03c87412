//! Stored shapes: the tracer finds them in the types, and `events.lock` holds the code to them.

pub mod shape;
pub(crate) mod recorded;
pub mod lock;
