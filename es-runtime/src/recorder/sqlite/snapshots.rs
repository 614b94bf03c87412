use std::fmt;
use std::future::Future;
use std::sync::Arc;

use rusqlite::params;
use uuid::Uuid;

use super::statements::SnapshotStatements;
use super::{Sqlite, error, select};
use crate::error::Error;
use crate::id::Version;
use crate::recorder::{EventRange, SnapshotRecorder};
use crate::stored_event::StoredEvent;

/// The snapshots of one application in a [`Sqlite`] database.
#[derive(Clone)]
pub struct SqliteSnapshots {
    database: Sqlite,
    statements: Arc<SnapshotStatements>,
}

impl SqliteSnapshots {
    pub(super) fn new(database: Sqlite, statements: SnapshotStatements) -> Self {
        Self { database, statements: Arc::new(statements) }
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
            let row = params![id.as_bytes().as_slice(), i64::from(*version), topic.as_ref(), state];
            let mut statement = connection.prepare_cached(&statements.put).map_err(&failed)?;
            statement.execute(row).map(drop).map_err(&failed)
        })
    }

    fn select(
        &self,
        id: Uuid,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.read(move |connection| select::events(connection, &statements.snapshots, id, range))
    }

    fn versions(
        &self,
        id: Uuid,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<Version>, Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.read(move |connection| select::versions(connection, &statements.versions, id, range))
    }

    fn delete(&self, id: Uuid, range: EventRange) -> impl Future<Output = Result<(), Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.on_writer(move |connection| {
            let Some((first, last)) = range.bounds() else { return Ok(()) };
            let failed = error::of("remove snapshots");
            let text = if range.is_descending() { &statements.delete_last } else { &statements.delete };
            let limit = select::limit(range.max_count());
            let bound = params![id.as_bytes().as_slice(), i64::from(first), i64::from(last), limit];
            let mut statement = connection.prepare_cached(text).map_err(&failed)?;
            statement.execute(bound).map(drop).map_err(&failed)
        })
    }
}
