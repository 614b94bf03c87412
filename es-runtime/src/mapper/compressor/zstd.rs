use std::cell::Cell;
use std::io;

use zstd::bulk::{Compressor as Compress, Decompressor as Decompress};
use zstd::zstd_safe::{find_frame_compressed_size, get_frame_content_size};

use super::{Compressor, damaged, too_large};
use crate::error::{Error, ErrorKind};

/// The compressor Zstandard (RFC 8878), with its checksum.
///
/// ```
/// use es_runtime::mapper::{Compressor, Zstd};
///
/// let zstd = Zstd::new();
/// let small = zstd.compress(&[7; 1_000])?;
/// assert!(small.len() < 30);
/// assert_eq!(zstd.decompress(&small, 1_000)?, [7; 1_000]);
/// assert!(zstd.decompress(&small, 999).is_err());
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zstd {
    level: i32,
}

impl Zstd {
    /// Returns a compressor of level 3, the usual one.
    pub const fn new() -> Self {
        Self { level: 3 }
    }

    /// Sets the level, from fast ones below 0, over 1, to 22 (small and slow); a level beyond counts as the last.
    #[must_use]
    pub fn with_level(self, level: i32) -> Self {
        let levels = zstd::compression_level_range();
        Self { level: level.clamp(*levels.start(), *levels.end()) }
    }
}

impl Default for Zstd {
    fn default() -> Self {
        Self::new()
    }
}

// Allocating these costs more than compressing an event.
thread_local! {
    static COMPRESS: Cell<Option<(i32, Compress<'static>)>> = const { Cell::new(None) };
    static DECOMPRESS: Cell<Option<Decompress<'static>>> = const { Cell::new(None) };
}

impl Compressor for Zstd {
    fn code(&self) -> u8 {
        2
    }

    fn compress(&self, data: &[u8]) -> Result<Vec<u8>, Error> {
        let used = COMPRESS.try_with(Cell::take).ok().flatten();
        let mut compress = match used {
            Some((level, compress)) if level == self.level => compress,
            _ => checked(self.level).map_err(failed)?,
        };
        let result = compress.compress(data).map_err(failed);
        // A thread that ends has no place for the compressor.
        let _ = COMPRESS.try_with(|kept| kept.set(Some((self.level, compress))));
        result
    }

    fn decompress(&self, data: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
        // `compress` writes one frame that states its size.
        let size = match get_frame_content_size(data) {
            Ok(Some(size)) => usize::try_from(size).ok().filter(|size| *size <= limit),
            _ => return Err(damaged("Zstandard", "the head of the frame is not as it was written")),
        };
        let size = size.ok_or_else(|| too_large("Zstandard", limit))?;
        if find_frame_compressed_size(data) != Ok(data.len()) {
            return Err(damaged("Zstandard", "the end is missing, or bytes are left over behind it"));
        }
        let used = DECOMPRESS.try_with(Cell::take).ok().flatten();
        let mut decompress = used.map_or_else(|| Decompress::new().map_err(failed), Ok)?;
        let large = decompress.decompress(data, size);
        let _ = DECOMPRESS.try_with(|kept| kept.set(Some(decompress)));
        large.map_err(|error| damaged("Zstandard", &error.to_string()))
    }
}

/// Returns a compressor that writes the checksum, which the format leaves to choice.
fn checked(level: i32) -> io::Result<Compress<'static>> {
    let mut compress = Compress::new(level)?;
    compress.include_checksum(true)?;
    Ok(compress)
}

fn failed(error: io::Error) -> Error {
    let message = format!("Zstandard cannot work: {error}; store the data without compression");
    Error::new(ErrorKind::Invalid, message).with_source(error)
}
