use std::any::Any;
use std::fmt;

/// The right to make new rows of a view beside the old ones: see [`OpenView::claim`](super::OpenView::claim).
#[must_use = "the claim ends when it is dropped"]
pub struct Claim {
    _held: Option<Box<dyn Any + Send>>,
}

impl Claim {
    /// Returns the claim of a view that cannot tell rebuilders apart.
    pub const fn unguarded() -> Self {
        Self { _held: None }
    }

    /// Returns a claim that lasts as long as a value: a locked file, or a session that holds a lock.
    pub fn holding(value: impl Any + Send) -> Self {
        Self { _held: Some(Box::new(value)) }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}
