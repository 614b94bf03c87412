//! Runs cargo and measures the time.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs};

/// The cost of a run of the compiler, in seconds.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// The time on the clock.
    pub wall: f64,
    /// The time on the processors, in the compiler itself; `None` outside Linux.
    pub user: Option<f64>,
}

/// A workspace of generated crates.
pub(crate) struct Workspace {
    folder: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Makes the workspace of that folder, which compiles into `target`.
    pub(crate) const fn new(folder: PathBuf, target: PathBuf) -> Self {
        Self { folder, target }
    }

    /// Returns the folder of the workspace.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Compiles one crate, and those of its dependencies that are not compiled yet.
    pub(crate) fn run(&self, command: &str, name: &str) -> Cost {
        let (start, before) = (Instant::now(), user_of_children());
        self.cargo(&[command, "--quiet", "--package", name]);
        let wall = start.elapsed().as_secs_f64();
        Cost { wall, user: user_of_children().zip(before).map(|(after, before)| after - before) }
    }

    /// Removes the compiled output of one crate; that of its dependencies stays.
    pub(crate) fn clean(&self, name: &str) {
        self.cargo(&["clean", "--quiet", "--package", name]);
    }

    /// Runs cargo in the workspace, without anything that would make one run differ from the next.
    ///
    /// # Panics
    ///
    /// If cargo fails: then the bench has nothing to compare.
    fn cargo(&self, arguments: &[&str]) {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(arguments)
            .arg("--offline")
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", "0")
            .env_remove("RUSTFLAGS")
            .env_remove("RUSTC_WRAPPER")
            .stdin(Stdio::null())
            .status();
        match status {
            Ok(status) => assert!(
                status.success(),
                "`cargo {}` failed in {}",
                arguments.join(" "),
                self.folder.display()
            ),
            Err(error) => panic!("cargo cannot be started: {error}"),
        }
    }
}

/// Returns the seconds that all finished child processes spent, as Linux counts them.
fn user_of_children() -> Option<f64> {
    // Linux reports times to programs in hundredths of a second, on every processor.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u32 = fields.split_whitespace().nth(13)?.parse().ok()?;
    Some(f64::from(ticks) / TICKS_PER_SECOND)
}
