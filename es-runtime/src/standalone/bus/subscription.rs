use std::fmt;

/// The guard of a subscribed handler; dropping it unsubscribes the handler.
#[must_use = "the handler is unsubscribed when this is dropped; keep it, or `forget` it"]
pub struct BusSubscription {
    unsubscribe: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl fmt::Debug for BusSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusSubscription").finish_non_exhaustive()
    }
}

impl BusSubscription {
    pub(super) fn new(unsubscribe: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self { unsubscribe: Some(Box::new(unsubscribe)) }
    }

    /// Unsubscribes: the same as dropping the guard, but visible in the code.
    pub fn close(self) {}

    /// Keeps the handler subscribed as long as the bus exists.
    pub fn forget(mut self) {
        self.unsubscribe = None;
    }
}

impl Drop for BusSubscription {
    fn drop(&mut self) {
        if let Some(unsubscribe) = self.unsubscribe.take() {
            unsubscribe();
        }
    }
}
