//! The keys under which a view keeps the texts of the library.

use uuid::Uuid;

use crate::error::{Error, ErrorKind};
use crate::id::{Mark, Name};
use crate::recorder::Cursor;

/// The value of a place before the first step.
pub(crate) const BEGINNING: &str = "beginning";

/// The word between a place and the number of the rebuild that put it there. The next transaction of a runner leaves both out.
const REBUILT: &str = " rebuilt ";

/// The keys of one projection.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) place: String,
    /// The beginning of the keys of places: those of other slices, and of other code.
    pub(crate) places: String,
    /// The beginning of the keys of failed events.
    pub(crate) failed: String,
    /// The tables and other objects that the projection has made.
    pub(crate) made: String,
}

impl Keys {
    /// Returns the keys of a reader, whose code has this number. The number is part of the key of the place: a process
    /// with other code finds no place, and so never continues rows that it did not make.
    pub(crate) fn of(cursor: &Cursor, fingerprint: u64) -> Self {
        let (consumer, upstream) = (escaped(&cursor.consumer), escaped(&cursor.upstream));
        let places = format!("place/{consumer}/{upstream}/");
        let (first, last) = (cursor.slices.first().get(), cursor.slices.last().get());
        Self {
            place: format!("{places}{fingerprint:016x}/{first}-{last}"),
            places,
            failed: format!("failed/{consumer}/{upstream}/"),
            made: format!("made/{consumer}"),
        }
    }

    /// Returns the key of a failed event; the keys order by position.
    pub(crate) fn failed_at(&self, mark: Mark) -> String {
        format!("{}{:020}", self.failed, mark.position().get())
    }

    /// Returns the key of the same slices under the number of this code, for the key of a place of other code.
    pub(crate) fn adopted(&self, other: &str) -> Option<String> {
        let (_, slices) = other.strip_prefix(&self.places)?.split_once('/')?;
        let (own, _) = self.place.strip_prefix(&self.places)?.split_once('/')?;
        Some(format!("{}{own}/{slices}", self.places))
    }
}

fn escaped(name: &Name) -> String {
    name.as_str().replace('%', "%25").replace('/', "%2F")
}

/// Returns the text of a place that a rebuild puts there.
pub(crate) fn rebuilt(place: Option<Mark>, rebuild: Uuid) -> String {
    let place = place.map_or_else(|| BEGINNING.to_owned(), |mark| mark.to_string());
    format!("{place}{REBUILT}{rebuild}")
}

/// Returns the number of the rebuild that put a place there, if no runner has moved it since.
pub(crate) fn rebuild_of(text: &str) -> Option<Uuid> {
    text.split_once(REBUILT)?.1.parse().ok()
}

/// Reads a place.
pub(crate) fn place(key: &str, text: &str) -> Result<Option<Mark>, Error> {
    let text = text.split_once(REBUILT).map_or(text, |(place, _)| place);
    if text == BEGINNING {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|cause| {
        let message = format!(
            "`es_view` keeps {text:?} under `{key}`, which is no place in the log: another program wrote it; drop the tables of \
             the projection and its rows in `es_view`, and start again"
        );
        Error::new(ErrorKind::Corrupt, message).with_source(cause)
    })
}
