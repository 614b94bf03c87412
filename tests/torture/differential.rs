//! All stores against memory, in operations from ever new seeds.

use std::env;
use std::panic::catch_unwind;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::kind::{Kind, Length, Table};
use crate::random::Random;
use crate::stores::STORES;

/// The variable that names the first seed, to repeat a run.
const SEED: &str = "TORTURE_SEED";

pub(crate) struct Differential;

impl Kind for Differential {
    fn name(&self) -> &'static str {
        "differential"
    }

    fn about(&self) -> &'static str {
        "Random operations on every store and on the store in memory, whose answers have to be equal. Each round has a\n\
         new seed; the first one comes from the clock, or from `TORTURE_SEED`."
    }

    fn run(&self, length: Length) -> Table {
        let mut table = Table::new(&["operations", "databases", "events read"], &["differences"]);
        let first = first_seed();
        println!("{SEED}={first} repeats this run");
        let mut seeds = Random::new(first);
        length.rounds(|_| {
            let seed = seeds.below(u64::MAX);
            for (name, run) in STORES {
                let operations = length.pick(300, 3_000);
                let folder = tempfile::tempdir().expect("a folder can be made");
                // The panic of a difference names the seed and the operations.
                let counts = match catch_unwind(|| run(seed, operations, folder.path())) {
                    Ok(counts) => [counts.operations(), counts.stores(), counts.events_read(), 0],
                    Err(_) => [0, 0, 0, 1],
                };
                table.add(name, &counts);
            }
        });
        table
    }
}

fn first_seed() -> u64 {
    let asked = env::var(SEED).ok().filter(|seed| !seed.is_empty());
    asked.map_or_else(
        || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            now.as_secs() ^ u64::from(now.subsec_nanos()).rotate_left(32)
        },
        |seed| seed.parse().expect("TORTURE_SEED is a number"),
    )
}
