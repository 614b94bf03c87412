use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Aggregate, Changes, Creates, Events, Held};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::event::{Envelope, Metadata, Recorded};
use crate::id::{CommitId, Id, Version};

/// The identity of an aggregate, its state, and the events that are not saved yet.
///
/// An aggregate dereferences to its root, and the root to the state, for reading; only an event method changes either.
///
/// ```compile_fail,E0594
/// # use es_runtime::{aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// let mut account = Account::open();
/// account.balance = 1_000_000;
/// ```
pub struct Root<A: Aggregate> {
    id: Id<A>,
    version: Version,
    created_at: Timestamp,
    modified_at: Timestamp,
    pub(super) state: Held<A::State>,
    pending: Vec<Recorded<A::Event>>,
    /// True if a mutator panicked: the state may then hold half a change, which no event records.
    torn: bool,
    /// The first pending events, until the caller knows whether they are stored.
    frozen: Option<Frozen>,
    /// True if the commit id of a save may hold other events than these.
    outdated: bool,
}

/// The pending events of one save, from its first attempt until its outcome is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frozen {
    pub(crate) commit: CommitId,
    /// The number of frozen events, which are the first pending ones.
    pub(crate) count: usize,
    /// True if the caller chose the commit id: another caller may then use it, too.
    pub(crate) is_callers: bool,
    /// True once an attempt had no answer: a store may hold the events.
    pub(crate) is_offered: bool,
}

impl<A: Aggregate> Root<A> {
    /// Returns the id.
    pub const fn id(&self) -> Id<A> {
        self.id
    }

    /// Returns the number of events so far, saved or not.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the time of the first event.
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Returns the time of the last event.
    pub const fn modified_at(&self) -> Timestamp {
        self.modified_at
    }

