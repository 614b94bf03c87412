//! One command, and the time that it takes.

use std::process::Command;
use std::time::Instant;

/// Which step failed.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

/// Runs one command and says how long it took.
pub(crate) fn run(name: &str, command: &mut Command) -> Result<(), Failed> {
    println!("==> {name}");
    let start = Instant::now();
    let status = command.status().map_err(|error| Failed(format!("{name}: {error}")))?;
    println!("    {:.0?}", start.elapsed());
    if status.success() { Ok(()) } else { Err(Failed(name.to_owned())) }
}
