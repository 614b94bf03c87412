use std::fmt;

use super::handle::Handle;
use super::plan::run_all;
use super::status::RunnerState;
use super::target::Boxed;
use crate::error::Error;

/// A projection that runs as a future of your own.
///
/// ```standalone_crate
/// # use es_runtime::{Application, Wait, aggregate, mutator, projection};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// # }
/// # #[derive(Default)]
/// # pub struct Count { accounts: usize }
/// # #[projection(Account, ..)]
/// # impl Count {
/// #     #[event]
/// #     fn opened(&mut self, _: &Opened) { self.accounts += 1; }
/// # }
/// use std::thread;
///
/// let app = Application::open("memory:").wait()?;
/// let runner = app.project(Count::default()).in_memory().open().wait()?;
/// let count = runner.handle();
/// // On an executor: `tokio::spawn(runner.run())`.
/// let thread = thread::spawn(move || runner.run().wait());
///
/// app.save(&mut Account::open()).wait()?;
/// count.drain().wait()?;
/// assert_eq!(count.read(|count| count.accounts), 1);
/// thread.join().expect("the runner does not panic")?;
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[must_use = "a runner works only while its future is polled"]
pub struct Runner<V> {
    workers: Vec<Boxed<()>>,
    handle: Handle<V>,
}

impl<V> fmt::Debug for Runner<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl<V> Runner<V> {
    pub(super) const fn new(workers: Vec<Boxed<()>>, handle: Handle<V>) -> Self {
        Self { workers, handle }
    }

    /// Takes the workers out: from then on, each reports its own end.
    pub(super) fn take_workers(&mut self) -> Vec<Boxed<()>> {
        std::mem::take(&mut self.workers)
    }
}

impl<V> Drop for Runner<V> {
    fn drop(&mut self) {
        // Nobody may wait for workers that never begin.
        for number in 0..self.workers.len() {
            self.handle.status.enter(number, RunnerState::Stopped, None);
        }
    }
}

impl<V: Clone> Runner<V> {
    /// Returns a handle of the projection.
    pub fn handle(&self) -> Handle<V> {
        self.handle.clone()
    }

    /// Works until a handle [stops](Handle::stop) or [drains](Handle::drain) the projection.
    ///
    /// # Errors
    ///
    /// The error that ended the projection, such as that of a handler under [`OnFailure::Stop`](super::OnFailure::Stop).
    pub async fn run(self) -> Result<(), Error> {
        let mut runner = self;
        let workers = runner.take_workers();
        if !workers.is_empty() {
            return run_all(workers).await;
        }
        let Handle { status, .. } = &runner.handle;
        runner.handle.ended().await?;
        let figures = status.figures();
        // The application was closed.
        if figures.error.is_some() { Err(status.error(&figures)) } else { Ok(()) }
    }
}
