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
    // The loop checks an event where it lies, and moves only those that fit: the compiler moves an event that a refusal
    // would drop through the stack. A vector passes through `collect` without a copy.
    let mut events = events.into_iter().collect::<Vec<_>>().into_iter();
    let first = events.next().ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("there is no such `{}`: it has no events", A::NAME))
    })?;
    let id = Id::from_uuid(first.envelope().id());
    let Replay { root, mut discarded } = Replay::<A>::begin(id, first)?;
    let (created_at, mut last, mut state) = (root.created_at(), root.last(), root.into_state());
    while let Some(next) = events.as_slice().first() {
        check::<A>(next.envelope(), &last, discarded)?;
        let Some(recorded) = events.next() else { break };
        apply::<A>(recorded, &mut last, &mut discarded, &mut state)?;
    }
    let root = Root::resume(id, last.version(), (created_at, last.timestamp()), Held::Own(state));
    Replay { root, discarded }.finish().map(|root| A::from_root(root, Seal::new()))
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
        check::<A>(&envelope, &Envelope::of(id.uuid(), Version::from(0), envelope.timestamp()), false)?;
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
    pub(crate) fn push(&mut self, recorded: Recorded<A::Event>) -> Result<(), Error> {
        let mut last = self.root.last();
        check::<A>(recorded.envelope(), &last, self.discarded)?;
        apply::<A>(recorded, &mut last, &mut self.discarded, self.root.state.to_mut())?;
        self.root.advance(&last);
        Ok(())
    }

    /// Counts an event whose type is gone.
    pub(crate) fn skip(&mut self, envelope: &Envelope) -> Result<(), Error> {
        check::<A>(envelope, &self.root.last(), self.discarded)?;
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

/// Fails unless the event comes next.
#[inline]
fn check<A: Aggregate>(envelope: &Envelope, last: &Envelope, discarded: bool) -> Result<(), Error> {
    let fits = envelope.id() == last.id() && envelope.version().get() == last.version().get() + 1;
    if fits && !discarded { Ok(()) } else { Err(refuse::<A>(envelope, last.id().as_u128(), last.version())) }
}

/// Applies an event that comes next, which `last` then is.
#[inline]
fn apply<A: Aggregate>(
    recorded: Recorded<A::Event>,
    last: &mut Envelope,
    discarded: &mut bool,
    state: &mut A::State,
) -> Result<(), Error> {
    // The metadata lives to the end: to drop it earlier, the compiler would move the event out of its way.
    let (envelope, event, _metadata) = recorded.into_parts();
    *last = Envelope::of(last.id(), envelope.version(), last.timestamp().max(envelope.timestamp()));
    match event.change(state, &envelope) {
        Effect::Changed => {}
        Effect::Discards => *discarded = true,
        Effect::Creates => return Err(misplaced::<A>(last.id(), last.version(), "creates it a second time")),
    }
    Ok(())
}

/// Returns why the event cannot come next.
///
/// The id is a number, which needs no address: the loop would keep an id with an address in memory.
#[cold]
#[inline(never)]
fn refuse<A: Aggregate>(envelope: &Envelope, id: u128, last: Version) -> Error {
    let (id, expected, found) = (Uuid::from_u128(id), last.next(), envelope.version());
    if envelope.id() != id {
        Mismatch::Id { expected: id, found: envelope.id() }.into()
    } else if found != expected {
        Mismatch::Version { id, expected, found }.into()
    } else {
        misplaced::<A>(id, found, "comes after the one that discards it")
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
