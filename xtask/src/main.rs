//! `cargo xtask <command>`: the commands that people run, with the set-up that they need on a fresh Debian machine.

mod part;
mod run;
mod setup;
mod steps;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use crate::run::Failed;
use crate::steps::{BENCHES, bench, ci, test, torture};

const USAGE: &str = "\
usage: cargo xtask <command>

  test                        set up what the tests need, then run all of them
  ci                          test, and the gates: format, lints, docs, each feature alone
  bench [name]                the benchmarks, each printing its ratio to the same work by hand; or one of them:
                              domain, store, postgres, wakeup, rebuild, compile_time
  torture [minutes] [kind]    kill, race and count what breaks, for so long (10 minutes); of every kind, or of one";

fn main() -> ExitCode {
    // Cargo calls this program for each test program, while `ci` runs.
    let mut words = env::args_os().skip(1);
    if let (Some(command), Some(part), Some(program)) = (words.next(), words.next(), words.next())
        && command == part::RUNNER
    {
        return part::run(&part.to_string_lossy(), Path::new(&program), words);
    }
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done: Result<(), Failed> = match args[..] {
        ["test"] => test(),
        ["ci"] => ci(),
        ["bench"] => bench(BENCHES),
        ["bench", name] if BENCHES.contains(&name) => bench(&[name]),
        ["torture"] => torture(10.0, None),
        ["torture", minutes] => match minutes.parse() {
            Ok(minutes) => torture(minutes, None),
            Err(_) => return usage(),
        },
        ["torture", minutes, kind] => match minutes.parse() {
            Ok(minutes) => torture(minutes, Some(kind)),
            Err(_) => return usage(),
        },
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(what)) => {
            eprintln!("failed: {what}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
