use uuid::Uuid;

#[cfg(feature = "testing")]
use super::Seal;
use super::{Aggregate, Effect, Events, Held, Root};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Mismatch};
use crate::event::{Envelope, Recorded};
use crate::id::{Id, Version};

/// Makes the aggregate from its stored events, oldest first.
#[cfg(feature = "testing")]
pub(crate) fn replay<A: Aggregate>(events: impl IntoIterator<Item = Recorded<A::Event>>) -> Result<A, Error> {
    let mut events = events.into_iter();
    let first = events.next().ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("there is no such `{}`: it has no events", A::NAME))
    })?;
    let id = Id::from_uuid(first.envelope().id());
    let mut replay = Replay::begin(id, first)?;
    for event in events {
        replay.push(event)?;
    }
    replay.finish().map(|root| A::from_root(root, Seal::new()))
}

/// An aggregate that is being made from its stored events.
pub(crate) struct Replay<A: Aggregate> {
    root: Root<A>,
    discarded: bool,
}

impl<A: Aggregate> Replay<A> {
    /// Begins with the event that creates the aggregate.
    pub(crate) fn begin(id: Id<A>, first: Recorded<A::Event>) -> Result<Self, Error> {
        let (envelope, event, _) = first.into_parts();
        check(&envelope, id, Version::INITIAL)?;
        let state = event
            .create(&envelope)
            .ok_or_else(|| misplaced::<A>(envelope.id(), envelope.version(), "does not create one"))?;
        Ok(Self { root: Root::begin(id, envelope.timestamp(), state), discarded: false })
    }

    /// Begins with a state that was kept.
    pub(crate) fn resume(
        id: Id<A>,
        version: Version,
        times: (Timestamp, Timestamp),
        state: Held<A::State>,
    ) -> Self {
        Self { root: Root::resume(id, version, times, state), discarded: false }
    }

    /// Goes on from a root that stored events made.
    pub(crate) const fn after(root: Root<A>) -> Self {
        Self { root, discarded: false }
    }

    /// Returns the version so far.
    pub(crate) fn version(&self) -> Version {
        self.root.version()
    }

    /// Returns the version and the time of the last event so far.
    pub(crate) fn end(&self) -> (Version, Timestamp) {
        (self.root.version(), self.root.modified_at())
    }

    /// Goes on with the next event.
    #[inline]
    pub(crate) fn push(&mut self, recorded: Recorded<A::Event>) -> Result<(), Error> {
        // The metadata lives to the end: to drop it earlier, the compiler would move the event out of its way.
        let (envelope, event, _metadata) = recorded.into_parts();
        check(&envelope, self.root.id(), self.root.version().next())?;
        if self.discarded {
            return Err(misplaced::<A>(
                envelope.id(),
                envelope.version(),
                "comes after the one that discards it",
            ));
        }
        match event.change(self.root.state.to_mut(), &envelope) {
            Effect::Changed => {}
            Effect::Discards => self.discarded = true,
            Effect::Creates => {
                return Err(misplaced::<A>(envelope.id(), envelope.version(), "creates it a second time"));
            }
        }
        self.root.advance(&envelope);
        Ok(())
    }

    /// Counts an event whose type is gone.
    pub(crate) fn skip(&mut self, envelope: &Envelope) -> Result<(), Error> {
        check(envelope, self.root.id(), self.root.version().next())?;
        if self.discarded {
            return Err(misplaced::<A>(
                envelope.id(),
                envelope.version(),
                "comes after the one that discards it",
            ));
        }
        self.root.advance(envelope);
        Ok(())
    }

    /// Returns the root, if the aggregate was not discarded.
    pub(crate) fn finish(self) -> Result<Root<A>, Error> {
        if self.discarded {
            return Err(not_found(self.root.id(), "it is discarded"));
        }
        Ok(self.root)
    }
}

#[inline]
fn check<A>(envelope: &Envelope, id: Id<A>, expected: Version) -> Result<(), Error> {
    if envelope.id() == id.uuid() && envelope.version() == expected {
        Ok(())
    } else {
        Err(mismatch(id.uuid(), expected, envelope.id(), envelope.version()))
    }
}

// The errors are made out of line and from values: a reference would keep the envelope in memory, but the loop needs it
// in registers.

#[cold]
#[inline(never)]
fn mismatch(id: Uuid, expected: Version, found_id: Uuid, found: Version) -> Error {
    if found_id == id {
        Mismatch::Version { id, expected, found }.into()
    } else {
        Mismatch::Id { expected: id, found: found_id }.into()
    }
}

#[cold]
#[inline(never)]
pub(crate) fn not_found<A: Aggregate>(id: Id<A>, why: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no `{}` {id}: {why}", A::NAME))
}

#[cold]
#[inline(never)]
pub(crate) fn misplaced<A: Aggregate>(id: Uuid, version: Version, what: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("event {version} of `{}` {id} {what}", A::NAME))
}
