//! `events.lock`: a file in the user's repository that records the shape of every stored event, and the test that holds
//! the code to it.
//!
//! Stored events live for ever, so a change of an event's fields must not make old rows unreadable. One line in the
//! crate that declares the events, [`events_lock!()`](crate::events_lock), makes a test of this rule. The test fails
//! when
//!
//! - an event is not recorded yet (a new event, a new version),
//! - a recorded shape changed so that old rows may be unreadable or lose data (see below),
//! - a recorded event or version is gone and not retired, or an alias of it is,
//! - a type cannot be stored at all: it does not read its own data, or has an option in an option.
//!
//! Old rows may be unreadable when a field is gone, renamed, of another type, no longer optional, or new and required.
//! The same holds for a variant that is gone or changed, and for each type inside.
//!
//! New optional fields, new variants and wider types (`i32` to `i64`, a set to a list, but not back) pass. The next
//! update records them, and from then on the test holds the code to them. `EVENTS_LOCK=exact` fails until that update,
//! and so is the mode for a build server.
//!
//! The file changes only on request, by the environment variable `EVENTS_LOCK`:
//!
//! | value | the test writes |
//! |---|---|
//! | unset | nothing; the test fails when old rows may be unreadable, or something is not recorded |
//! | `exact` | nothing; the test fails when the file differs at all |
//! | `update` | new and compatible shapes |
//! | `accept` | as `update`, and values that cannot be seen |
//! | `overwrite` | everything: recorded shapes are lost (only for events that were never deployed) |
//!
//! [`Shape`](crate::schema::shape::Shape) explains the lines of shapes. The other lines are sentences:
//!
//! | line | meaning |
//! |---|---|
//! | `Account makes ids from keys under the name Account` | the namespace that [`Id::from_key`](crate::Id::from_key) uses |
//! | `Account is created by Account.Opened` | the event that a history begins with; others may not |
//! | `Account reads Paid` | an event of another topic is in the histories of the aggregate |
//! | `Account.Deposited comes from Account::deposit` | the method or struct in the code, to notice swapped names |
//! | `Old -> New` | rows of the topic `Old` are read as `New` |
//! | `Old retired` | rows of the topic are skipped |
//! | `shape Address` | a type in several places, each of which has `shape Address` |
//!
//! Values that cannot be traced are `opaque`: an untagged enum, strings in a format of your own. Nobody sees when a
//! change inside one makes old rows unreadable. Only `EVENTS_LOCK=accept` records such a line: it warns of each, and
//! marks it as `(accepted)`. The values around it are traced all the same.
//!
//! The lock does not see these either:
//!
//! - the aggregate of an id: `Id<Account>` and `Id<Invoice>` are both a `uuid`,
//! - the unit of a number: seconds may become milliseconds, cents may become euros,
//! - `#[serde(skip)]` inside a value type: a skipped field is not stored (on the fields of events and states
//!   themselves, the macros refuse it),
//! - the values that a checked number (`i64 (checked)`) refuses: other limits pass, also tighter ones. A number
//!   that refuses none of the few values that the tracer tries counts as unchecked,
//! - checks of strings in free text, of the length of a list, and of several values together,
//! - in a type with `#[serde(flatten)]`, a field that may be left out and is not written when it is empty, and
//!   an `Option` that is flattened beside something else that is flattened: serde reports no names there,
//! - sets and defaults among the older shapes of an event, which are only read: a list there may become a set. The newest
//!   shape is also written, and there it may not.
//!
//! A test with [`Scenario`](crate::testing::Scenario) prints a note if its crate has events and no `events_lock!()`.

mod shared;
mod file;
mod changes;
mod findings;
mod collect;
mod owners;
mod compare;
mod remind;
#[cfg(test)]
mod tests;

#[doc(hidden)]
pub use collect::{Shapes, StoredShapes, attribute_topic};
#[doc(hidden)]
pub use remind::Locked;
pub(crate) use remind::remind;

use crate::schema::recorded::{LockFile, crate_of};
use file::{Format, Record};
use findings::Weight;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::{env, fs, io};

