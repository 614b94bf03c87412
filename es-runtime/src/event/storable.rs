//! What may stand in an event or a state.
//!
//! Each rule is a pair: a bound that carries all that the derives need, so that expansions can assume it
//! and stay silent, and an assertion, so that a type that breaks the rule is reported once, at the type.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// That a value can be part of a stored event: it can be copied, shown, written and read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in an event",
    label = "cannot be stored",
    note = "derive `Clone`, `Debug`, `Serialize` and `Deserialize` for it, or for the type inside it (a key also needs `Ord`, or `Eq` and `Hash`); it must own its data and be `Send` and `Sync`",
    note = "a type of another crate needs the feature of that crate for `serde` (an `Arc` needs serde's feature `rc`); of another aggregate, store the id: `Id<..>`"
)]
pub trait Storable<'de>: Clone + Debug + Serialize + Deserialize<'de> + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<'de, T> Storable<'de> for T where T: Clone + Debug + Serialize + Deserialize<'de> + Send + Sync + 'static {}

/// Asserts [`Storable`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in an event",
    label = "cannot be stored",
    note = "derive `Clone`, `Debug`, `Serialize` and `Deserialize` for it, or for the type inside it (a key also needs `Ord`, or `Eq` and `Hash`); it must own its data and be `Send` and `Sync`",
    note = "a type of another crate needs the feature of that crate for `serde` (an `Arc` needs serde's feature `rc`); of another aggregate, store the id: `Id<..>`"
)]
pub trait AssertStorable {
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Debug + Serialize + DeserializeOwned + 'static> AssertStorable for T {}

/// Asserts [`Storable`] of a struct with `#[derive(Event)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored; derive `Clone`, `Debug`, `Serialize` and `Deserialize` for it, too",
    label = "lacks some of these derives"
)]
pub trait AssertEvent {
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static> AssertEvent for T {}

/// That a value can be a field of an aggregate: as [`Storable`], but it need not be shown.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of an aggregate",
    label = "cannot be part of a state",
    note = "derive `Clone`, `Serialize` and `Deserialize` for it, or for the type inside it (a key also needs `Ord`, or `Eq` and `Hash`); it must own its data and be `Send` and `Sync`",
    note = "a type of another crate needs the feature of that crate for `serde` (an `Arc` needs serde's feature `rc`); of another aggregate, store the id: `Id<..>`"
)]
pub trait StateField<'de>: Clone + Serialize + Deserialize<'de> + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<'de, T> StateField<'de> for T where T: Clone + Serialize + Deserialize<'de> + Send + Sync + 'static {}

/// Asserts [`StateField`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of an aggregate",
    label = "cannot be part of a state",
    note = "derive `Clone`, `Serialize` and `Deserialize` for it, or for the type inside it (a key also needs `Ord`, or `Eq` and `Hash`); it must own its data and be `Send` and `Sync`",
    note = "a type of another crate needs the feature of that crate for `serde` (an `Arc` needs serde's feature `rc`); of another aggregate, store the id: `Id<..>`"
)]
pub trait AssertStateField {
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Serialize + DeserializeOwned + 'static> AssertStateField for T {}

/// Asserts what [`AssertStorable`] and [`AssertStateField`] leave out.
///
/// A field may say something of the aggregate itself, such as `PhantomData<Account>`. Whether that is `Send` depends on
/// the types of the aggregate, so these, which [`Checked`] makes of the other assertions, must not depend on it in turn.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored, since it stays in one thread",
    label = "is not `Send` and `Sync`",
    note = "aggregates and their events go from thread to thread: hold the value itself, or an `Arc` of it"
)]
pub trait AssertShared {
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync> AssertShared for T {}

/// That a change of an attribute can be recorded. Whether its value can be stored is asked where that stands.
pub trait Kept<'a>: Clone + Debug + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Debug + Send + Sync + 'static> Kept<'_> for T {}

/// That serde's derive can write a value: assumed by its impls for what our macros make. The number keeps the bound
/// apart from the others of its impl.
pub trait Written<'a, const AT: usize>: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize, const AT: usize> Written<'_, AT> for T {}

/// That serde's derive can read a value. Not of one trait with [`Written`]: to read a value from borrowed text says
/// nothing about reading it from any other.
pub trait Read<'de, const AT: usize>: Deserialize<'de> {}

#[diagnostic::do_not_recommend]
impl<'de, T: Deserialize<'de>, const AT: usize> Read<'de, AT> for T {}

/// `Self`, if the constant can be evaluated.
///
/// An assertion in the constant that fails makes an error of the projection, and the compiler is then silent
/// about all that goes through it: a type that cannot be stored is reported once.
pub trait Checked<const OK: usize> {
    /// `Self`.
    type Type;
}

impl<T, const OK: usize> Checked<OK> for T {
    type Type = T;
}
