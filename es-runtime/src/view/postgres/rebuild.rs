//! New rows take the place of old ones: the old objects are dropped, and the new ones move from the schema beside, all in
//! one transaction.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error as DriverError};

use super::failure;
use super::objects::{self, Found};
use crate::error::{Error, ErrorKind};
use crate::recorder::Identifier;
use crate::view::{Object, claimed};

const DOING: &str = "replace the rows of a view";

/// The rights that others have to the tables of a schema, as statements that grant them again.
const RIGHTS: &str = "
    SELECT c.relname::text, format('GRANT %s ON %s %I.%I TO %s%s', a.privilege_type,
             CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname,
             CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
             CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
     WHERE n.nspname = $1 AND a.grantee <> c.relowner AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')";

/// An object of one schema that something outside of it depends on. The table of the library goes with its schema.
const NEEDED: &str = "
    WITH place AS (SELECT oid FROM pg_namespace WHERE nspname = $1), behind AS (
      SELECT 'pg_class'::regclass AS class, c.oid FROM pg_class c, place p
       WHERE c.relnamespace = p.oid AND c.relname NOT IN ('es_view', 'es_view_pkey')
      UNION ALL SELECT 'pg_type', t.oid FROM pg_type t, place p
       WHERE t.typnamespace = p.oid AND t.typname NOT IN ('es_view', '_es_view')
      UNION ALL SELECT 'pg_proc', f.oid FROM pg_proc f, place p WHERE f.pronamespace = p.oid
      UNION ALL SELECT 'pg_collation', c.oid FROM pg_collation c, place p WHERE c.collnamespace = p.oid
      UNION ALL SELECT 'pg_operator', o.oid FROM pg_operator o, place p WHERE o.oprnamespace = p.oid
      UNION ALL SELECT 'pg_opclass', o.oid FROM pg_opclass o, place p WHERE o.opcnamespace = p.oid
      UNION ALL SELECT 'pg_ts_config', s.oid FROM pg_ts_config s, place p WHERE s.cfgnamespace = p.oid)
    SELECT pg_describe_object(b.class, b.oid, 0)
      FROM behind b JOIN pg_depend d ON d.refclassid = b.class AND d.refobjid = b.oid,
           pg_identify_object(d.classid, d.objid, 0) o
     WHERE o.schema IS DISTINCT FROM quote_ident($1) LIMIT 1";

/// Drops the old objects, and moves the new ones.
pub(super) async fn replace(
    client: &Client,
    (schema, beside): (&Identifier, &Identifier),
    old: &[Object],
    new: &[Object],
) -> Result<(), Error> {
    let failed = failure::of(DOING);
    // A reader of an old table holds the new ones up, and every later reader waits behind them: better to try again.
    client.batch_execute("SET LOCAL lock_timeout = '5s'").await.map_err(&failed)?;
    let rights = client.query_typed(RIGHTS, &[(&schema.as_str(), Type::NAME)]).await.map_err(&failed)?;
    let found = objects::all(client, schema).await.map_err(&failed)?;
    drop_all(client, found.into_iter().filter(|found| old.contains(&found.object)).collect()).await?;
    let found = objects::all(client, beside).await.map_err(&failed)?;
    let mut moving: Vec<_> =
        found.iter().filter(|found| !found.is_part && new.contains(&found.object)).collect();
    // The name of a routine has the schemas of its parameters.
    moving.sort_by_key(|found| found.object.kind != "routine");
    for found in moving {
        let (kind, name) = (found.kind(), &found.name);
        let moved = client.batch_execute(&format!("ALTER {kind} {name} SET SCHEMA {schema}")).await;
        moved.map_err(&failed)?;
    }
    for right in &rights {
        let (Ok(name), Ok(grant)) = (right.try_get::<_, &str>(0), right.try_get::<_, &str>(1)) else {
            continue;
        };
        let is = |object: &Object| object.name == name && object.kind != "type";
        if old.iter().any(is) && new.iter().any(is) {
            client.batch_execute(grant).await.map_err(&failed)?;
        }
    }
    refuse_needed(client, beside).await?;
    // A process that ends before it removes the schema leaves no place without rows: a later rebuild would go on from it.
    client.batch_execute(&format!("DELETE FROM {beside}.es_view")).await.map_err(&failed)
}

/// Refuses new objects that need one which stays behind, and goes with the schema beside.
async fn refuse_needed(client: &Client, beside: &Identifier) -> Result<(), Error> {
    let behind = client.query_typed(NEEDED, &[(&beside.as_str(), Type::NAME)]).await;
    let behind = behind.map_err(failure::of(DOING))?;
    let Some(row) = behind.first() else { return Ok(()) };
    let what: &str = row.try_get(0).unwrap_or_default();
    Err(Error::new(
        ErrorKind::Unsupported,
        format!(
            "the new rows of the view need the {what}, which cannot be moved out of {beside}; make it by hand in another \
             schema, and leave it out of `TABLES`"
        ),
    ))
}

/// Drops objects in an order in which none needs another, without those of others that need them.
async fn drop_all(client: &Client, old: Vec<Found>) -> Result<(), Error> {
    let failed = failure::of(DOING);
    let (tables, others): (Vec<_>, Vec<_>) =
        old.into_iter().filter(|found| !found.is_part).partition(|found| found.object.kind == "table");
    let mut waiting: Vec<String> =
        others.iter().rev().map(|found| format!("DROP {} {}", found.kind(), found.name)).collect();
    if !tables.is_empty() {
        // Together, since two tables may need each other.
        let names: Vec<_> = tables.iter().map(|found| found.name.as_str()).collect();
        waiting.push(format!("DROP TABLE {}", names.join(", ")));
    }
    while !waiting.is_empty() {
        let (mut left, mut refused) = (Vec::new(), None);
        for statement in &waiting {
            client.batch_execute("SAVEPOINT es_drop").await.map_err(&failed)?;
            match client.batch_execute(statement).await {
                Ok(()) => client.batch_execute("RELEASE es_drop").await.map_err(&failed)?,
                Err(cause) if is_needed(&cause) => {
                    client.batch_execute("ROLLBACK TO es_drop").await.map_err(&failed)?;
                    left.push(statement.clone());
                    refused = Some(cause);
                }
                Err(cause) => return Err(failed(cause)),
            }
        }
        match refused {
            // Something outside of the view needs it.
            Some(cause) if left.len() == waiting.len() => return Err(failed(cause)),
            _ => waiting = left,
        }
    }
    Ok(())
}

/// Returns whether an object stays because another one needs it.
fn is_needed(cause: &DriverError) -> bool {
    cause.code() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST)
}

