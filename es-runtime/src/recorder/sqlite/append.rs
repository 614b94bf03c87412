//! The writer: commits that came together are stored in one transaction, each for itself.

use std::io;
use std::sync::Arc;

use rusqlite::types::Null;
use rusqlite::{Connection, OptionalExtension, Statement, params};
use uuid::Uuid;

use super::place::Place;
use super::statements::Statements;
use super::turns::Turns;
use super::{error, select};
use crate::error::{Conflict, Error, ErrorKind};
use crate::id::Version;
use crate::recorder::group::Worker;
use crate::recorder::{ColumnType, Commit, Position, Receipt, StoredKey, Tracking};
use crate::stored_event::{ColumnValue, StoredEvent};

/// What the writing connection is asked for.
pub(super) enum Job {
    Append(Append),
    /// Something else that needs this connection; it keeps its own answer.
    Use(Box<dyn FnOnce(&mut Connection) + Send>),
}

/// Events for the tables of one application.
pub(super) struct Append {
    pub(super) statements: Arc<Statements>,
    pub(super) commit: Commit,
    pub(super) tracking: Option<Tracking>,
}

impl Append {
    fn is_one_statement(&self) -> bool {
        self.commit.events().len() == 1 && self.tracking.is_none() && self.commit.keys().is_empty()
    }
}

type Outcome = Result<Receipt, Error>;

pub(super) struct Writer {
    connection: Connection,
    place: Option<Place>,
    turns: Turns,
}

impl Writer {
    pub(super) const fn new(connection: Connection, place: Option<Place>, turns: Turns) -> Self {
        Self { connection, place, turns }
    }

