//! `#[event]` on a struct, the parts that it shares with `#[event]` on a method, and the derives.

pub(crate) mod made;
mod declared;
pub(crate) mod derived;
pub(crate) mod set;

pub(crate) use self::declared::expand;
