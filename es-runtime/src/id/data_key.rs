use std::fmt;

use uuid::Uuid;

/// The id of a data key: random bytes, which disclose nothing of the key.
///
/// Recorders compare ids, never keys: a data key that is encrypted anew keeps its id.
///
/// ```
/// use es_runtime::id::DataKeyId;
///
/// let id = DataKeyId::from_bytes([0, 1, 2, 3, 4, 5, 0xab, 255]);
/// assert_eq!(id.to_string(), "000102030405abff");
/// assert_ne!(DataKeyId::random(), DataKeyId::random());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataKeyId([u8; 8]);

impl DataKeyId {
    /// Reads an id from its stored bytes.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Returns the stored bytes of the id.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0
    }

    /// Makes an id for a new data key.
    #[must_use]
    pub fn random() -> Self {
        // The fixed bits of version and variant in one half meet random bits in the other half.
        let (high, low) = Uuid::new_v4().as_u64_pair();
        Self((high ^ low).to_be_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_a_random_id_varies() {
        let ids: Vec<u64> = (0..200).map(|_| u64::from_be_bytes(DataKeyId::random().to_bytes())).collect();
        assert_eq!(ids.iter().fold(0, |any, id| any | id), u64::MAX);
        assert_eq!(ids.iter().fold(u64::MAX, |all, id| all & id), 0);
    }

    #[test]
    fn is_shown_as_sixteen_digits() {
        let id = DataKeyId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0x1f]);
        assert_eq!(format!("{id} {id:?}"), "000000000000001f DataKeyId(000000000000001f)");
    }
}