    /// Returns the state, which the root also dereferences to: to serialize it, or to compare it with another state.
    ///
    /// ```
    /// # use es_runtime::{aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// let account = Account::open();
    /// assert_eq!(serde_json::to_string(account.state())?, r#"{"balance":0}"#);
    /// assert_eq!(account.into_state().balance, 0);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn state(&self) -> &A::State {
        &self.state
    }

    /// Takes the state out of the root.
    #[doc(hidden)]
    pub fn into_state(self) -> A::State {
        self.state.into_inner()
    }

    /// Returns the events that are not saved yet, oldest first.
    pub fn pending(&self) -> &[Recorded<A::Event>] {
        &self.pending
    }

    /// Records a creating event and makes the root from it. Only the aggregate's own module can make an aggregate from
    /// the root.
    #[doc(hidden)]
    #[inline]
    pub fn create<E: Creates<A>>(id: Id<A>, event: E) -> Self {
        let now = Timestamp::now();
        let envelope = Envelope::of(id.uuid(), Version::INITIAL, now);
        let mut root = Self::begin(id, now, (E::CREATION.begin)(&event, &envelope));
        root.pending.push(Recorded::new(envelope, (E::CREATION.event)(event)));
        root
    }

    /// Records an event and applies it.
    #[doc(hidden)]
    #[inline]
    pub fn record<E: Changes<A>>(&mut self, event: E) {
        let envelope = self.next_envelope();
        self.change(|state| (E::CHANGE.apply)(state, &event, &envelope));
        self.push(envelope, (E::CHANGE.event)(event));
    }

    /// Records the change of an attribute and applies it.
    #[doc(hidden)]
    #[inline]
    pub fn set(&mut self, attribute: A::Attribute) {
        let envelope = self.next_envelope();
        self.change(|state| super::Attribute::apply(attribute.clone(), state));
        self.push(envelope, A::Event::ATTRIBUTE_CHANGED(attribute));
    }

    /// Formats the root, by the `Debug` of its state.
    pub(crate) fn show(&self, state: &dyn fmt::Debug, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(A::NAME);
        shown.field("id", &self.id).field("version", &self.version).field("state", state);
        shown.field("pending", &self.pending.len());
        if self.torn {
            shown.field("torn", &true);
        }
        shown.finish()
    }

    pub(super) fn begin(id: Id<A>, now: Timestamp, state: A::State) -> Self {
        Self::resume(id, Version::INITIAL, (now, now), Held::Own(state))
    }

    /// Returns the root as it was at `version`, with the times of its first and its last event.
    pub(super) fn resume(
        id: Id<A>,
        version: Version,
        (created_at, modified_at): (Timestamp, Timestamp),
        state: Held<A::State>,
    ) -> Self {
        let pending = Vec::new();
        let (torn, frozen, outdated) = (false, None, false);
        Self { id, version, created_at, modified_at, state, pending, torn, frozen, outdated }
    }

    /// Returns the state, for the cache to hold.
    pub(crate) fn share(&self) -> Arc<A::State> {
        self.state.share()
    }

    /// Returns the same root, which [shares](Self::share) its state without a copy.
    pub(crate) fn into_shared(self) -> Self {
        Self { state: self.state.into_shared(), ..self }
    }

    /// Changes the state; the root stays torn if the change panics.
    #[inline]
    fn change(&mut self, change: impl FnOnce(&mut A::State)) {
        let torn = std::mem::replace(&mut self.torn, true);
        change(self.state.to_mut());
        self.torn = torn;
    }

    /// Freezes the pending events under `commit`, unless some are frozen already. A further attempt is the same save,
    /// whatever was recorded since.
    pub(crate) fn freeze(
        &mut self,
        commit: CommitId,
        is_callers: bool,
        metadata: &Metadata,
    ) -> Result<(), Error> {
        self.check_whole()?;
        if self.frozen.is_none() && !self.pending.is_empty() {
            // Empty metadata are set, too: an earlier attempt may have left others.
            self.pending.iter_mut().for_each(|recorded| recorded.set_metadata(metadata.clone()));
            let count = self.pending.len();
            self.frozen = Some(Frozen { commit, count, is_callers, is_offered: false });
        }
        Ok(())
    }

    /// Returns the frozen events.
    pub(crate) fn frozen_events(&self) -> &[Recorded<A::Event>] {
        self.frozen.and_then(|frozen| self.pending.get(..frozen.count)).unwrap_or_default()
    }

    /// Returns the number and the commit of the frozen events.
    pub(crate) const fn frozen(&self) -> Option<Frozen> {
        self.frozen
    }

    /// Notes that a store is offered the events frozen under `commit`.
    pub(crate) fn note_offer(&mut self, commit: CommitId) {
        if let Some(frozen) = &mut self.frozen {
            frozen.is_offered |= frozen.commit == commit;
        }
    }

    /// Drops the events frozen under `commit`: they are stored.
    pub(crate) fn acknowledge(&mut self, commit: CommitId) {
        if let Some(frozen) = self.frozen.take_if(|frozen| frozen.commit == commit) {
            self.pending.drain(..frozen.count);
        }
    }

    /// Drops all pending events: the commit id was used before, perhaps by other events.
    pub(crate) fn give_up(&mut self) {
        self.frozen = None;
        self.pending.clear();
        self.outdated = true;
    }

    /// Returns whether the state may differ from the stored one.
    pub(crate) const fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// Releases the events frozen under `commit`, which stay pending: they are not stored under it, and never will be.
    pub(crate) fn thaw(&mut self, commit: CommitId) {
        self.frozen.take_if(|frozen| frozen.commit == commit);
    }

    /// Fails if the state is not the result of the stored and the pending events. Either a mutator panicked and the
    /// caller caught the panic, or the commit id of a save was used before.
    pub(crate) fn check_whole(&self) -> Result<(), Error> {
        let why = match (self.torn, self.outdated) {
            (false, false) => return Ok(()),
            (true, _) => "was left half-changed by a command that panicked",
            (_, true) => {
                "was saved under a commit id that was used before, so that its state may be another than the stored one"
            }
        };
        Err(Error::new(ErrorKind::Invalid, format!("`{}` {} {why}; load it again", A::NAME, self.id)))
    }

    #[inline]
    pub(super) fn next_envelope(&self) -> Envelope {
        // If the clock is set back, the event must not be older than the one before it.
        let now = Timestamp::now().max(self.modified_at);
        Envelope::of(self.id.uuid(), self.version.next(), now)
    }

    /// Returns the envelope of the last event.
    #[inline]
    pub(super) const fn last(&self) -> Envelope {
        Envelope::of(self.id.uuid(), self.version, self.modified_at)
    }

    /// Moves the root to the version and the time of the event that was just applied.
    #[inline]
    pub(super) fn advance(&mut self, envelope: &Envelope) {
        self.version = envelope.version();
        self.modified_at = self.modified_at.max(envelope.timestamp());
    }

    #[inline]
    pub(super) fn push(&mut self, envelope: Envelope, event: A::Event) {
        self.advance(&envelope);
        self.pending.push(Recorded::new(envelope, event));
    }
}

impl<A: Aggregate> Deref for Root<A> {
    type Target = A::State;

    fn deref(&self) -> &A::State {
        &self.state
    }
}

/// Two roots are equal if they are the same aggregate in the same state. Id and state count; version, times and pending
/// events do not. To compare states alone, compare `one.state() == other.state()`.
impl<A: Aggregate> PartialEq for Root<A>
where
    A::State: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && *self.state == *other.state
    }
}

impl<A: Aggregate> Eq for Root<A> where A::State: Eq {}

impl<A: Aggregate> fmt::Debug for Root<A>
where
    A::State: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(&*self.state, f)
    }
}
