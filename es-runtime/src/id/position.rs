use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::CommitId;

/// The place of an event in the order of all events of an application; the first is 1.
///
/// Serde writes a position as its number, and refuses a number that is no position.
///
/// ```
/// use es_runtime::id::Position;
///
/// assert_eq!(Position::FIRST, 1);
/// assert_eq!(Position::new(0), None);
/// assert_eq!("7".parse::<Position>()?, 7);
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Position(NonZeroU64);

impl Position {
    /// The first position.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The highest position, which every database can hold.
    pub const MAX: Self = Self(NonZeroU64::MIN.saturating_add(i64::MAX.unsigned_abs() - 1));

    /// Returns the position with this number, or `None` for 0 and above [`Position::MAX`].
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(position) if number <= i64::MAX.unsigned_abs() => Some(Self(position)),
            _ => None,
        }
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position({})", self.0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl PartialEq<u64> for Position {
    fn eq(&self, other: &u64) -> bool {
        self.get() == *other
    }
}

impl From<Position> for u64 {
    fn from(position: Position) -> Self {
        position.get()
    }
}

impl TryFrom<u64> for Position {
    type Error = InvalidPlace;

    fn try_from(number: u64) -> Result<Self, InvalidPlace> {
        Self::new(number).ok_or_else(|| InvalidPlace::position(&number.to_string()))
    }
}

impl FromStr for Position {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        text.parse().ok().and_then(Self::new).ok_or_else(|| InvalidPlace::position(text))
    }
}

/// A position in the log, with the commit that stands there.
///
/// A number does not identify its log: after a restore, a power cut or a change of the path, other events stand at the
/// same positions. A reader therefore keeps the mark. The recorder compares the mark when the reader comes back. It
/// reports [`ErrorKind::Diverged`](crate::ErrorKind::Diverged) if another commit stands there, or none.
///
/// ```
/// use es_runtime::id::{CommitId, Mark, Position};
///
/// let mark = Mark::new(Position::FIRST, CommitId::new());
/// assert_eq!(mark.position(), 1);
/// ```
///
/// A reader keeps its mark beside its view, in one transaction: as text, or by serde. The text of a mark parses back
/// into the same mark.
///
/// ```
/// use es_runtime::id::{CommitId, Mark, Position};
///
/// let mark = Mark::new(Position::FIRST, CommitId::from_key("ann: 7"));
/// let text = mark.to_string();
/// assert_eq!(text, "position 1 (commit e09b2872-c56a-5ea1-b34a-14e473af0509)");
/// assert_eq!(text.parse::<Mark>()?, mark);
///
/// let json = serde_json::to_string(&mark).expect("a mark is plain data");
/// assert_eq!(json, r#"{"position":1,"commit":"e09b2872-c56a-5ea1-b34a-14e473af0509"}"#);
/// assert_eq!(serde_json::from_str::<Mark>(&json).expect("it was just written"), mark);
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark {
    position: Position,
    commit: CommitId,
}

impl Mark {
    /// Makes the mark of this position, where an event of this commit stands.
    pub const fn new(position: Position, commit: CommitId) -> Self {
        Self { position, commit }
    }

    /// Returns the position.
    pub const fn position(self) -> Position {
        self.position
    }

    /// Returns the commit that stands at the position.
    pub const fn commit(self) -> CommitId {
        self.commit
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {} (commit {})", self.position, self.commit)
    }
}

impl FromStr for Mark {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let parts = || text.strip_prefix("position ")?.strip_suffix(')')?.split_once(" (commit ");
        let mark = parts()
            .and_then(|(position, commit)| Some(Self::new(position.parse().ok()?, commit.parse().ok()?)));
        // A mark has one text, so that texts can be compared.
        mark.filter(|mark| mark.to_string() == text).ok_or_else(|| InvalidPlace::mark(text))
    }
}

/// A text or a number that is no [`Position`], or a text that is no [`Mark`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPlace {
    /// The beginning of the text.
    text: String,
    is_mark: bool,
}

impl InvalidPlace {
    fn position(text: &str) -> Self {
        Self { text: beginning(text), is_mark: false }
    }

    fn mark(text: &str) -> Self {
        Self { text: beginning(text), is_mark: true }
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(100).collect()
}

impl fmt::Display for InvalidPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_mark {
            write!(
                f,
                "{:?} is no mark; a mark is written as `position 7 (commit 0199a9b2-7c1e-7d3a-9c41-6f2d1ac49f6a)`",
                self.text
            )
        } else {
            write!(f, "{:?} is no position; a position is a number from 1 to {}", self.text, Position::MAX)
        }
    }
}

impl std::error::Error for InvalidPlace {}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit() -> CommitId {
        CommitId::from_key("ann: 7")
    }

    #[test]
    fn a_mark_is_read_from_its_own_text_alone() {
        for position in [Position::FIRST, Position::MAX] {
            let mark = Mark::new(position, commit());
            assert_eq!(mark.to_string().parse(), Ok(mark));
            let text = mark.to_string();
            let upper = text.replace(&commit().to_string(), &commit().to_string().to_uppercase());
            for wrong in [
                "",
                "7",
                &text[1..],
                &text[..text.len() - 1],
                &format!("{text} "),
                &text.replace("position ", "position 0"),
                &text.replace("position ", "position +"),
                &text.replace("position ", "position -"),
                &text.replace(" (", "  ("),
                &upper,
                &format!("position 0 (commit {})", commit()),
                &format!("position 9223372036854775808 (commit {})", commit()),
                "position 1 (commit 7)",
            ] {
                let error = wrong.parse::<Mark>().unwrap_err().to_string();
                assert!(error.starts_with(&format!("{wrong:?} is no mark; ")), "{error}");
                assert!(error.contains("`position 7 (commit 0199a9b2-"), "{error}");
            }
        }
    }

    #[test]
    fn no_way_in_makes_a_position_of_another_number() {
        for wrong in ["0", "-1", "9223372036854775808", "x", ""] {
            let error = wrong.parse::<Position>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("{wrong:?} is no position; a position is a number from 1 to 9223372036854775807")
            );
            assert!(serde_json::from_str::<Position>(wrong).is_err(), "{wrong}");
        }
        assert_eq!("9223372036854775807".parse(), Ok(Position::MAX));
        let error = serde_json::from_str::<Position>("0").unwrap_err().to_string();
        assert!(error.contains("\"0\" is no position; "), "{error}");
    }

    #[test]
    fn serde_writes_and_reads_a_mark() {
        let mark = Mark::new(Position::MAX, commit());
        let json = serde_json::to_value(mark).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "position": Position::MAX.get(), "commit": commit().to_string() })
        );
        assert_eq!(serde_json::from_value::<Mark>(json.clone()).unwrap(), mark);
        let mut nowhere = json;
        nowhere["position"] = 0.into();
        assert!(serde_json::from_value::<Mark>(nowhere).is_err());
    }
}
