//! Checks of a block while it compiles: only constants call them.

use super::Aggregate;
use crate::event::{self, EventType, Topics, equal, refuse};

/// Refuses an event whose topic or alias an earlier event of the aggregate has.
///
/// # Panics
///
/// With a message that names both events: at compile time, since only `const` items call it.
#[track_caller]
pub const fn distinct<A: Aggregate>(own: &EventType) {
    event::distinct(&Topics::of::<A>(), own);
}

/// Refuses an event that a method of another aggregate makes: whoever handled it could take the other aggregate over.
/// Then does the work of [`distinct`].
///
/// # Panics
///
/// As [`distinct`].
#[track_caller]
pub const fn distinct_declared<A: Aggregate>(own: &EventType) {
    if own.is_made() {
        refuse(&[
            "`",
            own.name(),
            "` is an event that a method of another aggregate makes; declare an event that several aggregates share: \
             `#[event] struct ",
            own.name(),
            "`",
        ]);
    }
    distinct::<A>(own);
}

/// Refuses a retired topic that an event of the aggregate still has.
///
/// # Panics
///
/// As [`distinct`].
#[track_caller]
pub const fn retired<A: Aggregate>(topic: &str) {
    event::retired(&Topics::of::<A>(), topic);
}

/// A constant for blocks outside the module of their aggregate. Each aggregate has a private constant of the same name;
/// outside its module, the compiler finds this one instead.
pub trait Elsewhere {
    #[doc(hidden)]
    const __IN_ITS_MODULE: bool = false;
}

impl<T: ?Sized> Elsewhere for T {}

/// Refuses a block outside the module of its aggregate, whose root the block could not make.
///
/// # Panics
///
/// With a message: at compile time, since only constants call it.
#[track_caller]
pub const fn in_its_module(home: bool) -> usize {
    assert!(
        home,
        "`#[mutator]` stands in another module than its struct; move it to that module, or into one inside it"
    );
    0
}

/// Refuses a block that names its aggregate by an alias: its topics would begin with the alias.
///
/// # Panics
///
/// With a message that contains the name: at compile time, since only constants call it.
#[track_caller]
pub const fn written_as(aggregate: &str, ident: &str) -> usize {
    if !equal(aggregate, ident) {
        refuse(&[
            "`",
            ident,
            "` is another name of `",
            aggregate,
            "`; write `#[mutator] impl ",
            aggregate,
            "`",
        ]);
    }
    0
}

/// Refuses a block that gives the state another name than the struct does. `own` is the name that the struct gives, if it
/// gives one; otherwise it is the usual one of `ident`.
///
/// # Panics
///
/// With a message that contains the name: at compile time, since only constants call it.
#[track_caller]
pub const fn state_called(own: Option<&str>, ident: &str, given: &str, is_usual: bool) -> usize {
    let (own, suffix, fits) = match own {
        Some(own) => (own, "", equal(own, given)),
        None => (ident, "State", is_usual),
    };
    if !fits {
        refuse(&["`#[aggregate]` calls the state `", own, suffix, "`; give both the same `state`"]);
    }
    0
}
