use std::any::Any;
use std::fmt;

use serde::Serialize;
use uuid::Uuid;

use super::hook::SavedCommit;
use super::loose::{AppendTo, Loose, LooseEvent};
use crate::aggregate::{Aggregate, Discarded, Frozen, Root, Seal};
use crate::error::Error;
use crate::event::{EventSet, EventType, EventVisitor, Metadata, Recorded};
use crate::id::{CommitId, Version};
use crate::mapper::Mapper;
use crate::mapper::codec::unordered;
use crate::store::Kept;
use crate::stored_event::StoredEvent;

/// A batch, which the store saves whole or not at all.
///
/// ```standalone_crate
/// use es_runtime::{Application, Wait, aggregate, application::Batch, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
///
/// let app = Application::open("memory:").wait()?;
/// let (mut one, mut other) = (Account::open(), Account::open());
/// app.save((&mut one, &mut other)).wait()?;
///
/// let mut many = vec![Account::open(), Account::open()];
/// app.save(Batch::new().add(many.as_mut_slice()).add(&mut one)).wait()?;
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Default)]
#[must_use = "nothing is stored before the batch is saved"]
pub struct Batch<'a> {
    pub(super) roots: Vec<&'a mut dyn Saved>,
    pub(super) loose: Vec<Box<dyn Loose>>,
    pub(super) commit: Option<CommitId>,
    /// True if parts of the batch have another commit id.
    pub(super) is_mixed: bool,
    /// Set once the store has been asked whether this commit id was used.
    pub(super) is_looked_for: bool,
    /// The acknowledged commits, if hooks want them.
    pub(super) saved: Option<Vec<SavedCommit>>,
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("aggregates", &self.roots.len())
            .field("events", &self.loose.len())
            .finish()
    }
}

impl<'a> Batch<'a> {
    /// Makes an empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an aggregate, a discarded one, or several.
    #[expect(clippy::should_implement_trait, reason = "nothing is summed up")]
    pub fn add(mut self, more: impl IntoBatch<'a>) -> Self {
        let more = more.into_batch();
        self.roots.extend(more.roots);
        self.loose.extend(more.loose);
        self.is_mixed |=
            more.is_mixed || (self.commit.is_some() && more.commit.is_some_and(|id| self.commit != Some(id)));
        self.commit = self.commit.or(more.commit);
        self
    }

    /// Sets a commit id of your own, under which a repeated save stores nothing twice, even if the batch was made anew.
    ///
    /// Each aggregate and each loose event knows whether it was saved under the id. The receipt of a repeated save
    /// [says so](crate::recorder::Receipt::is_repeated). Aggregates whose pending events differ from the stored ones
    /// have to be loaded again. The save refuses a batch if only a part of it was done under this id.
    ///
    /// For a command that a client may request twice, see
    /// [`Application::execute_once`](super::Application::execute_once).
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Version, Wait, application::Batch, event, recorder::CommitId};
    /// #[event]
    /// pub struct Noted {
    ///     pub text: String,
    /// }
    ///
    /// let app = Application::open("memory:").wait()?;
    /// let (commit, notes) = (CommitId::new(), uuid::Uuid::now_v7());
    /// let batch = || {
    ///     let noted = Noted { text: "once".into() };
    ///     Batch::new().commit_id(commit).event(notes, Version::INITIAL, noted)
    /// };
    /// let first = app.save(batch()).wait()?;
    /// assert_eq!(app.save(batch()).wait()?, first);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn commit_id(mut self, commit: CommitId) -> Self {
        self.commit = Some(commit);
        self.is_mixed = false;
        self
    }

    /// Adds an event that belongs to no aggregate of this program, under an id and a version of your choice. A sequence
    /// begins at version 1.
    ///
    /// The save refuses an event that an aggregate reads. It also refuses any event under the id of an aggregate, since
    /// that would leave a gap in the versions of the aggregate.
    pub fn event<E: EventSet>(mut self, id: Uuid, version: Version, event: E) -> Self {
        self.loose.push(Box::new(LooseEvent { recorded: Recorded::now(id, version, event), end: None }));
        self
    }

    /// Appends an event without an aggregate to a sequence, by its id, or to a [`TimeLog`](crate::sequence::TimeLog).
    /// The save finds the version of the event; if other writers append meanwhile, the event takes the next version.
    ///
    /// After [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown) the batch may be stored. Set a
    /// [commit id](Self::commit_id), so that it can be saved again; without one, a repeated save may store the events twice.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, application::Batch, event, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// use es_runtime::sequence::TimeLog;
    ///
    /// #[event]
    /// pub struct Noted {
    ///     pub text: String,
    /// }
    ///
    /// # let app = Application::open("memory:").wait()?;
    /// let notes = uuid::Uuid::now_v7();
    /// let journal = TimeLog::<Noted>::new(app.store().clone(), uuid::Uuid::now_v7());
    /// let note = |text: &str| Noted { text: text.into() };
    /// let mut account = Account::open();
    /// let batch = Batch::new()
    ///     .add(&mut account)
    ///     .append(notes, note("opened"))
    ///     .append(notes, note("greeted"))
    ///     .append(&journal, note("an account was opened"));
    /// app.save(batch).wait()?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn append<E>(mut self, to: impl AppendTo<E>, event: E) -> Self {
        self.loose.push(to.append(event).0);
        self
    }
}

