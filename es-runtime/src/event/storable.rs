//! The types that an event or a state may hold.
//!
//! Each rule is a bound and an assertion. The bound carries all that the derives need, so that the compiler takes it
//! for granted in expansions. The assertion makes the compiler report a type that breaks the rule once, at the type.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A value that can be part of a stored event: code can copy, format, write and read it.
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

/// A value that can be a field of an aggregate: as [`Storable`], but without `Debug`.
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

/// Asserts `Send` and `Sync`, which [`AssertStorable`] and [`AssertStateField`] leave out.
///
/// The type of a field may name the aggregate itself, as `PhantomData<Account>` does. Such a type is `Send` only if the
/// types of the aggregate are, which [`Checked`] makes from the other two assertions. So these two assertions must not
/// depend on `Send` in turn.
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

/// A value that goes from thread to thread.
pub trait Shared<'a>: Send + Sync {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync> Shared<'_> for T {}

/// A change of an attribute that can be recorded. The assertion at the attribute's field checks the value.
pub trait Kept<'a>: Clone + Debug + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Debug + Send + Sync + 'static> Kept<'_> for T {}

/// A value that serde's derive can write; the derive's impls for types of our macros assume it. The type `At` keeps the
/// bound apart from the others of its impl.
pub trait Written<'a, At>: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize, At> Written<'_, At> for T {}

/// A value that serde's derive can read. The trait is apart from [`Written`]: a value that can be read from borrowed
/// text need not be readable from any other.
pub trait Read<'de, At>: Deserialize<'de> {}

#[diagnostic::do_not_recommend]
impl<'de, T: Deserialize<'de>, At> Read<'de, At> for T {}

/// `Self`, if the constant can be evaluated.
///
/// A failed assertion in the constant makes the projection an error, and the compiler then reports nothing that goes
/// through it. So the compiler reports a type that cannot be stored once.
pub trait Checked<const OK: usize> {
    /// `Self`.
    type Type;
}

impl<T, const OK: usize> Checked<OK> for T {
    type Type = T;
}
