//! The transaction of a batch: the place is compared, the handlers run, the place moves on.

use std::ops::Range;
use std::time::Instant;

use uuid::Uuid;

use super::batch::{Batch, Item};
use super::failed::FailedEvent;
use super::keys::{self, Keys};
use super::waiting::ParkedAggregates;
use super::{OnFailure, Projection, Rules};
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::log::LogEvent;
use crate::view::{self, BoxError, View, rolled_back};

/// The handlers of a projection, over one kind of view.
pub(crate) trait Handlers<V: View> {
    type P: Projection;

    /// Calls a handler; a panic of the handler is an error.
    fn apply<'a>(
        &'a self,
        handler: usize,
        seen: &'a <Self::P as Projection>::Seen,
        tx: &'a V::Tx,
    ) -> impl Future<Output = view::Result> + 'a;
}

/// The work of one transaction.
#[derive(Debug)]
pub(crate) struct Work<'a, S> {
    pub(crate) batch: &'a Batch<S>,
    /// The rows of the batch that this transaction handles.
    pub(crate) rows: Range<usize>,
    pub(crate) from: Option<Mark>,
    pub(crate) to: Mark,
    /// True if an earlier attempt at these rows failed: the view may have committed, and the answer was lost.
    pub(crate) is_repeated: bool,
}

impl<S> Work<'_, S> {
    /// Returns the number of rows that an earlier attempt has committed, if the view stands at the end of one.
    fn committed(&self, found: Option<Mark>) -> Option<usize> {
        let found = found.filter(|_| self.is_repeated && found != self.from)?;
        if found == self.to {
            return Some(self.rows.len());
        }
        let rows = self.batch.items.get(self.rows.clone())?;
        Some(1 + rows.iter().position(|row| row.mark() == found)?)
    }
}

/// The outcome of a transaction without an error of the view.
#[derive(Debug)]
pub(crate) enum Written {
    /// The view has taken these rows, of which some failed, and stands at this place.
    Done { rows: usize, to: Mark, failed: usize },
    /// Another runner has moved the place. The view took nothing.
    Elsewhere,
    /// An event failed, and the policy is to stop. The view took nothing.
    Failed { row: usize, cause: BoxError },
}

/// An event that failed, of a runner that goes on.
struct NeedsCare;

