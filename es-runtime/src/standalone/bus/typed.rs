//! Subscriptions to events by their type, in any enum that holds them.

use std::any::{Any, TypeId};
use std::fmt::Debug;
use std::marker::PhantomData;

use serde::Serialize;

use super::{Bus, BusSubscription, HandlerResult};
use crate::event::{Envelope, Event, EventSet, EventType, EventVisitor, Recorded};

impl<E: EventSet> Bus<Recorded<E>> {
    /// Calls `handler` with each event of its parameter's type.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicI64, Ordering};
    /// use std::sync::Arc;
    ///
    /// use es_runtime::standalone::Bus;
    /// use es_runtime::{Envelope, Recorded, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    ///
    /// let (bus, total) = (Bus::<Recorded<AccountEvent>>::new(), Arc::new(AtomicI64::new(0)));
    /// let adding = Arc::clone(&total);
    /// let deposits = bus.subscribe_to(move |deposited: &Deposited, _: &Envelope| {
    ///     adding.fetch_add(deposited.amount, Ordering::Relaxed);
    /// });
    ///
    /// let mut account = Account::open();
    /// account.deposit(10);
    /// bus.publish(account.pending())?;
    /// assert_eq!(total.load(Ordering::Relaxed), 10);
    /// # drop(deposits);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn subscribe_to<T: Event, R: HandlerResult>(
        &self,
        handler: impl Fn(&T, &Envelope) -> R + Send + Sync + 'static,
    ) -> BusSubscription {
        self.subscribe_batches(move |events| {
            events.iter().try_for_each(|recorded| {
                let call = |event: &T| handler(event, recorded.envelope()).into_result();
                recorded.event().visit(Calls { call, event: PhantomData }).unwrap_or(Ok(()))
            })
        })
    }

    /// Calls `handler` with each event that is of one of these types.
    ///
    /// ```
    /// # use es_runtime::{Recorded, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// #     #[event(Withdrawn)]
    /// #     pub fn take(&mut self, amount: i64) { self.balance -= amount; }
    /// # }
    /// use es_runtime::Event;
    /// use es_runtime::standalone::Bus;
    ///
    /// let bus = Bus::<Recorded<AccountEvent>>::new();
    /// let booked = bus.subscribe_to_any([Deposited::TYPE, Withdrawn::TYPE], |recorded| {
    ///     println!("{:?}", recorded.event());
    /// });
    /// # drop(booked);
    /// ```
    pub fn subscribe_to_any<R: HandlerResult>(
        &self,
        types: impl IntoIterator<Item = EventType>,
        handler: impl Fn(&Recorded<E>) -> R + Send + Sync + 'static,
    ) -> BusSubscription {
        let types: Vec<TypeId> = types.into_iter().map(|known| known.type_id()).collect();
        self.subscribe(move |recorded| types.contains(&recorded.event().visit(TypeOf)), handler)
    }
}

/// A caller of a function, if the event is of the type that the function takes.
struct Calls<C, T> {
    call: C,
    event: PhantomData<fn(&T)>,
}

impl<T: Event, R, C: FnOnce(&T) -> R> EventVisitor for Calls<C, T> {
    type Output = Option<R>;

    fn event<D: Serialize + Debug + 'static>(self, _: &'static EventType, event: &D) -> Option<R> {
        (event as &dyn Any).downcast_ref().map(self.call)
    }

    fn data<D: Serialize + Debug>(self, _: &'static EventType, _: &D) -> Option<R> {
        None
    }
}

struct TypeOf;

impl EventVisitor for TypeOf {
    type Output = TypeId;

    fn data<D: Serialize + Debug>(self, of: &'static EventType, _: &D) -> TypeId {
        of.type_id()
    }
}
