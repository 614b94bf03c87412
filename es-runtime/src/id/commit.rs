use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use super::ParseIdError;

/// The namespace of all commit ids made of a key. It is part of the stored data and never changes.
const KEYS: Uuid = uuid!("a3c5d3b0-6c0b-5a0e-9f3a-5b7d2e14c8f1");

/// The id of one attempt to save, so that a further attempt never stores anything twice.
///
/// Its text is the text of its UUID, and serde writes it as a UUID.
///
/// ```
/// use es_runtime::recorder::CommitId;
///
/// let commit = CommitId::new();
/// assert_eq!(commit.to_string().parse::<CommitId>()?, commit);
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitId(Uuid);

impl CommitId {
    /// Makes a new id.
    #[expect(clippy::new_without_default, reason = "two defaults would differ, which nobody expects")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// Makes an id of the caller's UUID, for a command that must not run twice.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// Makes an id of a key, such as the header `Idempotency-Key` of a request. The same key yields the same id, for
    /// ever, in every program and release.
    ///
    /// The id is the UUID of version 5 of the key under the namespace `a3c5d3b0-6c0b-5a0e-9f3a-5b7d2e14c8f1`. Keys of
    /// different clients may be equal: put the name of the client in front. Put the name of the operation there too:
    /// see [`execute_once`](crate::Application::execute_once).
    ///
    /// ```
    /// use es_runtime::recorder::CommitId;
    ///
    /// let (client, key) = ("ann", "8e03978e-40d5-43dd-bc93-6894a57f9324");
    /// let commit = CommitId::from_key(&format!("deposit: {client}: {key}"));
    /// assert_eq!(commit.uuid().to_string(), "ca6667f9-9044-535d-af30-3147afd94524");
    /// ```
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        Self(Uuid::new_v5(&KEYS, key.as_bytes()))
    }

    /// Returns the UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for CommitId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        text.parse().map(Self).map_err(|cause| ParseIdError::new(text, cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_text_and_its_json_are_read_again() {
        let commit = CommitId::from_key("ann: 7");
        assert_eq!(commit.to_string().parse(), Ok(commit));
        let json = serde_json::to_string(&commit).unwrap();
        assert_eq!(json, format!("\"{commit}\""));
        assert_eq!(serde_json::from_str::<CommitId>(&json).unwrap(), commit);
        let error = "seven".parse::<CommitId>().unwrap_err().to_string();
        assert!(error.starts_with("\"seven\" is no id; an id is a UUID, as in `"), "{error}");
    }
}
