//! Makes the disk fail and work again, and compares the lines of the process with the file.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::cue::{NOTHING, cues};
use crate::process::{Process, give_cue};

/// The number of times that the disk of each process fails.
const FAILURES: usize = 12;

pub(crate) fn run() {
    let start = Instant::now();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let library = compile(folder.path());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut done, mut found) = (0, 0);
    for synchronous in ["full", "normal"] {
        for writers in [1, 4] {
            let run = folder.path().join(format!("{synchronous}-{writers}"));
            std::fs::create_dir_all(run.join("disk")).expect("a folder can be made");
            let start = || Process::start(&run, &library, synchronous, writers);
            refuse(&run, start);
            let mut process = start();
            process.work_again(NOTHING);
            let cues = cues(synchronous);
            for _ in 0..FAILURES {
                let cue = cues[random.below(cues.len())];
                process.fail(cue, Duration::from_millis(random.below(60) as u64));
                process.work_again(cue);
            }
            let mut saves = process.end();
            saves.look(&run);
            // Then the process dies while the disk fails, in each way.
            for cue in [cues, cues].concat() {
                give_cue(&run, "");
                let mut process = start();
                process.work_again(NOTHING);
                process.fail(cue, Duration::from_millis(random.below(10) as u64));
                saves.extend(process.kill());
                let there = saves.look(&run);
                found += if cue.text.starts_with("sync") { there } else { 0 };
            }
            done += saves.done();
        }
    }
    assert!(found > 0, "no unsynced save is there after all; at least one must be");
    println!("test {done} saves while the disk failed now and then ... ok ({:.1?})", start.elapsed());
}

/// Checks that a full disk is reported as such when a file is opened, new or not.
fn refuse(run: &Path, start: impl Fn() -> Process) {
    for is_new in [true, false] {
        for cue in ["write ENOSPC", "torn ENOSPC"] {
            give_cue(run, cue);
            let why = start().refused();
            assert!(why.starts_with("Storage ") && why.contains("the disk is full"), "{is_new} {cue}: {why}");
        }
        give_cue(run, "");
        let mut process = start();
        process.work_again(NOTHING);
        process.end();
    }
}

fn compile(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("failing_disk/disk.c");
    let library = folder.join("disk.so");
    let output =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).output();
    let output = output.expect("a C compiler is needed, as `cc`: CONTRIBUTING.md says so");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

/// Any sequence will do, as long as the moments differ.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}
