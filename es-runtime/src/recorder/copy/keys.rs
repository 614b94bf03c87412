use std::collections::HashMap;

use uuid::Uuid;

use crate::error::Error;
use crate::recorder::{AggregateRecorder, EventRange, KeyRecorder, StoredKey};
use crate::stored_event::StoredEvent;

/// The data keys of some aggregates; none of a store that keeps none.
pub(super) async fn of<R: AggregateRecorder + ?Sized>(
    store: &R,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, StoredKey>, Error> {
    let Some(keys) = store.as_keys() else { return Ok(HashMap::new()) };
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = keys.select_keys(ids).await?;
    Ok(found.into_iter().map(|key| (key.aggregate(), key)).collect())
}

/// Returns the aggregates of some events, each once.
pub(super) fn aggregates<'a>(events: impl Iterator<Item = &'a StoredEvent>) -> Vec<Uuid> {
    let mut ids: Vec<_> = events.map(|event| event.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Returns the last event of an aggregate.
pub(super) async fn last<R: AggregateRecorder + ?Sized>(
    store: &R,
    id: Uuid,
) -> Result<Option<StoredEvent>, Error> {
    Ok(store.select(id, EventRange::all().descending().limit(1)).await?.events.pop())
}
