//! Audits the remains: the log, as it stands in the table, against the records of the writers.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::counts::Counts;
use super::plan::{Plan, has_data_key};
use super::record::{Answer, Line, read_all};
use super::row::Row;
use super::scene::Scene;

/// The times between which another server took the place of the first, as a backup had it.
#[derive(Clone, Copy)]
pub(crate) struct Restored {
    /// The backup has all that was stored before.
    pub(crate) copied_from: u64,
    /// All later answers come from the other server.
    pub(crate) served_from: u64,
}

/// The outcome of a commit, as its writer knows it.
pub(crate) struct Fate {
    pub(crate) plan: Plan,
    pub(crate) began: u64,
    pub(crate) answers: Vec<Answer>,
}

pub(crate) struct Audit {
    pub(crate) log: Vec<Row>,
    /// The first and the number of the events of each commit.
    pub(crate) commits: HashMap<Uuid, (usize, usize)>,
    places: HashMap<(Uuid, u64), Uuid>,
    pub(crate) fates: HashMap<Uuid, Fate>,
    pub(crate) restored: Option<Restored>,
    pub(crate) counts: Counts,
}

impl Audit {
    pub(crate) fn new(scene: &Scene, restored: Option<Restored>) -> Self {
        let log = scene.log();
        let mut fates = HashMap::new();
        for line in read_all(scene.folder.path()) {
            match line {
                Line::Try(began, plan) => {
                    let commit = plan.commit.uuid();
                    fates.insert(commit, Fate { plan, began, answers: Vec::new() });
                }
                Line::Answer(commit, answer) => {
                    fates.get_mut(&commit.uuid()).expect("it was tried").answers.push(answer);
                }
            }
        }
        let places = log.iter().map(|row| ((row.id, row.version), row.commit)).collect();
        let counts = Counts { events: log.len() as u64, ..Counts::default() };
        let mut audit = Self { log, commits: HashMap::new(), places, fates, restored, counts };
        audit.the_log();
        audit.the_answers();
        audit.the_tables(scene);
        audit
    }

    /// Counts a wrong answer, and prints it.
    pub(crate) fn wrong(&mut self, text: &str) {
        println!("wrong: {text}");
        self.counts.faults.wrong += 1;
    }

    /// Checks that commits stand in one piece and as they were planned, and that the versions of aggregates grow.
    fn the_log(&mut self) {
        let faults = &mut self.counts.faults;
        let mut newest: HashMap<Uuid, u64> = HashMap::new();
        for row in &self.log {
            let known = newest.entry(row.id).or_default();
            faults.reversed += u64::from(row.version != *known + 1);
            *known = row.version.max(*known);
        }
        let (mut first, mut wrong) = (0, Vec::new());
        for piece in self.log.chunk_by(|one, other| one.commit == other.commit) {
            let commit = piece[0].commit;
            if self.commits.insert(commit, (first, piece.len())).is_some() {
                let ats: HashSet<u64> =
                    self.log.iter().filter(|row| row.commit == commit).map(|row| row.at).collect();
                let many = self.log.iter().filter(|row| row.commit == commit).count();
                faults.twice += u64::from(ats.len() < many);
                faults.mixed += u64::from(ats.len() == many);
            } else if let Some(fate) = self.fates.get(&commit) {
                let planned: Vec<(Uuid, u64)> = fate.plan.places().collect();
                let stored: Vec<(Uuid, u64)> = piece.iter().map(|row| (row.id, row.version)).collect();
                let is_in_order = (0..).zip(piece).all(|(at, row)| row.at == at);
                faults.mixed += u64::from(planned != stored || !is_in_order);
            } else {
                wrong.push(commit);
            }
            first += piece.len();
        }
        self.counts.commits = self.commits.len() as u64;
        for commit in wrong {
            self.wrong(&format!("{commit} is stored, and nobody tried it"));
        }
    }

