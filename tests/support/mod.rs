//! Helpers of the tests: an aggregate, a recorder's delegation, a look at panics.

pub(crate) mod account;
#[macro_use]
pub(crate) mod delegate;
pub(crate) mod failure;
