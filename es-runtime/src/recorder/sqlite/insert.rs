//! Inserting: a commit goes into the tables, and their constraints decide whether to refuse it.

use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection, Statement, params};

use super::statements::Statements;
use super::{error, facts};
use crate::error::{Conflict, Error, ErrorKind};
use crate::id::{Mark, Position, Slice};
use crate::recorder::verdict::{check_keys, preceding};
use crate::recorder::{ColumnType, Commit, Receipt, Step, StoredKey};
use crate::stored_event::{ColumnValue, StoredEvent};

/// The reason why a commit is not in the tables.
pub(super) enum Refusal {
    /// A stored fact stands against the commit, or the commit was done before: the facts decide.
    ByFacts(Error),
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Returns whether a commit is a single statement, which is atomic by itself.
pub(super) fn is_one_statement(commit: &Commit, step: Option<&Step>) -> bool {
    commit.events().len() == 1 && step.is_none() && commit.keys().is_empty()
}

/// Inserts the one event of a commit by [a single statement](is_one_statement). The table refuses the event if its
/// aggregate has a data key, or lacks the event before it.
pub(super) fn one(
    connection: &Connection,
    statements: &Statements,
    commit: &Commit,
) -> Result<Receipt, Refusal> {
    let mut statement = prepare(connection, &statements.insert_alone)?;
    let before = preceding(commit).pop().map(|(_, before)| i64::from(before));
    statement.raw_bind_parameter(statements.width() + 1, before).map_err(error::of("store the events"))?;
    insert_rows(connection, statements, (&mut statement, commit), commit.events())?;
    Ok(receipt(connection, commit))
}

/// Inserts a commit with its keys and step. Call it in a transaction that is rolled back if it fails.
pub(super) fn whole(
    connection: &Connection,
    statements: &Statements,
    commit: &Commit,
    step: Option<&Step>,
) -> Result<Receipt, Refusal> {
    if let Some(step) = step {
        take_step(connection, statements, step)?;
    }
    check_gaps(connection, statements, commit)?;
    if let Some(text) = keyless(statements, commit) {
        // The statement leaves out the rows of an aggregate that has a data key, or is forgotten: the facts decide.
        let mut statement = prepare(connection, text)?;
        insert_rows(connection, statements, (&mut statement, commit), commit.events())?;
        return Ok(receipt(connection, commit));
    }
    check_keys(commit, &facts::keys(connection, statements, commit)?).map_err(Refusal::ByFacts)?;
    for key in commit.keys() {
        insert_key(connection, statements, key)?;
    }
    if commit.events().is_empty() {
        return Ok(Receipt::new(commit.id()));
    }
    events(connection, statements, commit)?;
    Ok(receipt(connection, commit))
}

/// Returns the single statement that inserts all events of a commit and checks for a data key, if they are few and of
/// one aggregate.
fn keyless<'s>(statements: &'s Statements, commit: &Commit) -> Option<&'s str> {
    let (first, others) = commit.events().split_first()?;
    let is_of_one = commit.keys().is_empty() && others.iter().all(|event| event.id == first.id);
    is_of_one.then(|| statements.insert_keyless(commit.events().len()))?
}

/// Refuses a commit that leaves a forbidden gap.
pub(super) fn check_gaps(
    connection: &Connection,
    statements: &Statements,
    commit: &Commit,
) -> Result<(), Refusal> {
    match facts::missing(connection, statements, commit)?.into_iter().next() {
        None => Ok(()),
        // The facts make a better error.
        Some((id, before)) => Err(Refusal::ByFacts(Conflict::version(id, before.next(), None).into())),
    }
}

/// Inserts the events of a commit, many rows by one statement.
pub(super) fn events(
    connection: &Connection,
    statements: &Statements,
    commit: &Commit,
) -> Result<(), Refusal> {
    let mut left = commit.events();
    while !left.is_empty() {
        let (text, many) = statements.insert(left.len());
        let mut statement = prepare(connection, text)?;
        while let Some((rows, rest)) = left.split_at_checked(many) {
            insert_rows(connection, statements, (&mut statement, commit), rows)?;
            left = rest;
        }
    }
    Ok(())
}

