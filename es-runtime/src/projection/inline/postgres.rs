//! Inline views in the PostgreSQL database of the events.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Keep;
use super::reading::{Reading, Standing, keep, store};
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::log::{LogEvent, Source};
use crate::projection::Async;
use crate::projection::batch::Item;
use crate::projection::failed::refused;
use crate::projection::target::Awaits;
use crate::projection::write::{Handlers, passing};
use crate::recorder::PostgresRecorder;
use crate::recorder::inline::{Kept, Told, nothing_stored};
use crate::recorder::postgres::{Connection, InlineView, Stored};
use crate::store::Mappers;
use crate::view::View;
use crate::view::postgres::{InlineSchema, Inside, Schema, SchemaView, Tx, has_ended_with_events};

/// The greatest number of rows of a page, and of pages that the view takes in one transaction. A page has no limit of bytes:
/// what is too large would end the connection.
const PAGE: usize = 100;
const PAGES: usize = 20;

/// A projection that the commits of a PostgreSQL database keep.
struct Inline<P> {
    awaits: Awaits<P>,
    reading: Reading,
    schema: InlineSchema,
}

impl<P: Async<Tx = Tx>> Inline<P> {
    async fn catch_up(
        &self,
        connection: &Arc<Connection>,
        stored: &dyn Stored,
        place: Option<String>,
    ) -> Result<Kept, Error> {
        let mapper = &self.reading.mapper;
        let Some(Standing(from)) = self.reading.begin::<P>(place.as_deref())? else { return Ok(Kept::Ended) };
        let (mut place, mut rows, mut inside, mut pages) = (from, 0, None, 0);
        loop {
            let page = stored.page(&self.reading.range(place, PAGE)).await?;
            pages += 1;
            let is_last = !page.more || pages == PAGES;
            let ids = Mappers::keyed_ids(mapper, &page.entries);
            let known = if ids.is_empty() { Vec::new() } else { stored.keys(ids).await? };
            let items = self.reading.items::<P>(&page, &known)?;
            let to = page.through.filter(|to| is_last && Some(*to) != from);
            if !items.is_empty() || to.is_some() {
                let inside = match &mut inside {
                    Some(inside) => {
                        Inside::keep(inside).await?;
                        inside
                    }
                    none => none.insert(self.schema.enter(connection).await?),
                };
                self.handle(inside, &items, to).await?;
            }
            (place, rows) = (page.through, rows + items.len());
            if is_last {
                return Ok(if page.more { Kept::Behind(rows, place) } else { Kept::At(rows, place) });
            }
        }
    }

    /// Calls the handlers: first without waiting for each statement, and after an error once more, to find the one at fault.
    /// Then the view stands at `to`.
    async fn handle(
        &self,
        inside: &Inside<'_>,
        items: &[LogEvent<Item<P::Seen>>],
        to: Option<Mark>,
    ) -> Result<(), Error> {
        if self.attempt(inside, items, to).await? {
            return Ok(());
        }
        inside.begin_again().await?;
        if self.attempt(inside, items, to).await? {
            return Ok(());
        }
        let message = format!(
            "a statement of the inline view `{}` failed after its handler had ended; await each statement within its handler",
            P::NAME
        );
        Err(Error::new(ErrorKind::Invalid, message))
    }

    /// Returns false if a handler failed, and it is not known which.
    async fn attempt(
        &self,
        inside: &Inside<'_>,
        items: &[LogEvent<Item<P::Seen>>],
        to: Option<Mark>,
    ) -> Result<bool, Error> {
        for item in items {
            let handled = match item.event() {
                Item::Handled(routed) => {
                    let Self { awaits, .. } = self;
                    Handlers::<SchemaView>::apply(awaits, routed.handler, &routed.seen, inside.tx()).await
                }
                Item::Broken(error) => Err(error.to_string().into()),
            };
            if let Err(cause) = handled {
                if let Some(passing) = SchemaView::passing(&cause).or_else(|| passing(&cause)) {
                    return Err(passing);
                }
                if !inside.is_careful() {
                    return Ok(false);
                }
                return Err(refused::<P>(item, cause));
            }
            if inside.is_careful()
                && let Err(error) = inside.keep().await
            {
                // The handler may have kept the error of a statement to itself.
                return Err(if SchemaView::is_late(&error) {
                    refused::<P>(item, error.into())
                } else {
                    error
                });
            }
        }
        let Some(to) = to else { return inside.settle().await };
        match inside.put(&self.reading.keys.place, &to.to_string()).await {
            Err(error) if SchemaView::is_late(&error) && !inside.is_careful() => Ok(false),
            put => put.map(|()| true),
        }
    }
}

impl<P: Async<Tx = Tx>> InlineView for Inline<P> {
    fn place(&self) -> (&str, &str) {
        (self.schema.table(), &self.reading.keys.place)
    }

    fn catch_up<'a>(
        &'a self,
        connection: &'a Arc<Connection>,
        stored: &'a dyn Stored,
        place: Option<String>,
    ) -> BoxFuture<'a, Result<Kept, Error>> {
        Box::pin(async move {
            let caught_up = Self::catch_up(self, connection, stored, place).await;
            caught_up.map_err(|error| {
                self.schema.forget(connection);
                if has_ended_with_events(&error) {
                    self.reading.failed(&error);
                    return error;
                }
                nothing_stored(error)
            })
        })
    }
}

impl<P: Send + Sync> Told for Inline<P> {
    fn committed(&self, rows: usize, to: Option<Mark>) {
        self.reading.committed(rows, to);
    }

    #[cfg(feature = "sqlite")]
    fn failed(&self, error: &Error) {
        self.reading.failed(error);
    }
}

/// Names a schema in the database of the events, and the way to keep a view there.
pub(crate) fn in_schema<P: Async<Tx = Tx>>(
    projection: &Arc<P>,
    source: &Source,
    schema: &str,
) -> Result<(Schema, Keep), Error> {
    let store: PostgresRecorder = store(source).ok_or_else(|| elsewhere(P::NAME))?;
    let (inline, awaits) = (InlineSchema::new(schema.parse()?), Awaits(Arc::clone(projection)));
    let schema = Schema::new(store.options().clone(), schema)?;
    Ok((schema, keep::<P, _>(store, source, |reading| Arc::new(Inline { awaits, reading, schema: inline }))))
}

fn elsewhere(name: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the view `{name}` cannot be inline: its handlers write to PostgreSQL, and the events are not there; open the \
             application with `postgresql:`, or keep the view with `in_schema`"
        ),
    )
}
