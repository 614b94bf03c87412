//! Walks MessagePack bytes without reading any value.

use std::fmt;

use super::MAX_DEPTH;

/// The facts about bytes that are one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walked {
    pub(super) all_finite: bool,
    pub(super) has_nil: bool,
}

/// The reason why bytes are not one readable value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Cut,
    Left,
    Deep,
    Reserved,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("the end is missing"),
            Self::Left => f.write_str("bytes are left over at the end"),
            Self::Deep => write!(f, "they are nested deeper than {MAX_DEPTH} levels"),
            Self::Reserved => f.write_str("a byte has no meaning"),
        }
    }
}

/// Walks over exactly one value, without recursion and without allocating as much as a length in the data claims.
pub(super) fn walk(data: &[u8]) -> Result<Walked, Fault> {
    let mut bytes = Bytes(data);
    let mut walked = Walked { all_finite: true, has_nil: false };
    // The number of values still to come in each open container.
    let mut open: Vec<u64> = Vec::new();
    loop {
        let inside = bytes.value(&mut walked)?;
        if inside > 0 {
            open.push(inside);
            if open.len() > MAX_DEPTH {
                return Err(Fault::Deep);
            }
            continue;
        }
        while let Some(left) = open.last_mut() {
            *left -= 1;
            if *left > 0 {
                break;
            }
            open.pop();
        }
        if open.is_empty() {
            return if bytes.0.is_empty() { Ok(walked) } else { Err(Fault::Left) };
        }
    }
}

struct Bytes<'d>(&'d [u8]);

impl Bytes<'_> {
    /// Skips a value or the head of a container, and returns the number of values inside.
    fn value(&mut self, walked: &mut Walked) -> Result<u64, Fault> {
        let [marker] = self.array()?;
        match marker {
            0x00..=0x7f | 0xc2 | 0xc3 | 0xe0..=0xff => Ok(0),
            0xc0 => {
                walked.has_nil = true;
                Ok(0)
            }
            0x80..=0x8f => Ok(2 * u64::from(marker & 0x0f)),
            0x90..=0x9f => Ok(u64::from(marker & 0x0f)),
            0xa0..=0xbf => self.skip(u64::from(marker & 0x1f)),
            0xc1 => Err(Fault::Reserved),
            0xca => {
                walked.all_finite &= f32::from_be_bytes(self.array()?).is_finite();
                Ok(0)
            }
            0xcb => {
                walked.all_finite &= f64::from_be_bytes(self.array()?).is_finite();
                Ok(0)
            }
            // Numbers; extensions of a fixed size, which have a byte for their type.
            0xcc | 0xd0 => self.skip(1),
            0xcd | 0xd1 | 0xd4 => self.skip(2),
            0xd5 => self.skip(3),
            0xce | 0xd2 => self.skip(4),
            0xd6 => self.skip(5),
            0xcf | 0xd3 => self.skip(8),
            0xd7 => self.skip(9),
            0xd8 => self.skip(17),
            0xc7 => self.length::<1>().and_then(|length| self.skip(length + 1)),
            0xc8 => self.length::<2>().and_then(|length| self.skip(length + 1)),
            0xc9 => self.length::<4>().and_then(|length| self.skip(length + 1)),
            0xc4 | 0xd9 => self.length::<1>().and_then(|length| self.skip(length)),
            0xc5 | 0xda => self.length::<2>().and_then(|length| self.skip(length)),
            0xc6 | 0xdb => self.length::<4>().and_then(|length| self.skip(length)),
            0xdc => self.length::<2>(),
            0xdd => self.length::<4>(),
            0xde => self.length::<2>().map(|pairs| 2 * pairs),
            0xdf => self.length::<4>().map(|pairs| 2 * pairs),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Fault::Cut)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn length<const N: usize>(&mut self) -> Result<u64, Fault> {
        let digits: [u8; N] = self.array()?;
        Ok(digits.into_iter().fold(0, |length, digit| length << 8 | u64::from(digit)))
    }

    fn skip(&mut self, length: u64) -> Result<u64, Fault> {
        let rest = usize::try_from(length).ok().and_then(|length| self.0.get(length..));
        self.0 = rest.ok_or(Fault::Cut)?;
        Ok(0)
    }
}
