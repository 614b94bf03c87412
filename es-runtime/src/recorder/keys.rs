use std::fmt;

use uuid::Uuid;

use crate::id::DataKeyId;

/// The stored data key of one aggregate: encrypted, or destroyed.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    aggregate: Uuid,
    alive: Option<(DataKeyId, Vec<u8>)>,
}

impl StoredKey {
    /// Makes the stored key of an aggregate from its id and the encrypted key.
    pub const fn new(aggregate: Uuid, key: DataKeyId, wrapped: Vec<u8>) -> Self {
        Self { aggregate, alive: Some((key, wrapped)) }
    }

    /// Makes the tombstone of a destroyed key: the aggregate is forgotten.
    pub const fn forgotten(aggregate: Uuid) -> Self {
        Self { aggregate, alive: None }
    }

    /// Returns the aggregate.
    pub const fn aggregate(&self) -> Uuid {
        self.aggregate
    }

    /// Returns the id of the key, or `None` if the aggregate is forgotten.
    pub fn key(&self) -> Option<DataKeyId> {
        self.alive.as_ref().map(|(key, _)| *key)
    }

    /// Returns the encrypted key, or `None` if the aggregate is forgotten.
    pub fn wrapped(&self) -> Option<&[u8]> {
        self.alive.as_ref().map(|(_, wrapped)| &**wrapped)
    }

    /// Returns whether the key was destroyed.
    pub const fn is_forgotten(&self) -> bool {
        self.alive.is_none()
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("aggregate", &self.aggregate)
            .field("key", &self.key())
            .finish_non_exhaustive()
    }
}

/// The copies that a database may still hold of a destroyed key, and of other data emptied with it.
///
/// No reader of the recorder can reach them, but anybody with the files can. A recorder cannot reach backups and
/// replicas, and does not report them here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remains {
    /// True if files of the database may still hold earlier pages. Forgetting again, once nobody reads, wipes them
    /// where the recorder can.
    pub old_pages: bool,
}

impl Remains {
    /// No copies.
    pub const NONE: Self = Self { old_pages: false };

    /// Earlier pages.
    pub const OLD_PAGES: Self = Self { old_pages: true };
}
