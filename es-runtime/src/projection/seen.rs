use std::fmt;

use super::Origin;
use crate::aggregate::{Aggregate, Attribute, AttributeVisitor, Events};
use crate::error::Error;
use crate::event::{Envelope, Metadata, Topics};
use crate::id::Mark;
use crate::mapper::{Mapped, Mapper};
use crate::stored_event::StoredEvent;
use crate::view;

/// A row of the log that a projection may handle.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "the field is the row itself, as stored")]
pub struct Row<'a> {
    pub(crate) mark: Mark,
    pub(crate) row: &'a StoredEvent,
    pub(crate) mapper: &'a Mapper,
    /// True if the row holds no event: it is the notice that the aggregate is forgotten, or its topic is retired.
    pub(crate) is_notice: bool,
}

/// An event as a projection sees it, beside the name of the attribute that it sets.
#[derive(Debug)]
pub struct ReadRow<S> {
    pub(crate) seen: S,
    pub(crate) envelope: Envelope,
    pub(crate) attribute: Option<&'static str>,
}

/// The result of reading a row; `None` if the row holds no event any more.
pub type ReadResult<S> = Result<Option<ReadRow<S>>, Error>;

/// An event of an aggregate with its origin; no event if its topic is retired, or the aggregate forgotten.
pub struct Seen<A: Aggregate> {
    event: Option<A::Event>,
    origin: Origin<A>,
}

impl<A: Aggregate> fmt::Debug for Seen<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Row<'_> {
    /// Reads the row as an event of `A`.
    ///
    /// # Errors
    ///
    /// Those of the mapper.
    pub fn read<A: Aggregate, S>(self, seen: fn(Seen<A>) -> S) -> ReadResult<S> {
        let Self { mark, row, mapper, is_notice } = self;
        let name = Topics::of::<A>().name;
        if is_notice {
            let envelope = Envelope::of(row.id, row.version, mapper.time_of(row)?);
            let origin = Origin::new(envelope, Metadata::new(), mark, name);
            return Ok(Some(ReadRow { seen: seen(Seen { event: None, origin }), envelope, attribute: None }));
        }
        let Mapped::Event(recorded) = mapper.decode_mapped::<A::Event>(row)? else { return Ok(None) };
        let (envelope, event, metadata) = recorded.into_parts();
        let attribute = event.as_any().downcast_ref::<A::Attribute>().map(|attribute| attribute.visit(Name));
        let origin = Origin::new(envelope, metadata, mark, name);
        Ok(Some(ReadRow { seen: seen(Seen { event: Some(event), origin }), envelope, attribute }))
    }
}

impl<A: Aggregate> Seen<A> {
    /// Returns the event, whatever it is; `None` if the aggregate is forgotten.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) const fn any(&self) -> Option<&A::Event> {
        self.event.as_ref()
    }

    /// Returns the event, if it is an `E`.
    #[inline]
    pub fn event<E: 'static>(&self) -> Option<&E> {
        self.event.as_ref()?.as_any().downcast_ref()
    }

    /// Returns the event for a handler of `E`.
    ///
    /// # Errors
    ///
    /// If it is another event: then the runner has called the wrong handler.
    #[inline]
    pub fn handed<E: 'static>(&self) -> view::Result<&E> {
        self.event().map_or_else(wrong_handler, Ok)
    }

    /// Returns the new value of an attribute, as a variant of the aggregate's attributes.
    ///
    /// # Errors
    ///
    /// As [`handed`](Self::handed).
    #[inline]
    pub fn attribute(&self) -> view::Result<&A::Attribute> {
        self.handed()
    }

    /// Returns the origin of the event.
    #[inline]
    pub const fn origin(&self) -> &Origin<A> {
        &self.origin
    }
}

/// Reports a call of a handler with the event of another.
///
/// # Errors
///
/// Always.
#[cold]
pub fn wrong_handler<T>() -> view::Result<T> {
    Err("a handler was called with the event of another; please report this".into())
}

struct Name;

impl AttributeVisitor for Name {
    type Output = &'static str;

    fn attribute<T: serde::Serialize>(self, name: &'static str, _: u32, _: &T) -> &'static str {
        name
    }
}