/// Writes rows in one transaction. `parked` holds the aggregates with parked events, and learns of new ones.
pub(crate) async fn write<V: View, H: Handlers<V>>(
    view: &mut V,
    handlers: &H,
    keys: &Keys,
    rules: &Rules,
    work: &Work<'_, <H::P as Projection>::Seen>,
    parked: &mut ParkedAggregates,
) -> Result<Written, Error> {
    // A point in the transaction costs as much as a small statement: only a batch that failed gets one for each event.
    let mut is_careful = false;
    loop {
        let mut newly = ParkedAggregates::default();
        let attempt = attempt(view, handlers, keys, rules, work, parked, &mut newly, is_careful).await;
        match attempt {
            Ok(Ok(written)) => {
                if let Written::Done { .. } = written {
                    parked.extend(newly);
                } else {
                    view.roll_back().await?;
                }
                return Ok(written);
            }
            Ok(Err(NeedsCare)) => {
                view.roll_back().await?;
                is_careful = true;
            }
            // A statement of an earlier handler failed: another attempt tells whose it is.
            Err(error) if !is_careful && V::is_late(&error) => {
                view.roll_back().await?;
                is_careful = true;
            }
            Err(error) => {
                // The error counts: the view may be gone.
                let _ = view.roll_back().await;
                return Err(error);
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the state of one attempt")]
async fn attempt<V: View, H: Handlers<V>>(
    view: &mut V,
    handlers: &H,
    keys: &Keys,
    rules: &Rules,
    work: &Work<'_, <H::P as Projection>::Seen>,
    parked: &mut ParkedAggregates,
    newly: &mut ParkedAggregates,
    is_careful: bool,
) -> Result<Result<Written, NeedsCare>, Error> {
    view.begin().await?;
    let (found, rebuild) = place_of::<H::P, V>(view, keys).await?;
    if let (Some(rows), Some(to)) = (work.committed(found), found) {
        view.roll_back().await?;
        return Ok(Ok(Written::Done { rows, to, failed: 0 }));
    }
    if found != work.from || !parked.are_of(rebuild) {
        return Ok(Ok(Written::Elsewhere));
    }
    let begun = Instant::now();
    let items = work.batch.items.get(work.rows.clone()).unwrap_or_default();
    let (mut rows, mut to, mut failed) = (items.len(), work.to, 0);
    // True if nothing has happened since the last point.
    let mut has_point = false;
    for (at, item) in items.iter().enumerate() {
        let id = item.envelope().id();
        if newly.contains(id) || parked.has(view, keys, id).await? {
            let waiting = FailedEvent::of::<H::P>(item, None, true);
            record(view, keys, &waiting).await?;
            newly.add(id, item.mark());
            failed += 1;
            has_point = false;
        } else {
            if is_careful && !std::mem::take(&mut has_point) {
                view.save_point().await?;
            }
            let mut handled = run_handler(view, handlers, item).await?;
            if is_careful && V::IS_LATE && matches!(handled, Handled::Done) {
                // The handler may have kept the error of a statement to itself.
                handled = match view.save_point().await {
                    Err(error) if V::is_late(&error) => Handled::Failed(error.into()),
                    set => {
                        has_point = true;
                        set?;
                        Handled::Done
                    }
                };
            }
            match handled {
                Handled::Done => {}
                // The rows before it are gone, too: the event cannot be left out alone.
                Handled::RolledBack(cause) => {
                    return Ok(Ok(Written::Failed { row: work.rows.start + at, cause }));
                }
                Handled::Failed(cause) => match rules.on_failure {
                    OnFailure::Stop if is_careful || !V::IS_LATE => {
                        return Ok(Ok(Written::Failed { row: work.rows.start + at, cause }));
                    }
                    _ if !is_careful => return Ok(Err(NeedsCare)),
                    choice => {
                        view.back_to_save_point().await?;
                        let is_parked = choice == OnFailure::Park;
                        record(view, keys, &FailedEvent::of::<H::P>(item, Some(&cause), is_parked)).await?;
                        failed += 1;
                        if is_parked {
                            newly.add(id, item.mark());
                        }
                    }
                },
            }
        }
        let ends_commit = items.get(at + 1).is_some_and(|next| next.mark().commit() != item.mark().commit());
        if ends_commit && begun.elapsed() >= rules.size.time {
            (rows, to) = (at + 1, item.mark());
            break;
        }
    }
    view.put(&keys.place, &to.to_string()).await?;
    view.commit().await?;
    Ok(Ok(Written::Done { rows, to, failed }))
}

/// Returns the recorded place, and the rebuild that put it there, if the rows of the view are still those of this code.
pub(crate) async fn place_of<P: Projection, V: View>(
    view: &mut V,
    keys: &Keys,
) -> Result<(Option<Mark>, Option<Uuid>), Error> {
    let Some(text) = view.get(&keys.place).await? else { return Err(superseded::<P>()) };
    Ok((keys::place(&keys.place, &text)?, keys::rebuild_of(&text)))
}

/// Returns the places of all workers, and keeps other transactions from moving them.
pub(crate) async fn places<V: View>(view: &mut V, keys: &Keys) -> Result<Vec<(String, Option<Mark>)>, Error> {
    let mut places = Vec::new();
    for (key, _) in view.list(&keys.places).await? {
        if let Some(text) = view.get(&key).await? {
            let mark = keys::place(&key, &text)?;
            places.push((key, mark));
        }
    }
    Ok(places)
}

/// Reports a view whose rows were made anew by other code.
pub(crate) fn superseded<P: Projection>() -> Error {
    Error::new(
        ErrorKind::Schema,
        format!(
            "the rows of the projection `{}` are now those of another release, which rebuilt the view; start that release, or \
             rebuild the view with this one",
            P::NAME
        ),
    )
}

/// The outcome of a handler without an error of the view.
pub(crate) enum Handled {
    Done,
    Failed(BoxError),
    /// The handler failed, and of the whole transaction nothing is left.
    RolledBack(BoxError),
}

/// Calls the handler of a row.
pub(crate) async fn run_handler<V: View, H: Handlers<V>>(
    view: &V,
    handlers: &H,
    item: &LogEvent<Item<<H::P as Projection>::Seen>>,
) -> Result<Handled, Error> {
    let handled = match item.event() {
        Item::Handled(routed) => handlers.apply(routed.handler, &routed.seen, view.tx()).await,
        Item::Broken(error) => Err(error.to_string().into()),
    };
    if let Err(cause) = &handled
        && let Some(passing) = V::passing(cause).or_else(|| passing(cause))
    {
        return Err(passing);
    }
    Ok(match (handled, view.is_still_open()?) {
        (Ok(()), true) => Handled::Done,
        (Err(cause), true) => Handled::Failed(cause),
        (Ok(()), false) => Handled::RolledBack(rolled_back().into()),
        (Err(cause), false) => Handled::RolledBack(cause),
    })
}

/// Returns the library's own error, if a handler passed on one that may pass.
pub(crate) fn passing(cause: &BoxError) -> Option<Error> {
    let error = cause.downcast_ref::<Error>().filter(|error| error.is_transient())?;
    Some(Error::new(error.kind(), error.to_string()))
}

pub(crate) async fn record<V: View>(view: &mut V, keys: &Keys, failed: &FailedEvent) -> Result<(), Error> {
    let text = serde_json::to_string(failed).map_err(|cause| {
        Error::new(ErrorKind::Invalid, "a failed event cannot be recorded").with_source(cause)
    })?;
    view.put(&keys.failed_at(failed.mark), &text).await
}

/// Returns the failed events that a view keeps, in the order of the log.
pub(crate) async fn failed_of<V: View>(view: &mut V, keys: &Keys) -> Result<Vec<FailedEvent>, Error> {
    let rows = view.list(&keys.failed).await?;
    rows.iter()
        .map(|(key, text)| {
            serde_json::from_str(text).map_err(|cause| {
                let message = format!(
                    "the text under `{key}` in `es_view` is no failed event: another program wrote it; delete this row, or \
                     restore it from a backup"
                );
                Error::new(ErrorKind::Corrupt, message).with_source(cause)
            })
        })
        .collect()
}
