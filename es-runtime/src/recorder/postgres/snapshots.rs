use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio_postgres::Row;
use uuid::Uuid;

use super::connection::Connection;
use super::names::Names;
use super::statements::of_snapshots;
use super::text::Text;
use super::{Postgres, error, rows, schema};
use crate::error::Error;
use crate::id::Version;
use crate::recorder::sql::{Needed, Ranges, SnapshotTexts};
use crate::recorder::{EventRange, SnapshotRecorder, Tables};
use crate::stored_event::StoredEvent;

/// A recorder of the snapshots of one application in a [`Postgres`] database.
#[derive(Clone)]
pub struct PostgresSnapshots {
    database: Postgres,
    texts: Arc<SnapshotTexts<Text>>,
}

impl Postgres {
    /// Returns the recorder of an application's snapshots; makes the table if it is missing. Blocks as
    /// [`open`](super::PostgresOptions::open) does.
    ///
    /// # Errors
    ///
    /// As [`recorder`](Self::recorder).
    pub fn snapshots(&self, tables: &Tables) -> Result<PostgresSnapshots, Error> {
        schema::check_names(tables)?;
        let texts = of_snapshots(self.schema(), &tables.snapshots);
        self.prepare(&Needed {
            tables: vec![schema::of_snapshots(&Names::new(self.schema(), tables, false), &tables.snapshots)],
            owner: tables.events.name.as_str().to_owned(),
            checks: vec![texts.put.sql.clone(), texts.snapshots.ascending.sql.clone()],
        })?;
        Ok(PostgresSnapshots { database: self.clone(), texts: Arc::new(texts) })
    }
}

impl fmt::Debug for PostgresSnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSnapshots").field("database", &self.database).finish_non_exhaustive()
    }
}

impl SnapshotRecorder for PostgresSnapshots {
    fn put(&self, snapshot: StoredEvent) -> impl Future<Output = Result<(), Error>> + Send {
        let (texts, snapshot) = (Arc::clone(&self.texts), Arc::new(snapshot));
        self.database.change(snapshot.id, move |connection| {
            let (texts, snapshot) = (Arc::clone(&texts), Arc::clone(&snapshot));
            Box::pin(async move {
                let StoredEvent { id, version, topic, state, .. } = &*snapshot;
                let (version, topic) = (i64::from(*version), topic.as_str());
                let done = connection.execute(&texts.put, &[id, &version, &topic, state]).await;
                done.map(drop).map_err(error::of("store the snapshot"))
            })
        })
    }

    fn select(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, Error>> + Send {
        let (texts, topic) = (Arc::clone(&self.texts), Arc::<str>::from(topic));
        self.database.read(move |connection| {
            let (texts, topic) = (Arc::clone(&texts), Arc::clone(&topic));
            Box::pin(async move {
                let found = part(connection, &texts.snapshots, id, &topic, range).await?;
                let snapshot = |row: &Row| {
                    let version = rows::version(row, id, 0)?;
                    let state: &[u8] = rows::value(row, 1).ok_or_else(|| {
                        let place = format!("snapshot {version} of aggregate {id}");
                        rows::corrupt(&place, "a state that is no bytes")
                    })?;
                    StoredEvent::new(id, version, topic.to_string(), state.to_vec())
                };
                found.iter().map(snapshot).collect()
            })
        })
    }

    fn versions(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<Version>, Error>> + Send {
        let (texts, topic) = (Arc::clone(&self.texts), Arc::<str>::from(topic));
        self.database.read(move |connection| {
            let (texts, topic) = (Arc::clone(&texts), Arc::clone(&topic));
            Box::pin(async move {
                let found = part(connection, &texts.versions, id, &topic, range).await?;
                found.iter().map(|row| rows::version(row, id, 0)).collect()
            })
        })
    }

    fn delete(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let (texts, topic) = (Arc::clone(&self.texts), Arc::<str>::from(topic));
        self.database.change(id, move |connection| {
            let (texts, topic) = (Arc::clone(&texts), Arc::clone(&topic));
            Box::pin(async move {
                let Some((first, last)) = range.bounds() else { return Ok(()) };
                let (first, last) = (i64::from(first), i64::from(last));
                let limit = range.max_count().map(rows::count);
                let text = texts.delete.of(range.is_descending());
                let done = connection.execute(text, &[&id, &first, &last, &limit, &&*topic]).await;
                done.map(drop).map_err(error::of("remove snapshots"))
            })
        })
    }

    fn clear(&self, id: Uuid) -> impl Future<Output = Result<(), Error>> + Send {
        let texts = Arc::clone(&self.texts);
        self.database.change(id, move |connection| {
            let texts = Arc::clone(&texts);
            Box::pin(async move {
                let done = connection.execute(&texts.clear, &[&id]).await;
                done.map(drop).map_err(error::of("remove the snapshots"))
            })
        })
    }
}

/// Reads the selected rows of the snapshots of one kind; their first column is the version.
async fn part(
    connection: &Connection,
    texts: &Ranges<Text>,
    id: Uuid,
    topic: &str,
    range: EventRange,
) -> Result<Vec<Row>, Error> {
    let Some((first, last)) = range.bounds() else { return Ok(Vec::new()) };
    let (first, last, limit) = (i64::from(first), i64::from(last), range.max_count().map(rows::count));
    let text = texts.of(range.is_descending());
    let rows = connection.query(text, &[&id, &first, &last, &limit, &topic]).await;
    rows.map_err(error::of("read snapshots"))
}
