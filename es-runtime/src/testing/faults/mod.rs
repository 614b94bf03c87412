//! Faults: a recorder that behaves, on request, as disks, networks and other writers do.
//!
//! [`Faulty`] wraps any recorder and has every trait that the recorder has. Its handle, [`Faults`], adds faults:
//!
//! | fault | what the caller meets |
//! |---|---|
//! | [`fail_before`](Faults::fail_before) | an error, and nothing was done |
//! | [`fail_after`](Faults::fail_after), [`lose_replies`](Faults::lose_replies) | an error, though all was done |
//! | [`stall_before`](Faults::stall_before), [`stall_after`](Faults::stall_after) | an answer that comes late, or never |
//! | [`hold_back`](Faults::hold_back) | a later commit that can be read before an earlier one |
//!
//! A test sets [when](When) each fault strikes: at one call, at every n-th, or at random by a seed. The test gets a
//! [`Switch`] that turns the fault off and on again, and counts.
//!
//! ```
//! use es_runtime::recorder::{AggregateRecorder, Commit, MemoryRecorder, StoredEvent};
//! use es_runtime::testing::faults::{Faulty, When};
//! use es_runtime::{ErrorKind, Version, Wait};
//! use uuid::Uuid;
//!
//! let recorder = Faulty::new(MemoryRecorder::new());
//! recorder.faults().lose_replies(When::at_call(1));
//!
//! let event = StoredEvent::new(Uuid::now_v7(), Version::INITIAL, "Account.Opened", b"{}".to_vec())?;
//! let commit = Commit::new(vec![event]);
//! let lost = recorder.append(commit.clone()).wait();
//! assert!(lost.is_err_and(|error| error.kind() == ErrorKind::OutcomeUnknown));
//! // The commit is stored: its writer learns that when it saves again.
//! assert!(recorder.append(commit).wait()?.is_repeated());
//! # Ok::<(), es_runtime::Error>(())
//! ```

mod hold;
mod pause;
mod when;
mod switch;
mod plan;
mod wrapper;
mod recorder;
mod snapshots;

pub use self::hold::Hold;
pub use self::pause::{Gate, Pause};
pub use self::plan::{FaultCounts, Faults};
pub use self::switch::Switch;
pub use self::when::{Call, When};
pub use self::wrapper::Faulty;
