//! The facts about commits, for the verdict on each.

use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::slices;
use super::connection::Connection;
use super::rows::{corrupt, value};
use super::statements::Statements;
use super::trouble::Trouble;
use crate::error::Error;
use crate::id::{CommitId, DataKeyId, Mark, Name, Position, Version};
use crate::recorder::verdict::{Facts, KeyFact, Taken, Verdict, judge, preceding, version_conflict};
use crate::recorder::{Commit, Receipt, Step, StoredKey};

/// The facts about one commit, with the newest versions of its aggregates.
pub(super) struct Found {
    pub(super) facts: Facts,
    newest: HashMap<Uuid, Version>,
}

impl Found {
    /// Returns the answer to the commit, or `None` if no fact stands against it.
    pub(super) fn answer(&self, commit: &Commit, step: Option<&Step>) -> Option<Result<Receipt, Error>> {
        match judge(commit, step, &self.facts) {
            Verdict::Done(receipt) => Some(Ok(receipt)),
            Verdict::Refused(error) => Some(Err(error)),
            Verdict::Version { id, begins } => {
                Some(Err(version_conflict(id, begins, self.newest.get(&id).copied())))
            }
            Verdict::Store => None,
        }
    }
}

/// The questions about several commits, as arrays.
#[derive(Default)]
struct Questions<'a> {
    ids: Vec<Uuid>,
    versions: Vec<i64>,
    before_ids: Vec<Uuid>,
    before_versions: Vec<i64>,
    touched: Vec<Uuid>,
    consumers: Vec<&'a str>,
    upstreams: Vec<&'a str>,
    first_slices: Vec<i16>,
    last_slices: Vec<i16>,
    /// The commit of each event, of each place before one, of each aggregate, of each step.
    asked: [Vec<usize>; 4],
    /// The place of each event in its commit.
    places: Vec<usize>,
}

impl<'a> Questions<'a> {
    fn of(jobs: &[(&'a Commit, Option<&'a Step>)]) -> Self {
        let mut made = Self::default();
        let [events, befores, aggregates, steps] = &mut made.asked;
        for (number, (commit, step)) in jobs.iter().enumerate() {
            for (place, event) in commit.events().iter().enumerate() {
                made.ids.push(event.id);
                made.versions.push(event.version.into());
                made.places.push(place);
                events.push(number);
            }
            for (id, version) in preceding(commit) {
                made.before_ids.push(id);
                made.before_versions.push(version.into());
                befores.push(number);
            }
            let mut ids: Vec<Uuid> = commit.events().iter().map(|event| event.id).collect();
            ids.extend(commit.keys().iter().map(StoredKey::aggregate));
            ids.sort_unstable();
            ids.dedup();
            aggregates.extend(ids.iter().map(|_| number));
            made.touched.extend(ids);
            if let Some(step) = step {
                let cursor = step.cursor();
                let [first, last] = slices(cursor.slices);
                made.consumers.push(&cursor.consumer);
                made.upstreams.push(&cursor.upstream);
                made.first_slices.push(first);
                made.last_slices.push(last);
                steps.push(number);
            }
        }
        made
    }
}

/// Reads the facts about commits, all in one look at the tables.
pub(super) async fn read(
    connection: &Connection,
    statements: &Statements,
    jobs: &[(&Commit, Option<&Step>)],
) -> Result<Vec<Found>, Trouble> {
    let asked = Questions::of(jobs);
    let rows = connection
        .query(
            &statements.facts,
            &[
                &asked.ids,
                &asked.versions,
                &asked.before_ids,
                &asked.before_versions,
                &asked.touched,
                &asked.consumers,
                &asked.upstreams,
                &asked.first_slices,
                &asked.last_slices,
            ],
        )
        .await
        .map_err(Trouble::of_read)?;
    let mut found: Vec<Found> = jobs
        .iter()
        .map(|(commit, _)| Found {
            facts: Facts { taken: vec![None; commit.events().len()], ..Facts::default() },
            newest: HashMap::new(),
        })
        .collect();
    for row in &rows {
        add(&mut found, &asked, row).map_err(Trouble::Failed)?;
    }
    Ok(found)
}

fn add(found: &mut [Found], asked: &Questions<'_>, row: &Row) -> Result<(), Error> {
    let wrong = || corrupt("the answer about a commit", "columns of another type");
    let what: i16 = value(row, 0).ok_or_else(wrong)?;
    // The server counts from 1.
    let at =
        value::<i64>(row, 1).and_then(|at| usize::try_from(at.checked_sub(1)?).ok()).ok_or_else(wrong)?;
    let [events, befores, aggregates, steps] = &asked.asked;
    let of = |numbers: &[usize]| numbers.get(at).copied().ok_or_else(wrong);
    let mark = || {
        let position = value::<i64>(row, 2).and_then(|number| Position::new(number.try_into().ok()?));
        let commit = value::<Uuid>(row, 3).map(CommitId::from_uuid);
        let wrong = || corrupt("an event", "a commit id, a topic or a position that is none");
        position.zip(commit).map(|(position, commit)| Mark::new(position, commit)).ok_or_else(wrong)
    };
    let aggregate = || asked.touched.get(at).copied().ok_or_else(wrong);
    let place = match what {
        0 => of(events)?,
        1 => of(befores)?,
        2 | 3 => of(aggregates)?,
        _ => of(steps)?,
    };
    let Found { facts, newest } = found.get_mut(place).ok_or_else(wrong)?;
    match what {
        0 => {
            let mark = mark()?;
            let topic = value::<&str>(row, 4).and_then(|topic| Name::new(topic.to_owned()).ok());
            let topic = topic.ok_or_else(|| corrupt("an event", "a topic that is no name"))?;
            let taken =
                asked.places.get(at).and_then(|place| facts.taken.get_mut(*place)).ok_or_else(wrong)?;
            *taken = Some(Taken { commit: mark.commit(), topic, position: mark.position() });
        }
        1 => {
            let id = asked.before_ids.get(at).copied().ok_or_else(wrong)?;
            let version = asked.before_versions.get(at).and_then(|version| Version::try_from(*version).ok());
            facts.missing.insert((id, version.ok_or_else(wrong)?));
        }
        2 => {
            let fact = match value::<&[u8]>(row, 5) {
                None => KeyFact::Forgotten,
                Some(key) => KeyFact::Has(DataKeyId::from_bytes(
                    key.try_into().map_err(|_| corrupt("a data key", "an id that is none"))?,
                )),
            };
            facts.keys.insert(aggregate()?, fact);
        }
        3 => {
            let version = value::<i64>(row, 2).and_then(|version| Version::try_from(version).ok());
            newest.extend(version.map(|version| aggregate().map(|id| (id, version))).transpose()?);
        }
        _ => facts.tracked = Some(mark()?),
    }
    Ok(())
}
