//! A process that writes: some threads, each with a record of the commits that the store acknowledged.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use es_runtime::application::Batch;
use es_runtime::{Application, ErrorKind, Wait};
use uuid::Uuid;

use super::domain::{Aside, Ledger, ledger, open, persist};
use super::process::{FOLDER, NUMBER, URI, WRITTEN};
use crate::kind::{end_with_the_first_panic, number_of, setting};
use crate::postgres::now;
use crate::random::Random;

/// The number of threads of a process.
const THREADS: u64 = 4;
/// The number of ledgers that all writers share at a time, and the milliseconds after which one goes out of use.
const LEDGERS: u64 = 40;
const IN_USE: u64 = 100;
/// The milliseconds between a time in which the writers hurry and one in which they rest, so that subscribers wait.
const PHASE: u64 = 700;

/// A commit that a writer was told is stored.
pub(crate) struct Acknowledged {
    pub(crate) commit: Uuid,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) events: u64,
}

pub(crate) fn work() {
    work_with(|_| ());
}

/// Does something with the application, and then writes.
pub(crate) fn work_with(first: impl FnOnce(&Application)) {
    end_with_the_first_panic();
    let (folder, number) = (setting(FOLDER), number_of(NUMBER));
    let folder = Path::new(&folder);
    let app = open(&setting(URI));
    first(&app);
    thread::scope(|scope| {
        for thread in number * THREADS..(number + 1) * THREADS {
            let app = &app;
            scope.spawn(move || {
                let file = OpenOptions::new().create_new(true).append(true).open(name(folder, thread));
                let record = file.expect("the record can be made");
                Writer { app, record, random: Random::new(thread) }
                    .write_until(|| folder.join(WRITTEN).exists());
            });
        }
    });
    app.close();
}

fn name(folder: &Path, thread: u64) -> std::path::PathBuf {
    folder.join(format!("{thread}.written"))
}

struct Writer<'a> {
    app: &'a Application,
    record: File,
    random: Random,
}

impl Writer<'_> {
    fn write_until(&mut self, is_end: impl Fn() -> bool) {
        while !is_end() {
            self.save();
            if now() / 1_000 / PHASE % 2 == 1 {
                thread::sleep(Duration::from_millis(self.random.below(60)));
            }
        }
    }

    fn save(&mut self) {
        let mut asides = Vec::new();
        if self.random.chance(6) {
            let mut aside = Aside::begin_aside();
            (0..self.random.below(3)).for_each(|_| aside.repeat());
            asides.push(aside);
        }
        let ledgers = if asides.is_empty() { 1 + self.random.below(3) } else { self.random.below(2) };
        let mut ledgers: Vec<Ledger> = (0..ledgers).map(|_| self.ledger()).collect();
        ledgers.sort_by_key(|ledger| ledger.id().uuid());
        ledgers.dedup_by_key(|ledger| ledger.id());
        for ledger in &mut ledgers {
            (0..self.size()).for_each(|_| ledger.enter(self.random.below(1_000)));
        }
        let events = ledgers.iter().map(|one| one.pending().len()).sum::<usize>()
            + asides.iter().map(|one| one.pending().len()).sum::<usize>();
        if events == 0 {
            return;
        }
        let saved = persist(|| {
            self.app.save(Batch::new().add(ledgers.as_mut_slice()).add(asides.as_mut_slice())).wait()
        });
        match saved {
            Ok(receipt) => {
                let (first, last) = receipt.positions().expect("it has events");
                self.note(&format!("saved {} {first} {last} {events}", receipt.commit()));
            }
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::AlreadyExists) => {
                self.note("conflict");
            }
            Err(error) => panic!("a save is refused as {:?}: {error}", error.kind()),
        }
    }

    /// Loads a ledger that other writers change, too.
    fn ledger(&mut self) -> Ledger {
        let id = ledger(now() / 1_000 / IN_USE + self.random.below(LEDGERS));
        match persist(|| self.app.get(id).wait()) {
            Ok(ledger) => ledger,
            Err(error) if error.kind() == ErrorKind::NotFound => Ledger::open_ledger_with_id(id),
            Err(error) => panic!("a ledger is not loaded: {error}"),
        }
    }

    fn size(&mut self) -> u64 {
        match self.random.below(20) {
            0..10 => 1,
            10..18 => 2 + self.random.below(5),
            _ => 7 + self.random.below(30),
        }
    }

    fn note(&mut self, line: &str) {
        self.record.write_all(format!("{line}\n").as_bytes()).expect("the line is written");
    }
}

/// Returns the acknowledged commits of all writers, and the number of conflicts.
pub(crate) fn read_all(folder: &Path) -> (Vec<Acknowledged>, u64) {
    let (mut acknowledged, mut conflicts) = (Vec::new(), 0);
    for file in fs::read_dir(folder).expect("the folder is there").flatten() {
        if file.path().extension().is_none_or(|extension| extension != "written") {
            continue;
        }
        let text = fs::read_to_string(file.path()).expect("the record can be read");
        // The last line of a killed writer may be cut.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for line in whole.lines() {
            if line == "conflict" {
                conflicts += 1;
            } else {
                acknowledged.push(Acknowledged::read(line).expect("the line is whole"));
            }
        }
    }
    (acknowledged, conflicts)
}

impl Acknowledged {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("saved ")?.split(' ');
        let commit = words.next()?.parse().ok()?;
        let mut number = || words.next()?.parse::<u64>().ok();
        Some(Self { commit, first: number()?, last: number()?, events: number()? })
    }
}
