//! Views in a schema of a PostgreSQL database.

mod tx;

pub use ::tokio_postgres;

pub use self::tx::Tx;
