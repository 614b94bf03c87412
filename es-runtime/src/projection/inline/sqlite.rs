//! Inline views in the SQLite file of the events.

use std::sync::Arc;

use super::Keep;
use super::reading::{Reading, Standing, keep, store};
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::log::Source;
use crate::projection::Blocking;
use crate::projection::batch::Item;
use crate::projection::failed::refused;
use crate::projection::target::Calls;
use crate::projection::write::{Handlers, passing};
use crate::recorder::SqliteRecorder;
use crate::recorder::inline::{Kept, Told};
use crate::recorder::sqlite::{InlineView, Stored};
use crate::store::Mappers;
use crate::view::sqlite::{File, FileView, Tx, get, put};
use crate::view::{View, rolled_back};
use crate::wait::Wait;

/// The limits of a page that the view takes at a time.
const PAGE: usize = 1_000;
const PAGE_BYTES: usize = 16 << 20;

/// A projection that the writer of a SQLite file keeps.
struct Inline<P> {
    calls: Calls<P>,
    reading: Reading,
}

impl<P: Blocking<Tx = Tx>> InlineView for Inline<P> {
    fn catch_up(&self, stored: &Stored<'_>) -> Result<Kept, Error> {
        let Reading { keys, mapper, .. } = &self.reading;
        let text = get(stored.tx(), &keys.place)?;
        let Some(Standing(from)) = self.reading.begin::<P>(text.as_deref())? else { return Ok(Kept::Ended) };
        let (mut place, mut rows) = (from, 0);
        loop {
            let page = stored.log(&self.reading.range(place, PAGE).limit_bytes(PAGE_BYTES))?;
            let known = stored.keys(Mappers::keyed_ids(mapper, &page.entries))?;
            for item in self.reading.items::<P>(&page, &known)? {
                let handled = match item.event() {
                    Item::Handled(routed) => <Calls<P> as Handlers<FileView>>::apply(
                        &self.calls,
                        routed.handler,
                        &routed.seen,
                        stored.tx(),
                    )
                    .wait(),
                    Item::Broken(error) => Err(error.to_string().into()),
                };
                // After some failures SQLite has rolled the transaction back, and no later handler may stand alone.
                let is_kept = handled.is_ok() && stored.tx().is_autocommit();
                let handled = if is_kept { Err(rolled_back().into()) } else { handled };
                handled.map_err(|cause| {
                    let of_view = FileView::passing(&cause).or_else(|| passing(&cause));
                    of_view.unwrap_or_else(|| refused::<P>(&item, cause))
                })?;
                rows += 1;
            }
            place = page.through;
            if !page.more {
                break;
            }
        }
        if let Some(place) = place.filter(|_| place != from) {
            put(stored.tx(), &keys.place, &place.to_string())?;
        }
        Ok(Kept::At(rows, place))
    }
}

impl<P: Send + Sync> Told for Inline<P> {
    fn committed(&self, rows: usize, to: Option<Mark>) {
        self.reading.committed(rows, to);
    }

    fn failed(&self, error: &Error) {
        self.reading.failed(error);
    }
}

/// Finds the file of the events, and the way to keep a view there.
pub(crate) fn in_file<P: Blocking<Tx = Tx>>(
    projection: &Arc<P>,
    source: &Source,
) -> Result<(File, Keep), Error> {
    let store: SqliteRecorder =
        store(source).ok_or_else(|| elsewhere(P::NAME, "the events are not in SQLite"))?;
    let path = store.path().ok_or_else(|| elsewhere(P::NAME, "the events are in memory"))?;
    let (file, calls) = (File::new(path), Calls(Arc::clone(projection)));
    Ok((file, keep::<P, _>(store, source, |reading| Arc::new(Inline { calls, reading }))))
}

fn elsewhere(name: &str, fact: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the view `{name}` cannot be inline: {fact}, and its handlers write to a SQLite file; open the application with \
             `sqlite:` and a file, or keep the view with `in_file`"
        ),
    )
}
