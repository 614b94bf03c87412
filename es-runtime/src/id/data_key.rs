use std::fmt;

use uuid::Uuid;

/// Tells the data keys of one aggregate apart, whatever they are wrapped with.
///
/// ```
/// use es_runtime::id::DataKeyId;
///
/// assert_eq!(DataKeyId::from_bytes([0, 1, 2, 3, 4, 5, 6, 255]).to_string(), "00010203040506ff");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataKeyId([u8; 8]);

impl DataKeyId {
    /// Makes a new id, at random.
    pub fn random() -> Self {
        let [bytes @ .., _, _, _, _, _, _, _, _] = Uuid::new_v4().into_bytes();
        Self(bytes)
    }

    /// The id that is stored as these bytes.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes that are stored.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for DataKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for DataKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKeyId({self})")
    }
}
