use super::store::Store;
use super::way::Way;
use crate::recorder::{AggregateRecorder, ApplicationRecorder, ProcessRecorder, SnapshotRecorder};

/// A promise, and how it is checked on an empty recorder.
#[derive(Debug)]
pub struct Rule<R> {
    /// The promise, as the function that checks it is called.
    pub name: &'static str,
    /// Panics if the recorder breaks it.
    pub check: fn(&Store<R>),
}

/// A promise of stores that last, and how it is checked, on an empty recorder and a function that closes a recorder
/// and opens its store again.
#[derive(Debug)]
pub struct ReopeningRule<R> {
    /// The promise, as the function that checks it is called.
    pub name: &'static str,
    /// Panics if the recorder breaks it.
    pub check: fn(R, Way, &dyn Fn(R) -> R),
}

/// The promises of an [`AggregateRecorder`].
pub fn aggregate_rules<R: AggregateRecorder>() -> Vec<Rule<R>> {
    recorder_conformance!(@aggregate rules [R])
}

/// What an [`ApplicationRecorder`] promises beyond those of an [`AggregateRecorder`].
pub fn application_rules<R: ApplicationRecorder>() -> Vec<Rule<R>> {
    recorder_conformance!(@application rules [R])
}

/// What a [`ProcessRecorder`] promises beyond those of an [`ApplicationRecorder`].
pub fn process_rules<R: ProcessRecorder>() -> Vec<Rule<R>> {
    recorder_conformance!(@process rules [R])
}

/// The promises of a [`SnapshotRecorder`].
pub fn snapshot_rules<R: SnapshotRecorder>() -> Vec<Rule<R>> {
    recorder_conformance!(@snapshots rules [R])
}

/// The promises of an [`AggregateRecorder`] that lasts.
pub fn aggregate_reopening_rules<R: AggregateRecorder>() -> Vec<ReopeningRule<R>> {
    recorder_conformance!(@aggregate_reopening reopening_rules [R])
}

/// What an [`ApplicationRecorder`] that lasts promises beyond those.
pub fn application_reopening_rules<R: ApplicationRecorder>() -> Vec<ReopeningRule<R>> {
    recorder_conformance!(@application_reopening reopening_rules [R])
}

/// What a [`ProcessRecorder`] that lasts promises beyond those.
pub fn process_reopening_rules<R: ProcessRecorder>() -> Vec<ReopeningRule<R>> {
    recorder_conformance!(@process_reopening reopening_rules [R])
}

/// The promises of a [`SnapshotRecorder`] that lasts.
pub fn snapshot_reopening_rules<R: SnapshotRecorder>() -> Vec<ReopeningRule<R>> {
    recorder_conformance!(@snapshots_reopening reopening_rules [R])
}
