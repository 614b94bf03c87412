//! Overrides of a thread for a while: a clock of its own, a source of ids of its own.

use std::cell::{Cell, RefCell};

/// The overrides that are set on a thread; the one set last counts.
pub(crate) struct Overrides<T> {
    set: RefCell<Vec<(u64, T)>>,
    next: Cell<u64>,
}

/// The name of one override: each guard takes back its own, in whatever order guards are dropped.
pub(crate) struct OverrideKey(u64);

impl<T: Clone> Overrides<T> {
    pub(crate) const fn new() -> Self {
        Self { set: RefCell::new(Vec::new()), next: Cell::new(0) }
    }

    pub(crate) fn set(&self, value: T) -> OverrideKey {
        let key = self.next.replace(self.next.get().wrapping_add(1));
        self.set.borrow_mut().push((key, value));
        OverrideKey(key)
    }

    /// Takes one override back, and returns whether any is left.
    pub(crate) fn unset(&self, key: &OverrideKey) -> bool {
        // Dropped after the borrow ends: the override may be the user's, and do anything.
        let taken: Vec<_> = self.set.borrow_mut().extract_if(.., |(other, _)| *other == key.0).collect();
        drop(taken);
        !self.set.borrow().is_empty()
    }

    /// Returns a copy of the current override, so that an override may itself set one.
    pub(crate) fn current(&self) -> Option<T> {
        self.set.borrow().last().map(|(_, value)| value.clone())
    }
}
