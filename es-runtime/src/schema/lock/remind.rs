//! A note for crates that store events and have no lock for their shapes.

use crate::schema::lock::StoredShapes;
use crate::schema::recorded::crate_of;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Once;

/// A crate with `events_lock!()`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Locked {
    /// The `module_path!()` of the macro.
    pub module: &'static str,
}

inventory::collect!(Locked);

/// Prints the note once in a process, past the capture of the test's output: a passing test shows it, too.
pub(crate) fn remind() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let stored = inventory::iter::<StoredShapes>.into_iter().filter(|stored| !stored.is_test);
        let locked = inventory::iter::<Locked>.into_iter().map(|locked| locked.module);
        for name in unlocked(stored.map(|stored| stored.module), locked) {
            let _ = writeln!(io::stderr(), "{}", note(name));
        }
    });
}

/// Returns the crates that store events and have no lock.
fn unlocked<'a>(
    stored: impl Iterator<Item = &'a str>,
    locked: impl Iterator<Item = &'a str>,
) -> BTreeSet<&'a str> {
    let locked: BTreeSet<&str> = locked.map(crate_of).collect();
    stored.map(crate_of).filter(|name| !locked.contains(name)).collect()
}

fn note(name: &str) -> String {
    format!(
        "note: nothing holds the shapes of the events that `{name}` stores, so a change can make old rows unreadable; \
         add `#[cfg(test)] es_runtime::events_lock!();` to the crate"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_stores_events_without_a_lock_is_named_once() {
        let stored = ["bank::account", "bank::order", "shop::cart"];
        let found = unlocked(stored.into_iter(), ["shop"].into_iter());
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["bank"]);
        assert!(note("bank").starts_with("note: nothing holds the shapes of the events that `bank` stores"));
    }

    #[test]
    fn a_crate_with_a_lock_is_not_named() {
        assert!(unlocked(["bank::account"].into_iter(), ["bank::tests"].into_iter()).is_empty());
    }
}
