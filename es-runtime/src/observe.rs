//! The output of the feature `tracing`: spans around slow work, and counters. They hold names, ids and numbers, never
//! the data of events. Without the feature, this module does nothing.
//!
//! Counters are fields of events, named as collectors of metrics expect. [`Application`](crate::Application) lists all
//! spans and counters; their names are part of the interface.

use std::future::Future;
use std::task::Poll;

use uuid::Uuid;

use crate::error::Error;

#[cfg(feature = "tracing")]
mod on {
    use tracing::{Instrument, Level, event, field, info_span, warn};

    use super::{Error, Future, Poll, Uuid};

    /// The target that subscribers filter by; unlike the path of a module, it never changes.
    const TARGET: &str = "es_runtime";

    /// Does the work within a span, which finally records the kind of the error.
    async fn within<T>(
        span: tracing::Span,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
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

    /// Makes functions that do work on one aggregate within a span.
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

    /// A span for a hand-written future.
    #[derive(Clone)]
    pub(crate) struct Span(tracing::Span);

    impl Span {
        pub(crate) fn execute(aggregate: &'static str, id: Uuid) -> Self {
            Self(info_span!(target: TARGET, "execute", aggregate, %id, error = field::Empty))
        }

        /// Polls within the span, which finally records the kind of the error.
        pub(crate) fn poll<T>(
            &self,
            poll: impl FnOnce() -> Poll<Result<T, Error>>,
        ) -> Poll<Result<T, Error>> {
            let polled = self.0.in_scope(poll);
            if let Poll::Ready(Err(error)) = &polled {
                self.0.record("error", field::debug(error.kind()));
            }
            polled
        }
    }

    pub(crate) fn retry(because: &Error) {
        event!(target: TARGET, Level::DEBUG, monotonic_counter.es_retries = 1_u64, because = ?because.kind());
    }

    pub(crate) fn replayed(aggregate: &'static str, events: u64) {
        event!(target: TARGET, Level::DEBUG, histogram.es_replay_length = events, aggregate);
    }

    pub(crate) fn failed_snapshot(error: &Error) {
        // The message stays out: it may quote the state.
        warn!(target: TARGET, error = ?error.kind(), "a snapshot cannot be used, or not be taken");
    }

    pub(crate) fn waiting_follower(error: &Error) {
        warn!(target: TARGET, error = ?error.kind(), "a subscription cannot read the log, and tries again");
    }

    /// Does the work of one batch of a projection within a span.
    pub(crate) async fn project<T>(
        projection: &'static str,
        worker: usize,
        events: usize,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        within(info_span!(target: TARGET, "project", projection, worker, events, error = field::Empty), work)
            .await
    }

    /// Rebuilds a view within a span.
    pub(crate) async fn rebuild<T>(
        projection: &'static str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        within(info_span!(target: TARGET, "rebuild", projection, error = field::Empty), work).await
    }

    /// Counts the events that a view has taken, and those of them that failed.
    pub(crate) fn projected(projection: &'static str, worker: usize, events: usize, failed: usize) {
        let (handled, failed) = (events.saturating_sub(failed) as u64, failed as u64);
        if handled > 0 {
            event!(target: TARGET, Level::DEBUG, monotonic_counter.es_projected_events = handled, projection, worker);
        }
        if failed > 0 {
            event!(target: TARGET, Level::DEBUG, monotonic_counter.es_failed_events = failed, projection, worker);
        }
    }

    /// Returns whether a subscriber listens to the lag of projections, which costs a look at the log.
    pub(crate) fn measures_lag() -> bool {
        tracing::enabled!(target: TARGET, Level::DEBUG)
    }

    pub(crate) fn lag(projection: &'static str, worker: usize, events: u64) {
        event!(target: TARGET, Level::DEBUG, histogram.es_projection_lag = events, projection, worker);
    }

    pub(crate) fn waiting_projection(projection: &'static str, error: &Error) {
        event!(
            target: TARGET,
            Level::DEBUG,
            monotonic_counter.es_projection_retries = 1_u64,
            projection,
            because = ?error.kind()
        );
        warn!(target: TARGET, projection, error = ?error.kind(), "a projection cannot write its view, and tries again");
    }

    pub(crate) fn failed_projection(projection: &'static str, error: &Error) {
        event!(target: TARGET, Level::ERROR, projection, error = ?error.kind(), "a projection stopped");
    }

    pub(crate) fn failed_hook(error: &Error) {
        warn!(target: TARGET, error = ?error.kind(), "a hook after a save failed");
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use super::{Error, Future, Poll, Uuid};

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

    #[derive(Clone)]
    pub(crate) struct Span;

    impl Span {
        pub(crate) const fn execute(_: &'static str, _: Uuid) -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "with the feature it enters the span")]
        pub(crate) fn poll<T>(self, poll: impl FnOnce() -> Poll<Result<T, Error>>) -> Poll<Result<T, Error>> {
            poll()
        }
    }

    pub(crate) const fn retry(_: &Error) {}

    pub(crate) const fn replayed(_: &'static str, _: u64) {}

    pub(crate) const fn failed_snapshot(_: &Error) {}

    pub(crate) const fn waiting_follower(_: &Error) {}

    pub(crate) fn project<W: Future>(_: &'static str, _: usize, _: usize, work: W) -> W {
        work
    }

    pub(crate) fn rebuild<W: Future>(_: &'static str, work: W) -> W {
        work
    }

    pub(crate) const fn projected(_: &'static str, _: usize, _: usize, _: usize) {}

    pub(crate) const fn measures_lag() -> bool {
        false
    }

    pub(crate) const fn lag(_: &'static str, _: usize, _: u64) {}

    pub(crate) const fn waiting_projection(_: &'static str, _: &Error) {}

    pub(crate) const fn failed_projection(_: &'static str, _: &Error) {}

    pub(crate) const fn failed_hook(_: &Error) {}
}

#[cfg(not(feature = "tracing"))]
pub(crate) use self::off::*;
#[cfg(feature = "tracing")]
pub(crate) use self::on::*;
