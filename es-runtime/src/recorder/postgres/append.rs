//! The writers: each stores the commits that wait, by one statement for all of them.
//!
//! The server refuses a statement as a whole. Then the writer reads the facts about all of its commits, answers those
//! that a fact stands against, and stores the others. It does the same after a lost answer: another attempt finds the
//! first one stored, waits for it, or comes before it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::batch::{Batch, One};
use super::connection::Connection;
use super::core::Core;
use super::error::{self, Shared};
use super::inline::Within;
use super::known::Known;
use super::options::GRACE;
use super::queue::{Job, Outcome};
use super::receipts::receipts;
use super::rows::value;
use super::statements::Statements;
use super::trouble::Trouble;
use super::{check, facts, log::Log};
use crate::error::{Error, ErrorKind};
use crate::id::Version;
use crate::recorder::verdict::check_keys;
use crate::recorder::{Commit, Receipt, Step};

/// The largest number of groups for which a writer reads the facts first, after the server refused one.
const WARY: u32 = 64;
/// The number of attempts after which each commit of a group is tried alone.
const TOGETHER: u32 = 8;
/// The number of attempts of one commit that others may make vain.
const ALONE: u32 = 64;
/// The time that a commit that was never sent waits for a server that cannot be reached.
const ABSENCE: Duration = Duration::from_secs(2);

pub(super) struct Writer {
    core: Arc<Core>,
    connection: Option<Arc<Connection>>,
    /// The events that the session of the connection saw stored, by the number of the text that stores one.
    known: HashMap<usize, Known>,
    /// The number of groups for which the facts are read first.
    wary: u32,
    /// This number after the last refusal.
    last_wary: u32,
}

/// The writers: the first does the jobs of the queue, and the second helps.
pub(super) enum Lane {
    First,
    Second,
}

/// Does the jobs of the queue, until it is closed.
pub(super) async fn write(core: Arc<Core>, lane: Lane) {
    let mut writer =
        Writer { core: Arc::clone(&core), connection: None, known: HashMap::new(), wary: 0, last_wary: 0 };
    loop {
        let group = match lane {
            Lane::First => core.queue.next().await,
            Lane::Second => core.queue.next_to_help().await,
        };
        let Some(mut group) = group else { return };
        let jobs = std::mem::take(&mut group.jobs);
        let served = AssertUnwindSafe(writer.serve(jobs)).catch_unwind().await;
        if served.is_err() {
            writer.leave();
        }
    }
}

/// The state of the attempts on some jobs.
struct Attempts {
    count: u32,
    began: Instant,
    /// True if the next attempt begins with the facts.
    asks: bool,
    /// True if the error of the last attempt is final, once the facts say nothing.
    failed: Option<Error>,
}

impl Writer {
    async fn serve(&mut self, jobs: Vec<Job>) {
        // Two commits with one place, or with keys that contradict each other, cannot be left to the server.
        let is_odd = |job: &Job| is_odd(&job.commit);
        // The refusal of one commit costs little, and that of a group makes all its commits wait.
        let asks = (self.wary > 0 && jobs.len() > 1) || jobs.iter().any(is_odd);
        self.wary = self.wary.saturating_sub(1);
        self.do_all(jobs, asks).await;
    }

    async fn do_all(&mut self, mut jobs: Vec<Job>, asks: bool) {
        let mut attempts = Attempts { count: 0, began: Instant::now(), asks, failed: None };
        while let Some(first) = jobs.first() {
            let log = Arc::clone(&first.log);
            match self.attempt(&mut jobs, &log, &mut attempts).await {
                Ok(()) => {}
                Err(trouble) => jobs = self.after(trouble, jobs, &mut attempts).await,
            }
        }
    }

