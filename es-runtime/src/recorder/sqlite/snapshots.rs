use std::fmt;
use std::future::Future;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::statements::{Ranges, SnapshotStatements};
use super::{Sqlite, error, select};
use crate::error::Error;
use crate::id::Version;
use crate::recorder::{EventRange, SnapshotRecorder, Tables};
use crate::stored_event::StoredEvent;

/// A recorder of the snapshots of one application in a [`Sqlite`] database.
#[derive(Clone)]
pub struct SqliteSnapshots {
    database: Sqlite,
    statements: Arc<SnapshotStatements>,
}

impl Sqlite {
    /// Returns the recorder of an application's snapshots; makes the table if it is missing.
    ///
    /// # Errors
    ///
    /// As [`recorder`](Self::recorder).
    pub fn snapshots(&self, tables: &Tables) -> Result<SqliteSnapshots, Error> {
        tables.check()?;
        let statements = SnapshotStatements::new(&tables.snapshots);
        self.prepare(statements.needed(&tables.snapshots, &tables.events.name))?;
        Ok(SqliteSnapshots { database: self.clone(), statements: Arc::new(statements) })
    }
}

impl fmt::Debug for SqliteSnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSnapshots").field("database", &self.database).finish_non_exhaustive()
    }
}

impl SnapshotRecorder for SqliteSnapshots {
    fn put(&self, snapshot: StoredEvent) -> impl Future<Output = Result<(), Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.on_writer(move |connection| {
            let failed = error::of("store the snapshot");
            let StoredEvent { id, version, topic, state, .. } = &snapshot;
            let row = params![id.as_bytes().as_slice(), i64::from(*version), topic.as_str(), state];
            let mut statement = connection.prepare_cached(&statements.put).map_err(&failed)?;
            statement.execute(row).map(drop).map_err(&failed)
        })
    }

    fn select(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, Error>> + Send {
        let (statements, topic) = (Arc::clone(&self.statements), topic.to_owned());
        self.database.read(move |connection| {
            part(connection, &statements.snapshots, id, &topic, range, |version, row| {
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
        let (statements, topic) = (Arc::clone(&self.statements), topic.to_owned());
        self.database.read(move |connection| {
            part(connection, &statements.versions, id, &topic, range, |version, _| Ok(version))
        })
    }

    fn delete(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let (statements, topic) = (Arc::clone(&self.statements), topic.to_owned());
        self.database.on_writer(move |connection| {
            let Some((first, last)) = range.bounds() else { return Ok(()) };
            let failed = error::of("remove snapshots");
            let text = if range.is_descending() { &statements.delete_last } else { &statements.delete };
            let limit = select::limit(range.max_count());
            let bound = params![id.as_bytes().as_slice(), i64::from(first), i64::from(last), limit, topic];
            let mut statement = connection.prepare_cached(text).map_err(&failed)?;
            statement.execute(bound).map(drop).map_err(&failed)
        })
    }

    fn clear(&self, id: Uuid) -> impl Future<Output = Result<(), Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.on_writer(move |connection| {
            let failed = error::of("remove the snapshots");
            let mut statement = connection.prepare_cached(&statements.clear).map_err(&failed)?;
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
