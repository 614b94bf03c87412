use std::sync::Arc;

use crate::recorder::{MemoryRecorder, MemorySnapshots};

recorder_conformance!(process + keys, memory, || Arc::new(MemoryRecorder::new()), second = |known| Arc::clone(known));
recorder_conformance!(snapshots, memory_snapshots, || MemorySnapshots::new());
