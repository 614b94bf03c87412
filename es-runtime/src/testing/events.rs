use crate::aggregate::{Aggregate, Attribute, Changes, Creates, Events};

/// One event of the aggregate `A`: an event struct, a variant of the event enum, or a changed attribute.
///
/// `Kind` tells these forms apart, and the compiler always infers it.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::{ManualClock, id, recorded};
///
/// // Three ways to write an event; `recorded` takes any.
/// let struct_itself = recorded(id::<Account>(1), 2, ManualClock::START, Deposited { amount: 1 });
/// let deposited = AccountEvent::Deposited(Deposited { amount: 1 });
/// let variant = recorded(id::<Account>(1), 2, ManualClock::START, deposited);
/// let renamed = AccountAttribute::Owner("Anna".into());
/// let attribute = recorded(id::<Account>(1), 2, ManualClock::START, renamed);
/// assert!(matches!(struct_itself.event(), AccountEvent::Deposited(_)));
/// assert!(matches!(variant.event(), AccountEvent::Deposited(_)));
/// assert!(matches!(attribute.event(), AccountEvent::AttributeChanged(_)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event of `{A}`",
    label = "not an event of `{A}`",
    note = "give an event struct that `#[mutator] impl {A}` handles, a variant of its event enum, or a changed attribute"
)]
pub trait IntoEvent<A: Aggregate, Kind> {
    /// Returns the event as a variant of the enum.
    fn into_event(self) -> A::Event;
}

/// The kinds of events, so that one trait can be implemented for all of them.
#[doc(hidden)]
pub mod kind {
    #[derive(Debug)]
    pub enum Creating {}
    #[derive(Debug)]
    pub enum Changing {}
    #[derive(Debug)]
    pub enum Variant {}
    #[derive(Debug)]
    pub enum ChangedAttribute {}
    #[derive(Debug)]
    pub struct One<K>(K);
    #[derive(Debug)]
    pub struct Many<K>(K);
    #[derive(Debug)]
    pub struct Each<K>(K);
}

impl<A: Aggregate, E: Creates<A>> IntoEvent<A, kind::Creating> for E {
    fn into_event(self) -> A::Event {
        (E::CREATION.event)(self)
    }
}

impl<A: Aggregate, E: Changes<A>> IntoEvent<A, kind::Changing> for E {
    fn into_event(self) -> A::Event {
        (E::CHANGE.event)(self)
    }
}

impl<A: Aggregate<Event = E>, E: Events<A>> IntoEvent<A, kind::Variant> for E {
    fn into_event(self) -> E {
        self
    }
}

impl<A: Aggregate<Attribute = T>, T: Attribute<State = A::State>> IntoEvent<A, kind::ChangedAttribute> for T {
    fn into_event(self) -> A::Event {
        A::Event::ATTRIBUTE_CHANGED(self)
    }
}

/// Events of the aggregate `A`, in order: one event, a tuple of up to twelve, a `Vec`, an array, or any nesting of
/// these; `()` for none.
///
/// ```
#[doc = include_str!("account.txt")]
/// use es_runtime::testing::Scenario;
///
/// Scenario::<Account>::given((Opened { owner: "Ann".into() }, vec![Deposited { amount: 1 }; 3]))
///     .when(|account| account.withdraw(3))
///     .then(Withdrawn { amount: 3 });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event, or a list of events, of `{A}`",
    label = "not events of `{A}`",
    note = "give one event, a tuple of up to 12, a `Vec` or an array; each an event struct that \
            `#[mutator] impl {A}` handles, a variant of its event enum, or a changed attribute"
)]
pub trait EventList<A: Aggregate, Kind> {
    /// Adds the events to `list`.
    fn append_to(self, list: &mut Vec<A::Event>);
}

impl<A: Aggregate, K, E: IntoEvent<A, K>> EventList<A, kind::One<K>> for E {
    fn append_to(self, list: &mut Vec<A::Event>) {
        list.push(self.into_event());
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, K, L: EventList<A, K>> EventList<A, kind::Many<K>> for Vec<L> {
    fn append_to(self, list: &mut Vec<A::Event>) {
        for events in self {
            events.append_to(list);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, K, L: EventList<A, K>, const N: usize> EventList<A, kind::Many<K>> for [L; N] {
    fn append_to(self, list: &mut Vec<A::Event>) {
        for events in self {
            events.append_to(list);
        }
    }
}

macro_rules! tuples {
    ($($list:ident $kind:ident),+) => {
        #[diagnostic::do_not_recommend]
        impl<A: Aggregate, $($kind, $list: EventList<A, $kind>),+> EventList<A, ($($kind,)+)> for ($($list,)+) {
            fn append_to(self, list: &mut Vec<A::Event>) {
                #[allow(non_snake_case, reason = "each type parameter names its value too")]
                let ($($list,)+) = self;
                $($list.append_to(list);)+
            }
        }
    };
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate> EventList<A, ()> for () {
    fn append_to(self, _: &mut Vec<A::Event>) {}
}

tuples!(L1 K1);
tuples!(L1 K1, L2 K2);
tuples!(L1 K1, L2 K2, L3 K3);
tuples!(L1 K1, L2 K2, L3 K3, L4 K4);
tuples!(L1 K1, L2 K2, L3 K3, L4 K4, L5 K5);
tuples!(L1 K1, L2 K2, L3 K3, L4 K4, L5 K5, L6 K6);
tuples!(L1 K1, L2 K2, L3 K3, L4 K4, L5 K5, L6 K6, L7 K7);
tuples!(L1 K1, L2 K2, L3 K3, L4 K4, L5 K5, L6 K6, L7 K7, L8 K8);
tuples!(L1 K1, L2 K2, L3 K3, L4 K4, L5 K5, L6 K6, L7 K7, L8 K8, L9 K9);
tuples!(L1 K1, L2 K2, L3 K3, L4 K4, L5 K5, L6 K6, L7 K7, L8 K8, L9 K9, L10 K10);
tuples!(L1 K1, L2 K2, L3 K3, L4 K4, L5 K5, L6 K6, L7 K7, L8 K8, L9 K9, L10 K10, L11 K11);
tuples!(L1 K1, L2 K2, L3 K3, L4 K4, L5 K5, L6 K6, L7 K7, L8 K8, L9 K9, L10 K10, L11 K11, L12 K12);

pub(super) fn collect<A: Aggregate, K>(events: impl EventList<A, K>) -> Vec<A::Event> {
    let mut list = Vec::new();
    events.append_to(&mut list);
    list
}
