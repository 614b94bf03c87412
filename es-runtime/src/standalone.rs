//! States made by any function from events of a set: the stand-alone style, without the macros.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::event::Envelope;
use crate::event_set::EventSet;
use crate::id::{Id, Version};
use crate::recorder::EventRange;
use crate::repository::At;
use crate::store::EventStore;

/// Makes states of type `S` from events of the set `E`, by a mutator function.
///
/// The function is given the state so far and the next event, and returns the state after it; nothing before the
/// first event, and nothing once what the events tell of is gone.
///
/// ```
/// use std::sync::Arc;
///
/// use es_runtime::event::{Event, Recorded};
/// use es_runtime::mapper::Mapper;
/// use es_runtime::recorder::MemoryRecorder;
/// use es_runtime::standalone::MutatorRepository;
/// use es_runtime::store::EventStore;
/// use es_runtime::Wait;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// pub struct Counted {
///     pub by: u32,
/// }
///
/// impl Event for Counted {
///     const NAME: &'static str = "Counted";
///     const TOPIC: &'static str = "counter.counted";
/// }
///
/// fn count(total: Option<u32>, event: Counted) -> Option<u32> {
///     Some(total.unwrap_or_default() + event.by)
/// }
///
/// let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()));
/// let id = uuid::Uuid::now_v7();
/// let events = [Recorded::now(id, 1, Counted { by: 2 }), Recorded::now(id, 2, Counted { by: 3 })];
/// store.put_events(&events).wait()?;
///
/// let counters = MutatorRepository::new(store, count);
/// assert_eq!(counters.get(id).wait()?, 5);
/// assert_eq!(counters.get_at(id, 1).wait()?, 2);
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// Versions are yours: they may begin anywhere and have gaps, which nothing here reports.
pub struct MutatorRepository<S, E> {
    store: EventStore,
    mutator: Arc<Mutator<S, E>>,
}

type Mutator<S, E> = dyn Fn(Option<S>, E, &Envelope) -> Option<S> + Send + Sync;

impl<S, E> Clone for MutatorRepository<S, E> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), mutator: Arc::clone(&self.mutator) }
    }
}

impl<S, E> fmt::Debug for MutatorRepository<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutatorRepository").field("store", &self.store).finish_non_exhaustive()
    }
}

impl<S: Send, E: EventSet> MutatorRepository<S, E> {
    /// Makes states with a function that is given the state and the event.
    pub fn new(
        store: EventStore,
        mutator: impl Fn(Option<S>, E) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        Self::with_envelope(store, move |state, event, _| mutator(state, event))
    }

    /// Makes states with a function that is also given the event's id, version and time.
    pub fn with_envelope(
        store: EventStore,
        mutator: impl Fn(Option<S>, E, &Envelope) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        Self { store, mutator: Arc::new(mutator) }
    }

    /// The store.
    pub const fn store(&self) -> &EventStore {
        &self.store
    }

    /// The state as it is now.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there are no events, or they leave nothing;
    /// [`UnknownTopic`](ErrorKind::UnknownTopic) if one is not of the set, and what mapper and store report.
    pub async fn get(&self, id: Uuid) -> Result<S, Error> {
        self.get_at(id, Version::MAX).await
    }

    /// The state as it was at a version or a time.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn get_at(&self, id: Uuid, at: impl Into<At>) -> Result<S, Error> {
        let (any, state) = self.fold(id, at.into()).await?;
        state.ok_or_else(|| not_found::<S>(id, any))
    }

    /// Whether the events leave anything.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), but for `NotFound`.
    pub async fn contains(&self, id: Uuid) -> Result<bool, Error> {
        self.fold(id, At::Version(Version::MAX)).await.map(|(_, state)| state.is_some())
    }

    /// What the events leave, and whether there are any.
    async fn fold(&self, id: Uuid, at: At) -> Result<(bool, Option<S>), Error> {
        let (version, until) = match at {
            At::Version(version) => (version, None::<Timestamp>),
            At::Time(time) => (Version::MAX, Some(time)),
        };
        let (mut any, mut state) = (false, None);
        let mut pages = self.store.pages(Id::<()>::from_uuid(id), EventRange::all().lte(version));
        while let Some(page) = pages.next().await? {
            for row in &page {
                let (envelope, event, _) = pages.mapper().decode_in(row)?.into_parts();
                if until.is_some_and(|until| envelope.timestamp() > until) {
                    return Ok((any, state));
                }
                state = (self.mutator)(state, event, &envelope);
                any = true;
            }
        }
        Ok((any, state))
    }
}

#[cold]
fn not_found<S>(id: Uuid, any: bool) -> Error {
    let name = type_name::<S>();
    let why =
        if any { "its events leave nothing: it is gone" } else { "it has no events, or none until then" };
    Error::new(ErrorKind::NotFound, format!("there is no `{name}` {id}: {why}"))
}
