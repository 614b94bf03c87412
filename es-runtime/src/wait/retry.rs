//! Retries of work that may succeed later: the number of attempts, and the waits between them.

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::time::Duration;

use crate::error::Error;
use crate::wait::sleep;

/// The number of attempts at some work, and the waits between them.
///
/// The default is that of [`Application::execute`](crate::Application::execute): 100 attempts, with 0.2 milliseconds
/// before the second. Each wait is twice the wait before, at most 50 milliseconds. Each is longer or shorter at random,
/// from none to twice as long, so that callers who failed together do not collide again.
///
/// ```
/// use std::time::Duration;
///
/// use es_runtime::wait::Retry;
/// use es_runtime::{Error, ErrorKind, Wait};
/// # use std::sync::atomic::{AtomicU32, Ordering};
/// # let asked = AtomicU32::new(0);
/// # let ask = async || match asked.fetch_add(1, Ordering::Relaxed) {
/// #     0 => Err(Error::new(ErrorKind::Timeout, "busy")),
/// #     _ => Ok(7),
/// # };
///
/// let retry = Retry::new().attempts(5).wait(Duration::from_millis(10)).jitter(0.05);
/// let answer = retry.on(|error: &Error| error.is_transient()).run(async || ask().await).wait()?;
/// assert_eq!(answer, 7);
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// The number of attempts has the type of a number:
///
/// ```compile_fail,E0308
/// # use es_runtime::wait::Retry;
/// let _ = Retry::new().attempts("five");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "nothing is tried before it runs"]
pub struct Retry {
    attempts: u32,
    wait: Duration,
    longest: Duration,
    jitter: f64,
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

impl Retry {
    /// Makes a retry of 100 attempts, soon one after the other: after a conflict, another caller has succeeded, so there
    /// is progress.
    pub const fn new() -> Self {
        let (wait, longest) = (Duration::from_micros(200), Duration::from_millis(50));
        Self { attempts: 100, wait, longest, jitter: 1.0 }
    }

    /// Sets the number of attempts, the first one included; 0 counts as 1.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the wait before the second attempt. Each further wait is twice as long, up to the longest, which is at least
    /// this one.
    pub const fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        if wait.as_nanos() > self.longest.as_nanos() {
            self.longest = wait;
        }
        self
    }

    /// Sets the longest wait.
    pub const fn longest_wait(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// Sets the share by which a wait may be longer or shorter: from 0, for equal waits, to 1.
    pub const fn jitter(mut self, share: f64) -> Self {
        self.jitter = share.clamp(0.0, 1.0);
        self
    }

    /// Sets the errors after which the retry runs the work again.
    ///
    /// ```
    /// use std::io;
    ///
    /// use es_runtime::Wait;
    /// use es_runtime::wait::Retry;
    ///
    /// let retry = Retry::new().on(|error: &io::Error| error.kind() == io::ErrorKind::Interrupted);
    /// let length = retry.run(async || std::fs::metadata("Cargo.toml").map(|file| file.len())).wait()?;
    /// # assert!(length > 0);
    /// # Ok::<(), io::Error>(())
    /// ```
    pub fn on<E, P: Fn(&E) -> bool>(self, is_retried: P) -> RetryOn<E, P> {
        RetryOn { retry: self, is_retried, error: PhantomData }
    }

    /// Runs `work` until it succeeds, fails with an error that is not [transient](Error::is_transient), or has no attempt left.
    ///
    /// `work` may hold shared references. Work that needs a unique reference, such as `app.save(&mut account)`, is a
    /// loop with [`begin`](Self::begin).
    ///
    /// # Errors
    ///
    /// The last error of `work`.
    pub async fn run<T, F>(self, work: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.on(Error::is_transient).run(work).await
    }

    /// Begins to count attempts, for a loop of your own.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// use es_runtime::wait::Retry;
    ///
    /// # async {
    /// # let app = Application::open("memory:").await?;
    /// # let mut account = Account::open();
    /// let mut attempts = Retry::new().begin();
    /// let receipt = loop {
    ///     match app.save(&mut account).await {
    ///         Err(error) if error.is_transient() && attempts.again().await => {}
    ///         saved => break saved?,
    ///     }
    /// };
    /// # drop(receipt);
    /// # Ok::<(), es_runtime::Error>(())
    /// # }.wait()?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub const fn begin(self) -> Attempts {
        Attempts { left: self.attempts.saturating_sub(1), next: self.wait, retry: self }
    }
}

