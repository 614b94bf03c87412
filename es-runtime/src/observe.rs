//! What the feature `tracing` tells: spans around what takes time, and counters; names, ids and numbers, never what events
//! say. Without the feature there is nothing of it.
//!
//! Counters are fields of events, named as collectors of metrics expect. All of it is listed at
//! [`Application`](crate::Application), and its names are part of the interface.

use std::future::Future;

use uuid::Uuid;

use crate::error::Error;

#[cfg(feature = "tracing")]
mod on {
    use tracing::{Instrument, Level, Span, event, field, info_span, warn};

    use super::{Error, Future, Uuid};

    /// What subscribers filter by: not the paths of modules, which may move.
    const TARGET: &str = "es_runtime";

    /// Does the work within a span, which tells in the end of which kind its error is.
    async fn within<T>(span: Span, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let done = work.instrument(span.clone()).await;
        if let Err(error) = &done {
            span.record("error", field::debug(error.kind()));
        }
        done
    }

    pub(crate) async fn save<T>(
        aggregates: usize,
        events: usize,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let saved =
            within(info_span!(target: TARGET, "save", aggregates, events, error = field::Empty), work).await;
        if saved.as_ref().is_err_and(|error| error.as_conflict().is_some()) {
            event!(target: TARGET, Level::DEBUG, monotonic_counter.es_conflicts = 1_u64);
        }
        saved
    }

    /// Work on one aggregate.
    macro_rules! spans {
        ($($name:ident)+) => {$(
            pub(crate) async fn $name<T>(
                aggregate: &'static str,
                id: Uuid,
                work: impl Future<Output = Result<T, Error>>,
            ) -> Result<T, Error> {
                within(info_span!(target: TARGET, stringify!($name), aggregate, %id, error = field::Empty), work).await
            }
        )+};
    }
    spans!(get execute snapshot forget);

    pub(crate) fn retry(because: &Error) {
        event!(target: TARGET, Level::DEBUG, monotonic_counter.es_retries = 1_u64, because = ?because.kind());
    }

    pub(crate) fn replayed(aggregate: &'static str, events: u64) {
        event!(target: TARGET, Level::DEBUG, histogram.es_replay_length = events, aggregate);
    }

    pub(crate) fn failed_snapshot(error: &Error) {
        // Not the message: it may quote what the state says.
        warn!(target: TARGET, error = ?error.kind(), "a snapshot cannot be used, or not be taken");
    }

    pub(crate) fn failed_hook(error: &Error) {
        warn!(target: TARGET, error = ?error.kind(), "a hook after a save failed");
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use super::{Error, Future, Uuid};

    pub(crate) fn save<W: Future>(_: usize, _: usize, work: W) -> W {
        work
    }

    macro_rules! spans {
        ($($name:ident)+) => {$(
            pub(crate) fn $name<W: Future>(_: &'static str, _: Uuid, work: W) -> W {
                work
            }
        )+};
    }
    spans!(get execute snapshot forget);

    pub(crate) const fn retry(_: &Error) {}

    pub(crate) const fn replayed(_: &'static str, _: u64) {}

    pub(crate) const fn failed_snapshot(_: &Error) {}

    pub(crate) const fn failed_hook(_: &Error) {}
}

#[cfg(not(feature = "tracing"))]
pub(crate) use self::off::*;
#[cfg(feature = "tracing")]
pub(crate) use self::on::*;
