//! Values for columns of the user's own, taken from events.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Mapper;
use crate::event::{Envelope, Metadata};
use crate::stored_event::{ColumnValue, Columns};

/// An event, as a function sees it that fills [a column of your own](Mapper::with_column).
pub struct EventView<'a> {
    pub(super) topic: &'a str,
    pub(super) envelope: &'a Envelope,
    pub(super) metadata: &'a Metadata,
    pub(super) data: &'a dyn Fn() -> Value,
    /// The JSON that `data` made, once.
    pub(super) made: OnceCell<Value>,
}

pub(super) type Fill = dyn Fn(&EventView<'_>) -> ColumnValue + Send + Sync;

impl EventView<'_> {
    /// Returns the topic of the event.
    pub const fn topic(&self) -> &str {
        self.topic
    }

    /// Returns the id, version and time of the event.
    pub const fn envelope(&self) -> &Envelope {
        self.envelope
    }

    /// Returns the metadata of the event.
    pub const fn metadata(&self) -> &Metadata {
        self.metadata
    }

    /// Returns the data of the event as JSON; null if JSON cannot hold them.
    pub fn data(&self) -> &Value {
        self.made.get_or_init(self.data)
    }

    /// Returns a field of the data if it is text, a number or a truth value (1 or 0), and nothing otherwise. A number
    /// with a fraction, or a number that is too large, leaves a column for whole numbers empty.
    pub fn field(&self, name: &str) -> ColumnValue {
        match self.data().get(name) {
            Some(Value::String(text)) => text.as_str().into(),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(whole) => whole.into(),
                None => number.as_f64().into(),
            },
            Some(Value::Bool(is)) => i64::from(*is).into(),
            _ => ColumnValue::Null,
        }
    }
}

impl fmt::Debug for EventView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The data are left out: personal data do not belong in logs.
        f.debug_struct("EventView")
            .field("topic", &self.topic)
            .field("envelope", &self.envelope)
            .finish_non_exhaustive()
    }
}

impl Mapper {
    /// Fills a column of your own, for other programs to query: the table must
    /// [have it](crate::recorder::EventTable::with_column). The mapper does not encrypt the column.
    ///
    /// ```standalone_crate
    /// use es_runtime::mapper::Mapper;
    /// use es_runtime::recorder::{ColumnType, EventTable, Tables};
    /// use es_runtime::{Application, Wait};
    ///
    /// let events = EventTable::stored_events("events")?
    ///     .with_column("tenant", ColumnType::Text)?
    ///     .with_column("amount", ColumnType::Integer)?;
    /// let mapper = Mapper::new()
    ///     .with_column("tenant", |event| event.metadata().get("tenant").into())
    ///     .with_column("amount", |event| event.field("amount"));
    /// let app = Application::builder("sqlite::memory:")
    ///     .tables(Tables::default().with_events(events))
    ///     .mapper(mapper)
    ///     .open()
    ///     .wait()?;
    /// # let _ = app;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn with_column(
        mut self,
        name: impl Into<Arc<str>>,
        fill: impl Fn(&EventView<'_>) -> ColumnValue + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        self.columns.retain(|(known, _)| *known != name);
        self.columns.push((name, Arc::new(fill)));
        self
    }

    /// Returns the names of the columns that the mapper fills.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| &**name)
    }

    pub(super) fn fill(&self, event: &EventView<'_>) -> Columns {
        self.columns.iter().map(|(name, fill)| (Arc::clone(name), fill(event))).collect()
    }
}
