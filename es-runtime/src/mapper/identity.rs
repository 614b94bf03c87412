//! The identity of a row, to which its ciphertext is bound.

use uuid::Uuid;

use crate::event::Secrecy;
use crate::id::Version;
use crate::stored_event::StoredEvent;

/// The row to which a ciphertext belongs.
pub(super) struct Identity<'a> {
    pub(super) kind: Kind,
    /// The rule for encryption. It may change, so it is not bound.
    pub(super) secrecy: Secrecy,
    pub(super) id: Uuid,
    pub(super) version: Version,
    pub(super) topic: &'a str,
}

/// The kinds of things that are sealed; no kind reads another one's ciphertext.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Event,
    Snapshot,
    DataKey,
}

impl<'a> Identity<'a> {
    pub(super) fn of_event(row: &'a StoredEvent, secrecy: Secrecy) -> Self {
        Self { kind: Kind::Event, secrecy, id: row.id, version: row.version, topic: &row.topic }
    }

    pub(super) fn associated(&self, header: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(header.len() + 25 + self.topic.len());
        bytes.extend(header);
        bytes.push(match self.kind {
            Kind::Event => 1,
            Kind::Snapshot => 2,
            Kind::DataKey => 3,
        });
        bytes.extend(self.id.as_bytes());
        bytes.extend(self.version.get().to_be_bytes());
        bytes.extend(self.topic.as_bytes());
        bytes
    }
}
