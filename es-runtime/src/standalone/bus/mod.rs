//! Publish and subscribe, within the process and on the publisher's thread.
//!
//! A bus is a value that you hold, and nothing is global. It keeps nothing: what is published reaches those that are
//! subscribed then, and nobody later. For views that must not miss an event, read the log of the application.
//!
//! In the stand-alone style all events are published, and a [policy](PersistencePolicy) stores them. With an
//! [application](crate::Application) it is the other way round: what is saved is published.
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
pub use self::subscription::Subscription;
use crate::error::Error;

/// Brings what is published to those who subscribed. Copies of it are the same bus.
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
/// - Subscribers are called in the order in which they subscribed, one after the other: each is given all that was
///   published and that its predicate lets pass, before the next one is called.
/// - A handler that returns nothing cannot fail the publisher: one for a view catches its errors and logs them. A
///   handler that returns a `Result` says that it must succeed: its error ends [`publish`](Self::publish), and those
///   that subscribed later are not called. So subscribe first what stores, and views after it.
/// - A handler may publish, subscribe and unsubscribe. Who subscribes meanwhile is called from the next time on; who
///   unsubscribes is not called any more, but where another thread is calling it already.
/// - No lock is held while a handler runs. Two threads that publish call handlers at the same time. A panic of a
///   handler goes through to the publisher, and leaves the bus in order.
pub struct Bus<E> {
    shared: Arc<Shared<E>>,
}

struct Shared<E> {
    /// Replaced as a whole, so that publishing goes on with the list that it began with.
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

    /// Changes the list; the old one is dropped without the lock, since it may drop what a handler holds.
    fn change(&self, change: impl FnOnce(&[Arc<Subscriber<E>>]) -> Vec<Arc<Subscriber<E>>>) {
        let mut subscribers = self.lock();
        let changed = change(&subscribers).into();
        let old = std::mem::replace(&mut *subscribers, changed);
        drop(subscribers);
        drop(old);
    }
}

impl<E: 'static> Bus<E> {
    /// A bus without subscribers.
    pub fn new() -> Self {
        let subscribers: Arc<[Arc<Subscriber<E>>]> = Arc::new([]);
        Self { shared: Arc::new(Shared { subscribers: Mutex::new(subscribers) }) }
    }

    /// Calls `handler` with each event that `predicate` is true for, until the subscription is dropped.
    pub fn subscribe<R: HandlerResult>(
        &self,
        predicate: impl Fn(&E) -> bool + Send + Sync + 'static,
        handler: impl Fn(&E) -> R + Send + Sync + 'static,
    ) -> Subscription {
        self.subscribe_batches(move |events| {
            events.iter().filter(|event| predicate(event)).try_for_each(|event| handler(event).into_result())
        })
    }

    /// Calls `handler` with all that is published together.
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
    ) -> Subscription {
        let handle = Box::new(move |events: &[E]| handler(events).into_result());
        let subscriber = Arc::new(Subscriber { active: AtomicBool::new(true), handle });
        self.shared.change(|known| known.iter().chain([&subscriber]).map(Arc::clone).collect());
        // Neither keeps the other alive: a handler may hold its own subscription, or the bus.
        let (bus, subscriber) = (Arc::downgrade(&self.shared), Arc::downgrade(&subscriber));
        Subscription::new(move || {
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
    /// The first error of a handler that says that it must succeed; later subscribers are then not called.
    pub fn publish(&self, events: &[E]) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        let subscribers = Arc::clone(&*self.shared.lock());
        let mut active = subscribers.iter().filter(|subscriber| subscriber.active.load(Ordering::Acquire));
        active.try_for_each(|subscriber| (subscriber.handle)(events))
    }

    /// How many are subscribed: 0 once all that subscribed for a while are gone.
    pub fn subscribers(&self) -> usize {
        self.shared.lock().len()
    }
}

/// What a handler returns: nothing, or a `Result` if it must succeed.
#[diagnostic::on_unimplemented(
    message = "a handler returns nothing or `Result<(), es_runtime::Error>`, not `{Self}`",
    label = "end its body with a semicolon, or with such a result"
)]
pub trait HandlerResult {
    /// The same as a result.
    ///
    /// # Errors
    ///
    /// If the handler failed, and has to succeed.
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
