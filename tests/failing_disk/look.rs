//! Compares the lines of the process with the file.

use std::collections::HashMap;
use std::path::Path;

use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, EventRange, LogRange, SqliteRecorder, Synchronous,
};
use es_runtime::{ErrorKind, Wait};
use uuid::Uuid;

use crate::child::{commit, open};

/// The outcome of a save, as one line of the process.
pub(crate) struct Told {
    pub(crate) writer: usize,
    pub(crate) id: Uuid,
    pub(crate) count: u8,
    /// `None` if the save succeeded.
    pub(crate) failure: Option<(ErrorKind, String)>,
}

impl Told {
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(5, ' ');
        let mut next = || words.next();
        let (writer, id, count) = (next()?.parse().ok()?, next()?.parse().ok()?, next()?.parse().ok()?);
        let failure = match next()? {
            "Saved" => None,
            "Storage" => Some(ErrorKind::Storage),
            "OutcomeUnknown" => Some(ErrorKind::OutcomeUnknown),
            "Unavailable" => Some(ErrorKind::Unavailable),
            other => panic!("a kind that no disk has: {other} {}", next()?),
        };
        let message = next().unwrap_or_default().to_owned();
        Some(Self { writer, id, count, failure: failure.map(|kind| (kind, message)) })
    }
}

/// The last known outcome of each save.
#[derive(Default)]
pub(crate) struct Saves(HashMap<Uuid, Save>);

#[derive(Clone, Copy)]
enum Save {
    Done,
    NotDone,
    Unknown { count: u8 },
}

impl Saves {
    pub(crate) fn note(&mut self, told: &Told) {
        let known = self.0.get(&told.id).copied();
        let now = match (&told.failure, known) {
            (None, _) => Save::Done,
            (Some((kind, _)), None) if *kind != ErrorKind::OutcomeUnknown => Save::NotDone,
            // Once the outcome is unknown, only a save that succeeds makes it known.
            _ => Save::Unknown { count: told.count },
        };
        self.0.insert(told.id, now);
    }

    pub(crate) fn done(&self) -> usize {
        self.0.values().filter(|save| matches!(save, Save::Done)).count()
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Looks for all saves in the file, settles the unknown ones, and returns how many of these the file has.
    pub(crate) fn look(&mut self, run: &Path) -> usize {
        let recorder = open(&run.join("disk/events.db"), Synchronous::Full).expect("the file can be opened");
        let found = all(&recorder);
        let mut found_unknown = 0;
        for (id, save) in &mut self.0 {
            let is_there = found.contains_key(id);
            match *save {
                Save::Done => assert!(is_there, "an acknowledged save is lost"),
                Save::NotDone => assert!(!is_there, "a save is there that was reported as not stored"),
                Save::Unknown { count } => {
                    found_unknown += usize::from(is_there);
                    recorder.append(commit(*id, count)).wait().expect("it can be saved again");
                    let rows = recorder.select(*id, EventRange::all()).wait().expect("it can be read");
                    assert_eq!(rows.events, commit(*id, count).events(), "stored once");
                    *save = Save::Done;
                }
            }
        }
        found_unknown
    }
}

/// Returns the aggregates of the log, each of them whole.
fn all(recorder: &SqliteRecorder) -> HashMap<Uuid, Vec<u64>> {
    let log = recorder.read_log(LogRange::all()).wait().expect("the log can be read").entries;
    assert!(log.windows(2).all(|pair| pair[0].position() < pair[1].position()), "positions grow");
    let mut found: HashMap<Uuid, Vec<u64>> = HashMap::new();
    let mut counts = HashMap::new();
    for row in log {
        counts.insert(row.event.id, u64::from(row.event.state[0]));
        found.entry(row.event.id).or_default().push(row.event.version.get());
    }
    for (id, versions) in &found {
        assert_eq!(*versions, (1..=counts[id]).collect::<Vec<_>>(), "half a save is there");
    }
    found
}
