use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::wait::sleep;

/// The time between two looks of a waiting future.
const TICK: Duration = Duration::from_millis(1);

/// The wait of a stalled call.
///
/// ```
/// use std::time::Duration;
///
/// use es_runtime::testing::faults::{Gate, Pause};
///
/// let gate = Gate::closed();
/// let pauses: [Pause; 2] = [Duration::from_millis(5).into(), (&gate).into()];
/// # let _ = pauses;
/// ```
#[derive(Clone, Debug)]
pub enum Pause {
    /// For a time.
    For(Duration),
    /// Until the test opens the gate.
    Until(Gate),
}

impl Pause {
    pub(super) async fn pass(&self) {
        match self {
            Self::For(time) => sleep(*time).await,
            Self::Until(gate) => gate.pass().await,
        }
    }
}

impl From<Duration> for Pause {
    fn from(time: Duration) -> Self {
        Self::For(time)
    }
}

impl From<&Gate> for Pause {
    fn from(gate: &Gate) -> Self {
        Self::Until(gate.clone())
    }
}

/// A gate that holds up calls until a test opens it. Clones of a gate are one gate.
///
/// ```
/// use std::thread;
///
/// use es_runtime::Wait;
/// use es_runtime::recorder::{ApplicationRecorder, LogRange, MemoryRecorder};
/// use es_runtime::testing::faults::{Call, Faulty, Gate, When};
///
/// let recorder = Faulty::new(MemoryRecorder::new());
/// let gate = Gate::closed();
/// recorder.faults().stall_before(Call::ReadLog, When::always(), &gate);
/// thread::scope(|scope| {
///     let reader = scope.spawn(|| recorder.read_log(LogRange::all()).wait());
///     while gate.waiting() == 0 {
///         thread::yield_now();
///     }
///     assert!(!reader.is_finished());
///     gate.open();
/// });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Gate {
    is_open: Arc<AtomicBool>,
    waiting: Arc<AtomicUsize>,
}

impl Gate {
    /// Makes a closed gate.
    pub fn closed() -> Self {
        Self::default()
    }

    /// Lets every call pass, those that wait and later ones.
    pub fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }

    /// Holds up every call that comes from now on.
    pub fn close(&self) {
        self.is_open.store(false, Ordering::SeqCst);
    }

    /// Returns the number of calls that wait at the gate.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    async fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _left = Left(&self.waiting);
        until(|| self.is_open.load(Ordering::SeqCst)).await;
    }
}

/// A guard that counts a call out, also if the call's future is dropped.
struct Left<'a>(&'a AtomicUsize);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until a condition holds.
pub(super) async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        sleep(TICK).await;
    }
}
