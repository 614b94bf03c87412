//! Snapshots: states that are kept, so that an aggregate need not be made from its first event on.
//!
//! A snapshot is a copy that can be made again at any time. One that cannot be read, or was taken before the struct, the
//! `#[mutator]` block or a version in them changed, is passed over; one that cannot be stored does not fail what was
//! saved.
//!
//! Code outside of these that event methods call is not seen. When such code comes to change the state in another way,
//! raise `#[aggregate(snapshot_version = 2)]`: old snapshots are then passed over, too.

use std::fmt;
use std::sync::Arc;

use crate::aggregate::{Aggregate, Replay, Root};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::id::{Id, Version};
use crate::mapper::Mapper;
use crate::recorder::{Commit, DynAggregateRecorder, EventRange};

/// Keeps snapshots, in a recorder of their own.
#[derive(Clone)]
pub struct SnapshotStore {
    mapper: Arc<Mapper>,
    recorder: Arc<dyn DynAggregateRecorder>,
}

impl fmt::Debug for SnapshotStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotStore").field("mapper", &self.mapper).finish_non_exhaustive()
    }
}

impl SnapshotStore {
    /// Joins a mapper and a recorder. The recorder must be another than that of the events.
    pub fn new(mapper: impl Into<Arc<Mapper>>, recorder: Arc<dyn DynAggregateRecorder>) -> Self {
        Self { mapper: mapper.into(), recorder }
    }

    /// The versions of which there are snapshots, oldest first; also of such as are passed over.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn versions<A>(&self, id: Id<A>) -> Result<Vec<Version>, Error> {
        let rows = self.recorder.select_dyn(id.uuid(), EventRange::all()).await?;
        Ok(rows.iter().map(|row| row.version).collect())
    }

    /// Keeps the state that the root has; does nothing if there is a snapshot of this version.
    pub(crate) async fn put<A: Aggregate>(&self, root: &Root<A>) -> Result<(), Error> {
        let row = self.mapper.encode_snapshot(root)?;
        let kept = self.recorder.append_dyn(Commit::new(vec![row])).await;
        match kept {
            // Somebody else took it, or the code was another: it is passed over then, and the next one counts.
            Err(error) if error.as_conflict().is_some() => Ok(()),
            kept => kept.map(drop),
        }
    }

    /// The last snapshot up to a version and a time that this code took; where the replay goes on from.
    pub(crate) async fn latest<A: Aggregate>(
        &self,
        id: Id<A>,
        version: Version,
        until: Option<Timestamp>,
    ) -> Option<Replay<A>> {
        let mut range = EventRange::all().lte(version).descending().limit(1);
        loop {
            // Without the store of snapshots, or a row that can be read, there are still the events.
            let row = self.recorder.select_dyn(id.uuid(), range).await.ok()?.pop()?;
            let replay = self.mapper.decode_snapshot::<A>(&row).ok().flatten();
            match replay {
                Some(replay) if until.is_none_or(|until| replay.modified_at() <= until) => {
                    return Some(replay);
                }
                // In time: an earlier one may do. By other code: so were all earlier ones, most likely.
                Some(_) => range = range.lt(row.version),
                None => return None,
            }
        }
    }
}
