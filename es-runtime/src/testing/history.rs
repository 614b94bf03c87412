use super::events::{EventList, IntoEvent, collect};
use crate::aggregate::Aggregate;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::event::{Envelope, Recorded};
use crate::id::{Id, Version};

/// Makes an aggregate from recorded events, as a load from a store does.
///
/// # Errors
///
/// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if there are no events or the last one discards the aggregate;
/// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) if the events are not the events 1, 2, 3 and so on of one
/// aggregate.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::replay;
///
/// let mut account = Account::open("Ann".into());
/// account.deposit(10);
/// let again: Account = replay(account.pending().to_vec())?;
/// assert_eq!(again.balance, 10);
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub fn replay<A: Aggregate>(events: impl IntoIterator<Item = Recorded<A::Event>>) -> Result<A, Error> {
    crate::aggregate::replay(events)
}

/// Makes an event as if a command had recorded it, with any id, version and time, right or wrong.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::ErrorKind;
/// use es_runtime::testing::{ManualClock, id, recorded, replay};
///
/// let opened = Opened { owner: "Ann".into() };
/// let error = replay::<Account>([recorded(id(1), 2, ManualClock::START, opened)]).err();
/// assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Corrupt));
/// ```
pub fn recorded<A: Aggregate, Kind>(
    id: Id<A>,
    version: impl Into<Version>,
    timestamp: Timestamp,
    event: impl IntoEvent<A, Kind>,
) -> Recorded<A::Event> {
    Recorded::new(Envelope::of(id.uuid(), version.into(), timestamp), event.into_event())
}

/// Makes the events 1, 2, 3 and so on of one aggregate, all recorded at one time.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::{ManualClock, history, id, replay};
///
/// let events = (Opened { owner: "Ann".into() }, Deposited { amount: 10 });
/// let account: Account = replay(history(id(1), ManualClock::START, events))?;
/// assert_eq!(account.version(), 2);
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub fn history<A: Aggregate, Kind>(
    id: Id<A>,
    timestamp: Timestamp,
    events: impl EventList<A, Kind>,
) -> Vec<Recorded<A::Event>> {
    number(id, Version::INITIAL, timestamp, collect(events))
}

/// Gives the events versions from `first` on.
pub(super) fn number<A: Aggregate>(
    id: Id<A>,
    first: Version,
    timestamp: Timestamp,
    events: Vec<A::Event>,
) -> Vec<Recorded<A::Event>> {
    let versions = std::iter::successors(Some(first), |version| Some(version.next()));
    let envelopes = versions.map(|version| Envelope::of(id.uuid(), version, timestamp));
    envelopes.zip(events).map(|(envelope, event)| Recorded::new(envelope, event)).collect()
}
