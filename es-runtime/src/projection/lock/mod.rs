//! `views.lock`: a file in the user's repository that records the code of every projection, and the test that holds the
//! code to it.
//!
//! A view remembers the code that made its rows, and refuses to go on under other code. Without a lock, the deployment is
//! the first to notice. One line in the crate that declares the projections, [`views_lock!()`](crate::views_lock), makes a
//! test that notices before. The test fails when
//!
//! - a projection is not recorded yet,
//! - the code of a recorded one changed: the block, its arguments, or whether a database keeps the view,
//! - a recorded one is gone, or has another name: its tables stay in the database,
//! - two projections have one name, under which both would keep their place.
//!
//! The report says what happens to each view when the code is deployed. Once that is decided, `VIEWS_LOCK=update` records
//! the code. The file changes only on request, by the environment variable `VIEWS_LOCK`:
//!
//! | value | the test writes |
//! |---|---|
//! | unset | nothing; the test fails in the cases above |
//! | `exact` | nothing; the test fails when the file differs at all |
//! | `update` | the code as it is; the test fails only when two projections have one name |
//!
//! `exact` is the mode for a build server. It also reports a change outside the block, such as the new topic of an event,
//! which does no harm to a view.
//!
//! Each projection has a section of lines:
//!
//! | line | meaning |
//! |---|---|
//! | `Balances version 1 code 8c1f0a52d6e93b74` | the name; `version` of `#[projection]`; the fingerprint of block and arguments |
//! | `Totals version 1 in memory` | a view that each start makes anew, so that its code may change |
//! | `handles Account.Opened` | a topic with a handler |
//! | `handles Account.AttributeChanged[owner]` | an attribute with a handler |
//! | `handles Paid of Account` | an event with a topic of its own, where an `Account` records it |
//! | `handles Account.Frozen (retired)` | a retired topic with a handler |
//! | `leaves out the rest` | the arguments end with `..` |
//!
//! The lock does not see these:
//!
//! - code that the block calls elsewhere: raise `version` in `#[projection(Account, version = 2)]`,
//! - projections in a module named `tests` or `test`: they stand in for those of the program,
//! - `keep_state`, which has no block.

mod file;
mod compare;
#[cfg(test)]
mod tests;

use std::env;
use std::path::Path;

use self::compare::{Finding, Weight};
use self::file::{Kept, Section, Views};
use super::{HandledRow, Handler, Projection};
use crate::event::Topics;
use crate::schema::recorded::{LockFile, crate_of};

/// Declares the test `views_lock`, which holds the projections of this crate to the file `views.lock`.
///
/// The test covers the projections of the crate in which it stands, so it must stand in the crate that declares them, not
/// in an integration test. [`lock`](crate::projection::lock) describes the file and its updates.
///
/// ```
/// #[cfg(test)]
/// es_runtime::views_lock!();
/// ```
#[macro_export]
macro_rules! views_lock {
    () => {
        #[::core::prelude::v1::test]
        fn views_lock() {
            if let ::core::result::Result::Err(report) =
                $crate::projection::lock::check(::core::env!("CARGO_MANIFEST_DIR"), ::core::module_path!())
            {
                ::core::panic!("{}", report);
            }
        }
    };
}

const LOCK: LockFile = LockFile { name: "views.lock", variable: "VIEWS_LOCK", test: "views_lock" };

/// A projection, as `views_lock!()` sees it; generated code submits one for each.
#[doc(hidden)]
#[derive(Debug)]
pub struct LockedView {
    /// The `module_path!()` of the block.
    module: &'static str,
    name: &'static str,
    version: u32,
    /// `None` if each start makes the view anew.
    code: Option<u64>,
    sources: &'static [Topics],
    handlers: &'static [Handler],
    is_partial: bool,
    type_name: fn() -> &'static str,
}

inventory::collect!(LockedView);

impl LockedView {
    /// Describes a view that a database keeps.
    pub const fn in_database<P: Projection>(module: &'static str, version: u32) -> Self {
        Self { code: Some(P::FINGERPRINT), ..Self::in_memory::<P>(module, version) }
    }

    /// Describes a view in memory.
    pub const fn in_memory<P: Projection>(module: &'static str, version: u32) -> Self {
        Self {
            module,
            name: P::NAME,
            version,
            code: None,
            sources: P::SOURCES,
            handlers: P::HANDLERS,
            is_partial: P::IS_PARTIAL,
            type_name: std::any::type_name::<P>,
        }
    }

