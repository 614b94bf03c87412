//! Sequences in the order of time: a log of messages whose places are moments.
//!
//! A place is an integer like any version, so every recorder can keep such a log. Of two messages at one moment, the
//! later one takes the next free tick: no two share a place, and none is lost.

mod moment;
mod range;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

pub use self::moment::{Moment, TimeUuid, UuidTime};
pub use self::range::TimeRange;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::event::{EventSet, Metadata, Recorded};
use crate::id::{Id, Version};
use crate::recorder::EventRange;
use crate::registry::Registry;
use crate::store::EventStore;

/// The number of searches for a free tick before the log reports that others append too much.
const ATTEMPTS: usize = 64;

/// The number of messages read at once in search of a free tick between them.
const PAGE: usize = 256;

/// An append-only log of messages of the set `E`, in the order of time.
///
/// `T` is the type of places: a [`Timestamp`], to the microsecond, or a [`UuidTime`], from which UUIDs can be made.
///
/// ```
/// use std::sync::Arc;
///
/// use es_runtime::mapper::Mapper;
/// use es_runtime::recorder::MemoryRecorder;
/// use es_runtime::store::EventStore;
/// use es_runtime::sequence::{TimeLog, TimeRange};
/// use es_runtime::{Wait, event};
///
/// #[event]
/// pub struct Logged {
///     pub message: String,
/// }
///
/// let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
/// let log = TimeLog::<Logged>::new(store, uuid::Uuid::now_v7());
/// let first = log.append(Logged { message: "started".into() }).wait()?;
/// let second = log.append(Logged { message: "stopped".into() }).wait()?;
/// assert!(first < second);
///
/// let messages = log.get(TimeRange::all().after(first)).wait()?;
/// assert_eq!(messages[0].1.event().message, "stopped");
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub struct TimeLog<E, T = Timestamp> {
    store: EventStore,
    id: Uuid,
    /// True once the log has checked that the id holds no foreign events. Clones share the result.
    is_own: Arc<AtomicBool>,
    of: PhantomData<fn(E) -> T>,
}

impl<E, T> Clone for TimeLog<E, T> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), id: self.id, is_own: Arc::clone(&self.is_own), of: PhantomData }
    }
}

impl<E, T> fmt::Debug for TimeLog<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeLog").field("id", &self.id).field("store", &self.store).finish()
    }
}

impl<E: EventSet, T: Moment> TimeLog<E, T> {
    /// Opens the log under this id, which no aggregate may have.
    ///
    /// Keep the log as long as you append: before its first message, it checks the events stored under the id.
    pub fn new(store: EventStore, id: Uuid) -> Self {
        Self { store, id, is_own: Arc::default(), of: PhantomData }
    }

    /// Returns the id of the log.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Appends a message now, and returns its place: this moment, or the next free one.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](ErrorKind::Unavailable) if very many others append at the same moment.
    /// [`Invalid`](ErrorKind::Invalid) if the time of the clock is no place, or the id holds foreign events. Also the
    /// errors of mapper and store. After [`OutcomeUnknown`](ErrorKind::OutcomeUnknown) the message may be stored;
    /// appended again, it may be in the log twice.
    pub async fn append(&self, message: impl Into<E>) -> Result<T, Error> {
        self.append_with(message, Metadata::new()).await
    }

    /// Appends a message with metadata.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub async fn append_with(&self, message: impl Into<E>, metadata: Metadata) -> Result<T, Error> {
        let (message, time) = (message.into(), Timestamp::now());
        let mut place = self.place(time, None).await?;
        for _ in 0..ATTEMPTS {
            let recorded =
                Recorded::at(time, self.id, place, message.clone()).with_metadata(metadata.clone());
            match self.store.put(&[recorded]).await {
                Ok(_) => return T::at(place),
                Err(error) if error.as_conflict().is_some() => {
                    place = self.place(time, Some(place)).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            format!(
                "no place is free in the log {}: others took {ATTEMPTS} of them at {time} first; append again",
                self.id
            ),
        ))
    }

    /// Returns the place of a time, or the next free one if `taken` is known to be taken.
    pub(crate) async fn place(&self, time: Timestamp, taken: Option<Version>) -> Result<Version, Error> {
        self.check_own().await?;
        match taken {
            None => T::of(time).map(Moment::place),
            Some(taken) => self.free(taken).await,
        }
    }

    /// Refuses the id of an aggregate: places are no versions, and the aggregate could never be loaded again.
    async fn check_own(&self) -> Result<(), Error> {
        if self.is_own.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut pages = self.store.pages(Id::<()>::from_uuid(self.id), EventRange::all().limit(1));
        let first = pages.next().await?.and_then(|rows| rows.into_iter().next());
        if let Some(first) = first
            && let Some(aggregate) = Registry::global()?.reader(&first.topic)
        {
            let message = format!(
                "the id {} is that of a `{}`, whose events are no messages of a log; use an id of its own",
                self.id,
                aggregate.name()
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        self.is_own.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Returns the first place after `taken` that the search found free.
    async fn free(&self, taken: Version) -> Result<Version, Error> {
        let mut place = after::<T>(taken)?;
        loop {
            let range = EventRange::all().from(place).limit(PAGE);
            let mut pages = self.store.pages(Id::<()>::from_uuid(self.id), range);
            let Some(rows) = pages.next().await? else { return Ok(place) };
            for row in &rows {
                if row.version > place {
                    return Ok(place);
                }
                place = after::<T>(place)?;
            }
            if rows.len() < PAGE {
                return Ok(place);
            }
        }
    }

    /// Reads messages with their places.
    ///
    /// # Errors
    ///
    /// The errors of mapper and store.
    pub async fn get(&self, range: TimeRange<T>) -> Result<Vec<(T, Recorded<E>)>, Error> {
        let messages = self.store.get_events::<E>(self.id, range.events()).await?;
        let placed = |message: Recorded<E>| Ok((T::at(message.envelope().version())?, message));
        messages.into_iter().map(placed).collect()
    }

    /// Reads the message at a place, if there is one.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn get_one(&self, place: T) -> Result<Option<Recorded<E>>, Error> {
        let range = TimeRange::all().from(place).up_to(place);
        Ok(self.get(range).await?.pop().map(|(_, message)| message))
    }
}

/// Returns the next tick, if there is one.
fn after<T: Moment>(place: Version) -> Result<Version, Error> {
    let next = place.next();
    if next == place {
        return Err(Error::new(
            ErrorKind::Invalid,
            format!("{place} is the last place; set the clock right"),
        ));
    }
    T::at(next).map(Moment::place)
}
