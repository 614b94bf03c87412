use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind};
use crate::recorder::Opener;
use crate::recorder::postgres::Engine;

/// The runtime of the connections to a schema, which all ways to it and all open views share. It starts with the first
/// view, and ends with the last holder.
#[derive(Default)]
pub(super) struct Drive {
    engine: Mutex<Option<(Arc<Engine>, Opener)>>,
}

impl Drive {
    fn lock(&self) -> MutexGuard<'_, Option<(Arc<Engine>, Opener)>> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the runtime; starts it at the first call.
    fn engine(&self) -> Result<Arc<Engine>, Error> {
        let mut engine = self.lock();
        if let Some((engine, opener)) = &*engine {
            opener.check()?;
            return Ok(Arc::clone(engine));
        }
        let started = Engine::start()?;
        *engine = Some((Arc::clone(&started), Opener::here()));
        Ok(started)
    }

    /// Runs something on the runtime, and waits for it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let engine = self.engine()?;
        let done = engine.attend(engine.handle().spawn(work)).await;
        done.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Unavailable, "the runtime of a view ended before it answered"))
        })
    }

    /// Waits for work with an open view: the waiting thread may drive the runtime.
    pub(super) async fn attend<F: Future>(&self, work: F) -> F::Output {
        let engine = self.lock().as_ref().map(|(engine, _)| Arc::clone(engine));
        match engine {
            Some(engine) => engine.attend(work).await,
            None => work.await,
        }
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        let engine = self.engine.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((engine, opener)) = engine
            && !opener.is_parent()
        {
            engine.end();
        }
    }
}
