//! The test kit.

use crate::aggregate::Aggregate;
use crate::error::Error;
use crate::event::Recorded;

/// Makes an aggregate from recorded events, as loading it from a store does.
///
/// # Errors
///
/// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if there are no events or the last one discards the aggregate;
/// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) if they are not the events 1, 2, 3 and so on of one aggregate.
pub fn replay<A: Aggregate>(events: impl IntoIterator<Item = Recorded<A::Event>>) -> Result<A, Error> {
    crate::aggregate::replay(events)
}
