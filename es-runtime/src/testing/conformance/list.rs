use super::store::Store;
use super::way::Way;
use crate::recorder::{
    AggregateRecorder, ApplicationRecorder, KeyRecorder, ProcessRecorder, SnapshotRecorder, TrackingRecorder,
};

/// A promise, and its check on an empty recorder.
#[derive(Debug)]
pub struct Rule<R> {
    /// The promise, as the name of the function that checks it.
    pub name: &'static str,
    /// The check, which panics if the recorder breaks the promise.
    pub check: fn(&Store<R>),
}

/// A promise of stores that last, and its check on an empty recorder and a function that closes a recorder and opens
/// its store again.
#[derive(Debug)]
pub struct ReopeningRule<R> {
    /// The promise, as the name of the function that checks it.
    pub name: &'static str,
    /// The check, which panics if the recorder breaks the promise.
    pub check: fn(R, Way, &dyn Fn(R) -> R),
}

/// A promise of stores that can be opened twice, and its check on two handles on one empty store.
#[derive(Debug)]
pub struct SharingRule<R> {
    /// The promise, as the name of the function that checks it.
    pub name: &'static str,
    /// The check, which panics if the recorder breaks the promise.
    pub check: fn(&Store<R>, &Store<R>),
}

/// Makes functions that return the rules of a level.
macro_rules! lists {
    ($($(#[$docs:meta])* $list:ident: $level:ident $rules:ident of $rule:ident for $($recorder:ident)+;)*) => {$(
        $(#[$docs])*
        pub fn $list<R: $($recorder +)+>() -> Vec<$rule<R>> {
            recorder_conformance!(@$level $rules [R])
        }
    )*};
}

lists! {
    /// Returns the rules of an [`AggregateRecorder`].
    aggregate_rules: aggregate rules of Rule for AggregateRecorder;
    /// Returns the rules of an [`AggregateRecorder`] about its limits.
    limit_rules: limits rules of Rule for AggregateRecorder;
    /// Returns the rules of a [`KeyRecorder`] beyond those of an [`AggregateRecorder`].
    key_rules: keys rules of Rule for KeyRecorder;
    /// Returns the rules of an [`ApplicationRecorder`] beyond those of an [`AggregateRecorder`].
    application_rules: application rules of Rule for ApplicationRecorder;
    /// Returns the rules of the log of a [`KeyRecorder`].
    log_key_rules: log_keys rules of Rule for ApplicationRecorder KeyRecorder;
    /// Returns the rules of a [`TrackingRecorder`].
    tracking_rules: tracking rules of Rule for TrackingRecorder;
    /// Returns the rules of a [`ProcessRecorder`] beyond those of an [`ApplicationRecorder`] and a
    /// [`TrackingRecorder`].
    process_rules: process rules of Rule for ProcessRecorder;
    /// Returns the rules of a [`ProcessRecorder`] that keeps data keys.
    process_key_rules: process_keys rules of Rule for ProcessRecorder KeyRecorder;
    /// Returns the rules of a [`SnapshotRecorder`].
    snapshot_rules: snapshots rules of Rule for SnapshotRecorder;
    /// Returns the rules of an [`AggregateRecorder`] that lasts.
    aggregate_reopening_rules: aggregate_reopening reopening_rules of ReopeningRule for AggregateRecorder;
    /// Returns the further rules of a [`KeyRecorder`] that lasts.
    key_reopening_rules: keys_reopening reopening_rules of ReopeningRule for KeyRecorder;
    /// Returns the further rules of an [`ApplicationRecorder`] that lasts.
    application_reopening_rules: application_reopening reopening_rules of ReopeningRule for ApplicationRecorder;
    /// Returns the rules of a [`TrackingRecorder`] that lasts.
    tracking_reopening_rules: tracking_reopening reopening_rules of ReopeningRule for TrackingRecorder;
    /// Returns the further rules of a [`ProcessRecorder`] that lasts.
    process_reopening_rules: process_reopening reopening_rules of ReopeningRule for ProcessRecorder;
    /// Returns the rules of a [`SnapshotRecorder`] that lasts.
    snapshot_reopening_rules: snapshots_reopening reopening_rules of ReopeningRule for SnapshotRecorder;
    /// Returns the rules of an [`AggregateRecorder`] whose store can be opened twice.
    aggregate_sharing_rules: aggregate_sharing sharing_rules of SharingRule for AggregateRecorder;
    /// Returns the further rules of a [`KeyRecorder`] whose store can be opened twice.
    key_sharing_rules: keys_sharing sharing_rules of SharingRule for KeyRecorder;
    /// Returns the further rules of an [`ApplicationRecorder`] whose store can be opened twice.
    application_sharing_rules: application_sharing sharing_rules of SharingRule for ApplicationRecorder;
    /// Returns the rules of a [`TrackingRecorder`] whose store can be opened twice.
    tracking_sharing_rules: tracking_sharing sharing_rules of SharingRule for TrackingRecorder;
}
