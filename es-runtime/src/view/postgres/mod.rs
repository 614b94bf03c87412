//! Views in a schema of a PostgreSQL database.

mod failure;
mod values;
mod sent;
mod tx;
mod types;
mod objects;
mod rebuild;
mod drive;
mod open;
mod inline;
mod schema;

pub use ::tokio_postgres;

pub use self::failure::StatementError;
pub(crate) use self::failure::{has_ended_with_events, text_of};
pub(crate) use self::inline::{InlineSchema, Inside};
pub use self::open::SchemaView;
pub use self::schema::Schema;
pub use self::tx::Tx;
