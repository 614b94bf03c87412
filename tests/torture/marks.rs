//! A follower returns with the mark that it kept in a file, to a log that may have changed in between.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use es_runtime::error::Diverged;
use es_runtime::id::{CommitId, Mark, Position};
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, LogRange, Notification, SqliteOptions, SqliteRecorder,
    Synchronous, Tables,
};
use es_runtime::{Version, Wait};
use uuid::Uuid;

use crate::kind::{Kind, Length, Table};
use crate::random::Random;

/// The change that the log goes through while the follower is away.
#[derive(Clone, Copy)]
enum Fate {
    Nothing,
    Restored,
    Cut,
    Replaced,
}

const FATES: [(&str, Fate); 4] = [
    ("as it was", Fate::Nothing),
    ("restored from a copy", Fate::Restored),
    ("cut as by a power cut, under `synchronous=normal`", Fate::Cut),
    ("replaced by another file", Fate::Replaced),
];

pub(crate) struct Marks;

impl Kind for Marks {
    fn name(&self) -> &'static str {
        "marks"
    }

    fn about(&self) -> &'static str {
        "A follower keeps its mark in a file and goes away. Meanwhile something happens to the log, which then goes on. A\n\
         follower whose place is gone has to be told (`Diverged`), and each other one has to be served."
    }

    fn run(&self, length: Length) -> Table {
        let work = &["returns", "read on", "noticed: nothing there", "noticed: another commit"];
        let mut table = Table::new(work, &["silently followed", "refused for nothing", "wrong answer"]);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut random = Random::new(now.as_secs() ^ u64::from(now.subsec_nanos()));
        length.rounds(|_| {
            for (name, fate) in FATES {
                for _ in 0..length.pick(3, 10) {
                    let folder = tempfile::tempdir().expect("a folder can be made");
                    table.add(name, &round(folder.path(), fate, &mut random));
                }
            }
        });
        table
    }
}

fn round(folder: &Path, fate: Fate, random: &mut Random) -> [u64; 7] {
    let [live, copy, kept] = ["live", "copy", "kept"].map(|name| folder.join(name));
    fs::create_dir(&live).expect("a folder can be made");
    fs::create_dir(&copy).expect("a folder can be made");
    save(&open(&live), 1 + random.below(30), random);
    if matches!(fate, Fate::Restored) {
        copy_files(&live, &copy, random);
    }
    let recorder = open(&live);
    save(&recorder, random.below(30), random);
    keep(&kept, random.pick(&log(&recorder)).expect("the log is not empty").mark());
    if matches!(fate, Fate::Cut) {
        // The recorder is open: its last commits stand in the write-ahead log, of which the disk holds a part.
        copy_files(&live, &copy, random);
    }
    drop(recorder);
    if !matches!(fate, Fate::Nothing) {
        fs::remove_dir_all(&live).expect("the log can be removed");
        fs::rename(&copy, &live).expect("the copy can be moved");
    }
    let recorder = open(&live);
    save(&recorder, random.below(40), random);
    come_back(&recorder, kept_in(&kept), random)
}

/// Returns the counts of a follower that returns with its mark.
fn come_back(recorder: &SqliteRecorder, kept: Mark, random: &mut Random) -> [u64; 7] {
    let log = log(recorder);
    let place = log.iter().position(|entry| entry.position() == kept.position());
    let found = place.and_then(|at| log.get(at)).map(|entry| entry.mark().commit());
    let is_there = found == Some(kept.commit());
    let mut range = LogRange::all().after(kept);
    let is_whole = !random.chance(3);
    if !is_whole {
        range = range.topics(["none"]);
    }
    let answer = recorder.read_log(range).wait();
    let mut counts = [1, 0, 0, 0, 0, 0, 0];
    match answer {
        Ok(page) if is_there => {
            let rest = place.and_then(|at| log.get(at + 1..)).filter(|_| is_whole).unwrap_or_default();
            let is_right = page.entries == rest && page.through == log.last().map(Notification::mark);
            counts[if is_right { 1 } else { 6 }] += 1;
        }
        Ok(_) => counts[4] += 1,
        Err(_) if is_there => counts[5] += 1,
        Err(error) if error.as_diverged() == Some(&Diverged::new(kept, found)) => {
            counts[if found.is_none() { 2 } else { 3 }] += 1;
        }
        Err(_) => counts[6] += 1,
    }
    counts
}

fn open(folder: &Path) -> SqliteRecorder {
    let options = SqliteOptions::file(folder.join("marks.db")).synchronous(Synchronous::Normal);
    let database = options.open().expect("the file can be opened");
    database.recorder(&Tables::default()).expect("the tables can be made")
}

fn save(recorder: &SqliteRecorder, commits: u64, random: &mut Random) {
    for _ in 0..commits {
        let id = Uuid::now_v7();
        let events = (1..=1 + random.below(3)).map(|number| {
            let state = vec![b'x'; usize::try_from(random.below(2_000)).unwrap_or_default()];
            let version = Version::new(number).expect("it is a version");
            StoredEvent::new(id, version, "Topic", state).expect("it is an event")
        });
        recorder.append(Commit::new(events.collect())).wait().expect("the commit is stored");
    }
}

fn log(recorder: &SqliteRecorder) -> Vec<Notification> {
    recorder.read_log(LogRange::all()).wait().expect("the log can be read").entries
}

/// Copies the database, with as much of its write-ahead log as chance leaves.
fn copy_files(from: &Path, to: &Path, random: &mut Random) {
    fs::copy(from.join("marks.db"), to.join("marks.db")).expect("the file can be copied");
    let log = fs::read(from.join("marks.db-wal")).unwrap_or_default();
    if !random.chance(3) {
        let bytes = usize::try_from(random.below(log.len() as u64 + 1)).unwrap_or_default();
        fs::write(to.join("marks.db-wal"), &log[..bytes]).expect("the log can be written");
    }
}

fn keep(file: &Path, mark: Mark) {
    fs::write(file, format!("{} {}", mark.position(), mark.commit())).expect("the mark can be kept");
}

fn kept_in(file: &Path) -> Mark {
    let text = fs::read_to_string(file).expect("the mark was kept");
    let (position, commit) = text.split_once(' ').expect("it is a mark");
    let position = position.parse().ok().and_then(Position::new).expect("it is a position");
    Mark::new(position, CommitId::from_uuid(commit.parse().expect("it is a commit id")))
}
