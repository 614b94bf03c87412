//! The role of an event in an aggregate: it creates or changes it, by the body that the user wrote.
//!
//! The traits that bodies are methods of are open: an impl by hand is never called. [`Changes`] and [`Creates`], which
//! say how an event is recorded, are sealed: their constants take a value of [`Events::Seal`], which stands in a block of
//! the expansion that no code outside can name.

use super::{Aggregate, Events};
use crate::event::Envelope;

#[doc(hidden)]
/// How an event that is made from a method's parameters changes the state.
pub trait Apply<E> {
    /// Applies an event that is not needed any more.
    fn apply(&mut self, event: E, envelope: &Envelope);

    /// Applies an event that will be stored.
    #[inline]
    fn apply_copy(&mut self, event: &E, envelope: &Envelope)
    where
        E: Clone,
    {
        self.apply(event.clone(), envelope);
    }
}

#[doc(hidden)]
/// How an event that is declared on its own changes the state.
pub trait ApplyRef<E> {
    /// Applies the event.
    fn apply_ref(&mut self, event: &E, envelope: &Envelope);
}

#[doc(hidden)]
/// How an event that is made from a method's parameters makes the first state.
pub trait Begin<E>: Sized {
    /// Makes the state from an event that is not needed any more.
    fn begin(event: E, envelope: &Envelope) -> Self;

    /// Makes the state from an event that will be stored.
    #[inline]
    fn begin_copy(event: &E, envelope: &Envelope) -> Self
    where
        E: Clone,
    {
        Self::begin(event.clone(), envelope)
    }
}

#[doc(hidden)]
/// How an event that is declared on its own makes the first state.
pub trait BeginRef<E>: Sized {
    /// Makes the state.
    fn begin_ref(event: &E, envelope: &Envelope) -> Self;
}

#[doc(hidden)]
/// Says that a method makes the event.
#[derive(Debug)]
pub enum Made {}

#[doc(hidden)]
/// Says that the event is declared on its own.
#[derive(Debug)]
pub enum Declared {}

#[doc(hidden)]
/// That an event changes the aggregate `A`. `#[mutator]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that changes `{A}`",
    label = "`{A}` has no `&mut self` event method for it",
    note = "handle it in `#[mutator] impl {A}`, or trigger an event that is handled there"
)]
pub trait Changes<A: Aggregate>: Sized {
    /// [`Made`] or [`Declared`].
    type Origin;
    /// How it is recorded.
    const CHANGE: Change<A, Self, Self::Origin>;
}

#[doc(hidden)]
/// That an event creates the aggregate `A`. `#[mutator]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that creates `{A}`",
    label = "`{A}` has no event method for it that returns `Self`",
    note = "create the aggregate with an event whose method in `#[mutator] impl {A}` returns `Self`"
)]
pub trait Creates<A: Aggregate>: Sized {
    /// [`Made`] or [`Declared`].
    type Origin;
    /// How it is recorded.
    const CREATION: Creation<A, Self, Self::Origin>;
}

type Seal<A> = <<A as Aggregate>::Event as Events<A>>::Seal;

#[doc(hidden)]
/// How a changing event becomes a variant, and the method that applies it.
#[expect(missing_debug_implementations, reason = "a constant of expansions, which nobody prints")]
pub struct Change<A: Aggregate, E, O> {
    pub(crate) event: fn(E) -> A::Event,
    pub(super) apply: fn(&mut A::State, &E, &Envelope),
    origin: std::marker::PhantomData<O>,
}

impl<A: Aggregate, E> Change<A, E, Made> {
    /// Takes the method that makes the event.
    pub const fn made(_: &Seal<A>, event: fn(E) -> A::Event) -> Self
    where
        A::State: Apply<E>,
        E: Clone,
    {
        Self { event, apply: A::State::apply_copy, origin: std::marker::PhantomData }
    }
}

impl<A: Aggregate, E> Change<A, E, Declared> {
    /// Takes the method that handles the event.
    pub const fn declared(_: &Seal<A>, event: fn(E) -> A::Event) -> Self
    where
        A::State: ApplyRef<E>,
    {
        Self { event, apply: A::State::apply_ref, origin: std::marker::PhantomData }
    }
}

#[doc(hidden)]
/// How a creating event becomes a variant, and the method that makes the first state.
#[expect(missing_debug_implementations, reason = "a constant of expansions, which nobody prints")]
pub struct Creation<A: Aggregate, E, O> {
    pub(crate) event: fn(E) -> A::Event,
    pub(super) begin: fn(&E, &Envelope) -> A::State,
    origin: std::marker::PhantomData<O>,
}

impl<A: Aggregate, E> Creation<A, E, Made> {
    /// Takes the method that makes the event.
    pub const fn made(_: &Seal<A>, event: fn(E) -> A::Event) -> Self
    where
        A::State: Begin<E>,
        E: Clone,
    {
        Self { event, begin: A::State::begin_copy, origin: std::marker::PhantomData }
    }
}

impl<A: Aggregate, E> Creation<A, E, Declared> {
    /// Takes the method that handles the event.
    pub const fn declared(_: &Seal<A>, event: fn(E) -> A::Event) -> Self
    where
        A::State: BeginRef<E>,
    {
        Self { event, begin: A::State::begin_ref, origin: std::marker::PhantomData }
    }
}

/// That an event may be recorded by a `trigger` that others can call: an event that a method makes may stand behind
/// a check, which `trigger` would pass by.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that others may trigger on `{A}`",
    label = "not declared with `#[event] struct`, or not handled by a `&mut self` method of `{A}`",
    note = "a `trigger` with a visibility takes declared events; an event that a method makes is recorded by that method"
)]
pub trait Triggers<A: Aggregate>: Changes<A> + sealed::Triggers<A> {}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, E: Changes<A, Origin = Declared>> Triggers<A> for E {}

/// That an event may create the aggregate by a `create_from` that others can call: as [`Triggers`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that others may create `{A}` from",
    label = "not declared with `#[event] struct`, or not handled by a method of `{A}` that returns `Self`",
    note = "a `create_from` with a visibility takes declared events; an event that a method makes is recorded by that method"
)]
pub trait Founds<A: Aggregate>: Creates<A> + sealed::Founds<A> {}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, E: Creates<A, Origin = Declared>> Founds<A> for E {}

/// Out of reach: nobody implements these for an event that a method makes.
mod sealed {
    use super::{Aggregate, Changes, Creates, Declared};

    pub trait Triggers<A> {}
    impl<A: Aggregate, E: Changes<A, Origin = Declared>> Triggers<A> for E {}

    pub trait Founds<A> {}
    impl<A: Aggregate, E: Creates<A, Origin = Declared>> Founds<A> for E {}
}
