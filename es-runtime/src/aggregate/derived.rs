//! The traits that the enum of events derives: the attributes that it holds need them, too.

use std::hash::Hash as HashTrait;

/// Asserts of the attributes that they have the trait that `D` names.
#[diagnostic::on_unimplemented(
    message = "the events derive this trait, and `{Self}` does not; derive it on the struct, too, below `#[aggregate]`",
    label = "not derived for the attributes"
)]
pub trait AssertDerives<D> {
    #[doc(hidden)]
    const OK: () = ();
}

macro_rules! derived {
    ($($name:ident: $bound:path),+) => { $(
        /// The trait of this name.
        #[derive(Debug)]
        pub struct $name;

        #[diagnostic::do_not_recommend]
        impl<T: $bound> AssertDerives<$name> for T {}
    )+ };
}
derived!(PartialEq: ::core::cmp::PartialEq, Eq: ::core::cmp::Eq, PartialOrd: ::core::cmp::PartialOrd, Ord: ::core::cmp::Ord, Hash: HashTrait);
