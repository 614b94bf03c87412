//! A reader that follows the log: it reads what is stored, waits for more, and goes on.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::iter;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use std::vec;

use futures_core::Stream;

use super::{Log, LogEvent, LogEvents, SkipReason, SkippedEvent};
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::observe;
use crate::wait::{Wait, sleep, wake};

/// The first pause after an error that may pass, and the longest.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(5);

/// The events of one type in the log, and those that will be stored: see [`Log::follow`].
///
/// [`next`](Self::next) serves async code, and so does `futures::Stream`. [`wait`](Self::wait) makes it an iterator.
///
/// A subscription reads a page when the caller asks for an event, and no earlier. So a slow caller holds one page in
/// memory, which [`Log::page_events`] and [`Log::page_bytes`] bound. It goes on by itself when the store cannot be reached for a
/// while. It ends after any other error, and at the end that [`Log::limit`] or [`Log::up_to`] set.
///
/// ```standalone_crate
/// # use es_runtime::{Application, Wait, aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
/// use std::thread;
///
/// let app = Application::open("memory:").wait()?;
/// let mut events = app.log::<AccountEvent>().follow();
/// let stop = events.stop_handle();
/// let follower = thread::spawn(move || {
///     let mut balance = 0;
///     for event in events.wait() {
///         match event?.event() {
///             AccountEvent::Deposited(Deposited { amount }) => balance += amount,
///             _ => {}
///         }
///         if balance == 30 {
///             stop.stop();
///         }
///     }
///     Ok::<i64, es_runtime::Error>(balance)
/// });
///
/// let mut account = Account::open();
/// for amount in [10, 20] {
///     account.deposit(amount);
///     app.save(&mut account).wait()?;
/// }
/// assert_eq!(follower.join().expect("the follower ends")?, 30);
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[must_use = "nothing is read before an event is asked for"]
pub struct Subscription<E> {
    state: State<E>,
    /// The part of the page that is not returned yet.
    entries: vec::IntoIter<LogEvent<E>>,
    skipped: VecDeque<SkippedEvent>,
    /// The place up to which the page is complete.
    complete: Option<Mark>,
    /// True if the page may end within a commit.
    more: bool,
    through: Option<Mark>,
    stopping: Arc<Stopping>,
}

type Read<E> = (Log<E>, Result<Option<LogEvents<E>>, Error>);

enum State<E> {
    Idle(Box<Log<E>>),
    Reading(Pin<Box<dyn Future<Output = Read<E>> + Send>>),
    Over,
}

impl<E> fmt::Debug for Subscription<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("through", &self.through).finish_non_exhaustive()
    }
}

impl<E: Send + 'static> Log<E> {
    /// Follows the log: reads the events that are stored, waits for more, and goes on.
    pub fn follow(self) -> Subscription<E> {
        let through = self.range.mark();
        Subscription {
            state: State::Idle(Box::new(self)),
            entries: Vec::new().into_iter(),
            skipped: VecDeque::new(),
            complete: through,
            more: false,
            through,
            stopping: Arc::default(),
        }
    }
}

