use std::fmt;
use std::iter;
use std::vec;

use super::Application;
use crate::aggregate::Aggregate;
use crate::error::Error;
use crate::event::Topics;
use crate::id::{Id, Position};
use crate::recorder::{ApplicationRecorder, LogRange};
use crate::wait::Wait;

/// The number of ids read at a time.
const PAGE: usize = 1_000;

/// The largest number of positions searched at a time on the way back.
const WINDOW: u64 = 1 << 20;

/// The ids of all aggregates of one type, in the order in which they were created: see
/// [`Application::ids`](super::Application::ids).
///
/// [`wait`](Self::wait) makes it an iterator, [`next`](Self::next) serves async code. For code on `futures::Stream`:
///
/// ```text
/// try_unfold(app.ids::<Account>(), async |mut ids| Ok(ids.next().await?.map(|id| (id, ids))))
/// ```
#[must_use = "nothing is read before an id is asked for"]
pub struct Ids<'a, A> {
    application: &'a Application,
    rest: Rest,
    left: Option<usize>,
    page: vec::IntoIter<Id<A>>,
}

/// The part of the log that is still unread.
#[derive(Debug)]
enum Rest {
    From(LogRange),
    /// The log, backwards from the newest position.
    Back,
    /// The log, backwards from a position, in windows of this many positions.
    BackFrom(Position, u64),
    Nothing,
}

impl<A> fmt::Debug for Ids<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ids").field("rest", &self.rest).finish_non_exhaustive()
    }
}

impl<'a, A: Aggregate> Ids<'a, A> {
    pub(super) fn new(application: &'a Application) -> Self {
        Self { application, rest: Rest::From(LogRange::all()), left: None, page: Vec::new().into_iter() }
    }

    /// Reverses the order: from the aggregate created last.
    pub fn descending(self) -> Self {
        Self { rest: Rest::Back, ..self }
    }

    /// Sets the greatest number of ids to read.
    pub fn limit(self, ids: usize) -> Self {
        Self { left: Some(ids), ..self }
    }

    /// Reads the next id; returns `None` after the last one.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub async fn next(&mut self) -> Result<Option<Id<A>>, Error> {
        if self.page.as_slice().is_empty() {
            self.page = self.next_page().await?.unwrap_or_default().into_iter();
        }
        Ok(self.page.next())
    }

    /// Reads the next ids, up to a thousand or so; returns `None` after the last ones.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Id<A>>>, Error> {
        while self.left != Some(0) {
            self.application.shared.check_open()?;
            let Some(mut ids) = self.read().await? else { return Ok(None) };
            if let Some(left) = &mut self.left {
                ids.truncate(*left);
                *left -= ids.len();
            }
            if !ids.is_empty() {
                return Ok(Some(ids));
            }
        }
        Ok(None)
    }

    /// Iterates over the ids, and ends after an error; reading a page blocks the thread.
    pub fn wait(mut self) -> impl Iterator<Item = Result<Id<A>, Error>> {
        iter::from_fn(move || {
            let next = self.next().wait().transpose();
            if let Some(Err(_)) = next {
                (self.left, self.page) = (Some(0), Vec::new().into_iter());
            }
            next
        })
    }

    /// Reads some ids, or none although more may follow; returns `None` at the end.
    async fn read(&mut self) -> Result<Option<Vec<Id<A>>>, Error> {
        match &self.rest {
            Rest::Nothing => Ok(None),
            Rest::From(range) => {
                let (ids, rest) = self.read_some(range.clone()).await?;
                self.rest = rest.map_or(Rest::Nothing, Rest::From);
                Ok(Some(ids))
            }
            Rest::Back => {
                let newest = self.application.recorder().read_log(LogRange::all().limit(0)).await?.through;
                self.rest = newest.map_or(Rest::Nothing, |mark| Rest::BackFrom(mark.position(), PAGE as u64));
                Ok(Some(Vec::new()))
            }
            Rest::BackFrom(last, window) => {
                let (last, window) = (*last, *window);
                let first = Position::new((last.get() + 1).saturating_sub(window)).unwrap_or(Position::FIRST);
                let (mut ids, mut rest) = (Vec::new(), Some(LogRange::all().from(first).up_to(last)));
                while let Some(range) = rest {
                    let some = self.read_some(range).await?;
                    ids.extend(some.0);
                    rest = some.1;
                }
                // The window grows where aggregates are rarely created.
                let window = if ids.len() < PAGE / 4 { window.saturating_mul(4).min(WINDOW) } else { window };
                let before = Position::new(first.get() - 1);
                self.rest = before.map_or(Rest::Nothing, |before| Rest::BackFrom(before, window));
                ids.reverse();
                Ok(Some(ids))
            }
        }
    }

    /// Reads the first ids of a range, and returns the rest of the range if more may follow.
    async fn read_some(&self, range: LogRange) -> Result<(Vec<Id<A>>, Option<LogRange>), Error> {
        let firsts = range.clone().firsts().topics(Topics::of::<A>().read_as_events()).limit(PAGE);
        let page = self.application.recorder().read_log(firsts).await?;
        let mappers = self.application.store().mappers_for(&page.entries).await?;
        let mut ids = Vec::with_capacity(page.entries.len());
        for notification in &page.entries {
            if mappers.may_be_of::<A>(&notification.event)? {
                ids.push(Id::from_uuid(notification.event.id));
            }
        }
        Ok((ids, page.more.then(|| range.after(page.through))))
    }
}
