//! The parts that SQL recorders share: the names of tables and columns, and the engine that makes the tables.

mod table;
#[cfg(feature = "sqlite")]
mod schema;
#[cfg(feature = "sqlite")]
mod topics;

#[cfg(feature = "sqlite")]
pub(crate) use self::schema::{Catalog, Change, Column, Needed, Table, refuse_taken};
pub use self::table::{ColumnType, EventTable, Identifier, Tables};
#[cfg(feature = "sqlite")]
pub(crate) use self::topics::KnownTopics;
