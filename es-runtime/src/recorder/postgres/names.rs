//! The names of tables, and the texts of statements.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::types::Type;

use crate::error::Error;
use crate::recorder::sql::{Dialect, Identifier, Tables};

/// The text of a statement, which each connection keeps prepared under the number.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) number: usize,
    pub(super) sql: String,
    /// The types of the parameters, where the text does not fix them.
    pub(super) types: Vec<Type>,
}

impl Text {
    pub(super) fn new(sql: String) -> Self {
        Self::typed(sql, &[])
    }

    pub(super) fn typed(sql: String, types: &[Type]) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), sql, types: types.to_vec() }
    }
}

/// The names of tables as they stand in a text: with their schema, and quoted.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) events: String,
    pub(super) block: String,
    pub(super) gate: String,
    pub(super) snapshots: String,
    pub(super) tracking: String,
    pub(super) data_keys: String,
}

impl Names {
    pub(super) fn new(schema: &Identifier, tables: &Tables) -> Self {
        let Tables { events, snapshots, tracking, data_keys } = tables;
        let of = |name: &Identifier| format!("{schema}.{name}");
        let part = |end: &str| format!("{schema}.\"{}_{end}\"", events.name.as_str());
        Self {
            events: of(&events.name),
            block: part("block"),
            gate: part("gate"),
            snapshots: of(&snapshots.name),
            tracking: of(tracking),
            data_keys: of(data_keys),
        }
    }
}

/// Returns a name as a value in a text. Names hold no quotes.
pub(super) fn literal(name: &str) -> String {
    format!("'{name}'")
}

/// Returns the signs of PostgreSQL.
pub(super) fn dialect(schema: &Identifier) -> Dialect {
    Dialect { parameter: '$', one_of: "= ANY($4)", schema: Some(schema.clone()) }
}

/// Refuses a schema that is no name.
pub(super) fn schema_of(schema: Option<&Identifier>) -> Result<Identifier, Error> {
    schema.map_or_else(|| "public".parse(), |schema| Ok(schema.clone()))
}
