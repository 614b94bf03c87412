use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of events of an aggregate so far; the creating event is version 1.
///
/// A version is at most [`Version::MAX`], which every database can hold.
///
/// ```
/// use es_runtime::Version;
/// assert_eq!(Version::from(2), 2);
/// assert!(Version::from(2) < Version::from(3));
/// assert_eq!(Version::new(7), Some(Version::from(7)));
/// assert_eq!(Version::new(u64::MAX), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Version(u64);

impl Version {
    /// The version of a creating event.
    pub const INITIAL: Self = Self(1);

    /// The highest version.
    pub const MAX: Self = Self(i64::MAX.unsigned_abs());

    /// Returns the version with this number, or `None` above [`Version::MAX`].
    pub const fn new(number: u64) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the next version; [`Version::MAX`] has none, and returns itself.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 < Self::MAX.0 { Self(self.0 + 1) } else { self }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl PartialEq<u64> for Version {
    fn eq(&self, other: &u64) -> bool {
        self.0 == *other
    }
}

impl From<u32> for Version {
    fn from(number: u32) -> Self {
        Self(number.into())
    }
}

impl TryFrom<u64> for Version {
    type Error = VersionOutOfRange;

    fn try_from(number: u64) -> Result<Self, VersionOutOfRange> {
        Self::new(number).ok_or(VersionOutOfRange(number.into()))
    }
}

impl TryFrom<i64> for Version {
    type Error = VersionOutOfRange;

    fn try_from(number: i64) -> Result<Self, VersionOutOfRange> {
        u64::try_from(number).map(Self).map_err(|_| VersionOutOfRange(number.into()))
    }
}

impl From<Version> for u64 {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl From<Version> for i64 {
    fn from(version: Version) -> Self {
        // No version exceeds `Version::MAX`, which fits.
        version.0.cast_signed()
    }
}

/// A number that is no [`Version`]: negative, or above [`Version::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionOutOfRange(i128);

impl fmt::Display for VersionOutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a version: versions run from 0 to {}", self.0, Version::MAX)
    }
}

impl std::error::Error for VersionOutOfRange {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_kept_on_every_way_in() {
        let max = Version::MAX.get();
        assert_eq!(Version::new(max), Some(Version::MAX));
        assert_eq!(Version::new(max + 1), None);
        assert_eq!(Version::try_from(i64::MAX), Ok(Version::MAX));
        assert_eq!(i64::from(Version::MAX), i64::MAX);
        assert_eq!(
            Version::try_from(-1_i64).unwrap_err().to_string(),
            "-1 is not a version: versions run from 0 to 9223372036854775807"
        );
        assert!(serde_json::from_str::<Version>("9223372036854775808").is_err());
        assert_eq!(serde_json::from_str::<Version>("7").unwrap(), 7);
        assert_eq!(Version::MAX.next(), Version::MAX);
    }
}
