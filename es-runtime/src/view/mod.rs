//! The places that projections write to: memory, a SQLite file, a PostgreSQL schema, or a database of your own.
//!
//! A handler writes through a transaction, which the view commits together with the place that it reached in the log.
//! So the rows of a view and its place never differ, whatever happens to the process.

mod tx;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "postgres")]
pub mod postgres;

use std::error::Error as StdError;

pub use self::tx::{AsyncTx, BlockingTx};

/// Any error of a handler.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The result of a handler: `?` takes the errors of every driver.
pub type Result<T = (), E = BoxError> = std::result::Result<T, E>;

/// Reports a statement that should have changed one row.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn not_one_row(rows: u64, sql: &str) -> BoxError {
    let sql: String = sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    format!("the statement changed {rows} rows, not one: {sql}").into()
}
