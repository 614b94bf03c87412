use std::fmt;

use uuid::Uuid;

use crate::id::DataKeyId;

/// The data key of one aggregate, as it is stored: itself encrypted, or destroyed.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    aggregate: Uuid,
    alive: Option<(DataKeyId, Vec<u8>)>,
}

impl StoredKey {
    /// The key of an aggregate: its id, and the key encrypted.
    pub const fn new(aggregate: Uuid, key: DataKeyId, wrapped: Vec<u8>) -> Self {
        Self { aggregate, alive: Some((key, wrapped)) }
    }

    /// The mark that a destroyed key leaves: the aggregate is forgotten.
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

    /// Returns the key, encrypted, or `None` if the aggregate is forgotten.
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

/// The copies of a destroyed key, and of other data that were emptied with it, that a store may still hold.
///
/// No reader of the store can reach them; whoever has the files can. A store cannot reach backups and replicas, and does
/// not report them here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remains {
    /// True if files of the store may still hold pages as they were before. Forgetting again, once nobody reads, wipes
    /// them where the store can.
    pub old_pages: bool,
}

impl Remains {
    /// Nothing.
    pub const NONE: Self = Self { old_pages: false };

    /// Pages as they were before.
    pub const OLD_PAGES: Self = Self { old_pages: true };
}
