//! Views in a schema of a PostgreSQL database.

mod failure;
mod values;
mod sent;
mod tx;
mod objects;
mod rebuild;
mod drive;
mod open;
mod schema;

pub use ::tokio_postgres;

pub(crate) use self::failure::text_of;
pub use self::open::SchemaView;
pub use self::schema::Schema;
pub use self::tx::Tx;
