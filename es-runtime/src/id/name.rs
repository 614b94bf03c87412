use std::borrow::{Borrow, Cow};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::OnceLock;

/// The name of something in a database: a topic, a consumer of a log, an application whose log is consumed.
///
/// A name has 1 to 255 bytes and no control characters, so every database can hold it, in a key too.
///
/// ```
/// use es_runtime::id::Name;
///
/// let name: Name = "balances".parse()?;
/// assert_eq!(name, "balances");
/// assert!("".parse::<Name>().is_err() && "a\nb".parse::<Name>().is_err());
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Cow<'static, str>);

impl Name {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// Checks a text and makes it a name.
    ///
    /// # Errors
    ///
    /// [`InvalidName`], which becomes [`ErrorKind::Invalid`](crate::ErrorKind::Invalid).
    pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, InvalidName> {
        let text = text.into();
        match fault(&text) {
            None => Ok(Self(text)),
            Some(fault) => Err(InvalidName { text: excerpt(&text), fault }),
        }
    }

    /// Returns the name without a copy of the text, if the program declares it as a topic.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn declared(text: &str) -> Option<Self> {
        let declared = DECLARED.get()?.get(text)?;
        Some(Self(Cow::Borrowed(declared)))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The topics that the program declares; the registry checked them.
static DECLARED: OnceLock<BTreeSet<&'static str>> = OnceLock::new();

/// Keeps the topics of the program, so that the rows read later share their text.
pub(crate) fn declare(topics: impl Iterator<Item = &'static str>) {
    DECLARED.get_or_init(|| topics.collect());
}

fn fault(text: &str) -> Option<Fault> {
    if text.is_empty() {
        return Some(Fault::Empty);
    }
    if text.len() > Name::MAX_BYTES {
        return Some(Fault::Long(text.len()));
    }
    // Most names are plain, and checking bytes is faster than checking letters.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return None;
    }
    text.chars().any(char::is_control).then_some(Fault::Control)
}

/// Returns the beginning of a text, for a message.
fn excerpt(text: &str) -> String {
    const LETTERS: usize = 40;
    let mut shown: String = text.chars().take(LETTERS).collect();
    if shown.len() < text.len() {
        shown.push_str("..");
    }
    shown
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Name {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == *other
    }
}

impl From<Name> for Cow<'static, str> {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text.to_owned())
    }
}

impl TryFrom<&'static str> for Name {
    type Error = InvalidName;

    fn try_from(text: &'static str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl TryFrom<Cow<'static, str>> for Name {
    type Error = InvalidName;

    fn try_from(text: Cow<'static, str>) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

/// A text that is not a [`Name`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName {
    text: String,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    Long(usize),
    Control,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, fault } = self;
        let max = Name::MAX_BYTES;
        match fault {
            Fault::Empty => write!(f, "a name is empty; write 1 to {max} bytes"),
            Fault::Long(bytes) => write!(f, "the name {text:?} has {bytes} bytes; write at most {max}"),
            Fault::Control => write!(f, "the name {text:?} holds a control character; leave it out"),
        }
    }
}

impl std::error::Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        text.parse::<Name>().unwrap_err().to_string()
    }

    #[test]
    fn a_name_has_1_to_255_bytes_without_control_characters() {
        for text in ["a", "Account.Opened", "überweisung ✓", "it's \"quoted\"; --", &"x".repeat(255)] {
            assert_eq!(text.parse::<Name>().unwrap(), *text);
        }
        assert_eq!(message(""), "a name is empty; write 1 to 255 bytes");
        assert_eq!(message("a\0b"), "the name \"a\\0b\" holds a control character; leave it out");
        for control in ["\n", "a\u{7f}", "a\u{85}"] {
            assert!(message(control).contains("control character"), "{control:?}");
        }
        // The limit counts bytes, not letters.
        assert!(message(&"ü".repeat(128)).contains("has 256 bytes; write at most 255"));
        assert!(message(&"x".repeat(100_000)).len() < 200);
    }
}
