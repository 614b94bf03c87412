//! An event becomes a row.

use std::cell::OnceCell;
use std::fmt::Debug;

use serde::Serialize;
use uuid::Uuid;

use super::codec;
use super::columns::EventView;
use super::identity::Identity;
use super::refused::at_row;
use super::state::Written;
use super::{Mapper, Under};
use crate::aggregate::Empty;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::event::{Envelope, Event, EventSet, EventType, EventVisitor, Metadata, Recorded, Secrecy};
use crate::id::Version;
use crate::stored_event::{StoredEvent, forgotten_topic};

impl Mapper {
    /// Makes the row of an event of a set. The row of an aggregate's event names the aggregate where the topic does not.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::error::ErrorKind::Invalid) if the codec cannot hold a value: a float that is not finite, `Some(None)` or
    /// `Some(())`; or if a flattened map has a key with the name of a field. [`Config`](crate::error::ErrorKind::Config) if the event is declared as `encrypted` and the mapper has no cipher.
    pub fn encode<E: EventSet>(&self, recorded: &Recorded<E>) -> Result<StoredEvent, Error> {
        self.encode_with(recorded, recorded.metadata())
    }

    /// Makes the row of an event of a set, with other metadata.
    pub(crate) fn encode_with<E: EventSet>(
        &self,
        recorded: &Recorded<E>,
        metadata: &Metadata,
    ) -> Result<StoredEvent, Error> {
        let owner = |topic: &str| E::AGGREGATE?.owner(topic);
        recorded.event().visit(Encode { mapper: self, envelope: recorded.envelope(), owner, metadata })
    }

    /// Makes the row of an event that belongs to no aggregate of this program.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_event<E: Event>(
        &self,
        id: Uuid,
        version: Version,
        at: Timestamp,
        metadata: &Metadata,
        event: &E,
    ) -> Result<StoredEvent, Error> {
        let envelope = Envelope::of(id, version, at);
        event.accept(Encode { mapper: self, envelope: &envelope, owner: |_| None, metadata })
    }

    /// Makes the row that tells the readers of an aggregate that it is forgotten. The cipher of the mapper seals it, and no
    /// data key, so that it can be read once that is gone.
    pub(crate) fn encode_forgotten(
        &self,
        id: Uuid,
        of: &str,
        version: Version,
        at: Timestamp,
        metadata: &Metadata,
    ) -> Result<StoredEvent, Error> {
        let written = Written { version: 1, at, of: None, metadata, data: &Empty };
        self.fill_state(
            StoredEvent::new(id, version, forgotten_topic(of), Vec::new())?,
            Secrecy::AsConfigured,
            &written,
            Under::Cipher,
        )
    }

    /// Writes the state of a row of an event.
    fn fill_state<T: Serialize>(
        &self,
        mut row: StoredEvent,
        secrecy: Secrecy,
        written: &Written<'_, T>,
        under: Under,
    ) -> Result<StoredEvent, Error> {
        let encoded = self.codec.encode(written, &mut row.state);
        encoded.map_err(|error| at_row(&row, error))?;
        let state = std::mem::take(&mut row.state);
        let identity = Identity::of_event(&row, secrecy);
        row.state = self.seal(state, &identity, under).map_err(|error| at_row(&row, error))?;
        Ok(row)
    }
}

struct Encode<'a> {
    mapper: &'a Mapper,
    envelope: &'a Envelope,
    /// The aggregate that the row has to name, by its topic.
    owner: fn(&str) -> Option<&'static str>,
    metadata: &'a Metadata,
}

impl EventVisitor for Encode<'_> {
    type Output = Result<StoredEvent, Error>;

    fn data<T: Serialize + Debug>(self, of: &'static EventType, data: &T) -> Self::Output {
        let Self { mapper, envelope, owner, metadata } = self;
        let written = Written {
            version: of.version(),
            at: envelope.timestamp(),
            of: owner(of.topic()),
            metadata,
            data,
        };
        let row = StoredEvent::new(envelope.id(), envelope.version(), of.topic(), Vec::with_capacity(128))?;
        if of.is_flattened() {
            codec::refuse_doubles(&written).map_err(|error| at_row(&row, error))?;
        }
        let mut row = mapper.fill_state(row, of.secrecy(), &written, Under::DataKey)?;
        if !mapper.columns.is_empty() {
            let data = || serde_json::to_value(data).unwrap_or_default();
            let made = OnceCell::new();
            row.columns =
                mapper.fill(&EventView { topic: of.topic(), envelope, metadata, data: &data, made });
        }
        Ok(row)
    }
}
