//! Views in a SQLite file.

mod tx;

pub use ::rusqlite;

pub use self::tx::Tx;