/// A [`Retry`] with the errors after which it runs the work again: see [`Retry::on`].
#[derive(Clone, Copy)]
#[must_use = "nothing is tried before it runs"]
pub struct RetryOn<E, P> {
    retry: Retry,
    is_retried: P,
    error: PhantomData<fn(&E)>,
}

impl<E, P> fmt::Debug for RetryOn<E, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryOn").field("retry", &self.retry).finish_non_exhaustive()
    }
}

impl<E, P: Fn(&E) -> bool> RetryOn<E, P> {
    /// Runs `work` until it succeeds, fails with another error, or has no attempt left.
    ///
    /// # Errors
    ///
    /// The last error of `work`.
    pub async fn run<T, F>(self, mut work: impl FnMut() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut attempts = self.retry.begin();
        loop {
            match work().await {
                Err(error) if (self.is_retried)(&error) && attempts.again().await => {}
                ended => return ended,
            }
        }
    }
}

/// The attempts that a [`Retry`] has left.
#[derive(Debug)]
pub struct Attempts {
    retry: Retry,
    left: u32,
    next: Duration,
}

impl Attempts {
    /// Waits, and takes the next attempt; returns `false` at once if there is none left.
    pub async fn again(&mut self) -> bool {
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        let wait = self.next_wait();
        if !wait.is_zero() {
            sleep(wait).await;
        }
        true
    }

    fn next_wait(&mut self) -> Duration {
        let wait = self.next.min(self.retry.longest);
        self.next = wait.saturating_mul(2);
        let share = 1.0 + self.retry.jitter * (2.0 * random() - 1.0);
        Duration::try_from_secs_f64(wait.as_secs_f64() * share).unwrap_or(wait)
    }
}

/// Returns a number from 0 to 1. The keys of each `RandomState` differ, on one thread and between threads.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 32;
    f64::from(u32::try_from(bits).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(retry: Retry, many: usize) -> Vec<Duration> {
        let mut attempts = retry.begin();
        (0..many).map(|_| attempts.next_wait()).collect()
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let retry = Retry::new().wait(Duration::from_millis(10)).jitter(0.0);
        let millis = |many: &[u64]| many.iter().copied().map(Duration::from_millis).collect::<Vec<_>>();
        assert_eq!(waits(retry.longest_wait(Duration::from_millis(50)), 5), millis(&[10, 20, 40, 50, 50]));
        assert_eq!(waits(retry.wait(Duration::ZERO), 2), millis(&[0, 0]));
        assert_eq!(waits(retry.wait(Duration::from_secs(1)), 2), millis(&[1_000, 1_000]));
    }

    #[test]
    fn waits_differ_by_the_jitter_and_no_more() {
        let retry = Retry::new().wait(Duration::from_millis(100)).longest_wait(Duration::from_millis(100));
        let waits = waits(retry.jitter(0.05), 1_000);
        assert!(waits.iter().all(|wait| (95..=105).contains(&wait.as_millis())), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(98)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(102)));
    }

    #[test]
    fn no_setting_makes_a_wait_that_cannot_be_waited_for() {
        for jitter in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 2.0] {
            let retry = Retry::new().wait(Duration::MAX).longest_wait(Duration::MAX).jitter(jitter);
            assert_eq!(waits(retry, 3).len(), 3);
        }
    }
}
