use std::ops::Deref;
use std::sync::Arc;

/// The state of a root: its own, or one that it shares with the cache until the first change.
///
/// There are two variants because an [`Arc`] costs an atomic operation for each change, even if nobody shares it.
#[derive(Debug)]
pub(crate) enum Held<S> {
    Own(S),
    Shared(Arc<S>),
}

impl<S: Clone> Held<S> {
    /// Returns the state to change: a copy, if the state is shared.
    #[inline]
    pub(super) fn to_mut(&mut self) -> &mut S {
        match self {
            Self::Own(state) => state,
            Self::Shared(state) => own(state),
        }
    }

    /// Returns the state as it is now, for others to hold: a copy, unless the state is shared already.
    pub(super) fn share(&self) -> Arc<S> {
        match self {
            Self::Own(state) => Arc::new(state.clone()),
            Self::Shared(state) => Arc::clone(state),
        }
    }

    /// Returns the state itself: a copy, if the state is shared.
    pub(super) fn into_inner(self) -> S {
        match self {
            Self::Own(state) => state,
            Self::Shared(state) => Arc::unwrap_or_clone(state),
        }
    }

    /// Returns the same state, which can then be shared without a copy.
    pub(super) fn into_shared(self) -> Self {
        match self {
            Self::Own(state) => Self::Shared(Arc::new(state)),
            shared @ Self::Shared(_) => shared,
        }
    }
}

/// Out of line, so that the change of a root's own state costs one comparison.
#[cold]
#[inline(never)]
fn own<S: Clone>(state: &mut Arc<S>) -> &mut S {
    Arc::make_mut(state)
}

impl<S> Deref for Held<S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        match self {
            Self::Own(state) => state,
            Self::Shared(state) => state,
        }
    }
}