    /// Answers the jobs that it can, and takes them out.
    async fn attempt(
        &mut self,
        jobs: &mut Vec<Job>,
        log: &Log,
        attempts: &mut Attempts,
    ) -> Result<(), Trouble> {
        let (now, options) = (Instant::now(), self.core.way.options());
        let left = jobs.iter().map(|job| job.until.saturating_duration_since(now)).max();
        let limit = left.map_or(options.patience(), |left| options.patience().min(left + GRACE));
        let silent = || {
            let message = "the server does not answer; check the server and the network";
            Trouble::Lost(Error::new(ErrorKind::Unavailable, message))
        };
        if attempts.asks {
            let connection = self.connection().await?;
            let asked: Vec<(&Commit, Option<&Step>)> =
                jobs.iter().map(|job| (&job.commit, job.step.as_ref())).collect();
            let reading = facts::read(connection, &log.statements, &asked);
            let found = timeout(limit, reading).await.map_err(|_| silent())??;
            let mut left = Vec::new();
            for (job, found) in jobs.drain(..).zip(found) {
                match found.answer(&job.commit, job.step.as_ref()) {
                    // The step is recorded: by the attempt whose answer was lost, or by an equal step.
                    Some(Err(_))
                        if job.is_unknown
                            && job.commit.events().is_empty()
                            && found.facts.tracked == job.step.as_ref().map(Step::to) =>
                    {
                        let receipt = Receipt::new(job.commit.id());
                        job.answer.give(Ok(receipt));
                    }
                    // An attempt of this call may have stored it.
                    Some(Ok(receipt)) if job.is_unknown => job.answer.give(Ok(receipt.maybe_own())),
                    Some(answer) => job.answer.give(answer),
                    None => left.push(job),
                }
            }
            *jobs = left;
            if let Some(error) = attempts.failed.take() {
                return Err(Trouble::Failed(error));
            }
            if jobs.is_empty() {
                return Ok(());
            }
        }
        let is_first = attempts.count == 0;
        let mut nothing = Known::default();
        self.connection().await?;
        let connection = self.connection.as_ref().ok_or_else(|| Trouble::Absent(error::closed()))?;
        let views = Within::of(connection, log);
        // A pooler gives each statement another session. Later attempts trust nothing. A transaction with views may be rolled
        // back after its events were stored.
        let known = if is_first && !self.core.way.options().is_pooled && views.is_empty() {
            self.known.entry(log.statements.append.one.number).or_default()
        } else {
            &mut nothing
        };
        let inserting = insert(connection, &log.statements, jobs, is_first, known);
        let receipts = if views.is_empty() {
            timeout(limit, inserting).await
        } else {
            timeout(limit, views.append(inserting)).await
        };
        let receipts = receipts.map_err(|_| if views.may_be_stored() { silent() } else { slow() })??;
        for (job, receipt) in jobs.drain(..).zip(receipts) {
            job.answer.give(Ok(receipt));
        }
        self.core.tell();
        Ok(())
    }

    async fn connection(&mut self) -> Result<&Arc<Connection>, Trouble> {
        if self.connection.as_ref().is_none_or(|connection| connection.is_closed()) {
            self.connection = None;
            self.known.clear();
            let made = self.core.way.connect(None).await;
            self.connection = Some(Arc::new(made.map_err(Trouble::Absent)?));
        }
        self.connection.as_ref().ok_or_else(|| Trouble::Absent(error::closed()))
    }

    /// Ends the connection at once, whatever is under way on it.
    fn leave(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.abandon();
        }
    }

    /// Looks for the reason why the server stores nothing though no fact stands against it.
    async fn why(&self, job: Option<&Job>) -> Option<Error> {
        let (connection, job) = (self.connection.as_ref()?, job?);
        timeout(GRACE, check::order(connection, &job.log.statements)).await.ok()?.err()
    }

    /// Decides how to go on after trouble; returns the jobs for another attempt.
    async fn after(&mut self, trouble: Trouble, mut jobs: Vec<Job>, attempts: &mut Attempts) -> Vec<Job> {
        attempts.count += 1;
        let had_asked = std::mem::replace(&mut attempts.asks, true);
        let error = match trouble {
            Trouble::ByFacts(error) => {
                // The more often groups are refused, the longer the facts come first.
                self.last_wary = if self.wary > 0 { WARY.min(self.last_wary * 2) } else { 2 };
                self.wary = self.last_wary;
                let most = if jobs.len() > 1 { TOGETHER } else { ALONE };
                if attempts.count < most {
                    return jobs;
                }
                self.why(jobs.first()).await.unwrap_or(error)
            }
            Trouble::Absent(error) if error.kind() != ErrorKind::Unavailable => {
                for job in jobs {
                    fail(job, &error);
                }
                return Vec::new();
            }
            Trouble::Absent(error) => {
                let patience = ABSENCE.saturating_sub(attempts.began.elapsed());
                jobs = in_time(jobs, &error, patience);
                sleep(pause(attempts.count)).await;
                return jobs;
            }
            Trouble::Anew(error) => {
                self.leave();
                jobs = in_time(jobs, &error, Duration::MAX);
                sleep(pause(attempts.count)).await;
                return jobs;
            }
            Trouble::Again(error) => {
                jobs = in_time(jobs, &error, Duration::MAX);
                sleep(pause(attempts.count)).await;
                return jobs;
            }
            Trouble::Lost(error) => {
                self.leave();
                for job in &mut jobs {
                    job.is_unknown = true;
                }
                jobs = in_time(jobs, &error, Duration::MAX);
                sleep(pause(attempts.count)).await;
                return jobs;
            }
            Trouble::Failed(error) => {
                if jobs.len() == 1 && !had_asked {
                    // A constraint of the user may refuse a commit that was done before.
                    attempts.failed = Some(error);
                    return jobs;
                }
                error
            }
        };
        if jobs.len() > 1 {
            let others = jobs.split_off(jobs.len() / 2);
            for half in [jobs, others] {
                Box::pin(self.do_all(half, true)).await;
            }
        } else if let Some(job) = jobs.pop() {
            if job.is_unknown {
                fail(job, &error);
            } else {
                // With its source, which is the user's own if a view does not take the events.
                job.answer.give(Err(error));
            }
        }
        Vec::new()
    }
}

