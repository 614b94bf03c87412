//! Loading of aggregates, one or many, present or past; and of the log of their events.

use std::future::poll_fn;
use std::task::Poll;

use super::{Application, Ids};
use crate::aggregate::{Aggregate, Events, misplaced, not_found};
use crate::error::Error;
use crate::event::Recorded;
use crate::id::Id;
use crate::log::{Log, Logged, Sections};
use crate::observe;
use crate::recorder::{Boxed, EventRange};
use crate::store::{At, Past};

impl Application {
    /// Loads an aggregate.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the aggregate was never created or is discarded,
    /// [`ErrorKind::WrongAggregate`](crate::ErrorKind::WrongAggregate) if the id belongs to another type.
    pub async fn get<A: Aggregate>(&self, id: Id<A>) -> Result<A, Error> {
        self.shared.check_open()?;
        observe::get(A::NAME, id.uuid(), self.shared.repository.get(id)).await
    }

    /// Loads an aggregate; returns `None` if it was never created, is discarded or forgotten.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    /// # let app = Application::open("memory:").wait()?;
    /// use es_runtime::{ErrorKind, Id};
    ///
    /// let id = Id::from_key("DE89 3704 0044 0532 0130 00");
    /// let mut account = app.find(id).wait()?.unwrap_or_else(|| Account::open_with_id(id));
    /// account.deposit(1);
    /// app.save(&mut account).wait()?;
    ///
    /// // Another caller created it meanwhile, which differs from a change.
    /// let mut late = Account::open_with_id(id);
    /// assert!(app.save(&mut late).wait().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists));
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), except `NotFound` and `Forgotten`.
    pub async fn find<A: Aggregate>(&self, id: Id<A>) -> Result<Option<A>, Error> {
        self.shared.check_open()?;
        observe::get(A::NAME, id.uuid(), self.shared.repository.find(id)).await
    }

    /// Reads the history of an aggregate: all its events, oldest first, each with its version, time and metadata.
    ///
    /// The history of a discarded aggregate stays readable. For a part of a history, see
    /// [`EventStore::get`](crate::store::EventStore::get).
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    /// # let app = Application::open("memory:").wait()?;
    /// let mut account = Account::open();
    /// account.deposit(5);
    /// app.save(&mut account).wait()?;
    /// for recorded in app.history(account.id()).wait()? {
    ///     println!("{} {}: {:?}", recorded.envelope().version(), recorded.envelope().timestamp(), recorded.event());
    /// }
    /// # assert_eq!(app.history(account.id()).wait()?.len(), 2);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if the aggregate has no events,
    /// [`Corrupt`](crate::ErrorKind::Corrupt) if an event is missing; otherwise as [`EventStore::get`](crate::store::EventStore::get).
    pub async fn history<A: Aggregate>(&self, id: Id<A>) -> Result<Vec<Recorded<A::Event>>, Error> {
        self.shared.check_open()?;
        let events = self.store().get(id, EventRange::all()).await?;
        if events.is_empty() {
            return Err(not_found(id, "it has no events"));
        }
        // Retired events and attributes leave gaps; nothing else does.
        let has_gaps = !A::Event::RETIRED.is_empty() || !A::RETIRED_ATTRIBUTES.is_empty();
        let mut last = 0;
        for recorded in &events {
            let (owner, version) = (recorded.envelope().id(), recorded.envelope().version());
            let follows = if has_gaps { version.get() > last } else { version.get() == last + 1 };
            if owner != id.uuid() || !follows {
                return Err(misplaced::<A>(owner, version, "does not follow the event before it"));
            }
            last = version.get();
        }
        Ok(events)
    }

    /// Loads several aggregates, in the order of their ids: for a page of a list. Under an executor, the store loads
    /// many at once.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    /// # let app = Application::open("memory:").wait()?;
    /// let mut accounts = [Account::open(), Account::open()];
    /// app.save(&mut accounts).wait()?;
    /// let ids = accounts.each_ref().map(|account| account.id());
    /// assert_eq!(app.get_many(ids).wait()?.len(), 2);
    ///
    /// // The aggregates that may be gone by now:
    /// app.save(&mut app.get(ids[0]).wait()?.discard()).wait()?;
    /// let found = app.find_many(ids).wait()?;
    /// assert_eq!(found.iter().flatten().count(), 1);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if one of them does not exist.
    pub async fn get_many<A: Aggregate + Send>(
        &self,
        ids: impl IntoIterator<Item = Id<A>>,
    ) -> Result<Vec<A>, Error> {
        at_once(ids.into_iter().map(|id| -> Boxed<'_, A> { Box::pin(self.get(id)) }).collect()).await
    }

    /// Loads several aggregates, in the order of their ids, with `None` for each that does not exist: see
    /// [`find`](Self::find) and [`get_many`](Self::get_many).
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub async fn find_many<A: Aggregate + Send>(
        &self,
        ids: impl IntoIterator<Item = Id<A>>,
    ) -> Result<Vec<Option<A>>, Error> {
        at_once(ids.into_iter().map(|id| -> Boxed<'_, Option<A>> { Box::pin(self.find(id)) }).collect()).await
    }

    /// Loads an aggregate as of a version or a time, or as of its last version, if that is lower.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) also if the aggregate did not exist
    /// then.
    pub async fn get_at<A: Aggregate>(&self, id: Id<A>, at: impl Into<At>) -> Result<Past<A>, Error> {
        self.shared.check_open()?;
        observe::get(A::NAME, id.uuid(), self.shared.repository.get_at(id, at)).await
    }

    /// Returns whether the aggregate exists now.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub async fn contains<A: Aggregate>(&self, id: Id<A>) -> Result<bool, Error> {
        self.shared.check_open()?;
        self.shared.repository.contains(id).await
    }

    /// Lists the ids of all aggregates of one type ever saved, in the order of their creation. The list includes
    /// discarded and forgotten ones, which [`find`](Self::find) does not return.
    ///
    /// If one declared event creates aggregates of two types, the list holds the aggregates of the given type. Some
    /// ids are in the lists of both types: an older release stored the event without the name of its aggregate, or the
    /// aggregate is forgotten.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    /// # let app = Application::open("memory:").wait()?;
    /// # app.save(&mut Account::open()).wait()?;
    /// # app.save(&mut Account::open().discard()).wait()?;
    /// for id in app.ids::<Account>().wait() {
    ///     if let Some(account) = app.find(id?).wait()? {
    ///         println!("{}", account.balance);
    ///     }
    /// }
    /// // The last ten, in async code.
    /// # async {
    /// let mut last = app.ids::<Account>().descending().limit(10);
    /// while let Some(id) = last.next().await? {
    ///     println!("{id}");
    /// }
    /// # Ok::<(), es_runtime::Error>(())
    /// # }.wait()?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn ids<A: Aggregate>(&self) -> Ids<'_, A> {
        Ids::new(self)
    }

    /// Reads the events in the log, each with its place, envelope and metadata. The type selects them: the enum of one
    /// aggregate type, a declared event or set, or [`AnyEvent`](crate::log::AnyEvent) for the whole program.
    ///
    /// A page holds the readable events. The other rows of these aggregates stand apart as
    /// [`skipped`](crate::log::LogEvents::skipped): forgotten, retired, or unknown to this program.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    /// # let app = Application::open("memory:").wait()?;
    /// use es_runtime::log::AnyEvent;
    ///
    /// let mut account = Account::open();
    /// account.deposit(10);
    /// app.save(&mut account).wait()?;
    ///
    /// let mut log = app.log::<AccountEvent>();
    /// let mut kept = None;
    /// while let Some(page) = log.next_page().wait()? {
    ///     for entry in &page.entries {
    ///         let (id, at) = (entry.envelope().id(), entry.envelope().timestamp());
    ///         println!("{} {at}: {:?} of {id}", entry.position(), entry.event());
    ///     }
    ///     // Store it in one transaction with the view.
    ///     kept = page.through;
    /// }
    /// // Later: only the new events.
    /// account.deposit(1);
    /// app.save(&mut account).wait()?;
    /// let page = app.log::<AccountEvent>().after(kept).next_page().wait()?;
    /// assert_eq!(page.map(|page| page.entries.len()), Some(1));
    ///
    /// // All events of the program, as JSON.
    /// let page = app.log::<AnyEvent>().limit(100).next_page().wait()?.expect("there are events");
    /// assert_eq!(page.entries[1].event().topic, "Account.Deposited");
    /// assert_eq!(page.entries[1].event().data["amount"], 10);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn log<E: Logged>(&self) -> Log<E> {
        Log::new(self.shared.log.clone())
    }

    /// Returns the rows of the log in sections of this size, for a server that hands them to readers elsewhere: see
    /// [`SectionReader`](crate::log::SectionReader).
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if the size is 0, or larger than [`Sections::LARGEST`].
    pub fn sections(&self, size: usize) -> Result<Sections, Error> {
        Sections::new(self.shared.log.clone(), size)
    }
}

/// The number of aggregates that are loaded at once.
const AT_ONCE: usize = 32;

/// Waits for all these futures, a few at a time.
async fn at_once<T>(mut work: Vec<Boxed<'_, T>>) -> Result<Vec<T>, Error> {
    let mut done = Vec::with_capacity(work.len());
    for some in work.chunks_mut(AT_ONCE) {
        let mut slots: Vec<Option<T>> = some.iter().map(|_| None).collect();
        poll_fn(|context| {
            let mut all = Poll::Ready(Ok(()));
            for (slot, one) in slots.iter_mut().zip(some.iter_mut()).filter(|(slot, _)| slot.is_none()) {
                match one.as_mut().poll(context) {
                    Poll::Ready(Ok(ready)) => *slot = Some(ready),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => all = Poll::Pending,
                }
            }
            all
        })
        .await?;
        done.extend(slots.into_iter().flatten());
    }
    Ok(done)
}
