use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::id::Id;
use crate::view::{self, AsyncTx};

/// The transaction of a view in PostgreSQL. It dereferences to the client of the driver.
///
/// The view commits it together with its place in the log. A handler that commits or rolls back by hand fails.
pub struct Tx {
    client: Client,
    /// The statements that [`run`](Self::run) has prepared, by their texts.
    prepared: Mutex<HashMap<String, Statement>>,
}

impl Tx {
    pub(super) fn over(client: Client) -> Self {
        Self { client, prepared: Mutex::default() }
    }

    /// Runs a statement, which the connection keeps prepared.
    ///
    /// # Errors
    ///
    /// Those of the driver.
    pub async fn run(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> view::Result {
        let statement = self.prepared(sql).await?;
        self.client.execute(&statement, params).await?;
        Ok(())
    }

    /// Runs a statement that changes exactly one row, and fails if it changes none or several: an update of a row that
    /// the view never made would otherwise pass unseen.
    ///
    /// # Errors
    ///
    /// Those of the driver; an error that names the number of changed rows.
    pub async fn run_one(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> view::Result {
        let statement = self.prepared(sql).await?;
        match self.client.execute(&statement, params).await? {
            1 => Ok(()),
            rows => Err(view::not_one_row(rows, sql)),
        }
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        let known = || self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = known().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        known().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Deref for Tx {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

impl AsyncTx for Tx {}

/// Writes an id as a `uuid`.
impl<A: Aggregate> ToSql for Id<A> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.uuid().to_sql(of, out)
    }

    fn accepts(of: &Type) -> bool {
        <Uuid as ToSql>::accepts(of)
    }

    to_sql_checked!();
}

/// Reads an id from a `uuid`.
impl<'a, A: Aggregate> FromSql<'a> for Id<A> {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Uuid::from_sql(of, raw).map(Self::from_uuid)
    }

    fn accepts(of: &Type) -> bool {
        <Uuid as FromSql>::accepts(of)
    }
}
