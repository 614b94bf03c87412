//! The loop of a worker: it reads the log from the place of its view, writes batches, and follows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::{Batch, Cutter, log_of};
use super::failed;
use super::status::{RunnerState, Status, position};
use super::target::{Target, Task};
use super::write::Written;
use super::{Projection, Rules};
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Mark, Slices};
use crate::log::{LogEvents, SkipReason, Source, Subscription, unknown};
use crate::observe;
use crate::wait::{both, sleep, timeout};

/// The first pause after an error that may pass, and the longest.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(5);
/// The longest time that a view keeps a place behind rows that no handler handles.
const LAZY: Duration = Duration::from_millis(250);
/// The time between two looks at another process while somebody waits for a place.
const CLOSE_LOOK: Duration = Duration::from_millis(10);
/// The least time between two measurements of the lag.
const MEASURE: Duration = Duration::from_secs(1);
/// The number of looks without progress after which a worker takes over.
const LOOKS: u32 = 3;

/// One worker of a projection.
pub(crate) struct Worker<T> {
    pub(crate) target: T,
    pub(crate) post: Post,
}

/// The place of a worker among the others, and all that it needs but its view.
pub(crate) struct Post {
    pub(crate) source: Source,
    pub(crate) slices: Slices,
    pub(crate) rules: Rules,
    pub(crate) status: Arc<Status>,
    /// The number of the worker.
    pub(crate) number: usize,
}

/// The reason why a worker no longer reads on from its place.
enum Turn {
    /// The worker has to end.
    End,
    /// The place has moved, or the wait was ended: the worker begins again from the recorded place.
    Again,
    /// Another process moves the place.
    Elsewhere,
}