/// Inserts rows of a commit by one run of a statement.
fn insert_rows(
    connection: &Connection,
    statements: &Statements,
    (statement, commit): (&mut Statement<'_>, &Commit),
    rows: &[StoredEvent],
) -> Result<(), Refusal> {
    for (number, event) in rows.iter().enumerate() {
        statements.events_table.check_values(event)?;
        bind(statement, statements, commit, event, number).map_err(error::of("store the events"))?;
    }
    match run(connection, statements, statement, commit)? {
        inserted if inserted < rows.len() => Err(Refusal::ByFacts(left_out(inserted, rows.len()))),
        _ => Ok(()),
    }
}

#[cold]
fn left_out(inserted: usize, given: usize) -> Error {
    let message = format!(
        "the table of events took {inserted} of {given} rows, and nothing is stored: a trigger of your own leaves rows out; \
         let it refuse them with RAISE(ABORT), or drop it"
    );
    Error::new(ErrorKind::Schema, message)
}

fn prepare<'c>(connection: &'c Connection, text: &str) -> Result<CachedStatement<'c>, Error> {
    connection.prepare_cached(text).map_err(error::of("store the events"))
}

/// Returns the receipt of events that were just inserted: row numbers follow each other within a transaction.
fn receipt(connection: &Connection, commit: &Commit) -> Receipt {
    let last = connection.last_insert_rowid().unsigned_abs();
    let first = last.saturating_sub(commit.events().len() as u64 - 1);
    let positions = Position::new(first).zip(Position::new(last));
    positions.map_or(Receipt::new(commit.id()), |(first, last)| Receipt::at(commit.id(), first, last))
}

/// Runs a statement that inserts rows; returns their number.
fn run(
    connection: &Connection,
    statements: &Statements,
    statement: &mut Statement<'_>,
    commit: &Commit,
) -> Result<usize, Refusal> {
    let commits = connection.is_autocommit();
    statement.raw_execute().map_err(|cause| {
        if statements.is_taken(&cause) || statements.is_guarded(&cause) {
            // The facts name the event; this error stands if the row is gone by then.
            let id = commit.events().first().map(|event| (event.id, event.version));
            let conflict = id.map(|(id, version)| Conflict::version(id, version, None).into());
            return Refusal::ByFacts(conflict.unwrap_or_else(|| error::of("store the events")(cause)));
        }
        // Without a transaction around it, the statement is also the commit.
        let failed = if commits { error::committing(cause) } else { error::of("store the events")(cause) };
        // A constraint of the user may refuse a commit that was done before.
        if failed.kind() == ErrorKind::Invalid { Refusal::ByFacts(failed) } else { Refusal::Failed(failed) }
    })
}

fn bind(
    statement: &mut Statement<'_>,
    statements: &Statements,
    commit: &Commit,
    event: &StoredEvent,
    number: usize,
) -> rusqlite::Result<()> {
    let mut at = number * statements.width();
    let mut next = || {
        at += 1;
        at
    };
    statement.raw_bind_parameter(next(), event.id.as_bytes().as_slice())?;
    statement.raw_bind_parameter(next(), i64::from(event.version))?;
    statement.raw_bind_parameter(next(), event.topic.as_str())?;
    statement.raw_bind_parameter(next(), &*event.state)?;
    statement.raw_bind_parameter(next(), commit.id().uuid().as_bytes().as_slice())?;
    statement.raw_bind_parameter(next(), Slice::of(event.id).get())?;
    statement.raw_bind_parameter(next(), commit.is_once())?;
    for (column, of) in &statements.own {
        let at = next();
        match event.columns.get(column) {
            None | Some(ColumnValue::Null) => statement.raw_bind_parameter(at, Null)?,
            // A number that does not fit counts as no number.
            Some(ColumnValue::Real(_)) if *of == ColumnType::Integer => {
                statement.raw_bind_parameter(at, Null)?;
            }
            Some(ColumnValue::Integer(number)) => statement.raw_bind_parameter(at, number)?,
            Some(ColumnValue::Real(number)) => statement.raw_bind_parameter(at, number)?,
            Some(ColumnValue::Text(text)) => statement.raw_bind_parameter(at, text)?,
            Some(ColumnValue::Bytes(bytes)) => statement.raw_bind_parameter(at, bytes)?,
        }
    }
    Ok(())
}

