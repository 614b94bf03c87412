//! A commit as its writer planned it. The writer writes the plan down before it tries, and the audit reads it.

use std::collections::HashSet;
use std::fmt;

use es_runtime::Version;
use es_runtime::id::DataKeyId;
use es_runtime::recorder::{Commit, CommitId, Cursor, Mark, Position, Step, StoredEvent, StoredKey};
use uuid::Uuid;

use crate::random::Random;

/// The number of events of a commit for which the trigger of the table may sleep or raise.
const TROUBLED: u64 = 10;

/// Events of one aggregate that follow each other.
#[derive(Clone)]
pub(crate) struct Piece {
    pub(crate) id: Uuid,
    pub(crate) first: u64,
    pub(crate) many: u64,
}

/// A step that comes with a commit; 0 is the place before the first.
#[derive(Clone)]
pub(crate) struct Pace {
    pub(crate) consumer: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) commit: CommitId,
    pub(crate) is_once: bool,
    pub(crate) is_gapless: bool,
    pub(crate) pace: Option<Pace>,
    pub(crate) pieces: Vec<Piece>,
}

impl Plan {
    /// Returns the ids and versions of the events, in their order for the log.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Uuid, u64)> {
        self.pieces.iter().flat_map(|piece| (piece.first..piece.first + piece.many).map(|at| (piece.id, at)))
    }

    pub(crate) fn commit(&self) -> Commit {
        let is_long = self.commit.uuid().as_bytes()[15] < 10;
        let events: Vec<StoredEvent> = (0..)
            .zip(self.places())
            .map(|(at, (id, version))| {
                // The trigger looks at the first letter.
                let mut state = format!("{} {at} ", if at < TROUBLED { 't' } else { 's' });
                if is_long && at == 0 {
                    state += &"x".repeat(3_000);
                }
                let version = Version::new(version).expect("it is a version");
                StoredEvent::new(id, version, "Tortured", state.into_bytes()).expect("it is an event")
            })
            .collect();
        let ids: HashSet<Uuid> = self.pieces.iter().map(|piece| piece.id).collect();
        let keys = ids.into_iter().filter(has_data_key).map(data_key).collect();
        let commit = if self.is_once {
            Commit::once(self.commit, events)
        } else {
            Commit::with_id(self.commit, events)
        };
        let commit = commit.with_keys(keys);
        if self.is_gapless { commit.without_gaps() } else { commit }
    }
}

/// Returns whether events of this aggregate are stored with a data key.
pub(crate) fn has_data_key(id: &Uuid) -> bool {
    id.as_bytes()[15].is_multiple_of(4)
}

/// Returns the data key of an aggregate, which every process knows.
fn data_key(id: Uuid) -> StoredKey {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&id.as_bytes()[8..]);
    StoredKey::new(id, DataKeyId::from_bytes(bytes), vec![7; 40])
}

impl Pace {
    pub(crate) fn step(&self) -> Step {
        Step::new(cursor(&self.consumer), self.mark(self.from), self.mark(self.to).expect("it goes forward"))
            .expect("it goes forward")
    }

    fn mark(&self, place: u64) -> Option<Mark> {
        Some(Mark::new(Position::new(place)?, CommitId::from_key(&format!("{} {place}", self.consumer))))
    }
}

pub(crate) fn cursor(consumer: &str) -> Cursor {
    Cursor::new(consumer.to_owned(), "torture").expect("both are names")
}

/// Returns the number of events of a commit.
pub(crate) fn size(random: &mut Random) -> u64 {
    if random.chance(400) {
        // More than one block of positions.
        return 1_025 + random.below(2_976);
    }
    match random.below(100) {
        0..50 => 1,
        50..85 => 2 + random.below(5),
        85..98 => 7 + random.below(34),
        _ => 41 + random.below(260),
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ", self.commit.uuid(), u8::from(self.is_once), u8::from(self.is_gapless))?;
        match &self.pace {
            Some(Pace { consumer, from, to }) => write!(f, "{consumer}:{from}:{to}")?,
            None => write!(f, "-")?,
        }
        self.pieces.iter().try_for_each(|Piece { id, first, many }| write!(f, " {id}:{first}:{many}"))
    }
}

impl Plan {
    /// Reads the text of a plan; `None` if it is cut.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let commit = CommitId::from_uuid(words.next()?.parse().ok()?);
        let (is_once, is_gapless) = (words.next()? == "1", words.next()? == "1");
        let pace = match words.next()? {
            "-" => None,
            step => {
                let mut parts = step.split(':');
                let consumer = parts.next()?.to_owned();
                Some(Pace { consumer, from: parts.next()?.parse().ok()?, to: parts.next()?.parse().ok()? })
            }
        };
        let piece = |word: &str| {
            let mut parts = word.split(':');
            let id = parts.next()?.parse().ok()?;
            Some(Piece { id, first: parts.next()?.parse().ok()?, many: parts.next()?.parse().ok()? })
        };
        Some(Self { commit, is_once, is_gapless, pace, pieces: words.map(piece).collect::<Option<_>>()? })
    }
}
