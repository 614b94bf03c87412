use uuid::Uuid;

/// Names one attempt to save, so that trying again never stores anything twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitId(Uuid);

impl CommitId {
    /// A new id.
    #[expect(clippy::new_without_default, reason = "two defaults would differ, which nobody expects")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// An id that the caller chose, for a command that must not run twice.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}
