//! Every store against memory, in random operations: see `testing::differential`.
//!
//! `ES_DIFFERENTIAL=1000000` makes that many operations for each store and seed.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use es_runtime::recorder::MemoryRecorder;
use es_runtime::testing::differential::differential;

mod erased;
mod sparse;
mod stores;
mod wrong;

use self::stores::STORES;
use self::wrong::{Wrong, WrongIn};

const SEEDS: [u64; 4] = [1, 20, 300, 4_000];

fn operations() -> usize {
    env::var("ES_DIFFERENTIAL").ok().and_then(|many| many.parse().ok()).unwrap_or(3_000)
}

/// Runs the operations of all seeds on the stores of this name.
fn check(name: &str) {
    let (_, run) = STORES.iter().find(|(known, _)| *known == name).expect("a store has this name");
    for seed in SEEDS {
        let began = Instant::now();
        let folder = tempfile::tempdir().unwrap();
        let counts = run(seed, operations(), folder.path());
        println!("{name}, seed {seed}, {:?}: {counts}", began.elapsed());
        assert_eq!(counts.operations(), operations() as u64);
    }
}

#[test]
fn every_end_of_every_operation_is_met() {
    let counts = differential(7, 6_000, MemoryRecorder::new);
    let ends: Vec<_> = counts.ends().map(|(operation, end, _)| format!("{operation}: {end}")).collect();
    let refused = ["conflict of versions", "conflict of data keys", "data key is missing", "forgotten"];
    for expected in [
        "append: stored",
        "append: repeated",
        "append_tracked: stored",
        "append_tracked: repeated",
        "append_tracked: conflict of steps",
        "track: done",
        "track: conflict of steps",
        "tracked: read",
        "select: read",
        "read_log: read",
        "read_log: diverged",
        "has_commit: found",
        "has_commit: not found",
        "select_keys: read",
        "replace_key: found",
        "replace_key: not found",
        "forget: done",
        "forget: conflict of versions",
        "resolve: read",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(refused.iter().map(|end| format!("append: {end}")))
    {
        assert!(ends.contains(&expected), "`{expected}` is not among {ends:#?}");
    }
}

#[test]
fn a_seed_makes_the_same_operations_each_time() {
    let run = |seed| differential(seed, 1_000, MemoryRecorder::new);
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

/// Returns the text with which the run rejects a recorder.
fn rejection(fault: Wrong) -> String {
    let run = || differential(9, 3_000, || WrongIn::new(fault));
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err(&format!("{fault:?} was not found"));
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn wrong_recorders_are_rejected() {
    for fault in Wrong::ALL {
        let text = rejection(fault);
        for part in ["with seed 9, at operation ", "memory answered ", "the store answered "] {
            assert!(text.contains(part), "{fault:?}: {text}");
        }
    }
}

#[test]
fn a_rejection_names_few_operations_that_lead_there() {
    let text = rejection(Wrong::RepeatsLookNew);
    let (_, operations) = text.split_once("On an empty store, these operations lead there:").unwrap();
    assert_eq!(operations.matches("\n  Append").count(), 2, "{text}");
    assert!(text.contains("is_repeated: true") && text.contains("is_repeated: false"), "{text}");
}
