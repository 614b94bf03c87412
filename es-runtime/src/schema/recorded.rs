//! The files that hold the code of a crate to what they recorded: `events.lock` and `views.lock`.

use std::ffi::OsStr;
use std::path::Path;
use std::{fs, io};

/// The remedy for a file that was damaged.
pub(crate) const RESTORE: &str = "restore the file from version control";

/// The names around a file beside the manifest of a crate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LockFile {
    /// The name of the file.
    pub(crate) name: &'static str,
    /// The environment variable that asks the test to write the file.
    pub(crate) variable: &'static str,
    /// The name of the test.
    pub(crate) test: &'static str,
}

impl LockFile {
    /// Returns the mode that a value of the variable chooses: `check` without a value, else one of `modes`.
    pub(crate) fn mode<M: Copy>(
        &self,
        value: Option<&OsStr>,
        check: M,
        modes: &[(&str, M)],
    ) -> Result<M, String> {
        let Some(value) = value else { return Ok(check) };
        if let Some((_, mode)) = modes.iter().find(|(name, _)| value == *name) {
            return Ok(*mode);
        }
        let names: Vec<String> = modes.iter().map(|(name, _)| format!("`{name}`")).collect();
        let known = match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        Err(format!(
            "{} is `{}`; set it to {known}, or unset it to check only",
            self.variable,
            value.display()
        ))
    }

    /// Returns the text of the file; `None` if there is no file.
    pub(crate) fn read(path: &Path) -> Result<Option<String>, String> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
        }
    }

    /// Reports a file that does not exist.
    pub(crate) fn missing(&self, path: &Path) -> String {
        let Self { variable, test, .. } = self;
        format!(
            "{} does not exist; run `{variable}=update cargo test {test}` and commit the file",
            path.display()
        )
    }

    /// Returns the remedy that takes the code over into the file.
    pub(crate) fn update(&self) -> String {
        let Self { name, variable, test } = self;
        format!("run `{variable}=update cargo test {test}` and commit `{name}`")
    }

    /// Writes the file if its text changes.
    pub(crate) fn renew(path: &Path, old: Option<&str>, new: &str) -> Result<(), String> {
        if old == Some(new) {
            return Ok(());
        }
        write(path, new).map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }

    /// Returns the report of a test; `Ok` without findings.
    pub(crate) fn report(&self, of: &str, findings: &[String]) -> Result<(), String> {
        if findings.is_empty() {
            return Ok(());
        }
        Err(format!("{} and the {of} of this crate do not agree:\n\n{}\n", self.name, findings.join("\n\n")))
    }
}

/// Returns the crate of a module.
pub(crate) fn crate_of(module_path: &str) -> &str {
    module_path.split_once("::").map_or(module_path, |(first, _)| first)
}

/// Returns whether the line is one that a merge left behind.
pub(crate) fn is_conflict(line: &str) -> bool {
    ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker))
}

/// Writes all or nothing: another test, or an interruption, never sees half a file.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension(format!("lock.{}.tmp", std::process::id()));
    fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
        // The file that could not be renamed is of no use; the caller needs the first error.
        let _ = fs::remove_file(&temporary);
    })
}
