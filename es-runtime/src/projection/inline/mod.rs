//! Inline views: no runner keeps them, but the store itself, within the transactions that store events.
//!
//! An inline view has the tables and the place of any other view, in the database of the events. So a projection can become
//! inline, or get a runner again, and its rows stay.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod reading;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;

use std::sync::Arc;

use super::keys::Keys;
use super::policy::{OnFailure, Rules};
use super::status::Status;
use super::target::Boxed;
use crate::error::{Error, ErrorKind};

/// Lets the store bring an inline view up to date now: another process may have stored events.
pub(crate) type Nudge = Arc<dyn Fn() -> Boxed<()> + Send + Sync>;

/// Adds an inline view to its store, and returns its nudge.
pub(crate) type Keep = Box<dyn FnOnce(Keys, Arc<Status>) -> Boxed<Nudge> + Send>;

/// Refuses choices that only a runner has.
pub(crate) fn check(name: &str, rules: Rules, workers: u16) -> Result<(), Error> {
    let what = match (rules.on_failure, workers) {
        (OnFailure::Stop, 1) => return Ok(()),
        (OnFailure::Stop, _) => "several workers: each commit brings it up to date itself",
        _ => "a choice after a failure: a commit that it does not take is not stored",
    };
    let message =
        format!("the inline view `{name}` cannot have {what}; leave the choice out, or use a runner");
    Err(Error::new(ErrorKind::Config, message))
}

/// Brings an inline view up to date; a view with a runner needs nothing.
pub(crate) async fn bring(nudge: Option<&Nudge>) -> Result<(), Error> {
    match nudge {
        Some(nudge) => nudge().await,
        None => Ok(()),
    }
}
