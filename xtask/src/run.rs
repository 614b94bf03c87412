//! Runs commands, one by one or two at a time, and measures their time.

use std::io::Write;
use std::process::Command;
use std::time::Instant;
use std::{io, thread};

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

/// Runs one command beside others: prints what it wrote in one piece, when it has ended.
pub(crate) fn run_aside(name: &str, command: &mut Command) -> Result<(), Failed> {
    let start = Instant::now();
    let output = command.output().map_err(|error| Failed(format!("{name}: {error}")))?;
    let mut text = format!("==> beside the rest: {name}\n").into_bytes();
    text.extend(output.stdout);
    text.extend(output.stderr);
    text.extend(format!("    {:.0?}\n", start.elapsed()).into_bytes());
    io::stdout().lock().write_all(&text).map_err(|error| Failed(format!("{name}: {error}")))?;
    if output.status.success() { Ok(()) } else { Err(Failed(name.to_owned())) }
}

/// Runs two lists of steps at the same time, each to its end, and returns the first failure.
pub(crate) fn together(
    one: impl FnOnce() -> Result<(), Failed>,
    aside: impl FnOnce() -> Result<(), Failed> + Send,
) -> Result<(), Failed> {
    thread::scope(|scope| {
        let aside = scope.spawn(aside);
        let one = one();
        let aside = aside.join().unwrap_or_else(|_| Err(Failed("a step panicked".to_owned())));
        one.and(aside)
    })
}
