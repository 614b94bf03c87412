//! The rights of a role that uses the tables and may not make them.

use super::names::Names;
use crate::recorder::sql::{Identifier, Tables};

/// Returns the statements that grant the rights, as comments at the end of a script.
pub(super) fn grants(schema: &Identifier, names: &Names, tables: &Tables) -> String {
    let Names { events, block, gate, snapshots, tracking, data_keys, .. } = names;
    let own = if tables.events.own.is_empty() {
        String::new()
    } else {
        // Only the emptying of these columns changes rows of events.
        format!(
            "-- To empty columns of your own when it forgets, it also needs:
-- GRANT UPDATE ON {events} TO your_role;
"
        )
    };
    format!(
        "
-- A role that uses the tables needs these rights. Write its name in the place of your_role:
-- GRANT USAGE ON SCHEMA {schema} TO your_role;
-- GRANT USAGE ON SEQUENCE {block} TO your_role;
-- GRANT SELECT ON {schema}.es_schema, {gate} TO your_role;
-- GRANT SELECT, INSERT ON {events}, {data_keys} TO your_role;
-- GRANT SELECT, INSERT, UPDATE ON {tracking} TO your_role;
-- GRANT SELECT, INSERT, UPDATE, DELETE ON {snapshots} TO your_role;
-- To renew data keys, it also needs:
-- GRANT UPDATE ON {data_keys} TO your_role;
-- To forget aggregates, it also needs:
-- GRANT UPDATE ON {data_keys}, {gate} TO your_role;
{own}-- A role that only reads needs these instead:
-- GRANT USAGE ON SCHEMA {schema} TO your_role;
-- GRANT SELECT ON SEQUENCE {block} TO your_role;
-- GRANT SELECT ON {schema}.es_schema, {gate}, {events}, {data_keys}, {tracking}, {snapshots} TO your_role;
"
    )
}
