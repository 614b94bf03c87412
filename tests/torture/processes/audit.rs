//! Audits the remains: the log against the reports, the aggregates, the consumers and the followers.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use es_runtime::id::Mark;
use es_runtime::recorder::{ApplicationRecorder, LogRange, Notification, TrackingRecorder};
use es_runtime::{Application, ErrorKind, Id, Wait};
use uuid::Uuid;

use super::PROCESSES;
use super::domain::{Purse, TOPICS, open};
use super::report::Report;
use super::runner::{CONSUMERS, cursor, effect};

/// The faults, in the order of the columns.
#[derive(Default)]
struct Faults {
    lost: u64,
    doubled: u64,
    reversed: u64,
    wrong: u64,
    missed: u64,
    repeated: u64,
    applied_twice: u64,
}

/// Returns the counts of a round.
pub(crate) fn audit(folder: &Path) -> Vec<u64> {
    let app = open(folder, 0);
    let log = whole_log(&app);
    let reports: Vec<Report> = (0..PROCESSES).map(|number| Report::read(folder, number)).collect();
    let mut faults = Faults::default();
    faults.commits(&log, &reports);
    faults.aggregates(&app, &log, &reports);
    for consumer in CONSUMERS {
        faults.consumer(&app, &log, consumer);
    }
    for report in &reports {
        faults.follower(&log, report);
    }
    app.close();
    let sum = |count: fn(&Report) -> u64| reports.iter().map(count).sum::<u64>();
    let Faults { lost, doubled, reversed, wrong, missed, repeated, applied_twice } = faults;
    vec![
        sum(|report| report.saved.len() as u64),
        log.len() as u64,
        sum(|report| report.conflicts),
        reports.iter().flat_map(|report| &report.forgotten).collect::<HashSet<_>>().len() as u64,
        sum(|report| report.renewed),
        sum(|report| report.steps),
        sum(|report| report.steps_refused),
        sum(|report| report.seen.len() as u64),
        longest_wait(&reports) / 1_000,
        lost,
        doubled,
        reversed,
        wrong,
        missed,
        repeated,
        applied_twice,
    ]
}

fn whole_log(app: &Application) -> Vec<Notification> {
    let (mut log, mut reached) = (Vec::new(), None);
    loop {
        let range = LogRange::all().after(reached).limit(1_000);
        let page = app.recorder().read_log(range).wait().expect("the log can be read");
        log.extend(page.entries);
        if !page.more {
            return log;
        }
        reached = page.through;
    }
}

fn is_source(entry: &Notification) -> bool {
    TOPICS.iter().any(|topic| entry.event.topic == **topic)
}

/// Returns the number of sequences that do not grow.
fn falls<T: PartialOrd>(sequence: &[T]) -> u64 {
    sequence.windows(2).filter(|pair| pair[0] > pair[1]).count() as u64
}

impl Faults {
    /// Checks that each acknowledged commit stands at its positions, and each commit in one piece.
    fn commits(&mut self, log: &[Notification], reports: &[Report]) {
        let places: HashMap<u64, Mark> =
            log.iter().map(|entry| (entry.position().get(), entry.mark())).collect();
        for (commit, first, last, _) in reports.iter().flat_map(|report| &report.saved) {
            let is_there = |place| places.get(&place).is_some_and(|mark| mark.commit() == *commit);
            self.lost += u64::from(!(*first..=*last).all(is_there));
        }
        let mut pieces: Vec<_> = log.iter().map(|entry| entry.mark().commit()).collect();
        pieces.dedup();
        self.doubled += (pieces.len() - pieces.iter().collect::<HashSet<_>>().len()) as u64;
        let positions: Vec<_> = log.iter().map(Notification::position).collect();
        self.reversed += falls(&positions);
        self.doubled += (positions.len() - positions.iter().collect::<HashSet<_>>().len()) as u64;
    }

    /// Checks that versions have no hole, that a notice is the last event, and that every living aggregate can be
    /// read.
    fn aggregates(&mut self, app: &Application, log: &[Notification], reports: &[Report]) {
        let mut last: HashMap<Uuid, (u64, bool)> = HashMap::new();
        for entry in log.iter().filter(|entry| is_source(entry)) {
            let (known, is_forgotten) = last.entry(entry.event.id).or_default();
            let version = entry.event.version.get();
            self.doubled += u64::from(version <= *known);
            self.reversed += u64::from(version > *known + 1 || *is_forgotten);
            (*known, *is_forgotten) = (version, entry.event.topic == *TOPICS[2]);
        }
        for id in reports.iter().flat_map(|report| &report.forgotten) {
            self.lost += u64::from(!last.get(id).is_some_and(|(_, is_forgotten)| *is_forgotten));
        }
        for (id, (events, is_forgotten)) in last {
            let is_right = match app.get(Id::<Purse>::from_uuid(id)).wait() {
                Ok(purse) => !is_forgotten && (purse.version().get(), purse.events) == (events, events),
                Err(error) => is_forgotten && error.kind() == ErrorKind::Forgotten,
            };
            self.wrong += u64::from(!is_right);
        }
    }

    /// Checks that each event has one effect, in its order, and that the consumer is at the end.
    fn consumer(&mut self, app: &Application, log: &[Notification], consumer: &'static str) {
        let topic = effect(consumer);
        let effects = log.iter().filter(|entry| entry.event.topic == *topic);
        let causes: Vec<u64> = effects
            .map(|entry| {
                let text = str::from_utf8(&entry.event.state).expect("a runner wrote it");
                text.parse().expect("it is a position")
            })
            .collect();
        let sources: HashSet<u64> =
            log.iter().filter(|entry| is_source(entry)).map(|entry| entry.position().get()).collect();
        let different: HashSet<u64> = causes.iter().copied().collect();
        self.applied_twice += (causes.len() - different.len()) as u64;
        self.missed += sources.difference(&different).count() as u64;
        self.wrong += different.difference(&sources).count() as u64;
        self.reversed += falls(&causes);
        let recorder = app.recorder().as_process().expect("it tracks");
        let tracked = recorder.tracked(&cursor(consumer)).wait().expect("the place can be read");
        let is_place = tracked.is_some_and(|tracked| log.iter().any(|entry| entry.mark() == tracked));
        let is_behind = tracked.map(|mark| mark.position().get()) < sources.iter().max().copied();
        self.wrong += u64::from(!is_place || is_behind);
    }

    /// Checks that the follower read each event once, in order.
    fn follower(&mut self, log: &[Notification], report: &Report) {
        let seen: Vec<Mark> = report.seen.iter().map(|(mark, _)| *mark).collect();
        let different: HashSet<Mark> = seen.iter().copied().collect();
        let stored: HashSet<Mark> = log.iter().map(Notification::mark).collect();
        self.repeated += (seen.len() - different.len()) as u64;
        self.missed += stored.difference(&different).count() as u64;
        self.wrong += different.difference(&stored).count() as u64;
        self.reversed += falls(&seen.iter().map(|mark| mark.position()).collect::<Vec<_>>());
    }
}

/// Returns the longest time from an acknowledgement until a follower has read the commit, in microseconds.
fn longest_wait(reports: &[Report]) -> u64 {
    let saved: HashMap<u64, u64> = reports
        .iter()
        .flat_map(|report| &report.saved)
        .map(|(_, _, last, saved_at)| (*last, *saved_at))
        .collect();
    let waits = reports.iter().flat_map(|report| &report.seen).filter_map(|(mark, seen_at)| {
        saved.get(&mark.position().get()).map(|saved_at| seen_at.saturating_sub(*saved_at))
    });
    waits.max().unwrap_or_default()
}
