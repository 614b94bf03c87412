use super::Origin;
use crate::aggregate::Aggregate;
use crate::clock::Timestamp;
use crate::event::{Envelope, Metadata};
use crate::id::{Id, Position, Version};

/// A value that a handler of events of `A` takes beside the event, in any order.
#[diagnostic::on_unimplemented(
    message = "a handler of events of `{A}` is not given `{Self}`",
    label = "not given to handlers",
    note = "a handler takes `Id<{A}>`, `&Origin<{A}>`, `&Envelope`, `&Metadata`, `Timestamp`, `Version`, `Position`, and \
            the transaction `&Tx`"
)]
pub trait Given<'a, A> {
    #[doc(hidden)]
    fn given(origin: &'a Origin<A>) -> Self;
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate> Given<'_, A> for Id<A> {
    fn given(origin: &Origin<A>) -> Self {
        origin.id()
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A> Given<'a, A> for &'a Origin<A> {
    fn given(origin: &'a Origin<A>) -> Self {
        origin
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A> Given<'a, A> for &'a Envelope {
    fn given(origin: &'a Origin<A>) -> Self {
        origin.envelope()
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A> Given<'a, A> for &'a Metadata {
    fn given(origin: &'a Origin<A>) -> Self {
        origin.metadata()
    }
}

#[diagnostic::do_not_recommend]
impl<A> Given<'_, A> for Timestamp {
    fn given(origin: &Origin<A>) -> Self {
        origin.time()
    }
}

#[diagnostic::do_not_recommend]
impl<A> Given<'_, A> for Version {
    fn given(origin: &Origin<A>) -> Self {
        origin.version()
    }
}

#[diagnostic::do_not_recommend]
impl<A> Given<'_, A> for Position {
    fn given(origin: &Origin<A>) -> Self {
        origin.position()
    }
}
