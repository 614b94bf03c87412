//! What the SQL stores share: the names of their tables and columns.

mod table;
#[cfg(feature = "sqlite")]
mod topics;

pub use self::table::{ColumnType, EventTable, Identifier, Tables};
#[cfg(feature = "sqlite")]
pub(crate) use self::topics::KnownTopics;
