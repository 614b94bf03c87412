//! `#[event]` on a struct, the parts that it shares with `#[event]` on a method, and the derives.

mod declared;
pub(crate) mod derived;
pub(crate) mod made;
pub(crate) mod set;

pub(crate) use self::declared::expand;
