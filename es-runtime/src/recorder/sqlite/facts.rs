//! The facts about a commit, for the verdict on it.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::statements::Statements;
use super::{error, select};
use crate::error::Error;
use crate::id::{Name, Position, Version};
use crate::recorder::verdict::{Facts, KeyFact, Taken, Verdict, judge, preceding, version_conflict};
use crate::recorder::{Commit, CommitId, Receipt, Step, StoredKey};
use crate::stored_event::StoredEvent;

/// Returns the receipt of a commit that was done before, or the reason to refuse it, after the table refused the rows.
/// `otherwise` is the error if no fact stands against the commit.
pub(super) fn refused(
    connection: &Connection,
    statements: &Statements,
    commit: &Commit,
    step: Option<&Step>,
    otherwise: Error,
) -> Result<Receipt, Error> {
    let facts = Facts {
        taken: taken(connection, statements, commit.events())?,
        missing: missing(connection, statements, commit)?,
        keys: keys(connection, statements, commit)?,
        tracked: match step {
            Some(step) => select::tracked(connection, statements, step.cursor())?,
            None => None,
        },
    };
    answer(connection, statements, judge(commit, step, &facts), otherwise)
}

/// Judges a notice that the table refused: it brings no keys and needs none. Succeeds if the notice is stored already.
pub(super) fn refused_notice(
    connection: &Connection,
    statements: &Statements,
    commit: &Commit,
    otherwise: Error,
) -> Result<(), Error> {
    let facts = Facts {
        taken: taken(connection, statements, commit.events())?,
        missing: missing(connection, statements, commit)?,
        ..Facts::default()
    };
    answer(connection, statements, judge(commit, None, &facts), otherwise).map(drop)
}

fn answer(
    connection: &Connection,
    statements: &Statements,
    verdict: Verdict,
    otherwise: Error,
) -> Result<Receipt, Error> {
    match verdict {
        Verdict::Done(receipt) => Ok(receipt),
        Verdict::Refused(error) => Err(error),
        Verdict::Version { id, begins } => {
            Err(version_conflict(id, begins, newest(connection, statements, id)?))
        }
        Verdict::Store => Err(otherwise),
    }
}

/// Reads the data keys of the aggregates of a commit. Most databases have no data key, and need no further read.
pub(super) fn keys(
    connection: &Connection,
    statements: &Statements,
    commit: &Commit,
) -> Result<HashMap<Uuid, KeyFact>, Error> {
    let mut found = HashMap::new();
    if !has_keys(connection, statements)? {
        return Ok(found);
    }
    let mut before = None;
    let ids = commit.events().iter().map(|event| event.id);
    for id in ids.chain(commit.keys().iter().map(StoredKey::aggregate)) {
        // Events of one aggregate mostly stand together.
        if before.replace(id) != Some(id)
            && !found.contains_key(&id)
            && let Some(key) = select::key(connection, statements, id)?
        {
            found.insert(id, KeyFact::from(&key));
        }
    }
    Ok(found)
}

/// Returns whether the table of data keys has a row: a key, or the mark of a forgotten aggregate.
pub(super) fn has_keys(connection: &Connection, statements: &Statements) -> Result<bool, Error> {
    let failed = error::of("read the data keys");
    let mut any = connection.prepare_cached(&statements.has_keys).map_err(&failed)?;
    any.query_row([], |row| row.get(0)).map_err(&failed)
}

fn taken(
    connection: &Connection,
    statements: &Statements,
    events: &[StoredEvent],
) -> Result<Vec<Option<Taken>>, Error> {
    let failed = error::of("look for the commit");
    let mut statement = connection.prepare_cached(&statements.taken).map_err(&failed)?;
    let mut found = Vec::with_capacity(events.len());
    for event in events {
        let place = params![event.id.as_bytes().as_slice(), i64::from(event.version)];
        let row = statement.query_row(place, |row| {
            let commit = Uuid::from_slice(row.get_ref(0)?.as_blob()?).ok();
            let position = Position::new(row.get::<_, i64>(2)?.unsigned_abs());
            Ok(commit.zip(position).map(|(commit, position)| (commit, row.get::<_, String>(1), position)))
        });
        found.push(match row.optional().map_err(&failed)? {
            None => None,
            Some(row) => {
                let wrong = || select::corrupt("an event", "a commit id, a topic or a position that is none");
                let (commit, topic, position) = row.ok_or_else(wrong)?;
                let topic = topic.ok().and_then(|topic| Name::new(topic).ok()).ok_or_else(wrong)?;
                Some(Taken { commit: CommitId::from_uuid(commit), topic, position })
            }
        });
    }
    Ok(found)
}

/// Returns the missing ones among the events that the commit follows.
pub(super) fn missing(
    connection: &Connection,
    statements: &Statements,
    commit: &Commit,
) -> Result<HashSet<(Uuid, Version)>, Error> {
    let places = preceding(commit);
    let mut found = HashSet::new();
    if places.is_empty() {
        return Ok(found);
    }
    let failed = error::of("look for the event before");
    let mut statement = connection.prepare_cached(&statements.has_event).map_err(&failed)?;
    for (id, version) in places {
        let place = params![id.as_bytes().as_slice(), i64::from(version)];
        if !statement.query_row(place, |row| row.get::<_, bool>(0)).map_err(&failed)? {
            found.insert((id, version));
        }
    }
    Ok(found)
}

fn newest(connection: &Connection, statements: &Statements, id: Uuid) -> Result<Option<Version>, Error> {
    let failed = error::of("look for the newest version");
    let mut statement = connection.prepare_cached(&statements.newest).map_err(&failed)?;
    let found: Option<i64> =
        statement.query_row([id.as_bytes().as_slice()], |row| row.get(0)).map_err(&failed)?;
    Ok(found.and_then(|found| Version::try_from(found).ok()))
}
