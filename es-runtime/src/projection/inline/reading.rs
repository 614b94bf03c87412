use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Keep, Nudge};
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::log::{Content, LogEvent, SkipReason, SkippedEvent, Source, unknown};
use crate::mapper::Mapper;
use crate::observe;
use crate::projection::Projection;
use crate::projection::batch::{Item, read_row};
use crate::projection::keys::{self, Keys};
use crate::projection::routes::Routes;
use crate::projection::status::{RunnerState, Status};
use crate::projection::target::said;
use crate::projection::write::superseded;
use crate::recorder::inline::KeepsViews;
use crate::recorder::{ApplicationRecorder, LogPage, LogRange, StoredKey};
use crate::store::Mappers;
use crate::stored_event::StoredEvent;

/// The place where a view stands; `None` is the beginning of the log.
pub(crate) struct Standing(pub(crate) Option<Mark>);

/// The reading half of an inline view, which is the same for every database.
pub(crate) struct Reading {
    pub(crate) keys: Keys,
    pub(crate) status: Arc<Status>,
    pub(crate) mapper: Arc<Mapper>,
    routes: Routes,
    topics: Vec<String>,
}

impl Reading {
    fn of<P: Projection>(keys: Keys, status: Arc<Status>, mapper: Arc<Mapper>) -> Self {
        let routes = Routes::of::<P>();
        // Events without a handler do not matter: the store need not return them.
        let topics = if P::IS_PARTIAL { routes.handled() } else { Vec::new() };
        Self { keys, status, mapper, routes, topics }
    }

    /// Reads the place of the view; `None` if nobody keeps the view any more.
    pub(crate) fn begin<P: Projection>(&self, text: Option<&str>) -> Result<Option<Standing>, Error> {
        let Self { keys, status, .. } = self;
        if status.have_ended() {
            return Ok(None);
        }
        let Some(text) = text else {
            self.failed(&superseded::<P>());
            return Ok(None);
        };
        let place = keys::place(&keys.place, text)?;
        if status.is_stopping() || status.is_drained(place) {
            // Another process may have moved the place.
            status.advanced(0, place);
            status.enter(0, RunnerState::Stopped, None);
            return Ok(None);
        }
        Ok(Some(Standing(place)))
    }

    /// Returns the range of the next page after a place.
    pub(crate) fn range(&self, place: Option<Mark>, rows: usize) -> LogRange {
        LogRange::all().after(place).topics(self.topics.clone()).limit(rows)
    }

    /// Reports the place that the view has reached.
    pub(crate) fn committed(&self, rows: usize, to: Option<Mark>) {
        if rows > 0 {
            self.status.wrote(rows, 0);
            observe::projected(self.status.name, 0, rows, 0);
        }
        self.status.advanced(0, to);
    }

    /// Reports that the view and the events may differ.
    pub(crate) fn failed(&self, error: &Error) {
        observe::failed_projection(self.status.name, error);
        self.status.enter(0, RunnerState::Failed, Some(error));
    }

    /// Reads the rows of a page, with the data keys of their aggregates.
    pub(crate) fn items<P: Projection>(
        &self,
        page: &LogPage,
        keys: &[StoredKey],
    ) -> Result<Vec<LogEvent<Item<P::Seen>>>, Error> {
        // The code of a cipher, or of a type, may panic on what it reads.
        let with = catch_unwind(AssertUnwindSafe(|| Mappers::with(&self.mapper, keys)));
        let mappers = with.unwrap_or_else(|panic| Err(undecrypted(&*panic)))?;
        let mut items = Vec::with_capacity(page.entries.len());
        for entry in &page.entries {
            let (mark, row) = (entry.mark(), &entry.event);
            let read = catch_unwind(AssertUnwindSafe(|| read_row::<P>(&self.routes, mark, row, &mappers)));
            match read.unwrap_or_else(|panic| Err(unreadable(row, &*panic)))? {
                Content::Event(recorded) => items.push(LogEvent::new(mark, recorded)),
                Content::Skipped(why @ SkipReason::Unknown) => {
                    let (id, version, topic) = (row.id, row.version, row.topic.clone());
                    let error = unknown(&SkippedEvent { mark, id, version, topic, why });
                    return Err(
                        error.about(&format!("nothing is stored, because of the inline view `{}`", P::NAME))
                    );
                }
                Content::Skipped(_) | Content::Other => {}
            }
        }
        Ok(items)
    }
}

/// Returns the store of the events, if it is an `S`.
pub(super) fn store<S: KeepsViews>(source: &Source) -> Option<S> {
    source.recorder().as_any()?.downcast_ref().cloned()
}

/// Returns the way to keep a view of `P` in a store. `view` makes the view of its reading half.
pub(super) fn keep<P: Projection, S: KeepsViews>(
    store: S,
    source: &Source,
    view: impl FnOnce(Reading) -> Arc<S::View> + Send + 'static,
) -> Keep {
    let mapper = source.mapper();
    Box::new(move |keys, status| {
        Box::pin(async move {
            store.add_view(view(Reading::of::<P>(keys, status, mapper))).await?;
            let nudge: Nudge = Arc::new(move || {
                let store = store.clone();
                Box::pin(async move { store.bring_views().await })
            });
            Ok(nudge)
        })
    })
}

/// Reports a row whose reading panicked.
fn unreadable(row: &StoredEvent, panic: &(dyn Any + Send)) -> Error {
    let StoredEvent { id, version, topic, .. } = row;
    let said = said(panic);
    Error::new(
        ErrorKind::Invalid,
        format!("the event `{topic}` (version {version} of {id}) cannot be read: its code panicked: {said}"),
    )
}

/// Reports a cipher that panicked.
fn undecrypted(panic: &(dyn Any + Send)) -> Error {
    let said = said(panic);
    Error::new(
        ErrorKind::Invalid,
        format!("the data keys of a page cannot be decrypted: the cipher panicked: {said}"),
    )
}
