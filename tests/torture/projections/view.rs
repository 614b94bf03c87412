//! The view of this kind: for each ledger a sum and a number of events, which a handler increments, and the number of
//! events that came out of order.

use es_runtime::projection;
use es_runtime::projection::Origin;
use es_runtime::view::Result;
use es_runtime::view::{postgres, sqlite};
use rusqlite::params;
use uuid::Uuid;

use crate::subscriptions::{Ledger, LedgerEntered, LedgerOpened};

pub(crate) struct Sums;

#[projection(Ledger, ..)]
impl Sums {
    const TABLES: &str = "CREATE TABLE sums (
            id BLOB PRIMARY KEY, sum INTEGER NOT NULL, events INTEGER NOT NULL, version INTEGER NOT NULL,
            breaks INTEGER NOT NULL
        ) STRICT";

    #[event]
    fn opened(_: &LedgerOpened, origin: &Origin<Ledger>, tx: &sqlite::Tx) -> Result {
        add(tx, origin.id().uuid(), origin.version().get(), 0)
    }

    #[event]
    fn entered(event: &LedgerEntered, origin: &Origin<Ledger>, tx: &sqlite::Tx) -> Result {
        add(tx, origin.id().uuid(), origin.version().get(), event.amount)
    }
}

/// The same in a schema of PostgreSQL.
pub(crate) struct SumsInSchema;

#[projection(Ledger, ..)]
impl SumsInSchema {
    const TABLES: &str = "CREATE TABLE sums (
            id uuid PRIMARY KEY, sum bigint NOT NULL, events bigint NOT NULL, version bigint NOT NULL,
            breaks bigint NOT NULL
        )";

    #[event]
    async fn opened(_: &LedgerOpened, origin: &Origin<Ledger>, tx: &postgres::Tx) -> Result {
        add_in_schema(tx, origin, 0).await
    }

    #[event]
    async fn entered(event: &LedgerEntered, origin: &Origin<Ledger>, tx: &postgres::Tx) -> Result {
        add_in_schema(tx, origin, event.amount).await
    }
}

async fn add_in_schema(tx: &postgres::Tx, origin: &Origin<Ledger>, amount: u64) -> Result {
    const ADD: &str = "INSERT INTO sums AS known VALUES ($1, $2, 1, $3::bigint, ($3::bigint <> 1)::int)
        ON CONFLICT (id) DO UPDATE SET sum = known.sum + excluded.sum, events = known.events + 1,
            version = excluded.version, breaks = known.breaks + (excluded.version <> known.version + 1)::int";
    let (version, amount) = (origin.version().get().cast_signed(), amount.cast_signed());
    let id = origin.id().uuid();
    tx.run(ADD, &[&id, &amount, &version]).await
}

/// Adds an event to the row of its ledger. An event that comes twice counts twice.
pub(crate) fn add(connection: &rusqlite::Connection, id: Uuid, version: u64, amount: u64) -> Result {
    const ADD: &str = "INSERT INTO sums VALUES (?1, ?2, 1, ?3, ?3 <> 1)
        ON CONFLICT (id) DO UPDATE SET sum = sum + excluded.sum, events = events + 1, version = excluded.version,
            breaks = breaks + (excluded.version <> version + 1)";
    let (version, amount) = (version.cast_signed(), amount.cast_signed());
    connection.prepare_cached(ADD)?.execute(params![id.into_bytes(), amount, version])?;
    Ok(())
}
