//! Processes that save are killed at random moments, while another process follows the log.

mod audit;
mod domain;
mod follower;
mod mode;
mod process;
mod writer;

use std::path::Path;

use self::audit::audit;
use self::mode::MODES;
use self::process::{Follower, kill_a_writer};
use crate::kind::{Kind, Length, Table};

pub(crate) struct Kill;

impl Kind for Kill {
    fn name(&self) -> &'static str {
        "kill"
    }

    fn about(&self) -> &'static str {
        "A process with three writing threads is killed (`SIGKILL`) at a random moment, and another one takes over. A\n\
         follower in a third process reads the log and keeps its own position; it is killed now and then, too."
    }

    fn run(&self, length: Length) -> Table {
        let work = &["kills", "commits acknowledged", "events"];
        let faults = &["lost", "half", "doubled", "reversed", "wrong", "missed", "repeated"];
        let mut table = Table::new(work, faults);
        // Any sequence will do, as long as the moments differ.
        let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed >> 33
        };
        length.rounds(|_| {
            for mode in MODES {
                let folder = tempfile::tempdir().expect("a folder can be made");
                let counts = round(folder.path(), mode.name, length.pick(6, 50), &mut random);
                table.add(mode.name, &counts);
            }
        });
        table
    }

    fn play(&self, role: &str) -> bool {
        match role {
            process::WRITER => writer::save_for_ever(),
            process::FOLLOWER => follower::follow(),
            _ => return false,
        }
        true
    }
}

/// Kills that many writers one after the other on a new file, and audits the file.
fn round(folder: &Path, mode: &'static str, kills: u64, random: &mut impl FnMut() -> u64) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    let mut follower = Follower::start(folder, mode);
    for kill in 0..kills {
        kill_a_writer(folder, mode, kill, 2_000 + random() % 60_000, &mut acknowledged);
        if random().is_multiple_of(4) {
            follower = follower.kill_and_start_again();
        }
    }
    follower.finish();
    let mut counts = vec![kills];
    counts.extend(audit(folder, mode, &acknowledged));
    counts
}
