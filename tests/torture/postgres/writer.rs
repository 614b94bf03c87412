//! A thread that appends, among others that append to the same aggregates.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::error::Conflict;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, CommitId, EventRange, LogRange, PostgresRecorder,
    ProcessRecorder, Receipt, TrackingRecorder,
};
use es_runtime::{Error, ErrorKind, Wait};
use uuid::Uuid;

use super::plan::{Pace, Piece, Plan, cursor, size};
use super::record::{Answer, Line, Record, now};
use super::scene::RAISED;
use crate::random::Random;

/// The time after which a commit must have had an answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// The circumstances of all writers of a process.
pub(crate) struct Circumstances {
    pub(crate) recorder: PostgresRecorder,
    /// The newest known version of each aggregate.
    pub(crate) known: Mutex<HashMap<Uuid, u64>>,
    pub(crate) shared: Vec<Uuid>,
    /// True if every commit crosses another one.
    pub(crate) is_crossing: bool,
    /// True if the log may be replaced by an older one.
    pub(crate) is_restored: bool,
}

pub(crate) struct Writer<'a> {
    of: &'a Circumstances,
    record: Record,
    random: Random,
    /// The name of this writer, and of the reader whose steps it takes.
    name: String,
    stepped: u64,
    own: Vec<Uuid>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(of: &'a Circumstances, folder: &Path, name: String, seed: u64) -> Self {
        let record = Record::new(folder, &name);
        Self { of, record, random: Random::new(seed), name, stepped: 0, own: Vec::new() }
    }

    pub(crate) fn write_until(mut self, is_end: impl Fn() -> bool) {
        while !is_end() {
            let plan = self.plan();
            self.carry_out(&plan);
            thread::sleep(Duration::from_micros(self.random.below(3_000)));
        }
    }

    fn plan(&mut self) -> Plan {
        let mut events = size(&mut self.random);
        let ids = self.choose();
        let mut pieces: Vec<Piece> = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            let is_last = at + 1 == ids.len();
            let many = if is_last { events.max(1) } else { 1 + self.random.below(events.max(1)) };
            events = events.saturating_sub(many);
            let before = pieces.iter().rev().find(|piece| piece.id == *id);
            let first = before.map_or_else(|| self.newest(*id) + 1, |piece| piece.first + piece.many);
            pieces.push(Piece { id: *id, first, many });
        }
        let pace = self.random.chance(8).then(|| Pace {
            consumer: self.name.clone(),
            from: self.stepped,
            to: self.stepped + 1 + self.random.below(9),
        });
        let is_gapless = self.of.is_restored || self.random.chance(2);
        Plan { commit: CommitId::new(), is_once: self.random.chance(8), is_gapless, pace, pieces }
    }

    /// Chooses the aggregates of a commit, in their order.
    fn choose(&mut self) -> Vec<Uuid> {
        if !self.of.is_crossing && self.random.below(100) >= 60 {
            if self.own.is_empty() || self.random.chance(4) {
                let id = Uuid::now_v7();
                self.known().insert(id, 0);
                self.own.push(id);
                return vec![id];
            }
            return self.random.pick(&self.own).copied().into_iter().collect();
        }
        let at = self.random.index(self.of.shared.len());
        let (one, other) = (self.of.shared[at], self.of.shared[at ^ 1]);
        if !self.of.is_crossing && self.random.chance(2) {
            vec![one]
        } else if self.random.chance(4) {
            vec![one, other, one]
        } else {
            // `one` may be the first or the second of its pair.
            vec![one, other]
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, u64>> {
        self.of.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn newest(&mut self, id: Uuid) -> u64 {
        let known = self.known().get(&id).copied();
        if let Some(known) = known.filter(|_| !self.random.chance(50)) {
            return known;
        }
        let range = EventRange::all().descending().limit(1);
        let page = persist(|| self.of.recorder.select(id, range).wait());
        let found = page.events.first().map_or(0, |event| event.version.get());
        self.known().insert(id, found);
        found
    }

    /// Tries a commit until its fate is certain.
    fn carry_out(&mut self, plan: &Plan) {
        self.record.note(&Line::Try(now(), plan.clone()));
        let (began, mut is_unknown) = (Instant::now(), false);
        loop {
            let answer = self.try_once(plan);
            let is_over = match &answer {
                Answer::Stored { .. } | Answer::Taken { .. } | Answer::Behind { .. } | Answer::Wrong(_) => {
                    true
                }
                // An earlier attempt may still succeed: no error of a later one says anything about it.
                Answer::Refused | Answer::Raised => !is_unknown,
                Answer::Unknown => {
                    is_unknown = true;
                    false
                }
            };
            if is_over || matches!(answer, Answer::Unknown) {
                let answer = self.learned(plan, answer);
                self.record.note(&Line::Answer(plan.commit, answer));
            }
            if is_over {
                return;
            }
            if began.elapsed() > PATIENCE {
                let answer = Answer::Wrong(format!("no answer within {PATIENCE:?}"));
                return self.record.note(&Line::Answer(plan.commit, answer));
            }
            thread::sleep(Duration::from_millis(1 + self.random.below(20)));
        }
    }

    fn try_once(&self, plan: &Plan) -> Answer {
        let recorder = &self.of.recorder;
        let result = match &plan.pace {
            Some(pace) => recorder.append_tracked(plan.commit(), pace.step()).wait(),
            None => recorder.append(plan.commit()).wait(),
        };
        let end = now();
        match result {
            Ok(receipt) => stored(&receipt, end),
            Err(error) => match (error.as_conflict(), error.kind()) {
                (Some(Conflict::Version { id, expected, found, .. }), _) => Answer::Taken {
                    id: *id,
                    begins: expected.map_or(0, |expected| expected.get() + 1),
                    found: found.map_or(0, es_runtime::Version::get),
                    end,
                },
                (Some(Conflict::Tracking { .. }), _) => Answer::Behind { end },
                (None, ErrorKind::OutcomeUnknown) => Answer::Unknown,
                (None, ErrorKind::Unavailable | ErrorKind::Timeout) => Answer::Refused,
                (None, ErrorKind::Storage) if error.to_string().contains(RAISED) => Answer::Raised,
                (_, kind) => Answer::Wrong(format!("{kind:?}: {error}")),
            },
        }
    }

    /// Uses an answer, and asks again in other ways.
    fn learned(&mut self, plan: &Plan, answer: Answer) -> Answer {
        match &answer {
            Answer::Stored { first, last, .. } => {
                let lasts = plan.pieces.iter().map(|piece| (piece.id, piece.first + piece.many - 1));
                for (id, last) in lasts {
                    let mut known = self.known();
                    let newest = known.entry(id).or_default();
                    *newest = last.max(*newest);
                }
                if let Some(pace) = &plan.pace {
                    self.stepped = pace.to;
                }
                if let Some(wrong) = self.asked_again(plan, (*first, *last)) {
                    return Answer::Wrong(wrong);
                }
            }
            Answer::Taken { id, found, .. } => {
                self.known().insert(*id, *found);
            }
            Answer::Behind { .. } => {
                let tracked = persist(|| self.of.recorder.tracked(&cursor(&self.name)).wait());
                self.stepped = tracked.map_or(0, |mark| mark.position().get());
            }
            _ => {}
        }
        answer
    }

    /// Returns what is wrong about a commit that is stored, if anything is.
    fn asked_again(&mut self, plan: &Plan, places: (u64, u64)) -> Option<String> {
        if self.of.is_restored {
            return None;
        }
        let recorder = self.of.recorder.clone();
        if self.random.below(100) < 3 {
            match self.try_once(plan) {
                Answer::Stored { first, last, is_repeated: true, .. } if (first, last) == places => {}
                // The server may be away.
                Answer::Unknown | Answer::Refused => {}
                other => {
                    return Some(format!(
                        "sent again after it was stored: {}",
                        other.text(plan.commit.uuid())
                    ));
                }
            }
        }
        if plan.is_once && self.random.chance(4) {
            let id = plan.pieces[0].id;
            if recorder.has_commit(id, plan.commit).wait().is_ok_and(|is_found| !is_found) {
                return Some("the commit is stored, and `has_commit` does not find it".to_owned());
            }
        }
        if self.random.chance(20) {
            let (first, last) = places;
            let position = |number| es_runtime::id::Position::new(number).expect("it is a position");
            let receipt = Receipt::at(plan.commit, position(first), position(last));
            match recorder.resolve(&receipt).wait() {
                Ok(_) => {
                    let page = recorder.read_log(LogRange::all().limit(0)).wait();
                    if page.is_ok_and(|page| page.through.is_none_or(|mark| mark.position().get() < last)) {
                        return Some("resolved, and the log does not reach it".to_owned());
                    }
                }
                Err(error) if error.is_transient() => {}
                Err(error) => return Some(format!("not resolved: {error}")),
            }
        }
        None
    }
}

fn stored(receipt: &Receipt, end: u64) -> Answer {
    match receipt.positions() {
        Some((first, last)) => {
            let (first, last) = (first.get(), last.get());
            Answer::Stored { first, last, is_repeated: receipt.is_repeated(), end }
        }
        None => Answer::Wrong("a receipt without positions".to_owned()),
    }
}

/// Asks until there is an answer.
pub(crate) fn persist<T>(ask: impl Fn() -> Result<T, Error>) -> T {
    let began = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) if error.is_transient() && began.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => panic!("{error}"),
        }
    }
}
