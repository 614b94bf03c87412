use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::event::Recorded;
use crate::mapper::Mapper;
use crate::registry::Registry;
use crate::stored_event::StoredEvent;

/// An event of any type, as it is stored: for an audit, an export, a page that shows what happened.
///
/// Its data have the shape of the version that it was stored in, not the current one. An event that this program does not know is
/// shown, too.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AnyEvent {
    /// The name that it is stored under.
    pub topic: String,
    /// The version of the shape of its data.
    pub version: u32,
    /// The data.
    pub data: Value,
}

impl AnyEvent {
    pub(super) fn decode(mapper: &Mapper, row: &StoredEvent) -> Result<Recorded<Self>, Error> {
        let recorded = mapper.decode_any(row)?;
        Ok(recorded.map(|(version, data)| Self { topic: row.topic.to_string(), version, data }))
    }

    /// Returns the name of the event's type in this program, if it knows one.
    pub fn name(&self) -> Option<&'static str> {
        Some(Registry::global().ok()?.event(&self.topic)?.name())
    }
}
