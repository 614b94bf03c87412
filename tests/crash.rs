//! A process that saves is killed at random moments, again and again: each save that it acknowledged is there as a
//! whole, and no save is there in part.
//!
//! `CRASHES` sets the number of kills; the default is 200.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::{ApplicationRecorder, LogRange};
use es_runtime::{Application, Id, Wait, aggregate, mutator};

const FILE: &str = "CRASH_TEST_FILE";
/// The number of events of one save.
const EVENTS: u64 = 3;

#[aggregate]
struct Tally {
    count: u64,
}

#[mutator]
impl Tally {
    #[event(TallyMade)]
    fn make() -> Self {
        Self { count: 0 }
    }

    #[event(Tallied, topic = "Tally.Tallied")]
    fn tally(&mut self, text: String) {
        self.count += 1;
    }
}

fn main() {
    match env::var_os(FILE) {
        Some(file) => save_for_ever(Path::new(&file)),
        None => crash_and_look(),
    }
}

/// Opens the application with data keys: a key is stored with the first events of its aggregate, or not at all.
fn open(file: &Path) -> Application {
    let key = Key::from_bytes(&[7; 32]).expect("it is long enough");
    let mapper = Mapper::new().with_data_keys(AesGcm::new(&key));
    let uri = format!("sqlite:{}", file.display());
    Application::builder(uri).mapper(mapper).open().wait().expect("the file can be opened")
}

/// Runs the process that is killed. It prints each save in one piece, after the store has acknowledged it.
fn save_for_ever(file: &Path) {
    let app = open(file);
    thread::scope(|scope| {
        for writer in 0..3 {
            let app = &app;
            scope.spawn(move || {
                // One aggregate after the other, and two at a time in one save.
                let (mut one, mut other) = (Tally::make(), Tally::make());
                for round in 0_u64.. {
                    for _ in 0..EVENTS {
                        let text = "x".repeat((round % 200) as usize);
                        one.tally(text.clone());
                        other.tally(text);
                    }
                    app.save((&mut one, &mut other)).wait().expect("it is saved");
                    tell(&format!("{} {} {}\n", one.id(), other.id(), one.version()));
                    if round % 20 == 19 && writer > 0 {
                        (one, other) = (Tally::make(), Tally::make());
                    }
                }
            });
        }
    });
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).expect("somebody listens");
}

fn crash_and_look() {
    let crashes: u64 =
        env::var("CRASHES").ok().map_or(200, |text| text.parse().expect("CRASHES is a number"));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("crash.db");
    let start = Instant::now();
    let mut told = HashMap::new();
    // Any sequence will do, as long as the moments differ.
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    for crash in 0..crashes {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        run_and_kill(&file, Duration::from_micros(2_000 + (seed >> 33) % 60_000), &mut told);
        // Now and then, and at the end, the test looks at all saves; else at the last ones.
        look(&file, &told, crash % 20 == 19 || crash + 1 == crashes);
    }
    assert!(told.len() as u64 > crashes / 4, "the processes came to save something: {} pairs", told.len());
    println!(
        "test killed {crashes} times, {} pairs of aggregates, all acknowledged saves whole ... ok ({:.1?})",
        told.len(),
        start.elapsed()
    );
}

/// The pairs that go together, and the version of both that the store acknowledged last.
type Told = HashMap<(Id<Tally>, Id<Tally>), u64>;

fn run_and_kill(file: &Path, after: Duration, told: &mut Told) {
    let mut child = Command::new(env::current_exe().expect("this program has a path"))
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("it is piped"));
    let reader = thread::spawn(move || lines.lines().map_while(Result::ok).collect::<Vec<_>>());
    thread::sleep(after);
    child.kill().expect("it can be killed");
    let status = child.wait().expect("it is gone");
    assert!(!status.success() && status.code().is_none(), "it ended by itself: {status}");
    for line in reader.join().expect("it reads to the end") {
        let words: Vec<&str> = line.split(' ').collect();
        // The last line may be cut; a whole line was acknowledged.
        if let [one, other, version] = words[..]
            && let (Ok(one), Ok(other), Ok(version)) = (one.parse(), other.parse(), version.parse())
            && other != one
        {
            let last = told.entry((one, other)).or_insert(version);
            *last = version.max(*last);
        }
    }
}

fn look(file: &Path, told: &Told, all: bool) {
    let app = open(file);
    let mut seen = HashMap::new();
    let mut after = None;
    let mut last = 0;
    loop {
        let page = app.recorder().read_log(LogRange::all().after(after).limit(5_000)).wait();
        let page = page.expect("the log can be read");
        if page.entries.is_empty() {
            break;
        }
        after = page.through;
        for row in &page.entries {
            assert!(row.position().get() > last, "positions grow");
            last = row.position().get();
            let version = seen.entry(row.event.id).or_insert(0);
            assert_eq!(row.event.version.get(), *version + 1, "versions have no gap in the log");
            *version += 1;
        }
    }
    for (&(one, other), &acknowledged) in told {
        let stored = |id: Id<Tally>| seen.get(&id.uuid()).copied().unwrap_or(0);
        assert!(
            stored(one) >= acknowledged,
            "{one} has version {}, {acknowledged} was acknowledged",
            stored(one)
        );
        assert_eq!(stored(one), stored(other), "one of two that were saved together is ahead");
        assert_eq!(stored(one) % EVENTS, 1, "half a save is there");
        if all {
            let tally = app.get(one).wait().expect("it can be loaded");
            assert_eq!(tally.count, stored(one) - 1);
        }
    }
    app.close();
}
