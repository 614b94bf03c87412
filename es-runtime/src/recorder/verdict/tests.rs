//! The verdict against the documented order of reasons, implemented once more in a plain way.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::recorder::Cursor;
use crate::stored_event::StoredEvent;

/// An aggregate and a version, each of a few, and one of two topics.
type Row = (u128, u32, bool);

/// A data key; `None` stands for a destroyed one.
type Key = Option<u8>;

/// The place of a reader; `None` stands for the beginning.
type Place = Option<u64>;

/// The stored rows, and the commit.
#[derive(Clone, Debug)]
struct Case {
    /// The rows, each with the number of its commit.
    stored: Vec<(Row, u128)>,
    known: Vec<(u128, Key)>,
    tracked: Option<u64>,
    commit: u128,
    events: Vec<Row>,
    /// The number of events, from the first on, that may leave no gap.
    gapless: usize,
    keys: Vec<(u128, Key)>,
    step_from: Option<Place>,
}

#[derive(Debug, PartialEq)]
enum Expected {
    Store,
    Done { first: u64, last: u64 },
    Version { id: u128, begins: u32 },
    Refused(ErrorKind, Option<Conflict>),
}

fn case() -> impl Strategy<Value = Case> {
    let row = || (0..3_u128, 1..4_u32, any::<bool>());
    // Most keys are alive, and are the first of three.
    let key = || (0..3_u128, option::weighted(0.9, prop_oneof![4 => Just(0_u8), 1 => 1..3_u8]));
    let place = || option::of(1..3_u64);
    (
        vec((row(), 0..2_u128), 0..6),
        vec(key(), 0..3),
        place(),
        0..2_u128,
        vec(row(), 0..4),
        0..5_usize,
        vec(key(), 0..4),
        option::of(place()),
    )
        .prop_map(|(stored, known, tracked, commit, events, gapless, keys, step_from)| Case {
            stored,
            known,
            tracked,
            commit,
            events,
            gapless,
            keys,
            step_from,
        })
}

impl Case {
    /// Returns the position, topic and commit of the row at a version: the first such row took it.
    fn at(&self, id: u128, version: u32) -> Option<(u64, bool, u128)> {
        let stands = |((at, number, _), _): &&(Row, u128)| (*at, *number) == (id, version);
        let index = self.stored.iter().position(|stored| stands(&stored))?;
        let ((_, _, topic), commit) = self.stored[index];
        Some((index as u64 + 1, topic, commit))
    }

    fn key_of(&self, id: u128) -> Option<Key> {
        self.known.iter().find(|(known, _)| *known == id).map(|(_, key)| *key)
    }

    fn expected(&self) -> Expected {
        self.done()
            .or_else(|| self.step_elsewhere())
            .or_else(|| self.event_without_key())
            .or_else(|| self.key_refused())
            .or_else(|| self.version_refused())
            .unwrap_or(Expected::Store)
    }

    fn done(&self) -> Option<Expected> {
        let mut positions = Vec::new();
        for (id, version, topic) in &self.events {
            let (position, ..) =
                self.at(*id, *version).filter(|(_, at, by)| (at, by) == (topic, &self.commit))?;
            positions.push(position);
        }
        Some(Expected::Done { first: *positions.iter().min()?, last: *positions.iter().max()? })
    }

    fn step_elsewhere(&self) -> Option<Expected> {
        let from = self.step_from.filter(|from| *from != self.tracked)?;
        let (from, tracked) = (from.map(mark), self.tracked.map(mark));
        let conflict = Conflict::tracking(cursor().consumer, cursor().upstream, from, tracked);
        Some(Expected::Refused(ErrorKind::Conflict, Some(conflict)))
    }

    fn event_without_key(&self) -> Option<Expected> {
        self.events.iter().find_map(|(id, ..)| match self.key_of(*id)? {
            None => Some(Expected::Refused(ErrorKind::Forgotten, None)),
            Some(_) if self.keys.iter().all(|(brought, _)| brought != id) => {
                Some(Expected::Refused(ErrorKind::Config, None))
            }
            Some(_) => None,
        })
    }

