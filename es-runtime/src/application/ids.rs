use std::fmt;
use std::marker::PhantomData;

use super::Application;
use crate::aggregate::{Aggregate, Topics};
use crate::error::Error;
use crate::id::Id;
use crate::recorder::LogRange;

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
        let Some(range) = self.range.take() else { return Ok(None) };
        let page = self.application.recorder().select_log_dyn(range.clone()).await?;
        self.range = page.last().filter(|_| page.len() == PAGE).map(|last| range.after(Some(last.position)));
        let ids: Vec<Id<A>> = page.iter().map(|notification| Id::from_uuid(notification.event.id)).collect();
        Ok(if ids.is_empty() { None } else { Some(ids) })
    }
}
