//! The names of tables.

use crate::error::Error;
use crate::recorder::sql::{Dialect, Identifier, Tables};

/// The names of tables as they stand in a text: with their schema, and quoted.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) events: String,
    /// The sequence of blocks. Its name says how appends use it.
    pub(super) block: String,
    /// The name that the sequence would have for the other way to append.
    pub(super) other_block: String,
    /// True if appends wait for each other.
    pub(super) is_serial: bool,
    pub(super) gate: String,
    pub(super) snapshots: String,
    pub(super) tracking: String,
    pub(super) data_keys: String,
}

impl Names {
    pub(super) fn new(schema: &Identifier, tables: &Tables, is_serial: bool) -> Self {
        let Tables { events, snapshots, tracking, data_keys } = tables;
        let of = |name: &Identifier| format!("{schema}.{name}");
        let part = |end: &str| format!("{schema}.\"{}_{end}\"", events.name.as_str());
        let (block, other_block) = (part("block"), part("serial"));
        let (block, other_block) = if is_serial { (other_block, block) } else { (block, other_block) };
        Self {
            events: of(&events.name),
            block,
            other_block,
            is_serial,
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