    /// Appends in one transaction; if it cannot be committed, all of them failed.
    fn append_all(&mut self, jobs: &[Append]) -> Vec<Outcome> {
        if let Err(cause) = self.execute("BEGIN IMMEDIATE") {
            let error = Shared::new(&error::of("begin a transaction")(cause));
            return jobs.iter().map(|_| Err(error.copy())).collect();
        }
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            // After some failures SQLite has rolled the transaction back: what follows may not stand alone.
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
            if let Err(cause) = self.execute("COMMIT") {
                let error = error::committing(cause);
                self.roll_back();
                // None is stored, for sure: one may be at fault, and the others may not suffer for it.
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

    /// Appends one of several in a transaction: if it is refused, nothing of it stays.
    fn append_one(&self, job: &Append) -> Outcome {
        // One statement is whole or nothing by itself.
        let guarded = !job.is_one_statement();
        if guarded {
            self.execute("SAVEPOINT one").map_err(error::of("begin a transaction"))?;
        }
        let outcome = self.insert(job);
        if self.connection.is_autocommit() {
            return outcome;
        }
        if guarded {
            let end = if outcome.is_ok() { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
            self.connection.execute_batch(end).map_err(error::of("end a transaction"))?;
        }
        self.or_done_before(job, outcome)
    }

    /// Appends in a transaction of its own; one event needs none, since SQLite makes one for the statement.
    fn append_alone(&self, job: &Append) -> Outcome {
        let outcome = if job.is_one_statement() { self.insert(job) } else { self.insert_alone(job) };
        self.or_done_before(job, outcome)
    }

    fn insert_alone(&self, job: &Append) -> Outcome {
        self.execute("BEGIN IMMEDIATE").map_err(error::of("begin a transaction"))?;
        let outcome = self.insert(job).and_then(|receipt| {
            self.execute("COMMIT").map_err(error::committing)?;
            Ok(receipt)
        });
        if outcome.is_err() {
            self.roll_back();
        }
        outcome
    }

    /// Looks closer at a conflict, once nothing of the refused commit is there any more.
    fn or_done_before(&self, job: &Append, outcome: Outcome) -> Outcome {
        match outcome {
            Err(error) if is_refusal(error.kind()) => self.resolve(&job.statements, &job.commit, error),
            outcome => outcome,
        }
    }

    fn insert(&self, Append { statements, commit, tracking }: &Append) -> Outcome {
        if let Some(tracking) = tracking {
            self.track(statements, tracking)?;
        }
        for key in commit.keys() {
            self.insert_key(statements, key)?;
        }
        if commit.events().is_empty() {
            return Ok(Receipt::new(commit.id()));
        }
        let (first, last) = self.insert_events(statements, commit)?;
        let positions = Position::new(first).zip(Position::new(last));
        Ok(positions.map_or(Receipt::new(commit.id()), |(first, last)| Receipt::at(commit.id(), first, last)))
    }

    /// Returns the row numbers of the first and the last event.
    fn insert_events(&self, statements: &Statements, commit: &Commit) -> Result<(u64, u64), Error> {
        let prepare = |text| self.connection.prepare_cached(text).map_err(error::of("store the events"));
        let mut first_of_aggregate = prepare(&statements.insert_first)?;
        let mut next_of_aggregate = None;
        let commit_id = commit.id().uuid();
        let commits = self.connection.is_autocommit();
        let (mut first, mut last) = (0, 0);
        let mut before = None;
        for event in commit.events() {
            if let Some((unknown, _)) = event.columns.iter().find(|(name, _)| !statements.has_own(name)) {
                return Err(no_column(unknown));
            }
            // Whether an aggregate is forgotten is asked once for what stands together.
            let is_next = before.replace(event.id) == Some(event.id);
            let statement = if is_next {
                match &mut next_of_aggregate {
                    Some(statement) => statement,
                    none => none.insert(prepare(&statements.insert_next)?),
                }
            } else {
                &mut first_of_aggregate
            };
            let has_key = || commit.keys().iter().any(|key| key.id() == event.id);
            let inserted = bind(statement, event, commit_id)
                .and_then(|()| bind_own(statement, statements, event))
                .and_then(|at| if is_next { Ok(()) } else { statement.raw_bind_parameter(at, has_key()) })
                .map_err(error::of("store the events"))
                .map(|()| statement.raw_execute());
            match inserted? {
                Ok(0) => return Err(self.refused(statements, event.id)?),
                Ok(_) => {
                    last = self.connection.last_insert_rowid().unsigned_abs();
                    first = if first == 0 { last } else { first };
                }
                Err(cause) if statements.is_taken(&cause) => {
                    let own = commit.events().iter().find(|other| other.id == event.id);
                    let begins = own.map_or(event.version, |first| first.version);
                    return Err(Conflict::version(event.id, begins, None).into());
                }
                // Without a transaction around it, the statement is also the commit.
                Err(cause) if commits => return Err(error::committing(cause)),
                Err(cause) => return Err(error::of("store the events")(cause)),
            }
        }
        Ok((first, last))
    }

    /// Why an event of this aggregate was not inserted.
    fn refused(&self, statements: &Statements, id: Uuid) -> Result<Error, Error> {
        let is_forgotten = |key: &StoredKey| key.wrapped().is_none();
        let key = select::key(&self.connection, statements, id)?;
        Ok(if key.as_ref().is_some_and(is_forgotten) {
            Error::forgotten(id)
        } else {
            Error::lacks_data_key(id)
        })
    }

    /// Stores the data key of an aggregate, if it is its first.
    fn insert_key(&self, statements: &Statements, key: &StoredKey) -> Result<(), Error> {
        let failed = error::of("store the data key");
        let id = key.id();
        let Some(wrapped) = key.wrapped() else { return Err(Error::forgotten(id)) };
        let mut statement = self.connection.prepare_cached(&statements.insert_key).map_err(&failed)?;
        if statement.execute(params![id.as_bytes().as_slice(), wrapped]).map_err(&failed)? > 0 {
            return Ok(());
        }
        match select::key(&self.connection, statements, id)? {
            Some(known) if known == *key => Ok(()),
            Some(known) if known.wrapped().is_none() => Err(Error::forgotten(id)),
            _ => Err(Conflict::key(id).into()),
        }
    }

    fn track(&self, statements: &Statements, tracking: &Tracking) -> Result<(), Error> {
        let failed = error::of("store the tracking");
        let Tracking { upstream, position } = tracking;
        let number = i64::try_from(position.get()).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(&statements.track).map_err(&failed)?;
        if statement.execute(params![upstream, number]).map_err(&failed)? > 0 {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(&statements.tracked).map_err(&failed)?;
        let found: i64 = statement.query_row([upstream], |row| row.get(0)).map_err(&failed)?;
        Err(Conflict::tracking(upstream.clone(), position.get(), found.unsigned_abs()).into())
    }

    /// Tells a commit that was stored before from one that comes too late.
    fn resolve(&self, statements: &Statements, commit: &Commit, mut conflict: Error) -> Outcome {
        let failed = error::of("look for the commit");
        let mut positions: Vec<u64> = Vec::new();
        let mut statement = self.connection.prepare_cached(&statements.commit_of).map_err(&failed)?;
        let mut is_done = !commit.events().is_empty();
        for event in commit.events() {
            let key = params![event.id.as_bytes().as_slice(), i64::from(event.version)];
            let done = statement.query_row(key, |row| {
                let same = row.get_ref(0)?.as_blob()? == commit.id().uuid().as_bytes()
                    && row.get_ref(1)?.as_str()? == event.topic;
                Ok(same.then_some(row.get::<_, i64>(2)?.unsigned_abs()))
            });
            match done.optional().map_err(&failed)? {
                Some(Some(position)) => positions.push(position),
                // An index of the user's own may have been looked at first.
                Some(None) if conflict.kind() == ErrorKind::Invalid => {
                    let own = commit.events().iter().find(|other| other.id == event.id);
                    let begins = own.map_or(event.version, |first| first.version);
                    conflict = Conflict::version(event.id, begins, None).into();
                    is_done = false;
                    break;
                }
                _ => {
                    is_done = false;
                    if conflict.kind() != ErrorKind::Invalid {
                        break;
                    }
                }
            }
        }
        if is_done {
            let bounds = positions.iter().min().copied().and_then(Position::new);
            let bounds = bounds.zip(positions.iter().max().copied().and_then(Position::new));
            let receipt = bounds.map(|(first, last)| Receipt::at(commit.id(), first, last));
            return Ok(receipt.unwrap_or(Receipt::new(commit.id())).as_repeated());
        }
        let Some(Conflict::Version { id, expected, .. }) = conflict.as_conflict() else {
            return Err(conflict);
        };
        let mut statement = self.connection.prepare_cached(&statements.last_version).map_err(&failed)?;
        let found: Option<i64> =
            statement.query_row([id.as_bytes().as_slice()], |row| row.get(0)).map_err(&failed)?;
        let found = found.and_then(|found| Version::try_from(found).ok());
        Err(Conflict::Version { id: *id, expected: *expected, found }.into())
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            // If even that fails, the next transaction cannot begin, and says so.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

impl Worker for Writer {
    type Job = Job;
    type Outcome = Outcome;

    fn run(&mut self, jobs: Vec<Job>) -> Vec<Outcome> {
        self.turns.begin();
        let mut outcomes = self.run_all(jobs);
        self.turns.end();
        // Asked last: only what is in the file at the path is acknowledged.
        if let Some(Err(error)) = self.place.as_ref().map(Place::check) {
            lose(&mut outcomes, &Shared::new(&error));
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
                    self.turns.attach(&mut self.connection);
                    outcomes.push(Ok(Receipt::new(crate::recorder::CommitId::from_uuid(Uuid::nil()))));
                }
            }
        }
        outcomes.extend(self.append_several(&appends));
        outcomes
    }

    fn append_several(&mut self, jobs: &[Append]) -> Vec<Outcome> {
        match jobs {
            [] => Vec::new(),
            [one] => vec![self.append_alone(one)],
            several => self.append_all(several),
        }
    }
}

fn no_column(name: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the mapper fills a column `{name}`, which the table lacks; add it with `EventTable::with_column`"
        ),
    )
}

/// Whether the commit may have been stored before.
const fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Conflict | ErrorKind::Forgotten | ErrorKind::Config | ErrorKind::Invalid)
}

