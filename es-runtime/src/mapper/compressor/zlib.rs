use std::cell::Cell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Compressor, damaged, too_large};
use crate::error::{Error, ErrorKind};

/// The compressor zlib (RFC 1950), whose format holds a checksum.
///
/// ```
/// use es_runtime::mapper::{Compressor, Zlib};
///
/// let zlib = Zlib::new();
/// let small = zlib.compress(&[7; 1_000])?;
/// assert!(small.len() < 20);
/// assert_eq!(zlib.decompress(&small, 1_000)?, [7; 1_000]);
/// assert!(zlib.decompress(&small, 999).is_err());
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zlib {
    level: u32,
}

impl Zlib {
    /// Returns a compressor of level 6, the usual one.
    pub const fn new() -> Self {
        Self { level: 6 }
    }

    /// Sets the level, from 0 (no compression) to 9 (small and slow); a higher level counts as 9.
    #[must_use]
    pub const fn with_level(self, level: u32) -> Self {
        Self { level: if level > 9 { 9 } else { level } }
    }
}

impl Default for Zlib {
    fn default() -> Self {
        Self::new()
    }
}

// Allocating these costs more than compressing an event.
thread_local! {
    static COMPRESS: Cell<Option<(u32, Compress)>> = const { Cell::new(None) };
    static DECOMPRESS: Cell<Option<Decompress>> = const { Cell::new(None) };
}

impl Compressor for Zlib {
    fn code(&self) -> u8 {
        1
    }

    fn compress(&self, data: &[u8]) -> Result<Vec<u8>, Error> {
        let used = COMPRESS.try_with(Cell::take).ok().flatten();
        let mut compress = match used {
            Some((level, mut compress)) if level == self.level => {
                compress.reset();
                compress
            }
            _ => Compress::new(Compression::new(self.level), true),
        };
        let result = deflate(&mut compress, data);
        // A thread that ends has no place for the compressor.
        let _ = COMPRESS.try_with(|kept| kept.set(Some((self.level, compress))));
        result
    }

    fn decompress(&self, data: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
        let used = DECOMPRESS.try_with(Cell::take).ok().flatten();
        let mut decompress = match used {
            Some(mut decompress) => {
                decompress.reset(true);
                decompress
            }
            None => Decompress::new(true),
        };
        let result = inflate(&mut decompress, data, limit);
        let _ = DECOMPRESS.try_with(|kept| kept.set(Some(decompress)));
        result
    }
}

fn deflate(compress: &mut Compress, data: &[u8]) -> Result<Vec<u8>, Error> {
    // The capacity suffices for data that do not shrink.
    let mut small = Vec::with_capacity(data.len() + data.len() / 1_000 + 64);
    loop {
        match compress.compress_vec(rest(data, compress.total_in()), &mut small, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => return Ok(small),
            Ok(Status::Ok | Status::BufError) => small.reserve(small.capacity().max(64)),
            Err(error) => {
                let message = format!("the data cannot be compressed with zlib: {error}; store them without");
                return Err(Error::new(ErrorKind::Invalid, message).with_source(error));
            }
        }
    }
}

fn inflate(decompress: &mut Decompress, data: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    // One byte beyond the limit reveals that the data are too large.
    let most = limit.saturating_add(1);
    let mut large = Vec::with_capacity(data.len().saturating_mul(4).min(most));
    loop {
        let rest = rest(data, decompress.total_in());
        let status = decompress.decompress_vec(rest, &mut large, FlushDecompress::Finish);
        let status = status.map_err(|error| damaged("zlib", &error.to_string()))?;
        if large.len() > limit {
            return Err(too_large("zlib", limit));
        }
        let full = large.len() == large.capacity();
        match status {
            Status::StreamEnd if decompress.total_in() == data.len() as u64 => return Ok(large),
            Status::StreamEnd => return Err(damaged("zlib", "bytes are left over at the end")),
            _ if full => large.reserve_exact(large.len().max(256).min(most - large.len())),
            _ => return Err(damaged("zlib", "the end is missing")),
        }
    }
}

fn rest(data: &[u8], from: u64) -> &[u8] {
    usize::try_from(from).ok().and_then(|from| data.get(from..)).unwrap_or_default()
}
