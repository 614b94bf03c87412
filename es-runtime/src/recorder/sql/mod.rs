//! What the SQL stores share: the names of their tables and columns.

mod table;

pub use self::table::{ColumnType, EventTable, Identifier, Tables};
