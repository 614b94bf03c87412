//! Sequences of events that are no aggregates.

mod timelog;

pub use self::timelog::{Moment, TimeLog, TimeRange, TimeUuid, UuidTime};