fn bind(statement: &mut Statement<'_>, event: &StoredEvent, commit: Uuid) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(1, event.id.as_bytes().as_slice())?;
    statement.raw_bind_parameter(2, i64::from(event.version))?;
    statement.raw_bind_parameter(3, event.topic.as_ref())?;
    statement.raw_bind_parameter(4, &*event.state)?;
    statement.raw_bind_parameter(5, commit.as_bytes().as_slice())
}

/// The values of the user's own columns; returns the number of the next parameter.
fn bind_own(
    statement: &mut Statement<'_>,
    statements: &Statements,
    event: &StoredEvent,
) -> rusqlite::Result<usize> {
    let mut at = 6;
    for (column, of) in &statements.own {
        match event.columns.get(column) {
            None | Some(ColumnValue::Null) => statement.raw_bind_parameter(at, Null)?,
            // A number that does not fit is none.
            Some(ColumnValue::Real(_)) if *of == ColumnType::Integer => {
                statement.raw_bind_parameter(at, Null)?;
            }
            Some(ColumnValue::Integer(number)) => statement.raw_bind_parameter(at, number)?,
            Some(ColumnValue::Real(number)) => statement.raw_bind_parameter(at, number)?,
            Some(ColumnValue::Text(text)) => statement.raw_bind_parameter(at, text)?,
            Some(ColumnValue::Bytes(bytes)) => statement.raw_bind_parameter(at, bytes)?,
        }
        at += 1;
    }
    Ok(at)
}

/// What was stored in the transaction is not: it failed as a whole.
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

/// One failure that several callers are told of.
struct Shared(ErrorKind, String);

impl Shared {
    fn new(error: &Error) -> Self {
        Self(error.kind(), error.to_string())
    }

    fn copy(&self) -> Error {
        Error::new(self.0, self.1.clone())
    }
}
