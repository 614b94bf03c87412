//! Stored shapes, traced from the types and held to `events.lock`.

pub mod shape;
pub mod lock;
