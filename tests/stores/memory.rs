//! The store in memory against the rules.

use std::sync::Arc;
use std::time::Duration;

use es_runtime::recorder::{
    DynAggregateRecorder, DynKeyRecorder, DynProcessRecorder, DynSnapshotRecorder, DynTrackingRecorder,
    Limits, MemoryRecorder, MemorySnapshots,
};
use es_runtime::recorder_conformance;
use es_runtime::testing::faults::{Faulty, Hold, When};

recorder_conformance!(process + keys, memory, || MemoryRecorder::new());
recorder_conformance!(process + keys, memory_shared, || Arc::new(MemoryRecorder::new()), second = Arc::clone);
recorder_conformance!(process, memory_as_object, || Box::new(MemoryRecorder::new())
    as Box<dyn DynProcessRecorder>);
recorder_conformance!(aggregate + keys, memory_keys_as_object, || {
    Box::new(MemoryRecorder::new()) as Box<dyn DynKeyRecorder>
});
recorder_conformance!(aggregate, memory_as_lowest_object, || {
    Arc::new(MemoryRecorder::new()) as Arc<dyn DynAggregateRecorder>
});
recorder_conformance!(tracking, memory_tracking_as_object, || {
    Arc::new(MemoryRecorder::new()) as Arc<dyn DynTrackingRecorder>
});
recorder_conformance!(process + keys, memory_without_faults, || Faulty::new(MemoryRecorder::new()));
recorder_conformance!(process + keys, memory_that_shows_late, memory_that_shows_late);
recorder_conformance!(limits, memory_limited_in_aggregates, || limited(Limits::NONE.with_aggregates(3)));
recorder_conformance!(limits, memory_limited_in_events, || limited(Limits::NONE.with_events(5)));
recorder_conformance!(limits, memory_limited_in_bytes, || limited(Limits::NONE.with_bytes(1_000)));
recorder_conformance!(limits, memory_without_gaps, || limited(Limits::NONE.without_gaps()));
recorder_conformance!(application + keys, memory_as_application, || MemoryRecorder::new());
recorder_conformance!(snapshots, memory_snapshots, || MemorySnapshots::new());
recorder_conformance!(snapshots, memory_snapshots_as_object, || {
    Box::new(MemorySnapshots::new()) as Box<dyn DynSnapshotRecorder>
});

fn limited(limits: Limits) -> MemoryRecorder {
    MemoryRecorder::with_limits(limits)
}

/// Shows readers of the log one commit in three after a while: a rule has to resolve a receipt before it reads.
fn memory_that_shows_late() -> Faulty<MemoryRecorder> {
    let recorder = Faulty::new(MemoryRecorder::new());
    recorder.faults().hold_back(When::random(3, 1), Hold::For(Duration::from_millis(2)));
    recorder
}
