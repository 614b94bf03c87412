use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::ser::{PrettyFormatter, Serializer};
use uuid::Uuid;

use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Mark, Name, Position, Version};
use crate::recorder::Notification;
use crate::stored_event::StoredEvent;

/// A section of the log, with links to the sections beside it: see [`Sections`](super::Sections).
///
/// ```
/// use es_runtime::log::Section;
///
/// let empty = Section::default();
/// let document = empty.to_json()?;
/// assert_eq!(Section::from_json(&document)?, empty);
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// The id. A sliding section without rows has none.
    pub id: Option<SectionId>,
    /// The rows, in the order of the log, with their states as they are stored: perhaps compressed and encrypted.
    pub items: Vec<Notification>,
    /// The section before this one, if there is one.
    pub previous: Option<SectionId>,
    /// The section after this one, if there is one.
    pub next: Option<SectionId>,
}

/// The first and the last position of a section, written as `1,10`.
///
/// ```
/// use es_runtime::log::SectionId;
///
/// let id: SectionId = "11,20".parse()?;
/// assert_eq!((id.first().get(), id.last().get()), (11, 20));
/// assert_eq!(id.to_string(), "11,20");
/// assert!("11".parse::<SectionId>().is_err());
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SectionId {
    first: Position,
    last: Position,
}

impl SectionId {
    /// Makes an id of two positions.
    pub const fn new(first: Position, last: Position) -> Self {
        Self { first, last }
    }

    /// Returns the first position.
    pub const fn first(self) -> Position {
        self.first
    }

    /// Returns the last position.
    pub const fn last(self) -> Position {
        self.last
    }
}

impl fmt::Display for SectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.first, self.last)
    }
}

impl FromStr for SectionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let position = |number: &str| {
            let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
            number.parse().ok().filter(|_| is_plain).and_then(Position::new)
        };
        let ends = text.split_once(',').and_then(|(first, last)| Some((position(first)?, position(last)?)));
        let (first, last) = ends.ok_or_else(|| {
            let message =
                format!("{text:?} names no section: write its first and last position, as in `1,10`");
            Error::new(ErrorKind::Invalid, message)
        })?;
        Ok(Self { first, last })
    }
}

/// A section as a document; the fields stand in the order of their names.
#[derive(Serialize, Deserialize)]
struct Document {
    id: Option<String>,
    items: Vec<Item>,
    next: Option<String>,
    previous: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    commit: Uuid,
    id: Uuid,
    position: u64,
    state: String,
    topic: String,
    version: u64,
}

impl Section {
    /// Returns the section as a JSON document, with states in base64.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if the section cannot be written.
    pub fn to_json(&self) -> Result<String, Error> {
        let text = |id: Option<SectionId>| id.map(|id| id.to_string());
        let document = Document {
            id: text(self.id),
            items: self.items.iter().map(Item::of).collect(),
            next: text(self.next),
            previous: text(self.previous),
        };
        let mut written = Vec::new();
        let mut serializer = Serializer::with_formatter(&mut written, PrettyFormatter::with_indent(b"    "));
        let done = document.serialize(&mut serializer);
        done.ok()
            .and_then(|()| String::from_utf8(written).ok())
            .ok_or_else(|| Error::new(ErrorKind::Invalid, "the section cannot be written as JSON"))
    }

    /// Reads a section from its document.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if the text is no such document.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let document: Document = serde_json::from_str(text).map_err(|error| {
            invalid(&format!(
                "line {}, column {} is not what a section has there",
                error.line(),
                error.column()
            ))
        })?;
        let link = |text: Option<String>| text.map(|text| text.parse::<SectionId>()).transpose();
        let items = document.items.into_iter().map(Item::read).collect::<Result<Vec<_>, _>>()?;
        let [id, previous, next] = [link(document.id)?, link(document.previous)?, link(document.next)?];
        let ends = items.first().zip(items.last());
        let are_within = ends.is_none_or(|(first, last)| {
            id.is_some_and(|id| id.first <= first.position() && last.position() <= id.last)
        });
        if !are_within || !items.is_sorted_by(|one, other| one.position() < other.position()) {
            return Err(invalid("its items are not in the order of their positions, within its id"));
        }
        let is_before = |one: Option<SectionId>, other: Option<SectionId>| {
            one.zip(other).is_none_or(|(one, other)| one.last < other.first)
        };
        if !is_before(previous, id) || !is_before(id, next) {
            return Err(invalid("its links do not lead to the sections before and after it"));
        }
        Ok(Self { id, items, previous, next })
    }
}

impl Item {
    fn of(row: &Notification) -> Self {
        let (mark, event) = (row.mark(), &row.event);
        Self {
            commit: mark.commit().uuid(),
            id: event.id,
            position: mark.position().get(),
            state: STANDARD.encode(&event.state),
            topic: event.topic.to_string(),
            version: event.version.get(),
        }
    }

    fn read(self) -> Result<Notification, Error> {
        let position = Position::new(self.position).ok_or_else(|| {
            invalid(&format!("an item has the position {}; positions begin with 1", self.position))
        })?;
        let version = Version::new(self.version).ok_or_else(|| {
            invalid(&format!("an item has the version {}; versions begin with 1", self.version))
        })?;
        let state = STANDARD.decode(self.state).map_err(|_| invalid("a state is not in base64"))?;
        let topic = Name::new(self.topic).map_err(|_| invalid("the topic of an item is no name"))?;
        let mark = Mark::new(position, CommitId::from_uuid(self.commit));
        Ok(Notification::new(mark, StoredEvent::of(self.id, version, topic, state)))
    }
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("this is no section of a log: {what}"))
}
