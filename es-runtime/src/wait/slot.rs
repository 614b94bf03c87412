//! One answer on its way from the thread that works to the future that waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
}

enum State<T> {
    Waiting(Option<Waker>),
    Done(Option<T>),
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::Waiting(None)) })
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the answer, and returns the waker to call: no waker is called under a lock.
    pub(crate) fn fill(&self, answer: T) -> Option<Waker> {
        match std::mem::replace(&mut *self.lock(), State::Done(Some(answer))) {
            State::Waiting(waker) => waker,
            State::Done(_) => None,
        }
    }

    /// Takes the answer, or leaves a waker to call once there is one.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<T>> {
        match &mut *self.lock() {
            State::Done(answer) => Poll::Ready(answer.take()),
            State::Waiting(waker) => {
                match waker {
                    Some(known) => known.clone_from(context.waker()),
                    None => *waker = Some(context.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// Returns whether the answer is there.
    #[cfg(feature = "sqlite")]
    pub(crate) fn is_filled(&self) -> bool {
        matches!(&*self.lock(), State::Done(_))
    }

    /// Returns the waker of the future, if it waits.
    #[cfg(feature = "sqlite")]
    pub(crate) fn waker(&self) -> Option<Waker> {
        match &*self.lock() {
            State::Waiting(waker) => waker.clone(),
            State::Done(_) => None,
        }
    }
}