impl<E: Send + 'static> Subscription<E> {
    /// Returns the next event, and waits for it; returns `None` at the end.
    ///
    /// The rows of [retired](SkipReason::Retired) topics and of forgotten aggregates are left out: a reader that deletes
    /// what it keeps of those asks for [pages](Self::next_page). A row that this program does not know is
    /// [`UnknownTopic`](ErrorKind::UnknownTopic): a newer release stored it, and can read it.
    pub async fn next(&mut self) -> Option<Result<LogEvent<E>, Error>> {
        poll_fn(|context| self.poll_event(context)).await
    }

    /// Returns the next page, and waits for it; returns `None` at the end. A page without events reports how far the log
    /// was read.
    ///
    /// Look at [`skipped`](LogEvents::skipped), too: a page passes rows that this program [does not
    /// know](SkipReason::Unknown), and notices of forgotten aggregates.
    pub async fn next_page(&mut self) -> Option<Result<LogEvents<E>, Error>> {
        poll_fn(|context| {
            if self.entries.as_slice().is_empty()
                && self.skipped.is_empty()
                && let Some(Err(error)) = ready!(self.poll_read(context))
            {
                return Poll::Ready(Some(Err(error)));
            }
            if self.is_over(context) {
                return Poll::Ready(None);
            }
            self.through = self.complete;
            let entries = std::mem::take(&mut self.entries).collect();
            let skipped = std::mem::take(&mut self.skipped).into();
            Poll::Ready(Some(Ok(LogEvents { entries, skipped, through: self.complete, more: self.more })))
        })
        .await
    }

    /// Iterates over the events, and ends after an error; the thread blocks while it waits for an event.
    pub fn wait(&mut self) -> impl Iterator<Item = Result<LogEvent<E>, Error>> {
        iter::from_fn(|| self.next().wait())
    }

    /// Returns the place up to which the caller has got every event, for a reader that keeps it: a later subscription
    /// goes on [after](Log::after) it. While the caller waits, the place passes rows that are none of its events.
    ///
    /// An event counts at once when the subscription returns it, and so do all events of a page. So handle the event first,
    /// and then keep the place. A [`SectionReader`](super::SectionReader::position) counts a row later: once the caller asks
    /// for another.
    pub const fn through(&self) -> Option<Mark> {
        self.through
    }

    /// Returns a handle that ends the subscription from elsewhere.
    pub fn stop_handle(&self) -> Stop {
        Stop { stopping: Arc::clone(&self.stopping) }
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<LogEvent<E>, Error>>> {
        loop {
            if self.is_over(context) {
                return Poll::Ready(None);
            }
            let upcoming = self.entries.as_slice().first().map(LogEvent::position);
            while let Some(row) = self.skipped.front()
                && upcoming.is_none_or(|event| row.mark.position() < event)
            {
                if row.why == SkipReason::Unknown {
                    let error = unknown(row);
                    self.end();
                    return Poll::Ready(Some(Err(error)));
                }
                self.skipped.pop_front();
            }
            if let Some(event) = self.entries.next() {
                self.through = Some(event.mark());
                return Poll::Ready(Some(Ok(event)));
            }
            self.through = self.complete;
            if let Some(Err(error)) = ready!(self.poll_read(context)) {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    /// Reads the next page; `None` at the end.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        if self.is_over(context) {
            return Poll::Ready(None);
        }
        let mut reading = match std::mem::replace(&mut self.state, State::Over) {
            State::Idle(log) => Box::pin(read_on(*log)),
            State::Reading(reading) => reading,
            State::Over => return Poll::Ready(None),
        };
        let Poll::Ready((log, read)) = reading.as_mut().poll(context) else {
            self.state = State::Reading(reading);
            return Poll::Pending;
        };
        let Some(page) = read.transpose() else { return Poll::Ready(None) };
        Poll::Ready(Some(page.map(|page| {
            self.state = State::Idle(Box::new(log));
            (self.entries, self.skipped) = (page.entries.into_iter(), page.skipped.into());
            (self.complete, self.more) = (page.through, page.more);
        })))
    }

    /// Returns whether the subscription is over; if it is not, a stop wakes the caller.
    fn is_over(&mut self, context: &Context<'_>) -> bool {
        if self.stopping.poll(context) {
            self.end();
        }
        matches!(self.state, State::Over) && self.entries.as_slice().is_empty() && self.skipped.is_empty()
    }

    /// Returns nothing more.
    fn end(&mut self) {
        (self.state, self.entries) = (State::Over, Vec::new().into_iter());
        self.skipped.clear();
    }
}

impl<E> Drop for Subscription<E> {
    fn drop(&mut self) {
        // A kept handle wakes nobody any more.
        let waker = self.stopping.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(waker);
    }
}

// No event is pinned.
impl<E> Unpin for Subscription<E> {}

impl<E: Send + 'static> Stream for Subscription<E> {
    type Item = Result<LogEvent<E>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_event(context)
    }
}

/// Reports an event that a reader would silently miss.
pub(crate) fn unknown(row: &SkippedEvent) -> Error {
    let SkippedEvent { mark, id, version, topic, .. } = row;
    let message = format!(
        "this program does not know the topic `{topic}` of version {version} of {id}, at position {}; run the release \
         that stored it, or name the topic in `#[mutator(retired = [..])]`",
        mark.position()
    );
    Error::new(ErrorKind::UnknownTopic, message)
}

/// Reads the next page of a log, and waits for it.
async fn read_on<E: Send + 'static>(mut log: Log<E>) -> Read<E> {
    let mut pause = PAUSE;
    loop {
        let error = match read_once(&mut log).await {
            Ok(Once::Page(page)) => return (log, Ok(Some(page))),
            Ok(Once::End) => return (log, Ok(None)),
            Ok(Once::Nothing) => {
                pause = PAUSE;
                continue;
            }
            Err(error) => error,
        };
        if !error.is_transient() {
            return (log, Err(error));
        }
        observe::waiting_follower(&error);
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

enum Once<E> {
    Page(LogEvents<E>),
    /// Nothing will come any more.
    End,
    /// There was nothing, and there may be more now.
    Nothing,
}

async fn read_once<E>(log: &mut Log<E>) -> Result<Once<E>, Error> {
    if let Some(page) = log.next_page().await? {
        return Ok(Once::Page(page));
    }
    if log.is_at_its_end().await? {
        // The last events may have come since.
        return log.next_page().await.map(|page| page.map_or(Once::End, Once::Page));
    }
    log.more().await.map(|()| Once::Nothing)
}

/// Ends a [`Subscription`], from any thread. Clones end one subscription.
#[derive(Clone)]
pub struct Stop {
    stopping: Arc<Stopping>,
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").field("is_stopped", &self.is_stopped()).finish()
    }
}

impl Stop {
    /// Ends the subscription: it returns no further event, and a caller that waits for one gets `None` at once.
    pub fn stop(&self) {
        self.stopping.is_stopped.store(true, Ordering::Release);
        let waker = self.stopping.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            wake(waker);
        }
    }

    /// Returns whether the subscription was stopped.
    pub fn is_stopped(&self) -> bool {
        self.stopping.is_stopped.load(Ordering::Acquire)
    }
}

#[derive(Default)]
struct Stopping {
    is_stopped: AtomicBool,
    /// Wakes the caller that waits for an event.
    waker: Mutex<Option<Waker>>,
}

impl Stopping {
    fn poll(&self, context: &Context<'_>) -> bool {
        let waker = context.waker().clone();
        let earlier = self.waker.lock().unwrap_or_else(PoisonError::into_inner).replace(waker);
        // A waker is code of the caller: it is dropped outside the lock.
        drop(earlier);
        self.is_stopped.load(Ordering::Acquire)
    }
}
