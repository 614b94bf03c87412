//! Tortures a store for the time that it gets, counts the faults, and prints the counts.
//!
//! `cargo xtask torture [minutes] [kind]` runs it in release mode and keeps the figures. Without settings, as under
//! `cargo test`, each kind runs one short round. The settings are variables of the environment:
//! `TORTURE_MINUTES`, `TORTURE_KIND`, and `TORTURE_FIGURES`, the file that keeps the figures.

mod differential;
#[path = "../differential/erased.rs"]
mod erased;
mod figures;
mod kill;
mod kind;
mod linear;
mod marks;
mod postgres;
mod processes;
mod projections;
#[path = "../../es-runtime/src/testing/random.rs"]
mod random;
#[path = "../support/postgres.rs"]
mod server;
#[path = "../differential/sparse.rs"]
mod sparse;
#[path = "../differential/stores.rs"]
mod stores;
mod subscriptions;

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::kind::{KINDS, Length, ROLE};

fn main() -> ExitCode {
    if let Some(role) = env::var_os(ROLE) {
        let role = role.to_string_lossy();
        let played = KINDS.iter().any(|kind| kind.play(&role));
        assert!(played, "no kind plays the role `{role}`");
        return ExitCode::SUCCESS;
    }
    let only = env::var("TORTURE_KIND").ok().filter(|name| !name.is_empty());
    let chosen: Vec<_> =
        KINDS.iter().filter(|kind| only.as_deref().is_none_or(|name| name == kind.name())).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
        eprintln!("there is no such kind of torture; choose one of {}", names.join(", "));
        return ExitCode::from(2);
    }
    let minutes = env::var("TORTURE_MINUTES").ok();
    let minutes = minutes.map(|text| text.parse::<f64>().expect("TORTURE_MINUTES is a number"));
    // The kinds share the time.
    let each = minutes.map(|minutes| minutes / f64::from(u32::try_from(chosen.len()).unwrap_or(u32::MAX)));
    let length = each.map_or(Length::OneRound, |each| Length::Time(Duration::from_secs_f64(each * 60.0)));
    let mut faults = 0;
    for kind in chosen {
        let start = Instant::now();
        let table = kind.run(length);
        let verdict = if table.faults() == 0 { "ok" } else { "FAILED" };
        println!("test torture `{}` ... {verdict} ({:.0?})\n{table}", kind.name(), start.elapsed());
        // A kind that is left out keeps the figures of its last run.
        if let Some(file) = env::var_os("TORTURE_FIGURES").filter(|_| !table.rows.is_empty()) {
            figures::keep(Path::new(&file), *kind, each.unwrap_or_default(), &table)
                .expect("the figures can be written");
        }
        faults += table.faults();
    }
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