/// The values that can be saved: an aggregate, a discarded one, tuples and slices of them, a [`Batch`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved",
    label = "not an aggregate, a discarded one, or several of them",
    note = "pass `&mut account`, `&mut discarded`, `(&mut one, &mut other)`, a slice, or a `Batch`; a past state is only \
            read: `get` returns the newest"
)]
pub trait IntoBatch<'a> {
    /// Makes a batch of the value.
    fn into_batch(self) -> Batch<'a>;
}

#[diagnostic::do_not_recommend]
impl<'a> IntoBatch<'a> for Batch<'a> {
    fn into_batch(self) -> Batch<'a> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut A {
    fn into_batch(self) -> Batch<'a> {
        Batch { roots: vec![self.root_mut(Seal::new())], ..Batch::new() }
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut Discarded<A> {
    fn into_batch(self) -> Batch<'a> {
        Batch { roots: vec![self], ..Batch::new() }
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut [A] {
    fn into_batch(self) -> Batch<'a> {
        let roots = self.iter_mut().map(|aggregate| -> &'a mut dyn Saved { aggregate.root_mut(Seal::new()) });
        Batch { roots: roots.collect(), ..Batch::new() }
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut [Discarded<A>] {
    fn into_batch(self) -> Batch<'a> {
        let roots = self.iter_mut().map(|discarded| -> &'a mut dyn Saved { discarded });
        Batch { roots: roots.collect(), ..Batch::new() }
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T, const N: usize> IntoBatch<'a> for &'a mut [T; N]
where
    &'a mut [T]: IntoBatch<'a>,
{
    fn into_batch(self) -> Batch<'a> {
        self.as_mut_slice().into_batch()
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut Vec<Discarded<A>> {
    fn into_batch(self) -> Batch<'a> {
        self.as_mut_slice().into_batch()
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut Vec<A> {
    fn into_batch(self) -> Batch<'a> {
        self.as_mut_slice().into_batch()
    }
}

macro_rules! tuple {
    ($($name:ident)+) => {
        #[diagnostic::do_not_recommend]
        impl<'a, $($name: IntoBatch<'a>),+> IntoBatch<'a> for ($($name,)+) {
            #[allow(non_snake_case, reason = "the names are those of the types")]
            fn into_batch(self) -> Batch<'a> {
                let ($($name,)+) = self;
                Batch::new()$(.add($name))+
            }
        }
    };
}
tuple!(T1 T2);
tuple!(T1 T2 T3);
tuple!(T1 T2 T3 T4);
tuple!(T1 T2 T3 T4 T5);
tuple!(T1 T2 T3 T4 T5 T6);
tuple!(T1 T2 T3 T4 T5 T6 T7);
tuple!(T1 T2 T3 T4 T5 T6 T7 T8);

/// A root of any aggregate, as saving sees it.
pub(super) trait Saved: Kept {
    fn id(&self) -> Uuid;
    fn freeze(&mut self, commit: CommitId, is_callers: bool, metadata: &Metadata) -> Result<(), Error>;
    /// Makes the rows of the frozen events.
    fn rows(&self, mapper: &Mapper, rows: &mut Vec<StoredEvent>) -> Result<(), Error>;
    fn frozen(&self) -> Option<Frozen>;
    /// Notes that the save offers the events frozen under that commit to the store.
    fn note_offer(&mut self, commit: CommitId);
    fn acknowledge(&mut self, commit: CommitId);
    /// Drops the pending events, which were done before.
    fn give_up(&mut self);
    fn is_outdated(&self) -> bool;
    /// Returns a copy of the frozen events: a `Vec<Recorded<A::Event>>`.
    fn copied(&self) -> Box<dyn Any + Send + Sync>;
    /// Returns whether the stored rows equal the frozen events, ignoring the order of their maps.
    fn is_stored_as(&self, mapper: &Mapper, rows: &[StoredEvent]) -> bool;
    fn thaw(&mut self, commit: CommitId);
    /// Returns the number of pending events.
    fn pending(&self) -> usize;

    fn has_pending(&self) -> bool {
        self.pending() > 0
    }
}

impl<A: Aggregate> Saved for Root<A> {
    fn id(&self) -> Uuid {
        Root::id(self).uuid()
    }

    fn freeze(&mut self, commit: CommitId, is_callers: bool, metadata: &Metadata) -> Result<(), Error> {
        Root::freeze(self, commit, is_callers, metadata)
    }

    fn rows(&self, mapper: &Mapper, rows: &mut Vec<StoredEvent>) -> Result<(), Error> {
        for recorded in self.frozen_events() {
            rows.push(mapper.encode(recorded)?);
        }
        Ok(())
    }

    fn frozen(&self) -> Option<Frozen> {
        Root::frozen(self)
    }

    fn note_offer(&mut self, commit: CommitId) {
        Root::note_offer(self, commit);
    }

    fn acknowledge(&mut self, commit: CommitId) {
        Root::acknowledge(self, commit);
    }

    fn give_up(&mut self) {
        Root::give_up(self);
    }

    fn is_outdated(&self) -> bool {
        Root::is_outdated(self)
    }

    fn copied(&self) -> Box<dyn Any + Send + Sync> {
        Box::new(self.frozen_events().to_vec())
    }

    fn is_stored_as(&self, mapper: &Mapper, rows: &[StoredEvent]) -> bool {
        let frozen = self.frozen_events();
        let same = |(recorded, row): (&Recorded<A::Event>, &StoredEvent)| {
            mapper.decode::<A::Event>(row).ok().flatten().is_some_and(|stored| {
                let said = recorded.event().visit(Said);
                (stored.envelope(), stored.metadata()) == (recorded.envelope(), recorded.metadata())
                    && said.is_some()
                    && stored.event().visit(Said) == said
            })
        };
        frozen.len() == rows.len() && frozen.iter().zip(rows).all(same)
    }

    fn thaw(&mut self, commit: CommitId) {
        Root::thaw(self, commit);
    }

    fn pending(&self) -> usize {
        Root::pending(self).len()
    }
}

impl<A: Aggregate> Saved for Discarded<A> {
    fn id(&self) -> Uuid {
        Saved::id(self.root())
    }

    fn freeze(&mut self, commit: CommitId, is_callers: bool, metadata: &Metadata) -> Result<(), Error> {
        self.root_mut().freeze(commit, is_callers, metadata)
    }

    fn rows(&self, mapper: &Mapper, rows: &mut Vec<StoredEvent>) -> Result<(), Error> {
        self.root().rows(mapper, rows)
    }

    fn frozen(&self) -> Option<Frozen> {
        self.root().frozen()
    }

    fn note_offer(&mut self, commit: CommitId) {
        self.root_mut().note_offer(commit);
    }

    fn acknowledge(&mut self, commit: CommitId) {
        self.root_mut().acknowledge(commit);
    }

    fn give_up(&mut self) {
        self.root_mut().give_up();
    }

    fn is_outdated(&self) -> bool {
        self.root().is_outdated()
    }

    fn copied(&self) -> Box<dyn Any + Send + Sync> {
        self.root().copied()
    }

    fn is_stored_as(&self, mapper: &Mapper, rows: &[StoredEvent]) -> bool {
        self.root().is_stored_as(mapper, rows)
    }

    fn thaw(&mut self, commit: CommitId) {
        self.root_mut().thaw(commit);
    }

    fn pending(&self) -> usize {
        Saved::pending(self.root())
    }
}

/// A visitor that returns the topic and the content of an event, without order in its maps.
struct Said;

impl EventVisitor for Said {
    type Output = Option<(&'static str, Vec<u8>)>;

    fn data<T: Serialize + fmt::Debug>(self, of: &'static EventType, data: &T) -> Self::Output {
        unordered(data).map(|said| (of.topic(), said))
    }
}
