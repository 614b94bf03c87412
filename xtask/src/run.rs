//! Runs one command, and measures its time.

use std::process::Command;
use std::time::Instant;

/// The failure of a step, with the step's name.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

/// Runs one command and prints its time.
pub(crate) fn run(name: &str, command: &mut Command) -> Result<(), Failed> {
    println!("==> {name}");
    let start = Instant::now();
    let status = command.status().map_err(|error| Failed(format!("{name}: {error}")))?;
    println!("    {:.0?}", start.elapsed());
    if status.success() { Ok(()) } else { Err(Failed(name.to_owned())) }
}
