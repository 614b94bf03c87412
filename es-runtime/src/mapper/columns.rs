//! Values for columns of the user's own, taken from events.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Mapper;
use crate::event::{Envelope, Metadata};
use crate::stored_event::{ColumnValue, Columns};

/// An event, as it is shown to what fills [a column of your own](Mapper::with_column).
pub struct EventView<'a> {
    pub(super) topic: &'a str,
    pub(super) envelope: &'a Envelope,
    pub(super) metadata: &'a Metadata,
    pub(super) data: &'a dyn Fn() -> Value,
    /// What that made, once.
    pub(super) made: OnceCell<Value>,
}

pub(super) type Fill = dyn Fn(&EventView<'_>) -> ColumnValue + Send + Sync;

impl EventView<'_> {
    /// Its topic.
    pub const fn topic(&self) -> &str {
        self.topic
    }

    /// Its id, version and time.
    pub const fn envelope(&self) -> &Envelope {
        self.envelope
    }

    /// Its metadata.
    pub const fn metadata(&self) -> &Metadata {
        self.metadata
    }

    /// What it says, as JSON; null if it cannot be said in JSON.
    pub fn data(&self) -> &Value {
        self.made.get_or_init(self.data)
    }

    /// A field of what it says, if that is text, a number or a truth value (1 or 0); nothing otherwise. A number with a fraction,
    /// or one that is too large, leaves a column for whole numbers empty.
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
        // Not the data: logs are not the place for what happened to people.
        f.debug_struct("EventView")
            .field("topic", &self.topic)
            .field("envelope", &self.envelope)
            .finish_non_exhaustive()
    }
}

impl Mapper {
    /// Fills a column of your own, for queries of others: the table must
    /// [have it](crate::recorder::EventTable::with_column). What stands in it is not encrypted.
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

    /// The columns that it fills.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| &**name)
    }

    pub(super) fn fill(&self, event: &EventView<'_>) -> Columns {
        self.columns.iter().map(|(name, fill)| (Arc::clone(name), fill(event))).collect()
    }
}
