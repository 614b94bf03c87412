//! The cost of storing on SQLite, against the driver by hand in the same run.
//!
//! `cargo xtask bench store` runs both sides in turn, round by round, each on a file of its own in one folder, and
//! prints medians and their ratio: the throughput of the framework as a share of that by hand. `B_ROUNDS` sets the
//! number of rounds, `B_MANY` the number of aggregates in the largest save, and `B10_LARGEST` the size to which the
//! store grows. `B_ONLY` runs the parts that it lists: `writes`, `group`, `latency`, `many`, `cycle`, `reads`,
//! `sealed`, `growth`, `processes`, `projection`. `B_FOLDER` sets the folder of the files.

mod account;
mod cycle;
mod group;
mod growth;
mod harness;
mod latency;
mod many;
mod payload;
mod processes;
mod projection;
mod raw;
mod reads;
mod sealed;
mod writes;

use es_benches::{measuring, setting};
use es_runtime::recorder::Synchronous;

fn main() {
    if processes::commits() {
        return;
    }
    let rounds: usize = setting("B_ROUNDS", if measuring() { 15 } else { 1 });
    let few = |many: usize| if measuring() { many } else { 5 };
    let only = std::env::var("B_ONLY").unwrap_or_default();
    let runs = |name: &str| only.is_empty() || only.split([',', ' ']).any(|one| one == name);
    println!("{:<44} {:>12} {:>12} {:>7} {:>7}", "", "framework/s", "by hand/s", "share", "goal");
    if runs("writes") {
        for (name, synchronous, goal) in
            [("FULL", Synchronous::Full, 0.90), ("NORMAL", Synchronous::Normal, 0.80)]
        {
            let many = few(if name == "FULL" { 300 } else { 3_000 });
            let (one, tokio) =
                (format!("B1 one writer, 1 event, {name}"), format!("B1 the same under tokio, {name}"));
            writes::writes(&one, rounds, synchronous, many, 1, goal, false);
            writes::writes(&tokio, rounds, synchronous, many, 1, 0.65, true);
            let ten = format!("B2 one writer, 10 events, {name}");
            writes::writes(&ten, rounds, synchronous, many / 3 + 1, 10, 0.90, false);
        }
        writes::many_rows(rounds, few(1_000), 10);
        writes::many_rows(rounds, few(200), 100);
    }
    if runs("group") {
        for (writers, tokio, goal) in [(16, false, 0.90), (16, true, 0.90), (64, true, 0.90)] {
            group::concurrent(rounds, writers, few(4_000), tokio, goal);
        }
    }
    if runs("reads") {
        reads::replay(rounds, few(1_000));
        reads::log(rounds, few(20_000));
    }
    if runs("projection") {
        projection::projection(rounds, few(500));
    }
    if runs("cycle") {
        cycle::cycle(rounds.min(5), few(10_000), few(100), true);
        cycle::cycle(rounds.min(5), few(10_000), few(20), false);
    }
    if runs("sealed") {
        sealed::sealed(rounds, few(5_000));
    }
    if runs("many") {
        many::many(rounds.min(3), setting("B_MANY", few(100_000)));
    }
    if runs("latency") {
        latency::latency(few(3_000), few(10_000));
    }
    if runs("processes") {
        processes::processes(rounds);
    }
    if runs("growth") {
        let largest = setting("B10_LARGEST", 10_000_000);
        let sizes = if measuring() { vec![10_000, 1_000_000, largest] } else { vec![1_000] };
        growth::growth(&sizes, rounds);
    }
}
