//! Projections: views that follow the log, whatever happens to their processes.

#[path = "../support/account.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod account;
mod aggregates;
mod balances;
mod counted;
mod following;
mod killed;
mod lagging;
mod lost_answers;
mod failing;
mod inline;
mod inline_refused;
mod rolled_back;
mod trouble;
mod calling_back;
mod parked;
mod rebuilding;
mod rebuilt_files;
mod restored;
mod claimed;
mod sharing;
mod scenario;
mod states;
mod forgetting;
mod delayed;
#[path = "../support/fated.rs"]
mod fated;
#[path = "../support/twins/mod.rs"]
mod twins;

use std::time::Duration;

/// The longest time that a test waits for something that has to happen.
pub(crate) const LONG: Duration = Duration::from_secs(20);
