use std::fmt;
use std::future::Future;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::statements::DIALECT;
use super::{Sqlite, error, schema, select};
use crate::error::Error;
use crate::id::Version;
use crate::recorder::sql::{Needed, Ranges, SnapshotTexts};
use crate::recorder::{EventRange, SnapshotRecorder, Tables};
use crate::stored_event::StoredEvent;

/// A recorder of the snapshots of one application in a [`Sqlite`] database.
#[derive(Clone)]
pub struct SqliteSnapshots {
    database: Sqlite,
    texts: Arc<SnapshotTexts>,
}

impl Sqlite {
    /// Returns the recorder of an application's snapshots; makes the table if it is missing.
    ///
    /// # Errors
    ///
    /// As [`recorder`](Self::recorder).
    pub fn snapshots(&self, tables: &Tables) -> Result<SqliteSnapshots, Error> {
        tables.check()?;
        let texts = SnapshotTexts::new(&DIALECT, &tables.snapshots);
        self.prepare(Needed {
            tables: vec![schema::of_snapshots(&tables.snapshots)],
            owner: tables.events.name.as_str().to_owned(),
            checks: vec![texts.put.clone(), texts.snapshots.ascending.clone()],
        })?;
        Ok(SqliteSnapshots { database: self.clone(), texts: Arc::new(texts) })
    }
}

impl fmt::Debug for SqliteSnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSnapshots").field("database", &self.database).finish_non_exhaustive()
    }
}

impl SnapshotRecorder for SqliteSnapshots {
    fn put(&self, snapshot: StoredEvent) -> impl Future<Output = Result<(), Error>> + Send {
        let texts = Arc::clone(&self.texts);
        self.database.on_writer(move |connection| {
            let failed = error::of("store the snapshot");
            let StoredEvent { id, version, topic, state, .. } = &snapshot;
            let row = params![id.as_bytes().as_slice(), i64::from(*version), topic.as_str(), state];
            let mut statement = connection.prepare_cached(&texts.put).map_err(&failed)?;
            statement.execute(row).map(drop).map_err(&failed)
        })
    }

    fn select(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, Error>> + Send {
        let (texts, topic) = (Arc::clone(&self.texts), topic.to_owned());
        self.database.read(move |connection| {
            part(connection, &texts.snapshots, id, &topic, range, |version, row| {
                let state = row.get_ref(1).ok().and_then(|state| state.as_blob().ok());
                let state = state.ok_or_else(|| {
                    select::corrupt(
                        &format!("snapshot {version} of aggregate {id}"),
                        "a state that is no blob",
                    )
                })?;
                StoredEvent::new(id, version, topic.clone(), state.to_vec())
            })
        })
    }

    fn versions(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<Version>, Error>> + Send {
        let (texts, topic) = (Arc::clone(&self.texts), topic.to_owned());
        self.database.read(move |connection| {
            part(connection, &texts.versions, id, &topic, range, |version, _| Ok(version))
        })
    }

    fn delete(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let (texts, topic) = (Arc::clone(&self.texts), topic.to_owned());
        self.database.on_writer(move |connection| {
            let Some((first, last)) = range.bounds() else { return Ok(()) };
            let failed = error::of("remove snapshots");
            let text = texts.delete.of(range.is_descending());
            let limit = select::limit(range.max_count());
            let bound = params![id.as_bytes().as_slice(), i64::from(first), i64::from(last), limit, topic];
            let mut statement = connection.prepare_cached(text).map_err(&failed)?;
            statement.execute(bound).map(drop).map_err(&failed)
        })
    }

    fn clear(&self, id: Uuid) -> impl Future<Output = Result<(), Error>> + Send {
        let texts = Arc::clone(&self.texts);
        self.database.on_writer(move |connection| {
            let failed = error::of("remove the snapshots");
            let mut statement = connection.prepare_cached(&texts.clear).map_err(&failed)?;
            statement.execute([id.as_bytes().as_slice()]).map(drop).map_err(&failed)
        })
    }
}

/// Reads the selected rows of the snapshots of one kind; their first column is the version.
fn part<T>(
    connection: &Connection,
    texts: &Ranges,
    id: Uuid,
    topic: &str,
    range: EventRange,
    mut read: impl FnMut(Version, &Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let Some((first, last)) = range.bounds() else { return Ok(Vec::new()) };
    let (text, limit) = (texts.of(range.is_descending()), select::limit(range.max_count()));
    let bound = params![id.as_bytes().as_slice(), i64::from(first), i64::from(last), limit, topic];
    let mut found = Vec::new();
    select::each(connection, text, "read snapshots", bound, |row| {
        found.push(read(select::version(row, id, 0)?, row)?);
        Ok(true)
    })?;
    Ok(found)
}
