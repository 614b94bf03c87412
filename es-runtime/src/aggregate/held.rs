use std::ops::Deref;
use std::sync::Arc;

/// The state of a root: its own one, or one that it shares with the cache until the first change.
///
/// Two variants, since an [`Arc`] costs an atomic operation for each change, also when nobody shares it.
#[derive(Debug)]
pub(crate) enum Held<S> {
    Own(S),
    Shared(Arc<S>),
}

impl<S: Clone> Held<S> {
    /// The state to change: a copy, if somebody else has it, too.
    #[inline]
    pub(super) fn to_mut(&mut self) -> &mut S {
        match self {
            Self::Own(state) => state,
            Self::Shared(state) => own(state),
        }
    }

    /// The state as it is now, for others to hold: a copy, unless it is shared already.
    pub(super) fn share(&self) -> Arc<S> {
        match self {
            Self::Own(state) => Arc::new(state.clone()),
            Self::Shared(state) => Arc::clone(state),
        }
    }

    /// The state itself: a copy, if somebody else has it, too.
    pub(super) fn into_inner(self) -> S {
        match self {
            Self::Own(state) => state,
            Self::Shared(state) => Arc::unwrap_or_clone(state),
        }
    }

    /// The same, to be shared without a copy.
    pub(super) fn into_shared(self) -> Self {
        match self {
            Self::Own(state) => Self::Shared(Arc::new(state)),
            shared @ Self::Shared(_) => shared,
        }
    }
}

/// Out of line, so that changing a state of one's own stays one comparison.
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
