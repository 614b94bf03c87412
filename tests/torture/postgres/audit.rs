//! Audits the remains: the log, as it stands in the table, against the records of writers and readers.

use std::collections::{HashMap, HashSet};

use es_runtime::recorder::Notification;
use uuid::Uuid;

use super::follower::Followed;
use super::plan::{Plan, has_data_key};
use super::record::{Answer, Line, read_all};
use super::scene::Scene;

/// An event in the log. Two are equal if the same event stands at the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) position: u64,
    pub(crate) commit: Uuid,
    id: Uuid,
    version: u64,
    /// The place in its commit, if it was asked for.
    at: u64,
}

impl Row {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        Some(Self {
            position: words.next()?.parse().ok()?,
            commit: words.next()?.parse().ok()?,
            id: words.next()?.parse().ok()?,
            version: words.next()?.parse().ok()?,
            at: words.next()?.parse().ok()?,
        })
    }

    pub(crate) fn of(entry: &Notification) -> Self {
        let (mark, event) = (entry.mark(), &entry.event);
        let version = event.version.get();
        Self { position: mark.position().get(), commit: mark.commit().uuid(), id: event.id, version, at: 0 }
    }

    /// Returns the row as a reader knows it.
    const fn read_one(self) -> Self {
        Self { at: 0, ..self }
    }
}

/// The times between which another server took the place of the first, as a backup had it.
#[derive(Clone, Copy)]
pub(crate) struct Restored {
    /// The backup has all that was stored before.
    pub(crate) copied_from: u64,
    /// All later answers come from the other server.
    pub(crate) served_from: u64,
}

/// The time after an acknowledgement at which a follower has read the commit at the latest, in microseconds.
const STALLED: u64 = 15_000_000;

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) commits: u64,
    pub(crate) events: u64,
    pub(crate) conflicts: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
    /// The commits whose first answer was lost though they were stored: without a repetition, nobody would know it.
    pub(crate) found_stored: u64,
    pub(crate) steps: u64,
    pub(crate) read: u64,
    pub(crate) diverged: u64,
    pub(crate) delays: [u64; 2],
    pub(crate) faults: Faults,
}

/// The faults, in the order of the columns.
#[derive(Default, Debug, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) mixed: u64,
    pub(crate) reversed: u64,
    pub(crate) twice: u64,
    pub(crate) wrong: u64,
    pub(crate) missed: u64,
    pub(crate) stalled: u64,
}

impl Faults {
    fn add(&mut self, other: &Self) {
        let Self { lost, mixed, reversed, twice, wrong, missed, stalled } = other;
        self.lost += lost;
        self.mixed += mixed;
        self.reversed += reversed;
        self.twice += twice;
        self.wrong += wrong;
        self.missed += missed;
        self.stalled += stalled;
    }
}

/// What a writer knows about a commit.
struct Fate {
    plan: Plan,
    began: u64,
    answers: Vec<Answer>,
}

pub(crate) struct Audit {
    pub(crate) log: Vec<Row>,
    /// The first and the number of the events of each commit.
    commits: HashMap<Uuid, (usize, usize)>,
    places: HashMap<(Uuid, u64), Uuid>,
    fates: HashMap<Uuid, Fate>,
    restored: Option<Restored>,
    counts: Counts,
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

    fn wrong(&mut self, text: &str) {
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

    /// Checks that each follower has read exactly the log.
    pub(crate) fn followers(&mut self, followers: &[Followed]) {
        for follower in followers {
            self.counts.read += follower.read;
            self.counts.diverged += follower.diverged.len() as u64;
            follower.wrong.iter().for_each(|text| self.wrong(text));
            for mark in &follower.diverged {
                let place = (mark.position().get(), mark.commit().uuid());
                if self.log.iter().any(|row| (row.position, row.commit) == place) {
                    self.wrong(&format!("a follower is told that {mark} is gone"));
                }
            }
            let seen: Vec<Row> = follower.seen.iter().map(|seen| seen.row).collect();
            let found = self.compare(&seen);
            if found != Faults::default() {
                println!("a follower: {found:?}");
            }
            self.counts.faults.add(&found);
        }
        // Smaller pages cannot keep up with all writers.
        if let Some(fastest) = followers.last() {
            self.delays(fastest);
        }
    }

    /// Measures the delays of a follower.
    fn delays(&mut self, follower: &Followed) {
        let last = |(commit, (first, many)): (&Uuid, &(usize, usize))| {
            self.log.get(first + many - 1).map(|row| (row.position, *commit))
        };
        let last: HashMap<u64, Uuid> = self.commits.iter().filter_map(last).collect();
        let mut delays = Vec::new();
        for seen in &follower.seen {
            let fate = last.get(&seen.row.position).and_then(|commit| self.fates.get(commit));
            let Some(fate) = fate else { continue };
            delays.push(seen.at.saturating_sub(fate.began));
            let acknowledged = fate.answers.iter().find_map(|answer| match answer {
                Answer::Stored { end, .. } => Some(*end),
                _ => None,
            });
            let is_late = acknowledged.is_some_and(|end| seen.at.saturating_sub(end) > STALLED);
            self.counts.faults.stalled += u64::from(is_late && self.restored.is_none());
        }
        delays.sort_unstable();
        let part = |hundredth: usize| delays.get(delays.len() * hundredth / 100).copied().unwrap_or_default();
        self.counts.delays = [part(50), part(99)];
    }

    /// Returns the faults of a reader.
    pub(crate) fn compare(&self, seen: &[Row]) -> Faults {
        let log: Vec<Row> = self.log.iter().map(|row| row.read_one()).collect();
        if seen == log {
            return Faults::default();
        }
        let (stored, different): (HashSet<&Row>, HashSet<&Row>) =
            (log.iter().collect(), seen.iter().collect());
        let pieces = seen.chunk_by(|one, other| one.commit == other.commit).map(|piece| piece[0].commit);
        let pieces: Vec<Uuid> = pieces.collect();
        Faults {
            twice: (seen.len() - different.len()) as u64,
            missed: stored.difference(&different).count() as u64,
            reversed: seen.windows(2).filter(|pair| pair[0].position > pair[1].position).count() as u64,
            mixed: (pieces.len() - pieces.iter().collect::<HashSet<_>>().len()) as u64,
            // Events that are not in the log.
            wrong: different.difference(&stored).count() as u64,
            ..Faults::default()
        }
    }

    pub(crate) fn into_counts(self) -> Counts {
        self.counts
    }
}
