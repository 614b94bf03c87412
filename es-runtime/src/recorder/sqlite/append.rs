//! The writer, which stores commits that arrive together in one transaction, each for itself.

use std::io;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

use super::inline::{Brought, Views};
use super::insert::{self, Refusal, is_one_statement};
use super::place::Place;
use super::statements::Statements;
use super::turns::Turns;
use super::tx::Tx;
use super::{error, facts};
use crate::error::{Error, ErrorKind};
use crate::recorder::group::Worker;
use crate::recorder::{Commit, CommitId, Receipt, Step};
use crate::wait::Bell;

/// A job for the writing connection.
pub(super) enum Job {
    Append(Append),
    /// Other work that needs this connection, and keeps its own answer.
    Use(Box<dyn FnOnce(&mut Tx) + Send>),
}

/// A commit for the tables of one application.
pub(super) struct Append {
    pub(super) statements: Arc<Statements>,
    pub(super) views: Views,
    pub(super) commit: Commit,
    pub(super) step: Option<Step>,
}

impl Append {
    fn is_one_statement(&self) -> bool {
        is_one_statement(&self.commit, self.step.as_ref())
    }

    /// Returns whether the job needs no transaction around its statement.
    fn is_alone(&self) -> bool {
        self.is_one_statement() && self.views.is_empty()
    }
}

type Outcome = Result<Receipt, Error>;

pub(super) struct Writer {
    connection: Tx,
    place: Option<Place>,
    turns: Turns,
    /// The bell that rings after commits.
    bell: Bell,
}

impl Writer {
    pub(super) const fn new(connection: Tx, place: Option<Place>, turns: Turns, bell: Bell) -> Self {
        Self { connection, place, turns, bell }
    }

