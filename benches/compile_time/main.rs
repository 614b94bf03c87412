//! B8: the compile time of a crate with 100 aggregates of 10 events, and of one with an aggregate of 500 events,
//! against the same crates by hand.
//!
//! `cargo bench -p es-benches --bench compile_time` writes both crates from one description into the target directory,
//! compiles their dependencies, then checks and builds each in turn. `B8_ROUNDS` sets the number of rounds;
//! `B8_AGGREGATES`, `B8_EVENTS` and `B8_EVENTS_OF_ONE` set the sizes.

mod by_hand;
mod caller;
mod description;
mod files;
mod framework;
mod measure;

use std::path::Path;
use std::{fs, io};

use es_benches::{measuring, median, setting};

use crate::description::Description;
use crate::files::Crate;
use crate::measure::{Cost, Workspace};

/// The folder of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The goal: at most this many times the cost by hand.
const GOAL: f64 = 1.25;

/// Measures both commands; without `--bench`, only checks that a small version of both crates compiles.
fn main() -> io::Result<()> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = temporary.join("compile_time");
    // A check alone may find dependencies where trybuild compiles them, too; a measurement keeps to itself.
    let target = if measuring() { folder.join("target") } else { temporary.join("../tests/trybuild") };
    let workspace = Workspace::new(folder, target);
    if !measuring() {
        let crates = write(&workspace, &Description::new(3, 4))?;
        for made in &crates {
            workspace.run("check", made.name);
        }
        return Ok(());
    }
    // The empty crates come first, to compile the dependencies.
    for made in &write(&workspace, &Description::new(0, 0))? {
        workspace.run("check", made.name);
        workspace.run("build", made.name);
    }
    let many = Description::new(setting("B8_AGGREGATES", 100), setting("B8_EVENTS", 10));
    let large = Description::new(1, setting("B8_EVENTS_OF_ONE", 500));
    for description in [many, large] {
        compare(&workspace, &description)?;
    }
    Ok(())
}

/// Measures both crates of one description.
fn compare(workspace: &Workspace, description: &Description) -> io::Result<()> {
    let crates = write(workspace, description)?;
    println!(
        "B8: {} aggregates, {} events with {} fields; {} lines with the macros, {} by hand",
        description.aggregates.len(),
        description.events(),
        description.event_fields(),
        crates[0].lines(),
        crates[1].lines()
    );
    let rounds = setting("B8_ROUNDS", 5);
    for command in ["check", "build"] {
        let costs: Vec<[Cost; 2]> =
            (0..rounds).map(|round| measure(workspace, command, &crates, round)).collect();
        report(command, &costs);
    }
    Ok(())
}

/// Writes both crates, ours first, as a workspace with the dependency versions of this one.
fn write(workspace: &Workspace, description: &Description) -> io::Result<[Crate; 2]> {
    let folder = workspace.folder();
    let runtime = Path::new(ROOT).canonicalize()?.join("es-runtime");
    let crates = [framework::write(description, &runtime.to_string_lossy()), by_hand::write(description)];
    for made in &crates {
        made.write(folder)?;
    }
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"ours\", \"by_hand\"]\n";
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(Path::new(ROOT).join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(crates)
}

/// Compiles each crate once; the order changes from round to round.
fn measure(workspace: &Workspace, command: &str, crates: &[Crate; 2], round: usize) -> [Cost; 2] {
    let run = |made: &Crate| {
        workspace.clean(made.name);
        workspace.run(command, made.name)
    };
    let [ours, by_hand] = crates;
    if round.is_multiple_of(2) {
        let ours = run(ours);
        [ours, run(by_hand)]
    } else {
        let by_hand = run(by_hand);
        [run(ours), by_hand]
    }
}

/// Prints the medians, and the median of the rounds' ratios.
fn report(command: &str, costs: &[[Cost; 2]]) {
    let line = |what: &str, pairs: Vec<[f64; 2]>| {
        let ours = median(pairs.iter().map(|pair| pair[0]));
        let by_hand = median(pairs.iter().map(|pair| pair[1]));
        let ratio = median(pairs.iter().map(|pair| pair[0] / pair[1]));
        println!("{command:>6} {what:>5} {ours:>9.2} s {by_hand:>9.2} s {ratio:>7.2}  (goal: {GOAL})");
    };
    println!("{:>6} {:>5} {:>11} {:>11} {:>7}", "", "", "ours", "by hand", "ratio");
    line("wall", costs.iter().map(|pair| pair.map(|cost| cost.wall)).collect());
    let user: Option<Vec<[f64; 2]>> =
        costs.iter().map(|[ours, by_hand]| Some([ours.user?, by_hand.user?])).collect();
    if let Some(user) = user {
        line("user", user);
    }
}
