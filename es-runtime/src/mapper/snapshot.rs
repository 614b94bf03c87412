//! Snapshots as rows: `{"fp":..,"created":..,"at":..,"data":{..}}`, the data being the state.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identity::{Identity, Kind};
use super::refused::at_row;
use super::{Mapper, Under};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::event::Secrecy;
use crate::id::Version;
use crate::stored_event::StoredEvent;

/// A state at a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot<S> {
    pub(crate) id: Uuid,
    pub(crate) version: Version,
    /// The name of its kind of state.
    pub(crate) name: &'static str,
    /// The fingerprint of the code that took the snapshot.
    pub(crate) fingerprint: u64,
    /// The times at which the first and the last event were recorded.
    pub(crate) times: (Timestamp, Timestamp),
    pub(crate) state: S,
}

#[derive(Serialize)]
struct Written<'a, S> {
    fp: u64,
    created: Timestamp,
    at: Timestamp,
    data: &'a S,
}

#[derive(Deserialize)]
struct Read<S> {
    created: Timestamp,
    at: Timestamp,
    data: S,
}

/// The head of a snapshot, read before the state: the state of other code need not fit, and a state that is too late is
/// not needed.
#[derive(Deserialize)]
struct Taken {
    fp: u64,
    at: Timestamp,
}

/// The outcome of reading a row as a snapshot.
#[derive(Debug)]
pub(crate) enum Found<S> {
    State(Snapshot<S>),
    /// The last event was recorded after the requested time.
    TooLate,
    /// The snapshot is of another kind, or other code took it.
    Other,
}

impl Mapper {
    pub(crate) fn encode_snapshot<S: Serialize>(
        &self,
        snapshot: &Snapshot<&S>,
    ) -> Result<StoredEvent, Error> {
        let Snapshot { id, version, name, fingerprint, times: (created, at), state } = *snapshot;
        let mut row = StoredEvent::new(id, version, name, Vec::with_capacity(256))?;
        let written = Written { fp: fingerprint, created, at, data: state };
        self.codec.encode(&written, &mut row.state).map_err(|error| at_row(&row, error))?;
        let state = std::mem::take(&mut row.state);
        row.state = self.seal(state, &identity(&row), Under::DataKey).map_err(|error| at_row(&row, error))?;
        Ok(row)
    }

    /// Returns the state if it is of that kind, that code took it, and it is not later than the time, if there is one.
    pub(crate) fn decode_snapshot<S: DeserializeOwned>(
        &self,
        row: &StoredEvent,
        name: &'static str,
        fingerprint: u64,
        until: Option<Timestamp>,
    ) -> Result<Found<S>, Error> {
        if row.topic != name {
            return Ok(Found::Other);
        }
        let (codec, written) = self.open(&row.state, &identity(row))?;
        let Taken { fp, at } = codec.decode(PhantomData, &written)?;
        if until.is_some_and(|until| at > until) {
            return Ok(Found::TooLate);
        }
        if fp != fingerprint {
            return Ok(Found::Other);
        }
        let Read { created, at, data } = codec.decode(PhantomData::<Read<S>>, &written)?;
        let times = (created, at);
        let (id, version) = (row.id, row.version);
        Ok(Found::State(Snapshot { id, version, name, fingerprint, times, state: data }))
    }
}

fn identity(row: &StoredEvent) -> Identity<'_> {
    let secrecy = Secrecy::AsConfigured;
    Identity { kind: Kind::Snapshot, secrecy, id: row.id, version: row.version, topic: &row.topic }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_of_another_type_or_other_code_or_a_later_time_is_no_state() {
        let mapper = Mapper::new();
        let times = (Timestamp::from_micros(1), Timestamp::from_micros(2));
        let (id, version) = (Uuid::nil(), Version::INITIAL);
        let snapshot = Snapshot { id, version, name: "Sum", fingerprint: 1, times, state: &7 };
        let row = mapper.encode_snapshot(&snapshot).unwrap();
        let read = |name, fingerprint, until: Option<i64>| {
            let until = until.map(Timestamp::from_micros);
            mapper.decode_snapshot::<i32>(&row, name, fingerprint, until).unwrap()
        };
        for until in [None, Some(2), Some(3)] {
            let found = read("Sum", 1, until);
            assert!(matches!(found, Found::State(read) if (read.state, read.times) == (7, times)));
            assert!(matches!(read("Count", 1, until), Found::Other));
            assert!(matches!(read("Sum", 2, until), Found::Other));
        }
        assert!(matches!(read("Sum", 1, Some(1)), Found::TooLate));
        // For a search by time, the outcome determines the half that the search goes on with.
        assert!(matches!(read("Sum", 2, Some(1)), Found::TooLate));
    }
}
