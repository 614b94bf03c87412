//! The parts that SQL recorders share: the names of tables and columns, the texts that read, and the engine that makes
//! the tables.

mod table;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schema;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod topics;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod reads;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod own_columns;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod snapshots;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::own_columns::still_filled;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::reads::{Dialect, LogTexts, Ranges};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::schema::{Catalog, Column, Needed, Table};
#[cfg(feature = "sqlite")]
pub(crate) use self::schema::{Change, refuse_taken};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::snapshots::SnapshotTexts;
pub use self::table::{ColumnType, EventTable, Identifier, Tables};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::topics::KnownTopics;
