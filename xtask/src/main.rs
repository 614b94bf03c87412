//! `cargo xtask <command>`: what people run, with the set-up that it needs on a fresh Debian machine.

mod setup;
mod steps;

use std::env;
use std::process::ExitCode;

use crate::steps::{Failed, bench, ci, test};

const USAGE: &str = "\
usage: cargo xtask <command>

  test     set up what the tests need, then run all of them
  ci       test, and the gates: format, lints, docs, each feature alone
  bench    the benchmarks, each printing its ratio to the same work by hand";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let command = args.next();
    let done: Result<(), Failed> = match (command.as_deref(), args.next()) {
        (Some("test"), None) => test(),
        (Some("ci"), None) => ci(),
        (Some("bench"), None) => bench(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(what)) => {
            eprintln!("failed: {what}");
            ExitCode::FAILURE
        }
    }
}
