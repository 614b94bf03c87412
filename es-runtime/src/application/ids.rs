use std::fmt;
use std::marker::PhantomData;

use super::Application;
use crate::aggregate::Aggregate;
use crate::error::Error;
use crate::event_set::Topics;
use crate::id::Id;
use crate::recorder::{ApplicationRecorder, LogRange, Notification};

/// How many ids are read at a time.
const PAGE: usize = 1_000;

/// The ids of all aggregates of one type, a page at a time, in the order in which they were created.
#[must_use = "nothing is read before a page is asked for"]
pub struct Ids<'a, A> {
    application: &'a Application,
    /// What is still to be read; nothing at the end.
    range: Option<LogRange>,
    aggregate: PhantomData<fn() -> A>,
}

impl<A> fmt::Debug for Ids<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ids").field("range", &self.range).finish_non_exhaustive()
    }
}

impl<'a, A: Aggregate> Ids<'a, A> {
    pub(super) fn new(application: &'a Application) -> Self {
        let range = LogRange::all().firsts().topics(Topics::of::<A>().read_as_events()).limit(PAGE);
        Self { application, range: Some(range), aggregate: PhantomData }
    }

    /// The next ids; nothing after the last one.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Id<A>>>, Error> {
        while let Some(range) = self.range.take() {
            let page = self.application.recorder().read_log(range.clone()).await?;
            if page.more {
                self.range = Some(range.after(page.through));
            }
            let mappers = self.application.store().mappers_for(&page.entries).await?;
            let mut ids = Vec::with_capacity(page.entries.len());
            for Notification { event, .. } in &page.entries {
                if mappers.may_be_of::<A>(event)? {
                    ids.push(Id::from_uuid(event.id));
                }
            }
            if !ids.is_empty() {
                return Ok(Some(ids));
            }
        }
        Ok(None)
    }
}
