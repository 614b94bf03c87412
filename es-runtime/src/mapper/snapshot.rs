//! Snapshots as rows: `{"fp":..,"created":..,"at":..,"data":{..}}`, the data being the state.

use serde::{Deserialize, Serialize};

use super::{Identity, Kind, Mapper, at_row};
use crate::aggregate::{Aggregate, Replay, Root, fingerprint};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::id::Id;
use crate::stored_event::StoredEvent;

#[derive(Serialize)]
struct Written<'a, S> {
    fp: u64,
    created: Timestamp,
    at: Timestamp,
    data: &'a S,
}

#[derive(Deserialize)]
struct Read<S> {
    created: Timestamp,
    at: Timestamp,
    data: S,
}

/// Read first: the state of other code need not fit.
#[derive(Deserialize)]
struct Taken {
    fp: u64,
}

impl Mapper {
    pub(crate) fn encode_snapshot<A: Aggregate>(&self, root: &Root<A>) -> Result<StoredEvent, Error> {
        let mut row = StoredEvent::new(root.id().uuid(), root.version(), A::NAME, Vec::with_capacity(256));
        let written = Written {
            fp: fingerprint::<A>(),
            created: root.created_at(),
            at: root.modified_at(),
            data: &**root,
        };
        self.codec.encode(&written, &mut row.state).map_err(|error| at_row(&row, error))?;
        let state = std::mem::take(&mut row.state);
        row.state = self.seal(state, &identity(&row)).map_err(|error| at_row(&row, error))?;
        Ok(row)
    }

    /// Nothing if it was taken by other code.
    pub(crate) fn decode_snapshot<A: Aggregate>(
        &self,
        row: &StoredEvent,
    ) -> Result<Option<Replay<A>>, Error> {
        use std::marker::PhantomData;
        let (codec, written) = self.open(&row.state, &identity(row))?;
        let Taken { fp } = codec.decode(PhantomData, &written)?;
        if fp != fingerprint::<A>() {
            return Ok(None);
        }
        let Read { created, at, data } = codec.decode(PhantomData::<Read<A::State>>, &written)?;
        Ok(Some(Replay::resume(Id::from_uuid(row.id), row.version, (created, at), data)))
    }
}

fn identity(row: &StoredEvent) -> Identity<'_> {
    Identity { kind: Kind::Snapshot, id: row.id, version: row.version, topic: &row.topic }
}
