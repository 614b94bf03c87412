//! `events.lock`: a file in the user's repository that records the shape of every stored event, and the test
//! that holds it.
//!
//! Stored events live for ever, so a change of an event's fields must not make old rows unreadable. One line
//! in the crate that declares the events, [`events_lock!()`](crate::events_lock), makes a test of it. The
//! test fails when
//!
//! - an event is not recorded yet (a new event, a new version),
//! - a recorded shape changed so that old rows may be unreadable or lose data: a field is gone, renamed, of
//!   another type, no longer optional, or new and required; a variant is gone or changed; likewise anywhere
//!   inside,
//! - a recorded event or version is gone and not retired, or an alias of it is,
//! - a type cannot be stored at all: it does not read what it writes, or has an option in an option.
//!
//! New optional fields, new variants and wider types (`i32` to `i64`, a set to a list, but not back) pass. What
//! passed is held from the next update on; `EVENTS_LOCK=exact` fails until then, which is what a build server
//! should ask for.
//!
//! The file changes only on request, by the environment variable `EVENTS_LOCK`: `update` adds what is new and
//! compatible, `overwrite` also gives up recorded shapes (only for events that were never deployed). Its
//! lines are explained at [`Shape`](crate::schema::shape::Shape); `Old -> New` says that rows of the topic `Old` are read as
//! `New`, and `Old retired` that they are skipped. What cannot be traced is listed as `opaque`;
//! changes inside are not seen.
//!
//! What is not seen either:
//!
//! - whose id it is: `Id<Account>` and `Id<Invoice>` are both a `uuid`,
//! - `#[serde(skip)]` inside a value type: what is skipped there is not stored (on the fields of events and states
//!   themselves it is refused),
//! - which values a checked number (`i64 (checked)`) refuses: other limits pass, also tighter ones; and a
//!   number that refuses none of the few values that are tried counts as unchecked,
//! - checks of strings in free text, of the length of a list, and of several values together,
//! - sets among the older shapes of an event: these are only read, and read like lists. A list there that
//!   becomes a set passes. The newest shape is also written, and there it does not.

mod changes;
mod file;
mod collect;
mod compare;
#[cfg(test)]
mod tests;

#[doc(hidden)]
pub use collect::{Shapes, StoredShapes, attribute_topic};

use compare::Weight;
use file::Record;
use std::ffi::OsStr;
use std::path::Path;
use std::{env, fs, io};

/// Declares the test `events_lock`, which holds the shapes of this crate's stored events to the file
/// `events.lock`.
///
/// It covers the events of the crate in which it stands, so it must stand in the crate that declares them,
/// not in an integration test. What it accepts, and how the file is updated, is told at
/// [`lock`](crate::schema::lock).
///
/// ```
/// #[cfg(test)]
/// es_runtime::events_lock!();
/// ```
#[macro_export]
macro_rules! events_lock {
    () => {
        #[::core::prelude::v1::test]
        fn events_lock() {
            if let ::core::result::Result::Err(report) =
                $crate::schema::lock::check(::core::env!("CARGO_MANIFEST_DIR"), ::core::module_path!())
            {
                ::core::panic!("{}", report);
            }
        }
    };
}

const FILE: &str = "events.lock";
const VARIABLE: &str = "EVENTS_LOCK";

/// Checks, and on request updates, the lock in `manifest_dir` for the events of the crate that `module_path`
/// is in.
///
/// The error is the report, ready to print.
#[doc(hidden)]
pub fn check(manifest_dir: &str, module_path: &str) -> Result<(), String> {
    let mode = Mode::read(env::var_os(VARIABLE).as_deref())?;
    let name = first_segment(module_path);
    let mut shapes = Shapes::default();
    for stored in inventory::iter::<StoredShapes> {
        if first_segment(stored.module) == name {
            (stored.collect)(&mut shapes);
        }
    }
    if shapes.record == Record::default() {
        return Err(format!(
            "the crate `{name}` declares no stored events; \
             put `events_lock!()` into the crate that declares them, \
             under `#[cfg(test)]`, not into an integration test"
        ));
    }
    run(&Path::new(manifest_dir).join(FILE), mode, &shapes)
}

fn first_segment(path: &str) -> &str {
    path.split_once("::").map_or(path, |(first, _)| first)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Check,
    Exact,
    Update,
    Overwrite,
}

impl Mode {
    fn read(value: Option<&OsStr>) -> Result<Self, String> {
        match value.map(OsStr::to_str) {
            None => Ok(Self::Check),
            Some(Some("exact")) => Ok(Self::Exact),
            Some(Some("update")) => Ok(Self::Update),
            Some(Some("overwrite")) => Ok(Self::Overwrite),
            Some(_) => Err(format!(
                "{VARIABLE} is `{}`; set it to `exact`, `update` or `overwrite`, or unset it to check only",
                value.unwrap_or_default().display()
            )),
        }
    }
}

fn run(path: &Path, mode: Mode, shapes: &Shapes) -> Result<(), String> {
    let shapes = &shapes.settled();
    let text = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
    };
    let locked = match text.as_deref().map(file::parse) {
        Some(Err(_)) if mode == Mode::Overwrite => Record::default(),
        Some(Err(problem)) => return Err(format!("{}, {problem}", path.display())),
        Some(Ok(locked)) => locked,
        None if matches!(mode, Mode::Check | Mode::Exact) => {
            return Err(format!(
                "{} does not exist; run `{VARIABLE}=update cargo test events_lock` and commit the file",
                path.display()
            ));
        }
        None => Record::default(),
    };
    let (record, failing) = match mode {
        Mode::Check => (None, Weight::Unrecorded),
        Mode::Exact => (None, Weight::Accepted),
        Mode::Update => (Some(compare::updated(&locked, shapes)), Weight::Breaking),
        Mode::Overwrite => (Some(compare::overwritten(&locked, shapes)), Weight::Defect),
    };
    if let Some(record) = record {
        let new = file::render(&record);
        if text.as_deref() != Some(new.as_str()) {
            write(path, &new).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        }
    }
    let findings = compare::compare(&locked, shapes);
    let failing: Vec<String> = findings
        .into_iter()
        .filter(|finding| finding.weight >= failing)
        .map(|finding| finding.text)
        .collect();
    if failing.is_empty() {
        return Ok(());
    }
    Err(format!("{FILE} and the events of this crate do not agree:\n\n{}\n", failing.join("\n\n")))
}

/// Writes all or nothing: another test, or an interruption, never sees half a file.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension(format!("lock.{}.tmp", std::process::id()));
    fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
        // The file that could not be renamed is of no use; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
    })
}
