//! Publish and subscribe, within the process and on the thread of the publisher.
//!
//! A bus is a value that you hold; nothing is global. The bus keeps no events: it calls those that are subscribed at
//! the moment of publishing, and nobody later. A view that must not miss an event has to read the log of the
//! application.
//!
//! In the stand-alone style, the program publishes all events, and a [policy](PersistencePolicy) stores them. With an
//! [application](crate::Application), the program saves first and then publishes the saved events.
//!
//! ```standalone_crate
//! # use es_runtime::{Application, Recorded, Wait, aggregate, mutator};
//! # #[aggregate]
//! # pub struct Account { pub balance: i64 }
//! # #[mutator]
//! # impl Account {
//! #     #[event(Opened)]
//! #     pub fn open() -> Self { Self { balance: 0 } }
//! # }
//! use es_runtime::standalone::Bus;
//!
//! let (app, bus) = (Application::open("memory:").wait()?, Bus::<Recorded<AccountEvent>>::new());
//! let mut account = Account::open();
//! let events = account.pending().to_vec();
//! app.save(&mut account).wait()?;
//! bus.publish(&events)?;
//! # Ok::<(), es_runtime::Error>(())
//! ```

mod subscription;
mod policy;
mod typed;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::policy::{PersistencePolicy, SnapshottingPolicy};
pub use self::subscription::BusSubscription;
use crate::error::Error;

/// The bus, which passes published events to its subscribers. Clones are the same bus.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::sync::Arc;
///
/// use es_runtime::standalone::Bus;
///
/// let (bus, sum) = (Bus::<u32>::new(), Arc::new(AtomicU32::new(0)));
/// let adding = Arc::clone(&sum);
/// let even = bus.subscribe(|number| number % 2 == 0, move |number| {
///     adding.fetch_add(*number, Ordering::Relaxed);
/// });
/// bus.publish(&[1, 2, 3, 4])?;
/// even.close();
/// bus.publish(&[6])?;
/// assert_eq!(sum.load(Ordering::Relaxed), 6);
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// # Promises
///
/// - The bus calls subscribers one after the other, in the order in which they subscribed. Each receives all published
///   events that its predicate accepts, before the bus calls the next.
/// - A handler without a return value cannot fail the publisher: a handler for a view should catch and log its errors.
///   A handler that returns a `Result` must succeed: its error ends [`publish`](Self::publish), and the bus skips later
///   subscribers. So subscribe the handler that stores first, and views after it.
/// - A handler may publish, subscribe and unsubscribe. The bus calls a new subscriber from the next publication on. It
///   no longer calls a former subscriber, except where another thread is calling that one already.
/// - The bus holds no lock while a handler runs. Two threads that publish call handlers at the same time. The panic of
///   a handler reaches the publisher, and leaves the bus in order.
pub struct Bus<E> {
    shared: Arc<Shared<E>>,
}

struct Shared<E> {
    /// The list of subscribers, replaced as a whole: each publication keeps the list it began with.
    subscribers: Mutex<Arc<[Arc<Subscriber<E>>]>>,
}

struct Subscriber<E> {
    active: AtomicBool,
    handle: Box<Handle<E>>,
}

type Handle<E> = dyn Fn(&[E]) -> Result<(), Error> + Send + Sync;

impl<E> Clone for Bus<E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<E: 'static> Default for Bus<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> fmt::Debug for Bus<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("subscribers", &self.shared.lock().len()).finish()
    }
}

impl<E> Shared<E> {
    fn lock(&self) -> MutexGuard<'_, Arc<[Arc<Subscriber<E>>]>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the list; drops the old list without the lock, since a handler may hold anything.
    fn change(&self, change: impl FnOnce(&[Arc<Subscriber<E>>]) -> Vec<Arc<Subscriber<E>>>) {
        let mut subscribers = self.lock();
        let changed = change(&subscribers).into();
        let old = std::mem::replace(&mut *subscribers, changed);
        drop(subscribers);
        drop(old);
    }
}

impl<E: 'static> Bus<E> {
    /// Makes a bus without subscribers.
    pub fn new() -> Self {
        let subscribers: Arc<[Arc<Subscriber<E>>]> = Arc::new([]);
        Self { shared: Arc::new(Shared { subscribers: Mutex::new(subscribers) }) }
    }

    /// Calls `handler` with each event that `predicate` accepts, until the subscription is dropped.
    pub fn subscribe<R: HandlerResult>(
        &self,
        predicate: impl Fn(&E) -> bool + Send + Sync + 'static,
        handler: impl Fn(&E) -> R + Send + Sync + 'static,
    ) -> BusSubscription {
        self.subscribe_batches(move |events| {
            events.iter().filter(|event| predicate(event)).try_for_each(|event| handler(event).into_result())
        })
    }

    /// Calls `handler` once for each publication, with all its events.
    ///
    /// ```
    /// use es_runtime::standalone::Bus;
    ///
    /// let bus = Bus::<u32>::new();
    /// bus.subscribe_batches(|numbers: &[u32]| assert_eq!(numbers, [1, 2])).forget();
    /// bus.publish(&[1, 2])?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn subscribe_batches<R: HandlerResult>(
        &self,
        handler: impl Fn(&[E]) -> R + Send + Sync + 'static,
    ) -> BusSubscription {
        let handle = Box::new(move |events: &[E]| handler(events).into_result());
        let subscriber = Arc::new(Subscriber { active: AtomicBool::new(true), handle });
        self.shared.change(|known| known.iter().chain([&subscriber]).map(Arc::clone).collect());
        // Neither keeps the other alive: a handler may hold its own subscription, or the bus.
        let (bus, subscriber) = (Arc::downgrade(&self.shared), Arc::downgrade(&subscriber));
        BusSubscription::new(move || {
            let Some(subscriber) = subscriber.upgrade() else { return };
            subscriber.active.store(false, Ordering::Release);
            if let Some(bus) = bus.upgrade() {
                let others = |known: &&Arc<_>| !Arc::ptr_eq(known, &subscriber);
                bus.change(|known| known.iter().filter(others).map(Arc::clone).collect());
            }
        })
    }

    /// Calls the subscribers.
    ///
    /// # Errors
    ///
    /// The first error of a handler that returns a `Result`; the bus then skips later subscribers.
    pub fn publish(&self, events: &[E]) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let subscribers = Arc::clone(&*self.shared.lock());
        let mut active = subscribers.iter().filter(|subscriber| subscriber.active.load(Ordering::Acquire));
        active.try_for_each(|subscriber| (subscriber.handle)(events))
    }

    /// Returns the number of subscribers: 0 once every temporary subscription is dropped.
    pub fn subscribers(&self) -> usize {
        self.shared.lock().len()
    }
}

/// The return value of a handler: nothing, or a `Result` if the handler must succeed.
#[diagnostic::on_unimplemented(
    message = "a handler returns nothing or `Result<(), es_runtime::Error>`, not `{Self}`",
    label = "end its body with a semicolon, or with such a result"
)]
pub trait HandlerResult {
    /// Converts the return value into a result.
    ///
    /// # Errors
    ///
    /// If a handler that must succeed failed.
    fn into_result(self) -> Result<(), Error>;
}

impl HandlerResult for () {
    fn into_result(self) -> Result<(), Error> {
        Ok(())
    }
}

impl HandlerResult for Result<(), Error> {
    fn into_result(self) -> Result<(), Error> {
        self
    }
}
