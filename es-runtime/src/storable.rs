//! What may stand in an event or a state.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

/// That a value can be part of a stored event: it can be copied, shown, written and read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in an event",
    label = "cannot be stored",
    note = "derive `Clone`, `Debug`, `Serialize` and `Deserialize` for it; it must own its data and be `Send` and `Sync`"
)]
pub trait Storable<'de>: Sized {
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<'de, T> Storable<'de> for T where
    T: Clone + Debug + Serialize + Deserialize<'de> + Send + Sync + 'static
{
}

/// That a value can be a field of an aggregate: as [`Storable`], but it need not be shown.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of an aggregate",
    label = "cannot be part of a state",
    note = "derive `Clone`, `Serialize` and `Deserialize` for it; it must own its data and be `Send` and `Sync`"
)]
pub trait StateField<'de>: Sized {
    #[doc(hidden)]
    const OK: () = ();
}

#[diagnostic::do_not_recommend]
impl<'de, T> StateField<'de> for T where T: Clone + Serialize + Deserialize<'de> + Send + Sync + 'static {}
