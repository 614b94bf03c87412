//! Splits the test programs of one `cargo test` into parts, which run at different times or beside each other.
//!
//! Cargo finds and prepares every program in each call, and starts it through a runner: this very program. The runner
//! leaves out what belongs to another part, so no test is forgotten, whatever targets are added.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The word on the command line that makes this program a runner.
pub(crate) const RUNNER: &str = "run-part";

/// A part of the test programs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Part {
    /// Programs that start the compiler, and look at no clock.
    Compiling,
    /// All others.
    Rest,
}

/// The targets whose programs start the compiler.
const COMPILING: &[&str] = &["ui", "compile_time"];

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Compiling => "compiling",
            Self::Rest => "rest",
        }
    }

    /// Returns the part of a program, by its target.
    fn of(program: &Path) -> Self {
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        // Cargo adds a hash to the name of the target.
        let target = name.rsplit_once('-').map_or(&*name, |(target, _)| target);
        if COMPILING.contains(&target) { Self::Compiling } else { Self::Rest }
    }

    /// Returns the setting of cargo that makes it run this part only.
    pub(crate) fn setting(self, this_program: &Path) -> String {
        let words = [&*this_program.to_string_lossy(), RUNNER, self.name()].map(|word| format!("{word:?}"));
        format!("target.'cfg(all())'.runner=[{}]", words.join(", "))
    }
}

/// Returns the path of this program, for cargo.
pub(crate) fn this_program() -> PathBuf {
    env::current_exe().unwrap_or_else(|_| "xtask".into())
}

/// Runs a test program if it belongs to the part of this name.
pub(crate) fn run(part: &str, program: &Path, args: impl Iterator<Item = OsString>) -> ExitCode {
    if Part::of(program).name() != part {
        println!("             in another part");
        return ExitCode::SUCCESS;
    }
    match Command::new(program).args(args).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("{}: {status}", program.display());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}