/// Stores the data key of an aggregate, if it is its first; the keys were checked before.
fn insert_key(connection: &Connection, statements: &Statements, key: &StoredKey) -> Result<(), Error> {
    let failed = error::of("store the data key");
    let (Some(id), Some(wrapped)) = (key.key(), key.wrapped()) else {
        return Err(Error::forgotten(key.aggregate()));
    };
    let mut statement = connection.prepare_cached(&statements.insert_key).map_err(&failed)?;
    let (aggregate, id) = (key.aggregate(), id.to_bytes());
    let row = params![aggregate.as_bytes().as_slice(), id.as_slice(), wrapped];
    statement.execute(row).map(drop).map_err(&failed)
}

/// Records a step, if it begins at the recorded place of the reader.
fn take_step(connection: &Connection, statements: &Statements, step: &Step) -> Result<(), Refusal> {
    let failed = error::of("store the tracking");
    let cursor = step.cursor();
    let number = |mark: Mark| i64::try_from(mark.position().get()).unwrap_or(i64::MAX);
    let slices = (cursor.slices.first().get(), cursor.slices.last().get());
    let (to, commit) = (number(step.to()), step.to().commit().uuid());
    let text = if step.from().is_some() { &statements.next_step } else { &statements.first_step };
    let mut statement = connection.prepare_cached(text).map_err(&failed)?;
    let (consumer, upstream) = (cursor.consumer.as_str(), cursor.upstream.as_str());
    let done = match step.from() {
        None => statement.execute(params![
            consumer,
            upstream,
            slices.0,
            slices.1,
            to,
            commit.as_bytes().as_slice()
        ]),
        Some(from) => statement.execute(params![
            consumer,
            upstream,
            slices.0,
            slices.1,
            to,
            commit.as_bytes().as_slice(),
            number(from),
            from.commit().uuid().as_bytes().as_slice()
        ]),
    };
    if done.map_err(&failed)? > 0 {
        return Ok(());
    }
    let conflict = Conflict::tracking(cursor.consumer.clone(), cursor.upstream.clone(), step.from(), None);
    Err(Refusal::ByFacts(conflict.into()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::id::{Name, Version};
    use crate::recorder::Tables;
    use crate::recorder::sqlite::SqliteOptions;
    use crate::wait::Wait;

    #[test]
    fn an_event_that_lacked_the_one_before_conflicts_also_if_that_is_stored_by_now() {
        let database = SqliteOptions::in_memory().open().unwrap();
        let recorder = database.recorder(&Tables::default()).unwrap();
        let statements = Arc::clone(&recorder.statements);
        let topic = Name::new("Topic").unwrap();
        let event = move |version: u32| {
            StoredEvent::of(Uuid::nil(), Version::from(version), topic.clone(), b"{}".to_vec())
        };
        let answer = database.on_writer(move |connection| {
            let follower = Commit::new(vec![event(3)]).without_gaps();
            let Err(Refusal::ByFacts(otherwise)) = one(connection, &statements, &follower) else {
                panic!("an event without the one before is stored")
            };
            // Another process removes the conflict before the facts are read.
            assert!(events(connection, &statements, &Commit::new(vec![event(1), event(2)])).is_ok());
            facts::refused(connection, &statements, &follower, None, otherwise)
        });
        assert_eq!(answer.wait().unwrap_err().kind(), ErrorKind::Conflict);
    }
}
