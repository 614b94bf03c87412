//! Events without an aggregate, as a batch saves them.

use std::any::Any;
use std::fmt;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::event::{EventSet, EventType, Metadata, Recorded};
use crate::id::{Id, Version};
use crate::mapper::Mapper;
use crate::recorder::{Boxed, EventRange};
use crate::sequence::{Moment, TimeLog};
use crate::store::EventStore;
use crate::stored_event::StoredEvent;

/// The sequences to which [`Batch::append`](super::Batch::append) appends an event `E`: one under an id, or a
/// [`TimeLog`].
///
/// Only this crate can implement the trait.
#[diagnostic::on_unimplemented(
    message = "`{E}` cannot be appended to `{Self}`",
    label = "neither the id of a sequence nor a log of such events",
    note = "pass a `Uuid` and an event or a set of events, or `&log` and a message of the log"
)]
pub trait AppendTo<E>: sealed::AppendTo {
    #[doc(hidden)]
    fn append(self, event: E) -> Appended;
}

#[diagnostic::do_not_recommend]
impl<E: EventSet> AppendTo<E> for Uuid {
    fn append(self, event: E) -> Appended {
        let recorded = Recorded::now(self, Version::INITIAL, event);
        Appended(Box::new(LooseEvent { recorded, end: Some(Box::new(Last)) }))
    }
}

#[diagnostic::do_not_recommend]
impl<M: Into<E>, E: EventSet, T: Moment> AppendTo<M> for &TimeLog<E, T> {
    fn append(self, message: M) -> Appended {
        let recorded = Recorded::now(self.id(), Version::INITIAL, message.into());
        Appended(Box::new(LooseEvent { recorded, end: Some(Box::new(self.clone())) }))
    }
}

/// An event without an aggregate, at the end of its sequence.
#[doc(hidden)]
pub struct Appended(pub(super) Box<dyn Loose>);

impl fmt::Debug for Appended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Appended").finish_non_exhaustive()
    }
}

/// A trait out of reach: no other crate can implement [`AppendTo`].
mod sealed {
    use uuid::Uuid;

    use crate::sequence::TimeLog;

    pub trait AppendTo {}
    impl AppendTo for Uuid {}
    impl<E, T> AppendTo for &TimeLog<E, T> {}
}

/// An event without an aggregate.
// Private to the crate, so that the compiler does not propose its methods to users.
pub(crate) trait Loose: Send + Sync {
    fn id(&self) -> Uuid;
    fn version(&self) -> Version;
    fn of(&self) -> EventType;
    /// Returns the end of the sequence that the event is appended to, or `None` if the caller chose the version.
    fn end(&self) -> Option<&dyn End>;
    fn time(&self) -> Timestamp;
    fn set_version(&mut self, version: Version);
    fn row(&self, mapper: &Mapper, metadata: &Metadata) -> Result<StoredEvent, Error>;
    /// Returns a copy of the event: a `Recorded<E>`.
    fn copied(&self, metadata: &Metadata) -> Box<dyn Any + Send + Sync>;
}

pub(super) struct LooseEvent<E> {
    pub(super) recorded: Recorded<E>,
    pub(super) end: Option<Box<dyn End>>,
}

impl<E: EventSet> Loose for LooseEvent<E> {
    fn id(&self) -> Uuid {
        self.recorded.envelope().id()
    }

    fn version(&self) -> Version {
        self.recorded.envelope().version()
    }

    fn of(&self) -> EventType {
        *self.recorded.event().event_type()
    }

    fn end(&self) -> Option<&dyn End> {
        self.end.as_deref()
    }

    fn time(&self) -> Timestamp {
        self.recorded.envelope().timestamp()
    }

    fn set_version(&mut self, version: Version) {
        self.recorded.set_version(version);
    }

    fn row(&self, mapper: &Mapper, metadata: &Metadata) -> Result<StoredEvent, Error> {
        mapper.encode_with(&self.recorded, metadata)
    }

    fn copied(&self, metadata: &Metadata) -> Box<dyn Any + Send + Sync> {
        Box::new(self.recorded.clone().with_metadata(metadata.clone()))
    }
}

/// The end of a sequence, where events are appended.
pub(crate) trait End: Send + Sync {
    /// Finds a free version, after `taken` if that is known to be taken.
    fn free<'s>(
        &'s self,
        store: &'s EventStore,
        event: &'s dyn Loose,
        taken: Option<Version>,
    ) -> Boxed<'s, Version>;

    /// Returns whether versions are moments, and so begin anywhere.
    fn is_in_time(&self) -> bool;
}

/// The end of a sequence under an id: the version after its last one.
struct Last;

impl End for Last {
    fn free<'s>(
        &'s self,
        store: &'s EventStore,
        event: &'s dyn Loose,
        taken: Option<Version>,
    ) -> Boxed<'s, Version> {
        Box::pin(async move {
            let last = EventRange::all().descending().limit(1);
            let rows = store.pages(Id::<()>::from_uuid(event.id()), last).rows().await?;
            let last = rows.and_then(|rows| rows.first().map(|row| row.version));
            Ok(last.max(taken).map_or(Version::INITIAL, Version::next))
        })
    }

    fn is_in_time(&self) -> bool {
        false
    }
}

impl<E: EventSet, T: Moment> End for TimeLog<E, T> {
    fn free<'s>(
        &'s self,
        _: &'s EventStore,
        event: &'s dyn Loose,
        taken: Option<Version>,
    ) -> Boxed<'s, Version> {
        Box::pin(self.place(event.time(), taken))
    }

    fn is_in_time(&self) -> bool {
        true
    }
}