    /// Checks the answers to the writers against the log.
    fn the_answers(&mut self) {
        let fates = std::mem::take(&mut self.fates);
        for (commit, fate) in &fates {
            let is_stored = self.commits.contains_key(commit);
            for answer in &fate.answers {
                match answer {
                    Answer::Stored { first, last, is_repeated, end } => {
                        self.stored(*commit, (*first, *last), *end);
                        self.counts.found_stored += u64::from(*is_repeated);
                    }
                    Answer::Taken { id, begins, found, end } => {
                        self.counts.conflicts += 1;
                        self.taken(*commit, (*id, *begins), *found, *end);
                    }
                    Answer::Behind { .. } if self.restored.is_some() => self.counts.conflicts += 1,
                    Answer::Behind { .. } => self.wrong(&format!("the step of {commit} is refused")),
                    Answer::Refused | Answer::Raised => self.counts.refused += 1,
                    Answer::Unknown => self.counts.unknown += 1,
                    Answer::Wrong(text) => self.wrong(text),
                }
                let is_refusal =
                    !matches!(answer, Answer::Stored { .. } | Answer::Unknown | Answer::Wrong(_));
                if is_refusal && is_stored {
                    self.wrong(&format!(
                        "{commit} is stored, and its writer was told `{}`",
                        answer.text(*commit)
                    ));
                }
            }
        }
        self.fates = fates;
    }

    fn stored(&mut self, commit: Uuid, places: (u64, u64), end: u64) {
        let found = self.commits.get(&commit).map(|(first, many)| {
            let position = |at: usize| self.log.get(at).map_or(0, |row| row.position);
            (position(*first), position(first + many - 1))
        });
        // The backup may be older than the answer.
        let may_be_gone = self.restored.is_some_and(|at| at.copied_from < end && end < at.served_from);
        match found {
            None => self.counts.faults.lost += u64::from(!may_be_gone),
            // It was stored again after it was gone.
            Some(found) if found != places && may_be_gone => {}
            Some(found) if found != places => {
                self.wrong(&format!("the receipt of {commit} says {places:?}, and it stands at {found:?}"));
            }
            Some(_) => {}
        }
    }

    fn taken(&mut self, commit: Uuid, place: (Uuid, u64), found: u64, end: u64) {
        if self.restored.is_some_and(|at| end < at.served_from || found + 1 < place.1) {
            // By events that are gone; or the commit follows some.
            return;
        }
        if found < place.1 || self.places.get(&place).is_none_or(|other| *other == commit) {
            self.wrong(&format!(
                "{commit} is refused for {place:?}, which nobody took; the newest was {found}"
            ));
        }
    }

    /// Checks that steps and data keys are stored with the events, and not without.
    fn the_tables(&mut self, scene: &Scene) {
        let mut stepped: HashMap<&str, u64> = HashMap::new();
        for (commit, fate) in &self.fates {
            if let Some(pace) = fate.plan.pace.as_ref().filter(|_| self.commits.contains_key(commit)) {
                self.counts.steps += 1;
                let last = stepped.entry(&pace.consumer).or_default();
                *last = pace.to.max(*last);
            }
        }
        let mut expected: Vec<String> =
            stepped.iter().map(|(consumer, last)| format!("{consumer} {last}")).collect();
        let schema = &scene.schema;
        let mut found = scene.by_hand(&format!("SELECT consumer || ' ' || position FROM {schema}.tracking"));
        expected.sort();
        found.sort();
        if expected != found {
            self.wrong(&format!("the steps are {found:?}, and should be {expected:?}"));
        }
        let expected: HashSet<Uuid> = self.log.iter().map(|row| row.id).filter(has_data_key).collect();
        let keys = scene.by_hand(&format!("SELECT id FROM {schema}.data_keys"));
        let found: HashSet<Uuid> = keys.iter().map(|id| id.parse().expect("it is an id")).collect();
        if expected != found {
            self.wrong(&format!(
                "{} aggregates need data keys, and {} have one",
                expected.len(),
                found.len()
            ));
        }
    }
}
