use std::fmt;

use uuid::Uuid;

use crate::aggregate::{Aggregate, Discarded, Root, Seal};
use crate::cache::Cache;
use crate::clock::now;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Recorded};
use crate::id::{CommitId, Version};
use crate::mapper::Mapper;
use crate::metadata::Metadata;
use crate::recorder::Boxed;
use crate::registry::Registry;
use crate::repository::Repository;
use crate::stored_event::StoredEvent;

/// What is saved together: all of it or nothing.
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
    pub(super) loose: Vec<Box<dyn Loose + 'a>>,
    pub(super) commit: Option<CommitId>,
    /// Whether parts of it have another.
    pub(super) is_mixed: bool,
    /// Whether it was looked already whether something is stored under it.
    pub(super) is_looked_for: bool,
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
    /// An empty one.
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

    /// Saves it under a commit id of your own, of which each aggregate and each loose event knows whether it was used: saved
    /// again under the same one, nothing is stored twice, also if the batch was made anew. The receipt then
    /// [says so](crate::recorder::Receipt::is_repeated), and aggregates whose stored events are others than theirs have to be
    /// loaded again. A batch of which a part was done under this id before is refused.
    ///
    /// For a command that may be asked for twice, see [`Application::execute_once`](super::Application::execute_once).
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

    /// Adds an event that belongs to no aggregate of this program, under an id and a version of your choice. One that an
    /// aggregate reads is refused when the batch is saved.
    pub fn event<E: Event>(mut self, id: Uuid, version: Version, event: E) -> Self {
        self.loose.push(Box::new(LooseEvent { id, version, event }));
        self
    }
}

/// What can be saved: an aggregate, a discarded one, tuples and slices of them, a [`Batch`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved",
    label = "not an aggregate, a discarded one, or several of them",
    note = "pass `&mut account`, `&mut discarded`, `(&mut one, &mut other)`, a slice, or a `Batch`"
)]
pub trait IntoBatch<'a> {
    /// Makes a batch of it.
    fn into_batch(self) -> Batch<'a>;
}

impl<'a> IntoBatch<'a> for Batch<'a> {
    fn into_batch(self) -> Batch<'a> {
        self
    }
}

impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut A {
    fn into_batch(self) -> Batch<'a> {
        Batch { roots: vec![self.root_mut(Seal::new())], ..Batch::new() }
    }
}

impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut Discarded<A> {
    fn into_batch(self) -> Batch<'a> {
        Batch { roots: vec![self], ..Batch::new() }
    }
}

impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut [A] {
    fn into_batch(self) -> Batch<'a> {
        let roots = self.iter_mut().map(|aggregate| -> &'a mut dyn Saved { aggregate.root_mut(Seal::new()) });
        Batch { roots: roots.collect(), ..Batch::new() }
    }
}

impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut [Discarded<A>] {
    fn into_batch(self) -> Batch<'a> {
        let roots = self.iter_mut().map(|discarded| -> &'a mut dyn Saved { discarded });
        Batch { roots: roots.collect(), ..Batch::new() }
    }
}

impl<'a, T, const N: usize> IntoBatch<'a> for &'a mut [T; N]
where
    &'a mut [T]: IntoBatch<'a>,
{
    fn into_batch(self) -> Batch<'a> {
        self.as_mut_slice().into_batch()
    }
}

impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut Vec<Discarded<A>> {
    fn into_batch(self) -> Batch<'a> {
        self.as_mut_slice().into_batch()
    }
}

impl<'a, A: Aggregate> IntoBatch<'a> for &'a mut Vec<A> {
    fn into_batch(self) -> Batch<'a> {
        self.as_mut_slice().into_batch()
    }
}

