use uuid::Uuid;

use super::{Aggregate, Effect, Events, Root, Seal};
use crate::error::{Error, ErrorKind, Mismatch};
use crate::event::{Envelope, Recorded};
use crate::id::{Id, Version};

/// Makes the aggregate from its stored events, oldest first.
pub(crate) fn replay<A: Aggregate>(events: impl IntoIterator<Item = Recorded<A::Event>>) -> Result<A, Error> {
    let mut events = events.into_iter();
    let first = events.next().ok_or_else(|| not_found::<A>("it has no events"))?;
    let (envelope, event, _) = first.into_parts();
    let id = Id::from_uuid(envelope.id());
    check(&envelope, id, Version::INITIAL)?;
    let state = event.create(&envelope).ok_or_else(|| misplaced::<A>(&envelope, "does not create one"))?;
    let mut root = Root::<A>::begin(id, envelope.timestamp(), state);
    let mut discarded = false;
    for recorded in events {
        // Kept to the end of the round: dropped any earlier, the event would have to be moved out of its way.
        let (envelope, event, _metadata) = recorded.into_parts();
        check(&envelope, id, root.version().next())?;
        if discarded {
            return Err(misplaced::<A>(&envelope, "comes after the one that discards it"));
        }
        match event.change(&mut root.state, &envelope) {
            Effect::Changed => {}
            Effect::Discards => discarded = true,
            Effect::Creates => return Err(misplaced::<A>(&envelope, "creates it a second time")),
        }
        root.advance(&envelope);
    }
    if discarded {
        return Err(not_found::<A>("it is discarded"));
    }
    Ok(A::from_root(root, Seal::new()))
}

#[inline]
fn check<A>(envelope: &Envelope, id: Id<A>, expected: Version) -> Result<(), Error> {
    if envelope.id() == id.uuid() && envelope.version() == expected {
        Ok(())
    } else {
        Err(mismatch(envelope, id.uuid(), expected))
    }
}

// The errors are made out of line, so that the loop stays small enough for registers.

#[cold]
#[inline(never)]
fn mismatch(envelope: &Envelope, id: Uuid, expected: Version) -> Error {
    if envelope.id() == id {
        Mismatch::Version { id, expected, found: envelope.version() }.into()
    } else {
        Mismatch::Id { expected: id, found: envelope.id() }.into()
    }
}

#[cold]
#[inline(never)]
fn not_found<A: Aggregate>(why: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no such `{}`: {why}", A::NAME))
}

#[cold]
#[inline(never)]
fn misplaced<A: Aggregate>(envelope: &Envelope, what: &str) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!("event {} of `{}` {} {what}", envelope.version(), A::NAME, envelope.id()),
    )
}
