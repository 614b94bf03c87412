use std::fmt;
use std::ops::RangeInclusive;

use uuid::Uuid;

/// One of 1,024 parts of all aggregates: readers share the work of one log by slices.
///
/// The slice of an id is part of the stored data and never changes. It is the first ten bits of `mix(mix(high) ^ low)`,
/// where `high` and `low` are the two halves of the id's 16 bytes as big-endian numbers, and `mix` is the finalizer of
/// `SplitMix64`.
///
/// ```
/// use es_runtime::id::Slice;
/// use uuid::uuid;
///
/// let slice = Slice::of(uuid!("018fd5a1-7c3e-7b6a-9f2d-3c4b5a697887"));
/// assert_eq!(slice.get(), 282);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slice(u16);

impl Slice {
    /// The number of slices.
    pub const COUNT: u16 = 1_024;

    /// Returns the slice with this number, or `None` from [`Slice::COUNT`] on.
    pub const fn new(number: u16) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Returns the slice of an id.
    pub const fn of(id: Uuid) -> Self {
        let (high, low) = id.as_u64_pair();
        let [first, second, ..] = mix(mix(high) ^ low).to_be_bytes();
        Self(u16::from_be_bytes([first, second]) >> 6)
    }

    /// Returns the number, from 0 to 1,023.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// Mixes bits by the finalizer of `SplitMix64`.
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl fmt::Debug for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slice({})", self.0)
    }
}

/// A run of slices, the share of one reader.
///
/// ```
/// use es_runtime::id::Slices;
///
/// let [first, .., last] = Slices::split::<4>();
/// assert_eq!((first.first().get(), first.last().get()), (0, 255));
/// assert_eq!((last.first().get(), last.last().get()), (768, 1_023));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slices {
    first: Slice,
    last: Slice,
}

impl Slices {
    /// Every slice.
    pub const ALL: Self = Self { first: Slice(0), last: Slice(Slice::COUNT - 1) };

    /// Returns the slices with these numbers, or `None` if the range is empty or a number is no [`Slice`].
    pub const fn new(numbers: RangeInclusive<u16>) -> Option<Self> {
        match (Slice::new(*numbers.start()), Slice::new(*numbers.end())) {
            (Some(first), Some(last)) if first.0 <= last.0 => Some(Self { first, last }),
            _ => None,
        }
    }

    /// Divides all slices among `N` readers, at most as many as there are slices.
    pub fn split<const N: usize>() -> [Self; N] {
        const { assert!(N > 0 && N <= 1_024, "1 to 1,024 readers can share the slices") };
        std::array::from_fn(|at| {
            let bound = |at: usize| u16::try_from(at * usize::from(Slice::COUNT) / N).unwrap_or(Slice::COUNT);
            Self { first: Slice(bound(at)), last: Slice(bound(at + 1) - 1) }
        })
    }

    /// Returns the first slice.
    pub const fn first(self) -> Slice {
        self.first
    }

    /// Returns the last slice.
    pub const fn last(self) -> Slice {
        self.last
    }

    /// Returns whether the run holds every slice.
    pub fn is_all(self) -> bool {
        self == Self::ALL
    }

    /// Returns whether the run holds a slice.
    pub fn contains(self, slice: Slice) -> bool {
        (self.first..=self.last).contains(&slice)
    }
}

impl Default for Slices {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Debug for Slices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slices({self})")
    }
}

impl fmt::Display for Slices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.first.0, self.last.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::uuid;

    #[test]
    fn the_slice_of_an_id_never_changes() {
        for (id, slice) in [
            (Uuid::nil(), 0),
            (Uuid::max(), 858),
            (uuid!("00000000-0000-0000-0000-000000000001"), 346),
            (uuid!("018fd5a1-7c3e-7b6a-9f2d-3c4b5a697887"), 282),
            (uuid!("f47ac10b-58cc-4372-a567-0e02b2c3d479"), 756),
        ] {
            assert_eq!(Slice::of(id).get(), slice, "{id}");
        }
    }

    #[test]
    fn ids_of_every_kind_spread_over_the_slices() {
        let counted = |id: fn(u32) -> Uuid| {
            let mut many = vec![0_u32; usize::from(Slice::COUNT)];
            (0..1_024 * 100).for_each(|number| many[usize::from(Slice::of(id(number)).get())] += 1);
            (*many.iter().min().unwrap(), *many.iter().max().unwrap())
        };
        for (kind, (least, most)) in [
            ("counted", counted(|number| Uuid::from_u128(number.into()))),
            ("counted in front", counted(|number| Uuid::from_u128(u128::from(number) << 96))),
            ("new", counted(|_| Uuid::now_v7())),
            ("of keys", counted(|number| Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes()))),
        ] {
            assert!(least > 50 && most < 160, "{kind}: {least} to {most} where 100 are expected");
        }
    }

    #[test]
    fn shares_are_all_slices_once() {
        fn check<const N: usize>() {
            let shares = Slices::split::<N>();
            for number in 0..Slice::COUNT {
                let slice = Slice::new(number).unwrap();
                assert_eq!(shares.iter().filter(|share| share.contains(slice)).count(), 1, "{number} of {N}");
            }
        }
        check::<1>();
        check::<3>();
        check::<7>();
        check::<1_024>();
        let backwards = std::ops::RangeInclusive::new(5, 4);
        assert_eq!(Slices::new(backwards), None);
        assert_eq!(Slices::new(0..=1_024), None);
        assert!(Slices::new(0..=1_023).unwrap().is_all());
    }
}