    /// Appends all jobs in one transaction; if the transaction cannot be committed, all of them fail.
    fn append_all(&self, jobs: &[Append]) -> Vec<Outcome> {
        if let Err(cause) = self.execute("BEGIN IMMEDIATE") {
            let error = Shared::new(&error::of("begin a transaction")(cause));
            return jobs.iter().map(|_| Err(error.copy())).collect();
        }
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            // After some failures SQLite has rolled the transaction back, and no later job may stand alone.
            outcomes.push(if self.connection.is_autocommit() {
                Err(rolled_back())
            } else {
                self.append_one(job)
            });
        }
        let stored = |outcome: &Outcome| outcome.is_ok();
        if self.connection.is_autocommit() {
            lose(&mut outcomes, &Shared::new(&rolled_back()));
        } else if outcomes.iter().any(stored) {
            if let Err(error) = self.commit(jobs) {
                self.roll_back();
                // Nothing is stored, for sure: one job may be at fault, and the others should not suffer for it.
                if jobs.len() > 1 && error.kind() != ErrorKind::OutcomeUnknown {
                    return jobs.iter().map(|job| self.append_alone(job)).collect();
                }
                lose(&mut outcomes, &Shared::new(&error));
            }
        } else {
            self.roll_back();
        }
        outcomes
    }

    /// Brings the views of the jobs up to date, and commits the transaction.
    fn commit(&self, jobs: &[Append]) -> Result<(), Error> {
        let mut brought = Brought::default();
        for Append { statements, views, .. } in jobs.iter().filter(|job| !job.views.is_empty()) {
            brought.bring(&self.connection, statements, views)?;
        }
        self.execute("COMMIT").map_err(error::committing)?;
        brought.committed();
        Ok(())
    }

    /// Appends one of several jobs in a transaction; if the job is refused, nothing of it stays.
    fn append_one(&self, job: &Append) -> Outcome {
        // A single statement is atomic by itself.
        let guarded = !job.is_one_statement();
        if guarded {
            self.execute("SAVEPOINT one").map_err(error::of("begin a transaction"))?;
        }
        let inserted = insert(&self.connection, job);
        if self.connection.is_autocommit() {
            return self.or_done_before(job, inserted);
        }
        if guarded {
            let end = if inserted.is_ok() { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
            self.connection.execute_batch(end).map_err(error::of("end a transaction"))?;
        }
        self.or_done_before(job, inserted)
    }

    /// Appends a job in a transaction of its own; one event without views needs none, since SQLite makes one for the
    /// statement.
    fn append_alone(&self, job: &Append) -> Outcome {
        let inserted = if job.is_alone() { insert(&self.connection, job) } else { self.insert_alone(job) };
        self.or_done_before(job, inserted)
    }

    fn insert_alone(&self, job: &Append) -> Result<Receipt, Refusal> {
        self.execute("BEGIN IMMEDIATE").map_err(error::of("begin a transaction"))?;
        let inserted = insert(&self.connection, job).and_then(|receipt| {
            self.commit(std::slice::from_ref(job))?;
            Ok(receipt)
        });
        if inserted.is_err() {
            self.roll_back();
        }
        inserted
    }

    /// Finds the reason of a refusal, once nothing of the commit is left in the tables.
    fn or_done_before(&self, job: &Append, inserted: Result<Receipt, Refusal>) -> Outcome {
        let Append { statements, commit, step, .. } = job;
        match inserted {
            Ok(receipt) => Ok(receipt),
            Err(Refusal::Failed(error)) => Err(error),
            Err(Refusal::ByFacts(error)) => {
                facts::refused(&self.connection, statements, commit, step.as_ref(), error)
            }
        }
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            // If the rollback fails, the next transaction cannot begin, and reports that.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

impl Worker for Writer {
    type Job = Job;
    type Outcome = Outcome;

    fn run(&mut self, jobs: Vec<Job>) -> Vec<Outcome> {
        // Checked before: the writer stores nothing in a file that is gone from its path.
        if let Some(Err(error)) = self.place.as_ref().map(Place::check) {
            let error = Shared::new(&error);
            return jobs.iter().map(|_| Err(error.copy())).collect();
        }
        // A transaction that somebody left open would take what follows with it.
        self.roll_back();
        self.turns.begin();
        let mut outcomes = self.run_all(jobs);
        self.turns.end();
        // Checked after: the writer acknowledges only rows in the file at the path. The file may come back, with all of
        // them.
        if let Some(Err(error)) = self.place.as_ref().map(Place::check) {
            lose(&mut outcomes, &Shared(ErrorKind::OutcomeUnknown, error.to_string()));
        }
        outcomes
    }

    fn broken(&mut self) -> Outcome {
        self.turns.end();
        self.roll_back();
        Err(Error::new(
            ErrorKind::OutcomeUnknown,
            "the store's thread panicked while it worked on this; save again: nothing is stored twice",
        ))
    }

    fn within() -> Outcome {
        Err(Error::new(
            ErrorKind::Invalid,
            "a handler of an inline view called the store that waits for this handler, and would wait for itself; write \
             through the transaction of the handler, or keep the view with a runner, whose handlers may call the store",
        ))
    }

    fn closed() -> Outcome {
        Err(Error::new(ErrorKind::Closed, "the database is closed; open it again"))
    }

    fn unavailable(cause: &io::Error) -> Outcome {
        Err(error::no_thread(cause))
    }
}

impl Writer {
    fn run_all(&mut self, jobs: Vec<Job>) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(jobs.len());
        let mut appends = Vec::new();
        for job in jobs {
            match job {
                Job::Append(job) => appends.push(job),
                Job::Use(run) => {
                    outcomes.extend(self.append_several(&appends));
                    appends.clear();
                    run(&mut self.connection);
                    self.turns.attach(self.connection.connection_mut());
                    outcomes.push(Ok(Receipt::new(CommitId::from_uuid(Uuid::nil()))));
                }
            }
        }
        outcomes.extend(self.append_several(&appends));
        outcomes
    }

    fn append_several(&self, jobs: &[Append]) -> Vec<Outcome> {
        let outcomes = match jobs {
            [] => Vec::new(),
            [one] => vec![self.append_alone(one)],
            several => self.append_all(several),
        };
        if outcomes.iter().flatten().any(|receipt| !receipt.is_repeated()) {
            self.bell.ring_later();
        }
        outcomes
    }
}

fn insert(connection: &Connection, job: &Append) -> Result<Receipt, Refusal> {
    let Append { statements, commit, step, .. } = job;
    if job.is_one_statement() {
        insert::one(connection, statements, commit)
    } else {
        insert::whole(connection, statements, commit, step.as_ref())
    }
}

/// Appends several commits with their steps, in their order and in one transaction: all of them or none.
pub(super) fn in_order(
    connection: &Tx,
    statements: &Statements,
    views: &Views,
    commits: &[(Commit, Step)],
) -> Result<Vec<Receipt>, Error> {
    let ending = error::of("end a transaction");
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
        .map_err(error::of("begin a transaction"))?;
    let mut receipts = Vec::with_capacity(commits.len());
    for (commit, step) in commits {
        transaction.execute_batch("SAVEPOINT one").map_err(&ending)?;
        let refusal = match insert::whole(&transaction, statements, commit, Some(step)) {
            Ok(receipt) => {
                transaction.execute_batch("RELEASE one").map_err(&ending)?;
                receipts.push(receipt);
                continue;
            }
            Err(Refusal::Failed(error)) => return Err(error),
            Err(Refusal::ByFacts(error)) => error,
        };
        if transaction.is_autocommit() {
            return Err(refusal);
        }
        transaction.execute_batch("ROLLBACK TO one; RELEASE one").map_err(&ending)?;
        receipts.push(facts::refused(&transaction, statements, commit, Some(step), refusal)?);
    }
    let mut brought = Brought::default();
    brought.bring(connection, statements, views)?;
    transaction.commit().map_err(error::committing)?;
    brought.committed();
    Ok(receipts)
}

/// Replaces the successes of a transaction that failed as a whole.
fn lose(outcomes: &mut [Outcome], error: &Shared) {
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
        *outcome = Err(error.copy());
    }
}

fn rolled_back() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "another save of the same transaction failed, and with it this one; save again",
    )
}

/// One failure that several callers receive.
struct Shared(ErrorKind, String);

impl Shared {
    fn new(error: &Error) -> Self {
        Self(error.kind(), error.to_string())
    }

    fn copy(&self) -> Error {
        Error::new(self.0, self.1.clone())
    }
}