    fn key_refused(&self) -> Option<Expected> {
        self.keys.iter().find_map(|(id, brought)| {
            // Without a stored key, the first key of the commit counts.
            let first = self.keys.iter().find(|(other, _)| other == id).map(|(_, key)| *key);
            match (brought, self.key_of(*id).or(first)?) {
                (None, _) | (_, None) => Some(Expected::Refused(ErrorKind::Forgotten, None)),
                (brought, counts) if *brought != counts => {
                    Some(Expected::Refused(ErrorKind::Conflict, Some(Conflict::key(Uuid::from_u128(*id)))))
                }
                _ => None,
            }
        })
    }

    fn version_refused(&self) -> Option<Expected> {
        let is_free = |index: usize, (id, version, _): &Row| {
            let is_first = self.events[..index].iter().all(|(other, at, _)| (other, at) != (id, version));
            is_first && self.at(*id, *version).is_none()
        };
        let follows = |index: usize, (id, version, _): &Row| {
            let before = |(other, last, _): &Row| (*other, *last + 1) == (*id, *version);
            *version == 1 || self.events[..index].iter().any(before) || self.at(*id, version - 1).is_some()
        };
        let is_gap = |index, row| index < self.gapless && !follows(index, row);
        let (index, row) = self
            .events
            .iter()
            .enumerate()
            .find(|(index, row)| is_gap(*index, row) || !is_free(*index, row))?;
        let (id, version, _) = row;
        if is_gap(index, row) {
            return Some(Expected::Version { id: *id, begins: *version });
        }
        let (_, begins, _) = self.events.iter().find(|(other, ..)| other == id)?;
        Some(Expected::Version { id: *id, begins: *begins })
    }

    fn judged(&self) -> Expected {
        let events = self.events.iter().map(|(id, version, topic)| {
            StoredEvent::of(Uuid::from_u128(*id), Version::from(*version), name(*topic), Vec::new())
        });
        let keys: Vec<_> = self.keys.iter().map(|(id, key)| stored_key(*id, *key)).collect();
        let commit = Commit::with_id(commit_id(self.commit), events.collect()).with_keys(keys);
        let commit = commit.without_gaps_in_the_first(self.gapless);
        let to = Mark::new(Position::new(9).unwrap(), commit_id(0));
        let step = self.step_from.map(|from| Step::new(cursor(), from.map(mark), to).unwrap());
        let taken = |(id, version, _): &Row| {
            let (position, topic, commit) = self.at(*id, *version)?;
            let position = Position::new(position)?;
            Some(Taken { commit: commit_id(commit), topic: name(topic), position })
        };
        let facts = Facts {
            taken: self.events.iter().map(taken).collect(),
            keys: (0..3)
                .filter_map(|id| {
                    Some((Uuid::from_u128(id), KeyFact::from(&stored_key(id, self.key_of(id)?))))
                })
                .collect(),
            missing: preceding(&commit)
                .into_iter()
                .filter(|(id, version)| self.at(id.as_u128(), version.get().try_into().unwrap()).is_none())
                .collect(),
            tracked: self.tracked.map(mark),
        };
        match judge(&commit, step.as_ref(), &facts) {
            Verdict::Store => Expected::Store,
            Verdict::Done(receipt) => {
                assert!(receipt.is_repeated() && receipt.commit() == commit.id());
                let (first, last) = receipt.positions().unwrap();
                Expected::Done { first: first.get(), last: last.get() }
            }
            Verdict::Refused(error) => Expected::Refused(error.kind(), error.as_conflict().cloned()),
            Verdict::Version { id, begins } => {
                Expected::Version { id: id.as_u128(), begins: begins.get().try_into().unwrap() }
            }
        }
    }
}

fn name(topic: bool) -> Name {
    Name::new(if topic { "Account.Opened" } else { "Account.Closed" }).unwrap()
}

fn stored_key(id: u128, key: Option<u8>) -> StoredKey {
    let id = Uuid::from_u128(id);
    key.map_or(StoredKey::forgotten(id), |key| {
        StoredKey::new(id, DataKeyId::from_bytes([key; 8]), Vec::new())
    })
}

fn commit_id(number: u128) -> CommitId {
    CommitId::from_uuid(Uuid::from_u128(number))
}

fn mark(number: u64) -> Mark {
    Mark::new(Position::new(number).unwrap(), commit_id(7))
}

fn cursor() -> Cursor {
    Cursor::new("balances", "bank").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_several_reasons_the_documented_first_one_counts(case in case()) {
        prop_assert_eq!(case.judged(), case.expected());
    }
}