/// Gives up the jobs whose time is over, and those that were never sent, once patience is.
fn in_time(jobs: Vec<Job>, error: &Error, patience: Duration) -> Vec<Job> {
    let now = Instant::now();
    let is_in_time = |job: &Job| job.until > now && (job.is_unknown || !patience.is_zero());
    let (left, over): (Vec<_>, Vec<_>) = jobs.into_iter().partition(is_in_time);
    for job in over {
        fail(job, error);
    }
    left
}

/// Answers a job with an error. Of a commit that may be stored, no error but its own fate is an answer.
fn fail(job: Job, error: &Error) {
    let error = if job.is_unknown { error::unknown(error) } else { Shared::new(error).copy() };
    job.answer.give(Err(error));
}

/// Reports a transaction whose time is over before its end is sent.
fn slow() -> Trouble {
    let message = "an inline view takes too long, or the server does not answer; nothing is stored; check the handlers, the \
                   server and the network";
    Trouble::Anew(Error::new(ErrorKind::Timeout, message))
}

/// Returns the pause before another attempt.
fn pause(count: u32) -> Duration {
    Duration::from_millis(5 << count.min(6))
}

/// Returns whether a commit contradicts itself.
fn is_odd(commit: &Commit) -> bool {
    if commit.events().len() == 1 && commit.keys().is_empty() {
        return false;
    }
    let mut places: Vec<_> = commit.events().iter().map(|event| (event.id, event.version)).collect();
    places.sort_unstable();
    places.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
        || check_keys(commit, &std::collections::HashMap::new()).is_err()
}

/// Stores the commits of all jobs by one statement, or none of them.
async fn insert(
    connection: &Connection,
    statements: &Statements,
    jobs: &[Job],
    is_first: bool,
    known: &mut Known,
) -> Result<Vec<Receipt>, Trouble> {
    let table = &statements.events_table;
    for event in jobs.iter().flat_map(|job| job.commit.events()) {
        table.check_values(event).map_err(Trouble::Failed)?;
    }
    let failed = |cause| statements.trouble(cause);
    let commits: Vec<&Commit> = jobs.iter().map(|job| &job.commit).collect();
    if let [Job { commit, step, .. }] = jobs
        && is_first
        && let Some(one) = One::of(commit, step.as_ref(), table, known).map_err(Trouble::Failed)?
    {
        let text = if one.looks() { &statements.append.one } else { &statements.append.next };
        let rows = connection.query(text, &one.parameters()).await.map_err(failed)?;
        let row = rows.first().ok_or_else(refused)?;
        let base = value::<i64>(row, 0).ok_or_else(refused)?;
        known.add(value(row, 1), places(jobs));
        return receipts(commits, base).map_err(Trouble::Failed);
    }
    let step = jobs.iter().find_map(|job| job.step.as_ref());
    let batch = Batch::of(&commits, step, table, known).map_err(Trouble::Failed)?;
    let text = statements.append.of(batch.shape());
    let rows = connection.query(text, &batch.parameters()).await.map_err(failed)?;
    let row = rows.first().ok_or_else(refused)?;
    match (value::<i64>(row, 0), value::<bool>(row, 1)) {
        (Some(base), Some(true)) => {
            known.add(value(row, 2), places(jobs));
            receipts(commits, base).map_err(Trouble::Failed)
        }
        // Only a statement without events can come here: an event without a position is refused.
        _ => Err(refused()),
    }
}

/// Returns the places of the events of all jobs.
fn places(jobs: &[Job]) -> impl Iterator<Item = (Uuid, Version)> {
    jobs.iter().flat_map(|job| job.commit.events()).map(|event| (event.id, event.version))
}

/// Reports that the statement stored nothing, if no fact tells why.
fn refused() -> Trouble {
    Trouble::ByFacts(Error::new(
        ErrorKind::Unavailable,
        "the server stored nothing of the commit, though nothing stands against it; something else takes its places, or \
         the role may not read the sequence of the log; try again, or grant it USAGE on the sequence",
    ))
}

/// The outcome of a commit that needs no server.
pub(super) fn of_nothing(commit: &Commit, step: Option<&Step>) -> Option<Outcome> {
    let is_empty = commit.events().is_empty() && commit.keys().is_empty() && step.is_none();
    is_empty.then(|| Ok(Receipt::new(commit.id())))
}