/// Claims the schema of a rebuild for this session, whose end frees it.
pub(super) async fn claim(client: &Client, beside: &Identifier) -> Result<(), Error> {
    // The server may need a moment to notice the end of the last session.
    const PATIENCE: &str = "SET lock_timeout = '1s'";
    const CLAIM: &str = "SELECT pg_advisory_lock(hashtextextended('rebuild of ' || $1, 0))";
    let failed = failure::of("claim the schema of a rebuild");
    client.batch_execute(PATIENCE).await.map_err(&failed)?;
    match client.query_typed(CLAIM, &[(&beside.as_str(), Type::TEXT)]).await {
        Ok(_) => Ok(()),
        Err(cause) if cause.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            Err(claimed("the schema", &beside.as_str()))
        }
        Err(cause) => Err(failed(cause)),
    }
}

/// Removes a schema with everything in it.
pub(super) async fn remove(client: &Client, schema: &Identifier) -> Result<(), Error> {
    const OURS: &str =
        "SELECT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'es_view')
                          FROM pg_namespace n WHERE n.nspname = $1";
    let failed = failure::of("remove the schema of a rebuild");
    let found = client.query_typed(OURS, &[(&schema.as_str(), Type::NAME)]).await.map_err(&failed)?;
    let Some(row) = found.first() else { return Ok(()) };
    if !row.try_get(0).map_err(&failed)? {
        let message = format!(
            "a rebuild of the view would use the schema {schema}, which is there and holds other things; rename it, or \
             choose another schema for the view"
        );
        return Err(Error::new(ErrorKind::Config, message));
    }
    client.batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await.map_err(failed)
}