macro_rules! tuple {
    ($($name:ident)+) => {
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
pub(super) trait Saved: Send + Sync {
    fn id(&self) -> Uuid;
    fn name(&self) -> &'static str;
    fn freeze(&mut self, commit: CommitId, metadata: &Metadata) -> Result<Option<CommitId>, Error>;
    /// The rows of the frozen events.
    fn rows(&self, mapper: &Mapper, rows: &mut Vec<StoredEvent>) -> Result<(), Error>;
    fn frozen(&self) -> Option<CommitId>;
    fn acknowledge(&mut self, commit: CommitId, store: u64);
    /// Lets go of what is pending, which was done before.
    fn give_up(&mut self);
    fn is_outdated(&self) -> bool;
    /// Whether the rows that are stored say what the frozen events say.
    fn is_stored_as(&self, mapper: &Mapper, rows: &[StoredEvent]) -> bool;
    fn thaw(&mut self, commit: CommitId);
    /// How many events are pending.
    fn pending(&self) -> usize;

    fn has_pending(&self) -> bool {
        self.pending() > 0
    }

    /// The number of the store that it was loaded from or saved to.
    fn store(&self) -> Option<u64>;
    /// The version that is stored.
    fn stored_version(&self) -> u64;
    /// Puts what was saved in a cache that does not ask the store, unless something happened to it since that moment; what is
    /// discarded leaves it.
    fn cache(&self, cache: &Cache, moment: u64);
    /// Drops from the cache what is or may be old.
    fn uncache(&self, cache: &Cache);
    /// What changes when it leaves the cache.
    fn moment(&self, cache: &Cache) -> u64;
    /// How many events are frozen.
    fn frozen_count(&self) -> usize;
    /// Takes a snapshot at a version that was just stored; nothing to take of what is discarded.
    fn take_snapshot<'a>(&'a self, repository: &'a Repository, version: Version) -> Option<Boxed<'a, ()>>;
}

impl<A: Aggregate> Saved for Root<A> {
    fn id(&self) -> Uuid {
        Root::id(self).uuid()
    }

    fn name(&self) -> &'static str {
        A::NAME
    }

    fn freeze(&mut self, commit: CommitId, metadata: &Metadata) -> Result<Option<CommitId>, Error> {
        Root::freeze(self, commit, metadata)
    }

    fn rows(&self, mapper: &Mapper, rows: &mut Vec<StoredEvent>) -> Result<(), Error> {
        for recorded in self.frozen_events() {
            rows.push(mapper.encode::<A>(recorded)?);
        }
        Ok(())
    }

    fn frozen(&self) -> Option<CommitId> {
        Root::frozen(self)
    }

    fn acknowledge(&mut self, commit: CommitId, store: u64) {
        Root::acknowledge(self, commit, store);
    }

    fn give_up(&mut self) {
        Root::give_up(self);
    }

    fn is_outdated(&self) -> bool {
        Root::is_outdated(self)
    }

    fn is_stored_as(&self, mapper: &Mapper, rows: &[StoredEvent]) -> bool {
        // In clear: encrypted again, the same looks different.
        let plain = Mapper::for_comparing();
        let said = |recorded: &Recorded<A::Event>| plain.encode::<A>(recorded).ok();
        let stored =
            |row: &StoredEvent| mapper.decode::<A>(row).ok().flatten().and_then(|stored| said(&stored));
        let frozen = self.frozen_events();
        let same = |(recorded, row)| said(recorded).is_some_and(|said| stored(row) == Some(said));
        frozen.len() == rows.len() && frozen.iter().zip(rows).all(same)
    }

    fn store(&self) -> Option<u64> {
        Root::store(self)
    }

    fn thaw(&mut self, commit: CommitId) {
        Root::thaw(self, commit);
    }

    fn pending(&self) -> usize {
        Root::pending(self).len()
    }

    fn stored_version(&self) -> u64 {
        self.version().get().saturating_sub(self.pending().len() as u64)
    }

    fn uncache(&self, cache: &Cache) {
        cache.remove(Root::id(self));
    }

    fn moment(&self, cache: &Cache) -> u64 {
        cache.moment(Root::id(self))
    }

    fn frozen_count(&self) -> usize {
        self.frozen_events().len()
    }

    fn cache(&self, cache: &Cache, moment: u64) {
        if !cache.asks_for_later_events() && !self.has_pending() && !self.is_outdated() {
            cache.put(self, moment);
        }
    }

    fn take_snapshot<'a>(&'a self, repository: &'a Repository, version: Version) -> Option<Boxed<'a, ()>> {
        Some(Box::pin(async move {
            match repository.snapshots() {
                // The state is at hand: nothing has to be read.
                Some(snapshots) if self.version() == version => snapshots.put(repository.store(), self).await,
                _ => repository.take_snapshot(Root::id(self), version).await.map(drop),
            }
        }))
    }
}

impl<A: Aggregate> Saved for Discarded<A> {
    fn id(&self) -> Uuid {
        Saved::id(self.root())
    }

    fn name(&self) -> &'static str {
        A::NAME
    }

    fn freeze(&mut self, commit: CommitId, metadata: &Metadata) -> Result<Option<CommitId>, Error> {
        self.root_mut().freeze(commit, metadata)
    }

    fn rows(&self, mapper: &Mapper, rows: &mut Vec<StoredEvent>) -> Result<(), Error> {
        self.root().rows(mapper, rows)
    }

    fn frozen(&self) -> Option<CommitId> {
        self.root().frozen()
    }

    fn acknowledge(&mut self, commit: CommitId, store: u64) {
        self.root_mut().acknowledge(commit, store);
    }

    fn give_up(&mut self) {
        self.root_mut().give_up();
    }

    fn is_outdated(&self) -> bool {
        self.root().is_outdated()
    }

    fn is_stored_as(&self, mapper: &Mapper, rows: &[StoredEvent]) -> bool {
        self.root().is_stored_as(mapper, rows)
    }

    fn store(&self) -> Option<u64> {
        self.root().store()
    }

    fn thaw(&mut self, commit: CommitId) {
        self.root_mut().thaw(commit);
    }

    fn pending(&self) -> usize {
        Saved::pending(self.root())
    }

    fn stored_version(&self) -> u64 {
        self.root().stored_version()
    }

    fn cache(&self, cache: &Cache, _: u64) {
        self.uncache(cache);
    }

    fn uncache(&self, cache: &Cache) {
        self.root().uncache(cache);
    }

    fn moment(&self, cache: &Cache) -> u64 {
        Saved::moment(self.root(), cache)
    }

    fn frozen_count(&self) -> usize {
        self.root().frozen_count()
    }

    fn take_snapshot<'a>(&'a self, _: &'a Repository, _: Version) -> Option<Boxed<'a, ()>> {
        None
    }
}

/// An event without an aggregate.
pub(super) trait Loose: Send + Sync {
    fn id(&self) -> Uuid;
    fn version(&self) -> Version;
    fn row(&self, mapper: &Mapper, metadata: &Metadata) -> Result<StoredEvent, Error>;
}

struct LooseEvent<E> {
    id: Uuid,
    version: Version,
    event: E,
}

impl<E: Event> Loose for LooseEvent<E> {
    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> Version {
        self.version
    }

    fn row(&self, mapper: &Mapper, metadata: &Metadata) -> Result<StoredEvent, Error> {
        // Past its commands, an event could make of an aggregate what they refuse, or leave a gap in it.
        if let Some(aggregate) = Registry::global()?.reader(E::TOPIC) {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!(
                    "`{}` is an event of the aggregate `{}`, which alone records it; run its command and save it",
                    E::NAME,
                    aggregate.name()
                ),
            ));
        }
        mapper.encode_event(self.id, self.version, now(), metadata, &self.event)
    }
}
