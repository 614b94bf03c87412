//! B8: the compile time of a crate with 100 aggregates of 10 events, and of one with an aggregate of 500 events,
//! against the same crates by hand; and of a view with a handler for each of 100 events, against the same view by hand.
//!
//! `cargo bench -p es-benches --bench compile_time` writes both crates from one description into the target directory,
//! compiles their dependencies, then checks and builds each in turn. `B8_ROUNDS` sets the number of rounds;
//! `B8_AGGREGATES`, `B8_EVENTS`, `B8_EVENTS_OF_ONE` and `B8_HANDLERS` set the sizes; `B8_ONLY_VIEWS=1` leaves out the
//! aggregates.

mod by_hand;
mod caller;
mod description;
mod files;
mod framework;
mod measure;
mod view;

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

/// The goal for views.
const VIEW_GOAL: f64 = 1.5;

/// Measures both commands; without `--bench`, only checks that a small version of both crates compiles.
fn main() -> io::Result<()> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = temporary.join("compile_time");
    // A check alone may find dependencies where trybuild compiles them, too; a measurement keeps to itself.
    let target = if measuring() { folder.join("target") } else { temporary.join("../tests/trybuild") };
    let workspace = Workspace::new(folder, target);
    if !measuring() {
        let crates = write(&workspace, aggregates(&Description::new(3, 4))?)?;
        for made in &crates {
            workspace.run("check", made.name);
        }
        for place in view::PLACES {
            for made in &write(&workspace, views(place, 4)?)? {
                workspace.run("check", made.name);
            }
        }
        return Ok(());
    }
    // The empty crates come first, to compile the dependencies.
    for made in &write(&workspace, aggregates(&Description::new(0, 0))?)? {
        workspace.run("check", made.name);
        workspace.run("build", made.name);
    }
    for place in view::PLACES {
        let handlers = setting("B8_HANDLERS", 100);
        let crates = write(&workspace, views(place, handlers)?)?;
        println!("B8: a view {} with {handlers} handlers", place.name());
        compare(&workspace, &crates, VIEW_GOAL);
    }
    if setting("B8_ONLY_VIEWS", 0) == 1 {
        return Ok(());
    }
    let many = Description::new(setting("B8_AGGREGATES", 100), setting("B8_EVENTS", 10));
    let large = Description::new(1, setting("B8_EVENTS_OF_ONE", 500));
    for description in [many, large] {
        let crates = write(&workspace, aggregates(&description)?)?;
        println!(
            "B8: {} aggregates, {} events with {} fields; {} lines with the macros, {} by hand",
            description.aggregates.len(),
            description.events(),
            description.event_fields(),
            crates[0].lines(),
            crates[1].lines()
        );
        compare(&workspace, &crates, GOAL);
    }
    Ok(())
}

/// Measures two crates, ours first.
fn compare(workspace: &Workspace, crates: &[Crate; 2], goal: f64) {
    let rounds = setting("B8_ROUNDS", 5);
    for command in ["check", "build"] {
        let costs: Vec<[Cost; 2]> =
            (0..rounds).map(|round| measure(workspace, command, crates, round)).collect();
        report(command, &costs, goal);
    }
}

/// Describes a domain with the macros, and by hand.
fn aggregates(description: &Description) -> io::Result<[Crate; 2]> {
    Ok([framework::write(description, &runtime()?), by_hand::write(description)])
}

/// Describes a view with `#[projection]`, and by hand, of one aggregate with that many events.
fn views(place: view::Place, handlers: usize) -> io::Result<[Crate; 2]> {
    let description = Description::new(1, handlers);
    let (of, runtime) = (&description.aggregates[0], runtime()?);
    Ok([view::write("ours", of, place, false, &runtime), view::write("by_hand", of, place, true, &runtime)])
}

fn runtime() -> io::Result<String> {
    Ok(Path::new(ROOT).canonicalize()?.join("es-runtime").to_string_lossy().into_owned())
}

/// Writes both crates as a workspace with the dependency versions of this one.
fn write(workspace: &Workspace, crates: [Crate; 2]) -> io::Result<[Crate; 2]> {
    let folder = workspace.folder();
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
fn report(command: &str, costs: &[[Cost; 2]], goal: f64) {
    let line = |what: &str, pairs: Vec<[f64; 2]>| {
        let ours = median(pairs.iter().map(|pair| pair[0]));
        let by_hand = median(pairs.iter().map(|pair| pair[1]));
        let ratio = median(pairs.iter().map(|pair| pair[0] / pair[1]));
        println!("{command:>6} {what:>5} {ours:>9.2} s {by_hand:>9.2} s {ratio:>7.2}  (goal: {goal})");
    };
    println!("{:>6} {:>5} {:>11} {:>11} {:>7}", "", "", "ours", "by hand", "ratio");
    line("wall", costs.iter().map(|pair| pair.map(|cost| cost.wall)).collect());
    let user: Option<Vec<[f64; 2]>> =
        costs.iter().map(|[ours, by_hand]| Some([ours.user?, by_hand.user?])).collect();
    if let Some(user) = user {
        line("user", user);
    }
}