/// Declares the test `events_lock`, which holds the shapes of this crate's stored events to the file
/// `events.lock`.
///
/// The test covers the events of the crate in which it stands, so it must stand in the crate that declares them, not in
/// an integration test. [`lock`](crate::schema::lock) describes the changes that it accepts, and the updates of the
/// file.
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

        $crate::__private::submit! {
            $crate::__private::Locked { module: ::core::module_path!() }
        }
    };
}

const FILE: &str = "events.lock";
const LOCK: LockFile = LockFile { name: FILE, variable: "EVENTS_LOCK", test: "events_lock" };

/// Checks the lock in `manifest_dir` for the events of the crate that `module_path` is in; updates the lock on request.
///
/// The error is the report, ready to print.
#[doc(hidden)]
pub fn check(manifest_dir: &str, module_path: &str) -> Result<(), String> {
    let mode = Mode::read(env::var_os(LOCK.variable).as_deref())?;
    let name = crate_of(module_path);
    let path = Path::new(manifest_dir).join(FILE);
    let mut shapes = Shapes::knowing(&names(&path));
    for stored in inventory::iter::<StoredShapes> {
        if crate_of(stored.module) == name {
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
    run(&path, mode, &shapes)
}

/// Returns the names of fields and variants in a lock, to try on types that do not report theirs.
fn names(path: &Path) -> Vec<String> {
    let locked = fs::read_to_string(path).ok().and_then(|text| file::parse(&text).ok());
    let shapes = locked.into_iter().flat_map(|(record, _)| record.shapes.into_values());
    let names = shapes.flat_map(|shape| shape.names().map(str::to_owned).collect::<Vec<_>>());
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Check,
    Exact,
    Update,
    /// As `Update`, and takes values that cannot be seen.
    Accept,
    Overwrite,
}

impl Mode {
    fn read(value: Option<&OsStr>) -> Result<Self, String> {
        let modes = [
            ("exact", Self::Exact),
            ("update", Self::Update),
            ("accept", Self::Accept),
            ("overwrite", Self::Overwrite),
        ];
        LOCK.mode(value, Self::Check, &modes)
    }
}

fn run(path: &Path, mode: Mode, shapes: &Shapes) -> Result<(), String> {
    let text = LockFile::read(path)?;
    let (locked, format) = match text.as_deref().map(file::parse) {
        Some(Err(_)) if mode == Mode::Overwrite => (Record::default(), Format::Second),
        Some(Err(problem)) => return Err(format!("{}, {problem}", path.display())),
        Some(Ok(locked)) => locked,
        None if matches!(mode, Mode::Check | Mode::Exact) => {
            return Err(LOCK.missing(path));
        }
        None => (Record::default(), Format::Second),
    };
    let mut shapes = shapes.settled();
    let newly = shapes.accept(&locked, mode == Mode::Accept);
    let shapes = &shapes;
    let (record, failing) = match mode {
        Mode::Check => (None, Weight::Unrecorded),
        Mode::Exact => (None, Weight::Accepted),
        Mode::Update | Mode::Accept => (Some(compare::updated(&locked, shapes, format)), Weight::Breaking),
        Mode::Overwrite => (Some(compare::overwritten(&locked, shapes, format)), Weight::Opaque),
    };
    if let Some(record) = record {
        LockFile::renew(path, text.as_deref(), &file::render(&record))?;
    }
    warn(&newly);
    let findings = compare::compare(&locked, shapes, format);
    let failing: Vec<String> = findings
        .into_iter()
        .filter(|finding| finding.weight >= failing)
        .map(|finding| finding.text)
        .collect();
    LOCK.report("events", &failing)
}

/// Prints each newly accepted place, past the capture of the test's output: a passing test shows it, too.
fn warn(newly: &[String]) {
    for place in newly {
        let _ = writeln!(
            io::stderr(),
            "warning: {FILE}: {place} is accepted as opaque: nobody sees when a change inside it makes old rows \
             unreadable"
        );
    }
}
