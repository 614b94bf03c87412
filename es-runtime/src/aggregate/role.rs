//! The role of an event in an aggregate: it creates or changes it, by the body that the user wrote.
//!
//! The bodies are methods of open traits: nothing ever calls an impl by hand. [`Changes`] and [`Creates`], which
//! determine how an event is recorded, are sealed. Their constants take a value of [`Events::Seal`], which stands in a
//! block of the expansion that no code outside can name.
//!
//! A declared event may have such impls in several crates. The compiler tells them apart by the parameter `Of`, the plain
//! name of the aggregate: it does not compute the types of other crates.

use super::{Aggregate, Events};
use crate::event::Envelope;

#[doc(hidden)]
/// A state that an event changes; the event is made from a method's parameters.
pub trait Apply<E> {
    /// Applies an event that the caller does not need any more.
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
/// A state that an event changes; the event is declared on its own.
pub trait ApplyRef<E, Of> {
    /// Applies the event.
    fn apply_ref(&mut self, event: &E, envelope: &Envelope);
}

#[doc(hidden)]
/// A state that an event begins; the event is made from a method's parameters.
pub trait Begin<E>: Sized {
    /// Makes the state from an event that the caller does not need any more.
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
/// A state that an event begins; the event is declared on its own.
pub trait BeginRef<E, Of>: Sized {
    /// Makes the state.
    fn begin_ref(event: &E, envelope: &Envelope) -> Self;
}

#[doc(hidden)]
/// The origin of an event that a method makes.
#[derive(Debug)]
pub enum Made {}

#[doc(hidden)]
/// The origin of an event that is declared on its own.
#[derive(Debug)]
pub enum Declared {}

#[doc(hidden)]
/// An event that changes the aggregate `A`. `#[mutator]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that changes `{A}`",
    label = "`{A}` has no `&mut self` event method for it",
    note = "handle it in `#[mutator] impl {A}`, or trigger an event that is handled there"
)]
pub trait Changes<A: Aggregate, Of = A>: Sized {
    /// [`Made`] or [`Declared`].
    type Origin;
    /// The way in which the event is recorded.
    const CHANGE: Change<A, Self, Self::Origin>;
}

#[doc(hidden)]
/// An event that creates the aggregate `A`. `#[mutator]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that creates `{A}`",
    label = "`{A}` has no event method for it that returns `Self`",
    note = "create the aggregate with an event whose method in `#[mutator] impl {A}` returns `Self`"
)]
pub trait Creates<A: Aggregate, Of = A>: Sized {
    /// [`Made`] or [`Declared`].
    type Origin;
    /// The way in which the event is recorded.
    const CREATION: Creation<A, Self, Self::Origin>;
}

type Seal<A> = <<A as Aggregate>::Event as Events<A>>::Seal;

#[doc(hidden)]
/// The function that makes a changing event a variant, and the method that applies the event.
#[expect(missing_debug_implementations, reason = "a constant of expansions, which nobody prints")]
pub struct Change<A: Aggregate, E, O> {
    pub(crate) event: fn(E) -> A::Event,
    pub(super) apply: fn(&mut A::State, &E, &Envelope),
    origin: std::marker::PhantomData<O>,
}

impl<A: Aggregate, E> Change<A, E, Made> {
    /// Returns the change by an event that a method makes.
    pub const fn made(_: &Seal<A>, event: fn(E) -> A::Event) -> Self
    where
        A::State: Apply<E>,
        E: Clone,
    {
        Self { event, apply: A::State::apply_copy, origin: std::marker::PhantomData }
    }
}

impl<A: Aggregate, E> Change<A, E, Declared> {
    /// Returns the change by an event that is declared on its own.
    pub const fn declared(_: &Seal<A>, event: fn(E) -> A::Event) -> Self
    where
        A::State: ApplyRef<E, A>,
    {
        Self { event, apply: A::State::apply_ref, origin: std::marker::PhantomData }
    }
}

#[doc(hidden)]
/// The function that makes a creating event a variant, and the method that makes the first state.
#[expect(missing_debug_implementations, reason = "a constant of expansions, which nobody prints")]
pub struct Creation<A: Aggregate, E, O> {
    pub(crate) event: fn(E) -> A::Event,
    pub(super) begin: fn(&E, &Envelope) -> A::State,
    origin: std::marker::PhantomData<O>,
}

impl<A: Aggregate, E> Creation<A, E, Made> {
    /// Returns the creation by an event that a method makes.
    pub const fn made(_: &Seal<A>, event: fn(E) -> A::Event) -> Self
    where
        A::State: Begin<E>,
        E: Clone,
    {
        Self { event, begin: A::State::begin_copy, origin: std::marker::PhantomData }
    }
}

impl<A: Aggregate, E> Creation<A, E, Declared> {
    /// Returns the creation by an event that is declared on its own.
    pub const fn declared(_: &Seal<A>, event: fn(E) -> A::Event) -> Self
    where
        A::State: BeginRef<E, A>,
    {
        Self { event, begin: A::State::begin_ref, origin: std::marker::PhantomData }
    }
}

/// An event that a `trigger` with a visibility may record. An event that a method makes is none: the method may stand
/// behind a check, which `trigger` would bypass.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that others may trigger on `{A}`",
    label = "not declared with `#[event] struct`, or not handled by a `&mut self` method of `{A}`",
    note = "a `trigger` with a visibility takes declared events; an event that a method makes is recorded by that method"
)]
pub trait Triggers<A: Aggregate>: Changes<A> + sealed::Triggers<A> {}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, E: Changes<A, Origin = Declared>> Triggers<A> for E {}

/// An event that a `create_from` with a visibility may create the aggregate from: see [`Triggers`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that others may create `{A}` from",
    label = "not declared with `#[event] struct`, or not handled by a method of `{A}` that returns `Self`",
    note = "a `create_from` with a visibility takes declared events; an event that a method makes is recorded by that method"
)]
pub trait Founds<A: Aggregate>: Creates<A> + sealed::Founds<A> {}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, E: Creates<A, Origin = Declared>> Founds<A> for E {}

/// Traits out of reach: no code can implement them for an event that a method makes.
mod sealed {
    use super::{Aggregate, Changes, Creates, Declared};

    pub trait Triggers<A> {}
    impl<A: Aggregate, E: Changes<A, Origin = Declared>> Triggers<A> for E {}

    pub trait Founds<A> {}
    impl<A: Aggregate, E: Creates<A, Origin = Declared>> Founds<A> for E {}
}