    /// Returns whether the block stands in a module for tests.
    fn is_in_tests(&self) -> bool {
        self.module.split("::").skip(1).any(|module| matches!(module, "tests" | "test"))
    }

    fn section(&self) -> Section {
        let Self { version, code, sources, handlers, is_partial, .. } = self;
        let handled = handlers.iter().filter_map(|handler| {
            let topics = sources.get(handler.source)?;
            has(topics, handler.of).then(|| format!("handles {}", row(topics, handler.of)))
        });
        let rest = is_partial.then(|| "leaves out the rest".to_owned());
        Section {
            version: *version,
            kept: code.map_or(Kept::InMemory, Kept::ByCode),
            lines: handled.chain(rest).collect(),
        }
    }
}

/// Returns whether an aggregate has such rows. A handler that takes no id is one for each aggregate.
fn has(aggregate: &Topics, of: HandledRow) -> bool {
    match of {
        HandledRow::OfType(event) => aggregate.events.iter().any(|own| own.type_id() == event.type_id()),
        HandledRow::Retired(topic) => aggregate.retired.contains(&topic),
        HandledRow::Attribute(_) | HandledRow::End | HandledRow::Forgotten | HandledRow::Every => true,
    }
}

/// Returns the rows of a handler in the words of `events.lock`.
fn row(aggregate: &Topics, of: HandledRow) -> String {
    let name = aggregate.name;
    match of {
        HandledRow::OfType(event) => {
            let topic = event.topic();
            let is_own = topic.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            if is_own { topic.to_owned() } else { format!("{topic} of {name}") }
        }
        HandledRow::Attribute(attribute) => format!("{}[{attribute}]", aggregate.attribute_changed.topic()),
        HandledRow::End => aggregate.discarded.topic().to_owned(),
        HandledRow::Forgotten => aggregate.forgotten.topic().to_owned(),
        HandledRow::Retired(topic) => format!("{topic} (retired)"),
        HandledRow::Every => format!("every event of {name}"),
    }
}

/// Checks the lock in `manifest_dir` for the projections of the crate that `module_path` is in; updates the lock on
/// request.
///
/// The error is the report, ready to print.
#[doc(hidden)]
pub fn check(manifest_dir: &str, module_path: &str) -> Result<(), String> {
    let mode = Mode::read(env::var_os(LOCK.variable).as_deref())?;
    let name = crate_of(module_path);
    let path = Path::new(manifest_dir).join(LOCK.name);
    let views: Vec<&LockedView> = inventory::iter::<LockedView>
        .into_iter()
        .filter(|view| crate_of(view.module) == name && !view.is_in_tests())
        .collect();
    if views.is_empty() && !path.exists() {
        return Err(format!(
            "the crate `{name}` declares no projections; put `views_lock!()` into the crate that declares them, under \
             `#[cfg(test)]`, not into an integration test"
        ));
    }
    run(&path, mode, &views)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Check,
    Exact,
    Update,
}

impl Mode {
    fn read(value: Option<&std::ffi::OsStr>) -> Result<Self, String> {
        LOCK.mode(value, Self::Check, &[("exact", Self::Exact), ("update", Self::Update)])
    }
}

fn run(path: &Path, mode: Mode, views: &[&LockedView]) -> Result<(), String> {
    let text = LockFile::read(path)?;
    let locked = match text.as_deref().map(file::parse) {
        // The code has all that the file is made of.
        _ if mode == Mode::Update => Views::new(),
        Some(Ok(locked)) => locked,
        Some(Err(problem)) => return Err(format!("{}, {problem}", path.display())),
        None => return Err(LOCK.missing(path)),
    };
    let now: Views = views.iter().map(|view| (view.name.to_owned(), view.section())).collect();
    let twins = compare::twins(views.iter().map(|view| (view.name, (view.type_name)())));
    if mode == Mode::Update {
        // Of two sections with one name, the file has none: it stays as it is.
        if twins.is_empty() {
            return LockFile::renew(path, text.as_deref(), &file::render(&now));
        }
        return LOCK.report("projections", &twins);
    }
    let failing = if mode == Mode::Exact { Weight::Harmless } else { Weight::Deployed };
    let findings = compare::compare(&locked, &now);
    let failing = findings.into_iter().filter(|Finding { weight, .. }| *weight >= failing);
    let texts: Vec<String> = twins.into_iter().chain(failing.map(|finding| finding.text)).collect();
    LOCK.report("projections", &texts)
}
