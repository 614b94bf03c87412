use std::fmt;
use std::ops::RangeInclusive;

use uuid::{Uuid, Variant};

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::id::Version;

/// A moment that is a place in a sequence.
pub trait Moment: Copy + Ord + fmt::Debug + Send + Sync + 'static {
    /// Returns the moment of a time.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if the time is too early or too late for a place.
    fn of(time: Timestamp) -> Result<Self, Error>;

    /// Returns the moment of a place.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if no moment has this place.
    fn at(place: Version) -> Result<Self, Error>;

    /// Returns the place of the moment; a moment before the first place has the first place.
    fn place(self) -> Version;
}

/// The places are microseconds since the epoch.
impl Moment for Timestamp {
    fn of(time: Timestamp) -> Result<Self, Error> {
        if time.as_micros() < 0 { Err(no_place(time, "before 1970")) } else { Ok(time) }
    }

    fn at(place: Version) -> Result<Self, Error> {
        Ok(Self::from_micros(i64::from(place)))
    }

    fn place(self) -> Version {
        u64::try_from(self.as_micros()).ok().and_then(Version::new).unwrap_or(Version::from(0))
    }
}

/// The time of a time-UUID: 60 bits that count steps of 100 ns since 15 October 1582.
///
/// ```
/// use es_runtime::sequence::{TimeUuid, UuidTime};
/// use uuid::{Uuid, uuid};
///
/// let id = uuid!("1ec9414c-232a-6b00-b3c8-9e6bdeced846"); // version 6
/// let time = UuidTime::of_uuid(id);
/// assert_eq!(time.map(|time| time.timestamp().to_string()).as_deref(), Some("2022-02-22T19:22:22.000000Z"));
///
/// // The lowest and the highest UUID of that time.
/// let bounds: Option<std::ops::RangeInclusive<Uuid>> = time.map(|time| time.uuids(TimeUuid::V6));
/// assert!(bounds.is_some_and(|bounds| bounds.contains(&id)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UuidTime(u64);

/// The versions of UUIDs that have a time in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeUuid {
    /// Low bits first: such UUIDs do not sort by time as bytes.
    V1,
    /// The same time, high bits first: they sort by time.
    V6,
    /// The millisecond only: they sort by time.
    V7,
}

/// Steps of 100 ns from 1582 to 1970.
const EPOCH: u64 = 0x01b2_1dd2_1381_4000;

const VARIANT: u128 = 0b10 << 62;

/// The bits that are neither time nor version nor variant.
const REST: u128 = (1 << 62) - 1;

impl UuidTime {
    /// The earliest time: 15 October 1582.
    pub const MIN: Self = Self(0);

    /// The latest time, in the year 5236.
    pub const MAX: Self = Self((1 << 60) - 1);

    /// Returns the time of this many steps of 100 ns since 15 October 1582, or `None` above 60 bits.
    pub const fn new(ticks: u64) -> Option<Self> {
        if ticks <= Self::MAX.0 { Some(Self(ticks)) } else { None }
    }

    /// Returns the steps of 100 ns since 15 October 1582.
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// Returns the time of a UUID of version 1, 6 or 7, or `None` for any other; of version 7, to the millisecond.
    pub fn of_uuid(uuid: Uuid) -> Option<Self> {
        if uuid.get_variant() != Variant::RFC4122 {
            return None;
        }
        let high = uuid.as_u64_pair().0;
        match uuid.get_version_num() {
            1 => Some(Self((high >> 32) | ((high & 0xffff_0000) << 16) | ((high & 0x0fff) << 48))),
            6 => Some(Self(((high >> 16) << 12) | (high & 0x0fff))),
            7 => Self::new((high >> 16).checked_mul(10_000)?.checked_add(EPOCH)?),
            _ => None,
        }
    }

    /// Returns the lowest and the highest UUID with this time; for version 7, with its millisecond, at the earliest of
    /// 1970.
    pub fn uuids(self, version: TimeUuid) -> RangeInclusive<Uuid> {
        let time = u128::from(self.0);
        let (high, rest) = match version {
            TimeUuid::V1 => {
                let (low, middle, top) = (time & 0xffff_ffff, (time >> 32) & 0xffff, time >> 48);
                ((low << 32) | (middle << 16) | 0x1000 | top, REST)
            }
            TimeUuid::V6 => (((time >> 12) << 16) | 0x6000 | (time & 0x0fff), REST),
            TimeUuid::V7 => {
                let millis = u128::from(self.0.saturating_sub(EPOCH) / 10_000);
                ((millis << 16) | 0x7000, (0x0fff << 64) | REST)
            }
        };
        let lowest = (high << 64) | VARIANT;
        Uuid::from_u128(lowest)..=Uuid::from_u128(lowest | rest)
    }

    /// Returns the microsecond that the time lies in.
    pub fn timestamp(self) -> Timestamp {
        // 60 bits fit, with a sign or without.
        Timestamp::from_micros((self.0.cast_signed() - EPOCH.cast_signed()).div_euclid(10))
    }
}

/// The places are the 60 bits of the time.
impl Moment for UuidTime {
    fn of(time: Timestamp) -> Result<Self, Error> {
        let ticks = i128::from(time.as_micros()) * 10 + i128::from(EPOCH);
        let moment = u64::try_from(ticks).ok().and_then(Self::new);
        moment.ok_or_else(|| no_place(time, "not between 1582 and 5236"))
    }

    fn at(place: Version) -> Result<Self, Error> {
        Self::new(place.get()).ok_or_else(|| {
            Error::new(
                ErrorKind::Invalid,
                format!("{place} has more than the 60 bits of a time-UUID; is this a log of timestamps?"),
            )
        })
    }

    fn place(self) -> Version {
        // 60 bits never exceed `Version::MAX`.
        Version::new(self.0).unwrap_or(Version::MAX)
    }
}

impl fmt::Debug for UuidTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UuidTime({}, {})", self.0, self.timestamp())
    }
}

fn no_place(time: Timestamp, why: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("{time} is {why}, and no place in a log; set the clock right"))
}