impl<T: Target> Worker<T> {
    /// Works until a stop, the end of a drain, or an error that does not pass.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        self.post.status.enter(self.post.number, RunnerState::Running, None);
        let (status, number) = (Arc::clone(&self.post.status), self.post.number);
        let mut watched = Watched { status, number, has_ended: false };
        let mut ended = self.work().await;
        watched.has_ended = true;
        if ended.as_ref().is_err_and(Error::is_transient) {
            // Only a stop ends the attempts: the place has not moved, and the next start goes on from there.
            ended = Ok(());
        }
        match &ended {
            Ok(()) => self.post.status.enter(self.post.number, RunnerState::Stopped, None),
            // The application was closed.
            Err(error) if error.kind() == ErrorKind::Closed => {
                self.post.status.enter(self.post.number, RunnerState::Stopped, Some(error));
            }
            Err(error) => {
                observe::failed_projection(T::P::NAME, error);
                self.post.status.enter(self.post.number, RunnerState::Failed, Some(error));
                // The other workers would leave this one behind.
                self.post.status.stop();
            }
        }
        ended
    }

    async fn work(&mut self) -> Result<(), Error> {
        loop {
            let place = self.place().await?;
            // The log may have been restored or replaced: then the view has events that the log has not.
            self.newest(place).await?;
            let failed = self.failed().await?;
            self.post.status.keeps_failed(failed);
            self.post.status.handled(self.post.number, place);
            if self.post.status.is_drained(place) {
                return Ok(());
            }
            let switches = self.post.status.switches();
            match self.read_on(place).await? {
                Turn::End => return Ok(()),
                Turn::Again => {}
                // A rebuild of this process has moved the place.
                Turn::Elsewhere if self.post.status.switches() != switches => {}
                Turn::Elsewhere => {
                    if self.wait_for_turn().await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Reads on from a place, and writes what it reads.
    async fn read_on(&mut self, place: Option<Mark>) -> Result<Turn, Error> {
        let log =
            log_of::<T::P>(self.post.source.clone(), self.post.slices, self.post.rules.size).after(place);
        let mut rows = log.follow();
        let may_follow = self.post.status.follow(self.post.number, rows.stop_handle());
        // A drain may have begun before it could end the subscription.
        if !may_follow || self.post.status.is_drained(place) {
            return Ok(Turn::End);
        }
        let (mut cutter, mut recorded) = (Cutter::new(), place);
        // A place behind rows without a handler, which the view does not keep yet.
        let mut passed: Option<(Mark, Instant)> = None;
        let mut measured: Option<Instant> = None;
        // The page that was read while the view took the one before.
        let mut ahead = None;
        loop {
            self.post.status.enter(self.post.number, RunnerState::Running, None);
            let page = match ahead.take() {
                Some(page) => Ok(page),
                None => next_page(&mut rows, passed).await,
            };
            let page = match page {
                Ok(Some(page)) => page?,
                Ok(None) => break,
                Err(Lazy) => {
                    if let Some(turn) = self.keep(&mut recorded, &mut passed).await? {
                        return Ok(turn);
                    }
                    continue;
                }
            };
            self.post.status.read(self.post.number, page.through);
            let has_next = page.more;
            let (page, unknown) = split_unknown(page);
            let batch = cutter.cut(page);
            if let Some((error, commit)) = unknown {
                // The commits before the row are whole.
                let batch = batch.and_then(|batch| batch.before(commit));
                if let Some(batch) = batch
                    && let Some(turn) = self.take(&mut recorded, batch).await?
                {
                    return Ok(turn);
                }
                return Err(error);
            }
            let Some(batch) = batch else { continue };
            if batch.items.is_empty() {
                passed = Some((batch.to, passed.map_or_else(Instant::now, |(_, since)| since)));
                self.post.status.handled(self.post.number, Some(batch.to));
                if self.post.status.is_drained(Some(batch.to)) {
                    break;
                }
            } else {
                passed = None;
                let taken = if has_next {
                    let (taken, next) = both(self.take(&mut recorded, batch), rows.next_page()).await;
                    ahead = Some(next);
                    taken?
                } else {
                    self.take(&mut recorded, batch).await?
                };
                if let Some(turn) = taken {
                    return Ok(turn);
                }
            }
            self.measure(&mut measured, passed.map_or(recorded, |(to, _)| Some(to))).await;
            if self.post.status.is_stopping() || self.post.status.is_drained(recorded) {
                break;
            }
        }
        if let Some(turn) = self.keep(&mut recorded, &mut passed).await? {
            return Ok(turn);
        }
        let ends = self.post.status.is_stopping() || self.post.status.is_drained(recorded);
        Ok(if ends { Turn::End } else { Turn::Again })
    }

    /// Lets the view keep a place behind rows that no handler handles.
    async fn keep(
        &mut self,
        recorded: &mut Option<Mark>,
        passed: &mut Option<(Mark, Instant)>,
    ) -> Result<Option<Turn>, Error> {
        let Some((to, _)) = passed.take().filter(|(to, _)| position(Some(*to)) > position(*recorded)) else {
            return Ok(None);
        };
        self.take(recorded, Batch { items: Vec::new(), to }).await
    }

    /// Reports the lag of the view, if anybody listens.
    async fn measure(&mut self, measured: &mut Option<Instant>, place: Option<Mark>) {
        if !observe::measures_lag() || measured.is_some_and(|at| at.elapsed() < MEASURE) {
            return;
        }
        *measured = Some(Instant::now());
        // The next page reports an error of the log.
        if let Ok(newest) = self.post.source.newest().await {
            let behind = position(newest).saturating_sub(position(place));
            observe::lag(T::P::NAME, self.post.number, behind);
        }
    }

    /// Notes rows that the view has taken.
    fn took(&self, rows: usize, failed: usize, to: Mark) {
        self.post.status.wrote(rows, failed);
        observe::projected(T::P::NAME, self.post.number, rows, failed);
        self.post.status.handled(self.post.number, Some(to));
    }

    /// Writes a batch within a span.
    async fn take(
        &mut self,
        recorded: &mut Option<Mark>,
        batch: Batch<<T::P as Projection>::Seen>,
    ) -> Result<Option<Turn>, Error> {
        let (worker, events) = (self.post.number, batch.items.len());
        observe::project(T::P::NAME, worker, events, self.take_all(recorded, batch)).await
    }

    /// Writes a batch, in one transaction or several.
    async fn take_all(
        &mut self,
        recorded: &mut Option<Mark>,
        batch: Batch<<T::P as Projection>::Seen>,
    ) -> Result<Option<Turn>, Error> {
        let batch = Arc::new(batch);
        let (end, mut next) = (batch.items.len(), 0);
        loop {
            let (from, to) = (*recorded, batch.to);
            let task = Task { batch: Arc::clone(&batch), rows: next..end, from, to, is_repeated: false };
            match self.write(task).await? {
                Written::Done { rows, to, failed } => {
                    next += rows;
                    *recorded = Some(to);
                    self.took(rows, failed, to);
                    if next >= end {
                        return Ok(None);
                    }
                    if self.post.status.is_stopping() {
                        return Ok(Some(Turn::End));
                    }
                }
                Written::Elsewhere => return Ok(Some(Turn::Elsewhere)),
                Written::Failed { row, cause } => {
                    let Some(item) = batch.items.get(row) else { return Ok(Some(Turn::Again)) };
                    let commit = item.mark().commit();
                    let whole = batch.items.iter().position(|item| item.mark().commit() == commit);
                    let before = whole.filter(|whole| *whole > next);
                    if let Some((whole, last)) =
                        before.and_then(|whole| Some((whole, batch.items.get(whole - 1)?.mark())))
                        && self.place().await? == *recorded
                    {
                        let (batch, from) = (Arc::clone(&batch), *recorded);
                        let task = Task { batch, rows: next..whole, from, to: last, is_repeated: false };
                        if let Written::Done { rows, to, failed } = self.write(task).await? {
                            self.took(rows, failed, to);
                        }
                    }
                    observe::projected(T::P::NAME, self.post.number, 1, 1);
                    return Err(failed::stopped::<T::P>(item, cause));
                }
            }
        }
    }

    /// Writes rows, as often as an error passes.
    async fn write(&mut self, task: Task<<T::P as Projection>::Seen>) -> Result<Written, Error> {
        let (mut task, mut pause) = (task, PAUSE);
        loop {
            let again = task.again();
            match self.target.write(task).await {
                Err(error) if error.is_transient() && !self.post.status.is_stopping() => {
                    self.retry(&error, &mut pause).await;
                    task = again;
                }
                written => return written,
            }
        }
    }

    /// Returns the recorded place, as often as an error passes.
    async fn place(&mut self) -> Result<Option<Mark>, Error> {
        let mut pause = PAUSE;
        loop {
            match self.target.place().await {
                Err(error) if error.is_transient() && !self.post.status.is_stopping() => {
                    self.retry(&error, &mut pause).await;
                }
                place => return place,
            }
        }
    }

    /// Returns the number of failed events, as often as an error passes.
    async fn failed(&mut self) -> Result<usize, Error> {
        let mut pause = PAUSE;
        loop {
            match self.target.failed().await {
                Err(error) if error.is_transient() && !self.post.status.is_stopping() => {
                    self.retry(&error, &mut pause).await;
                }
                failed => return failed.map(|failed| failed.len()),
            }
        }
    }

    /// Returns the head of the log, if it is the log of the place, as often as an error passes.
    async fn newest(&mut self, place: Option<Mark>) -> Result<Option<Mark>, Error> {
        let mut pause = PAUSE;
        loop {
            match self.post.source.newest_after(place).await {
                Err(error) if error.is_transient() && !self.post.status.is_stopping() => {
                    self.retry(&error, &mut pause).await;
                }
                newest => return newest,
            }
        }
    }

    async fn retry(&mut self, error: &Error, pause: &mut Duration) {
        observe::waiting_projection(T::P::NAME, error);
        self.post.status.enter(self.post.number, RunnerState::Retrying, Some(error));
        self.target.close();
        let moved = self.post.status.moved.listen();
        if !self.post.status.is_stopping() {
            // A stop ends the pause; other rings only shorten it.
            let _ = timeout(*pause, moved).await;
        }
        *pause = (*pause * 2).min(LONGEST);
    }

    /// Waits while another process moves the place. Returns true if the worker has to end.
    async fn wait_for_turn(&mut self) -> Result<bool, Error> {
        let (mut last, mut looks) = (self.place().await?, 0_u32);
        self.post.status.handled(self.post.number, last);
        loop {
            self.post.status.enter(self.post.number, RunnerState::Waiting, None);
            let moved = self.post.status.moved.listen();
            if self.post.status.is_stopping() {
                return Ok(true);
            }
            let closely = self.post.status.has_callers() || self.post.status.is_draining();
            let look = if closely { CLOSE_LOOK.min(self.post.rules.look) } else { self.post.rules.look };
            if closely {
                sleep(look).await;
            } else {
                // A stop, or a caller that begins to wait, ends the sleep.
                let _ = timeout(look, moved).await;
            }
            let place = self.place().await?;
            if place != last {
                (last, looks) = (place, 0);
                self.post.status.handled(self.post.number, place);
                continue;
            }
            if self.post.status.is_drained(place) {
                return Ok(true);
            }
            let newest = self.newest(place).await?;
            self.post.status.read(self.post.number, newest);
            if position(newest) <= position(place) {
                looks = 0;
                continue;
            }
            looks += 1;
            let patience = self.post.rules.look.as_nanos() * u128::from(LOOKS);
            if look.as_nanos() * u128::from(looks) >= patience {
                return Ok(false);
            }
        }
    }
}

/// A worker at work. A dropped future, or a panic, ends the work without a result: then nobody may wait for the worker.
struct Watched {
    status: Arc<Status>,
    number: usize,
    /// True once the worker reports its own end.
    has_ended: bool,
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        if !std::thread::panicking() {
            self.status.enter(self.number, RunnerState::Stopped, None);
            return;
        }
        let message = format!(
            "a worker of the projection `{}` panicked outside its handlers, as in the driver of its view; see the output of \
             the program",
            self.status.name
        );
        self.status.enter(self.number, RunnerState::Failed, Some(&Error::new(ErrorKind::Invalid, message)));
        // The other workers would leave this one behind.
        self.status.stop();
    }
}

/// Reads the next page; reports when the view should keep the place that was passed meanwhile.
async fn next_page<E: Send + 'static>(
    rows: &mut Subscription<E>,
    passed: Option<(Mark, Instant)>,
) -> Result<Option<Result<LogEvents<E>, Error>>, Lazy> {
    let Some((_, since)) = passed else { return Ok(rows.next_page().await) };
    let left = LAZY.saturating_sub(since.elapsed());
    timeout(left, rows.next_page()).await.map_err(|_| Lazy)
}

/// Nothing came for so long that the view should keep the place that was passed.
struct Lazy;

/// Returns a page without the rows behind one that this program does not know, with the error for that row and its commit:
/// a newer release stored it, and the view would silently miss it.
fn split_unknown<E>(mut page: LogEvents<E>) -> (LogEvents<E>, Option<(Error, CommitId)>) {
    let Some(row) = page.skipped.iter().find(|row| row.why == SkipReason::Unknown) else {
        return (page, None);
    };
    let (error, mark) = (unknown(row), row.mark);
    page.entries.retain(|event| event.position() < mark.position());
    page.more = false;
    (page, Some((error, mark.commit())))
}
