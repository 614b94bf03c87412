//! `#[event]` on a struct, and what it shares with `#[event]` on a method.

mod declared;
pub(crate) mod made;

pub(crate) use self::declared::expand;
