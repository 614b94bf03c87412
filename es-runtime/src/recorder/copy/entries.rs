use std::collections::VecDeque;

use super::commits::MOST;
use crate::error::Error;
use crate::recorder::{ApplicationRecorder, LogRange, Mark, Notification};

/// A reader of the entries of a log, one after the other.
pub(super) struct Entries<'a, R: ?Sized> {
    store: &'a R,
    range: LogRange,
    bytes: usize,
    reached: Option<Mark>,
    page: VecDeque<Notification>,
    has_more: bool,
}

impl<'a, R: ApplicationRecorder + ?Sized> Entries<'a, R> {
    pub(super) const fn new(store: &'a R, range: LogRange, bytes: usize) -> Self {
        Self { store, range, bytes, reached: None, page: VecDeque::new(), has_more: true }
    }

    /// Returns the next page, or what is left of the last one; empty at the end.
    pub(super) async fn next_page(&mut self) -> Result<VecDeque<Notification>, Error> {
        while self.page.is_empty() && self.has_more {
            let range = self.range.clone().after(self.reached).limit(MOST).limit_bytes(self.bytes);
            let page = self.store.read_log(range).await?;
            self.reached = page.through.or(self.reached);
            self.has_more = page.more;
            self.page = page.entries.into();
        }
        Ok(std::mem::take(&mut self.page))
    }

    /// Returns the next entry, or `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Notification>, Error> {
        if self.page.is_empty() {
            self.page = self.next_page().await?;
        }
        Ok(self.page.pop_front())
    }
}
