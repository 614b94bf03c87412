//! The objects of a schema, as the catalog of the server lists them.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error as DriverError};

use crate::recorder::Identifier;
use crate::view::Object;

/// Lists what statements can make in a schema, in the order of its making: the kind, the name, the name with the schema,
/// and whether the object belongs to a table or a column, and goes with it.
const OBJECTS: &str = "
    SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
             WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END,
           c.relname::text, format('%I.%I', n.nspname, c.relname), c.oid,
           c.relkind IN ('i', 'I') OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
             AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i'))
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I')
       AND c.relname NOT IN ('es_view', 'es_view_pkey')
    UNION ALL
    SELECT 'type', t.typname::text, format('%I.%I', n.nspname, t.typname), t.oid, false
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE n.nspname = $1 AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND EXISTS (
             SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
    UNION ALL
    SELECT 'routine', format('%I(%s)', p.proname, (SELECT string_agg(t.typname, ', ' ORDER BY a.at)
             FROM unnest(p.proargtypes) WITH ORDINALITY a (of, at) JOIN pg_type t ON t.oid = a.of)),
           format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.oid, false
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = $1
     ORDER BY 4";

/// An object of a schema.
pub(super) struct Found {
    pub(super) object: Object,
    /// The name with its schema, as it stands in a statement.
    pub(super) name: String,
    /// True if the object goes with a table.
    pub(super) is_part: bool,
}

impl Found {
    /// Returns the kind as it stands in a statement.
    pub(super) fn kind(&self) -> String {
        self.object.kind.to_ascii_uppercase()
    }
}

/// Returns the objects of a schema.
pub(super) async fn all(client: &Client, schema: &Identifier) -> Result<Vec<Found>, DriverError> {
    let rows = client.query_typed(OBJECTS, &[(&schema.as_str(), Type::NAME)]).await?;
    rows.iter()
        .map(|row| {
            let object = Object { kind: row.try_get(0)?, name: row.try_get(1)? };
            Ok(Found { object, name: row.try_get(2)?, is_part: row.try_get(4)? })
        })
        .collect()
}
