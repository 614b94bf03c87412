//! Views in a SQLite file.

mod tx;
mod rebuild;
mod claim;
mod file;

pub use ::rusqlite;

pub use self::file::{File, FileView};
pub(crate) use self::file::{get, put};
pub use crate::recorder::sqlite::Tx;
