//! A row becomes an event.

use std::cell::Cell;
use std::marker::PhantomData;

use super::codec::Codec;
use super::identity::Identity;
use super::refused::{Place, at_row, not_in_set, of_another, unknown_topic};
use super::state::{AsStored, Data, Missed, OneOf, Owner, Read, Single, Skipped, State};
use super::{Mapper, secrecy};
use crate::aggregate::Aggregate;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::event::{Envelope, Event, EventSet, Reading, Recorded, Secrecy, Topics};
use crate::registry::Registry;
use crate::stored_event::{StoredEvent, is_forgotten_notice};

/// A row, as a set of events reads it.
pub(crate) enum Mapped<E> {
    Event(Recorded<E>),
    /// An event whose type is gone.
    Retired(Envelope),
}

impl Mapper {
    /// Reads a row as an event of a set, such as those of an aggregate; returns `None` if the aggregate retired its type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownTopic`] if no event of the set has the topic. For an aggregate also
    /// [`ErrorKind::WrongAggregate`] by the topic, or by the aggregate that the row of a shared event names, and
    /// [`ErrorKind::Forgotten`] for the row that says so. [`ErrorKind::Schema`] if the data do not fit the type of the event,
    /// [`ErrorKind::Corrupt`] if the row was damaged, [`ErrorKind::Cipher`] if it cannot be decrypted.
    pub fn decode<E: EventSet>(&self, row: &StoredEvent) -> Result<Option<Recorded<E>>, Error> {
        Ok(match self.decode_mapped(row)? {
            Mapped::Event(recorded) => Some(recorded),
            Mapped::Retired(_) => None,
        })
    }

    #[inline]
    pub(crate) fn decode_mapped<E: EventSet>(&self, row: &StoredEvent) -> Result<Mapped<E>, Error> {
        let missed = Cell::new(None);
        let data = OneOf::<E> { topic: &row.topic, missed: &missed, set: PhantomData };
        match self.read(row, secrecy::among::<E>(&row.topic), data) {
            Ok(read) => Ok(Mapped::Event(recorded(row, read))),
            Err(error) => self.missed(row, missed.into_inner(), error),
        }
    }

    #[cold]
    fn missed<E: EventSet>(
        &self,
        row: &StoredEvent,
        missed: Option<Missed>,
        error: Error,
    ) -> Result<Mapped<E>, Error> {
        match (missed, E::AGGREGATE) {
            // It says nothing but its topic. The key that it was sealed with may have been thrown away.
            (None, Some(_)) if is_forgotten_notice(&row.topic) && self.lacks_key_of(row) => {
                Err(Error::forgotten(row.id))
            }
            (None, _) => Err(error),
            (Some(Missed::Owner { of, name }), _) => Err(of_another(row, &of, &name)),
            (Some(Missed::Topic), None) => Err(not_in_set::<E>(row)),
            (Some(Missed::Topic), Some(of)) if of.skips(&row.topic) => {
                let Read { at, .. } = self.read(row, secrecy::among::<E>(&row.topic), Skipped)?;
                Ok(Mapped::Retired(Envelope::of(row.id, row.version, at)))
            }
            (Some(Missed::Topic), Some(of)) => match of.read(&row.topic) {
                Some(Reading::Forgotten(_)) => Err(Error::forgotten(row.id)),
                _ => Err(unknown_topic(row, &of)),
            },
        }
    }

    /// Reads a row as an event of one type, whatever its topic.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode); [`ErrorKind::UnknownTopic`] if the topic is that of another event.
    pub fn decode_event<E: Event>(&self, row: &StoredEvent) -> Result<Recorded<E>, Error> {
        // The registry also knows topics that begin with a former name of an aggregate.
        let is_known =
            |registry: &Registry| registry.event(&row.topic).is_some_and(|event| event.topic() == E::TOPIC);
        if !E::is(&row.topic) && !Registry::global().is_ok_and(is_known) {
            let message = format!("{} is no `{}`", Place(row), E::NAME);
            return Err(Error::new(ErrorKind::UnknownTopic, message));
        }
        Ok(recorded(row, self.read(row, E::SECRECY, Single(PhantomData))?))
    }

    /// Reads the version and the data of any event, as they are stored.
    pub(crate) fn decode_any(&self, row: &StoredEvent) -> Result<Recorded<(u32, serde_json::Value)>, Error> {
        Ok(recorded(row, self.read(row, secrecy::registered(&row.topic), AsStored)?))
    }

    /// Reads the time at which the event of a row was recorded.
    pub(crate) fn time_of(&self, row: &StoredEvent) -> Result<Timestamp, Error> {
        self.read(row, secrecy::registered(&row.topic), Skipped).map(|read| read.at)
    }

    /// The aggregate that a row names as its own; `None` where the topic names it, and for rows from before they named one.
    pub(crate) fn owner_of(&self, row: &StoredEvent) -> Result<Option<String>, Error> {
        let owner = Cell::new(None);
        self.read(row, secrecy::registered(&row.topic), Owner(&owner))?;
        Ok(owner.into_inner())
    }

    fn read<V, T>(&self, row: &StoredEvent, secrecy: Secrecy, data: T) -> Result<Read<V>, Error>
    where
        T: for<'de> Data<'de, Value = V>,
    {
        self.read_state(row, secrecy, data).map_err(|error| self.not_read(row, secrecy, error))
    }

    /// Tells data that do not fit from a row that is damaged: that is not read without its data, either.
    #[cold]
    fn not_read(&self, row: &StoredEvent, secrecy: Secrecy, error: Error) -> Error {
        let is_whole = || self.read_state(row, secrecy, Skipped).is_ok();
        if error.kind() != ErrorKind::Schema || is_whole() {
            return at_row(row, error);
        }
        at_row(
            row,
            Error::new(
                ErrorKind::Corrupt,
                "the row was damaged, or something else wrote it; restore it from a backup",
            ),
        )
    }

    fn read_state<V, T>(&self, row: &StoredEvent, secrecy: Secrecy, data: T) -> Result<Read<V>, Error>
    where
        T: for<'de> Data<'de, Value = V>,
    {
        // Bare JSON is read where it stands.
        let may_be_bare = self.cipher.is_none() && secrecy != Secrecy::Encrypted;
        if may_be_bare && row.state.first() == Some(&b'{') {
            Codec::Json.decode(State(data), &row.state)
        } else {
            self.open(&row.state, &Identity::of_event(row, secrecy))
                .and_then(|(codec, written)| codec.decode(State(data), &written))
        }
    }
}

/// Refuses a row whose topic is none of an aggregate, as [`Mapper::decode`] does, without reading its data.
pub(crate) fn check_topic<A: Aggregate>(row: &StoredEvent) -> Result<(), Error> {
    let topics = Topics::of::<A>();
    match topics.read(&row.topic) {
        Some(_) => Ok(()),
        None => Err(unknown_topic(row, &topics)),
    }
}

fn recorded<E>(row: &StoredEvent, read: Read<E>) -> Recorded<E> {
    let envelope = Envelope::of(row.id, row.version, read.at);
    Recorded::new(envelope, read.data).with_metadata(read.metadata)
}
