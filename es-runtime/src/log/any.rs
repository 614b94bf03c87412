use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::event::Recorded;
use crate::mapper::Mapper;
use crate::registry::Registry;
use crate::stored_event::StoredEvent;

/// An event of any type, as it is stored: for an audit, an export, or a page that shows the history.
///
/// Its data have the shape of the stored version, not of the current one. The log also shows events that this program
/// does not know.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AnyEvent {
    /// The stored name of the event's type.
    pub topic: String,
    /// The version of the shape of its data.
    pub version: u32,
    /// The data. A number above 64 bits is a float here, which may have fewer digits than the stored number.
    pub data: Value,
}

impl AnyEvent {
    pub(super) fn decode(mapper: &Mapper, row: &StoredEvent) -> Result<Recorded<Self>, Error> {
        let recorded = mapper.decode_any(row)?;
        Ok(recorded.map(|(version, data)| Self { topic: row.topic.to_string(), version, data }))
    }

    /// Returns the name of the event's type in this program, if the program knows one.
    pub fn name(&self) -> Option<&'static str> {
        Some(Registry::global().ok()?.event(&self.topic)?.name())
    }
}
