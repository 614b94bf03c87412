//! Audits a round: each view against sums that are made by hand of the rows of the log.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use es_runtime::Wait;
use es_runtime::recorder::{ApplicationRecorder, LogRange, StoredEvent};
use uuid::Uuid;

use super::naive::NAIVE;
use super::place::{INLINE, Total, rows, rows_of};
use super::runner::VIEWS;
use crate::subscriptions::{Scene, TOPICS, open, persist};

/// The ledgers that a message names.
const NAMED: usize = 5;

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) commits: u64,
    pub(crate) events: u64,
    pub(crate) done: Done,
    pub(crate) naive_wrong: u64,
    pub(crate) faults: Faults,
}

/// The notes of the projecting processes.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) stopped: u64,
    pub(crate) drained: u64,
    pub(crate) rebuilds: u64,
    pub(crate) rebuilt: u64,
    pub(crate) given_up: u64,
    pub(crate) failed: u64,
}

/// The faults of the rows of a view.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) twice: u64,
    /// Ledgers with the right number of events, and another sum.
    pub(crate) wrong: u64,
    pub(crate) breaks: u64,
}

impl Counts {
    pub(crate) fn of(scene: &Scene) -> Self {
        let (mut counts, log) = Self::of_log(&scene.uri());
        for view in VIEWS.map(|(view, _)| view).into_iter().chain([INLINE]) {
            counts.faults.compare(view, &rows(scene, view), &log);
        }
        let naive = rows_of(&scene.folder().join(NAIVE));
        let right = naive.iter().filter(|row| log.get(&row.id) == Some(*row)).count();
        counts.naive_wrong = (log.len().max(naive.len()) - right) as u64;
        counts.done = Done::read(scene.folder());
        counts
    }

    /// Reads the log by the plain recorder.
    fn of_log(uri: &str) -> (Self, BTreeMap<Uuid, Total>) {
        let app = open(uri);
        let (mut counts, mut log, mut after) = (Self::default(), BTreeMap::<Uuid, Total>::new(), None);
        let mut commits = HashSet::new();
        loop {
            let page = persist(|| app.recorder().read_log(LogRange::all().after(after).limit(5_000)).wait());
            let page = page.expect("the log can be read");
            if page.entries.is_empty() {
                break;
            }
            after = page.through;
            counts.events += page.entries.len() as u64;
            for entry in &page.entries {
                commits.insert(entry.mark().commit());
                let event = &entry.event;
                if event.topic.as_ref().starts_with(TOPICS) {
                    let row = log.entry(event.id).or_insert(Total { id: event.id, ..Total::default() });
                    (row.sum, row.events) = (row.sum + amount(event), row.events + 1);
                }
            }
        }
        app.close();
        counts.commits = commits.len() as u64;
        (counts, log)
    }
}

/// Returns the amount of an event of a ledger, read by hand.
pub(crate) fn amount(event: &StoredEvent) -> u64 {
    let state: serde_json::Value = serde_json::from_slice(&event.state).expect("it is JSON");
    if event.topic.as_ref() == "Ledger.LedgerOpened" {
        return 0;
    }
    state["data"]["amount"].as_u64().expect("it has an amount")
}

impl Faults {
    fn compare(&mut self, view: &str, rows: &[Total], log: &BTreeMap<Uuid, Total>) {
        let mut left = log.clone();
        let mut named = 0;
        for row in rows {
            let right = left.remove(&row.id).unwrap_or_default();
            self.lost += right.events.saturating_sub(row.events);
            self.twice += row.events.saturating_sub(right.events);
            self.wrong += u64::from(right.events == row.events && right.sum != row.sum);
            self.breaks += row.breaks;
            if (right.sum, right.events, 0) != (row.sum, row.events, row.breaks) && named < NAMED {
                println!("`{view}` has {row:?}, the log {right:?}");
                named += 1;
            }
        }
        if !left.is_empty() {
            println!("`{view}` has no row of {} ledgers", left.len());
        }
        self.lost += left.values().map(|row| row.events).sum::<u64>();
    }
}

impl Done {
    fn read(folder: &Path) -> Self {
        let mut done = Self::default();
        for file in fs::read_dir(folder).expect("the folder is there").flatten() {
            if file.path().extension().is_none_or(|extension| extension != "done") {
                continue;
            }
            for line in fs::read_to_string(file.path()).expect("the record can be read").lines() {
                match line {
                    "stopped" => done.stopped += 1,
                    "drained" => done.drained += 1,
                    "rebuild" => done.rebuilds += 1,
                    "rebuilt" => done.rebuilt += 1,
                    "given up" => done.given_up += 1,
                    "failed" => done.failed += 1,
                    // Half a line of a killed process.
                    _ => {}
                }
            }
        }
        done
    }
}
