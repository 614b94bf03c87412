//! Looks at a log, for all who wait for more: one at a time, whose result they share.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::error::{self, Shared};
use crate::error::Error;

/// Looks that run on a task of the runtime, so that no caller waits for another one to go on.
pub(super) struct Looks<T> {
    state: Mutex<State>,
    last: watch::Sender<Last<T>>,
}

#[derive(Default)]
struct State {
    /// The number of looks that have begun.
    begun: u64,
    is_running: bool,
    /// True if somebody asked after the running look began: it may have seen too little.
    is_wanted: bool,
}

/// The last look that has ended, with its number.
struct Last<T> {
    number: u64,
    outcome: Option<Result<T, Shared>>,
}

impl<T> Default for Looks<T> {
    fn default() -> Self {
        Self { state: Mutex::default(), last: watch::Sender::new(Last { number: 0, outcome: None }) }
    }
}

impl<T> fmt::Debug for Looks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looks").finish_non_exhaustive()
    }
}

impl<T: Clone + Send + Sync + 'static> Looks<T> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the result of a look that begins after this call.
    pub(super) async fn ask<F, L>(self: &Arc<Self>, handle: &Handle, look: F) -> Result<T, Error>
    where
        F: Fn() -> L + Send + 'static,
        L: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut last = self.last.subscribe();
        let wanted = {
            let mut state = self.lock();
            let wanted = state.begun + 1;
            if state.is_running {
                state.is_wanted = true;
            } else {
                *state = State { begun: wanted, is_running: true, is_wanted: false };
                drop(handle.spawn(Arc::clone(self).run(look)));
            }
            wanted
        };
        let last = last.wait_for(|last| last.number >= wanted).await;
        match last.as_ref().ok().and_then(|last| last.outcome.as_ref()) {
            Some(Ok(seen)) => Ok(seen.clone()),
            Some(Err(error)) => Err(error.copy()),
            None => Err(error::ended()),
        }
    }

    /// Looks until nobody wants another look.
    async fn run<F, L>(self: Arc<Self>, look: F)
    where
        F: Fn() -> L + Send + 'static,
        L: Future<Output = Result<T, Error>> + Send + 'static,
    {
        loop {
            let looked = AssertUnwindSafe(look()).catch_unwind().await;
            let outcome = looked.unwrap_or_else(|_| Err(error::ended()));
            let (number, goes_on) = self.end();
            self.last.send_if_modified(|last| {
                // Another task may have ended a later look.
                let is_newer = last.number < number;
                if is_newer {
                    *last = Last { number, outcome: Some(outcome.map_err(|error| Shared::new(&error))) };
                }
                is_newer
            });
            if !goes_on {
                return;
            }
        }
    }

    /// Notes the end of a look; returns its number, and whether another one begins.
    fn end(&self) -> (u64, bool) {
        let mut state = self.lock();
        let (number, goes_on) = (state.begun, state.is_wanted);
        *state = State { begun: number + u64::from(goes_on), is_running: goes_on, is_wanted: false };
        (number, goes_on)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::error::ErrorKind;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    }

    #[test]
    fn many_callers_share_a_look_that_begins_after_they_ask() {
        let (runtime, looks, begun) = (runtime(), Arc::new(Looks::default()), Arc::new(AtomicU64::new(0)));
        let ask = |looks: Arc<Looks<u64>>| {
            let (handle, begun) = (runtime.handle().clone(), Arc::clone(&begun));
            async move {
                let before = begun.load(Ordering::SeqCst);
                let look = move || {
                    let begun = Arc::clone(&begun);
                    async move {
                        let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        Ok(number)
                    }
                };
                let seen = looks.ask(&handle, look).await.unwrap();
                assert!(seen > before, "look {seen} began before the caller asked, after {before}");
            }
        };
        for _ in 0..10 {
            let asking: Vec<_> = (0..100).map(|_| runtime.spawn(ask(Arc::clone(&looks)))).collect();
            for asking in asking {
                runtime.block_on(asking).unwrap();
            }
        }
        assert!(begun.load(Ordering::SeqCst) <= 40, "{begun:?} looks for 1,000 callers");
    }

    #[test]
    fn a_caller_that_goes_and_a_look_that_fails_keep_nobody_waiting() {
        let (runtime, looks) = (runtime(), Arc::new(Looks::<u64>::default()));
        let handle = runtime.handle().clone();
        let mut gone = Box::pin(looks.ask(&handle, || async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(7)
        }));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        assert_eq!(runtime.block_on(looks.ask(&handle, || async { Ok(8) })).unwrap(), 7);
        let failing = looks.ask(&handle, || async { Err(Error::new(ErrorKind::Timeout, "no answer")) });
        assert_eq!(runtime.block_on(failing).unwrap_err().kind(), ErrorKind::Timeout);
        let panicking = looks.ask(&handle, || async { panic!("on purpose") });
        assert_eq!(runtime.block_on(panicking).unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        assert_eq!(runtime.block_on(looks.ask(&handle, || async { Ok(9) })).unwrap(), 9);
    }
}
