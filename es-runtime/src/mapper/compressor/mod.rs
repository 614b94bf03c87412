//! Compressors make stored data smaller.
//!
//! The code of the compressor stands with the data, so data stay readable when the mapper takes another compressor.
//! Reading is bounded: a few bytes that claim to be gigabytes yield an error.

#[cfg(feature = "zlib")]
mod zlib;
#[cfg(feature = "zstd")]
mod zstd;
#[cfg(test)]
mod tests;

use std::fmt;

#[cfg(feature = "zlib")]
pub use self::zlib::Zlib;
#[cfg(feature = "zstd")]
pub use self::zstd::Zstd;
use crate::error::Error;
#[cfg(any(feature = "zlib", feature = "zstd"))]
use crate::error::ErrorKind;

/// A compressor, which makes data smaller and restores them.
///
/// ```
/// use es_runtime::{Error, mapper::Compressor};
///
/// /// Drops zeros at the end.
/// #[derive(Debug)]
/// struct Shorten;
///
/// impl Compressor for Shorten {
///     fn code(&self) -> u8 {
///         128
///     }
///
///     fn compress(&self, data: &[u8]) -> Result<Vec<u8>, Error> {
///         let kept = data.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
///         Ok([&data.len().to_be_bytes(), &data[..kept]].concat())
///     }
///
///     fn decompress(&self, data: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
///         // ..
/// #       let cut = || Error::new(es_runtime::ErrorKind::Corrupt, "it is cut off");
/// #       let (length, kept) = data.split_first_chunk().ok_or_else(cut)?;
/// #       let mut data = kept.to_vec();
/// #       data.resize(usize::from_be_bytes(*length).min(limit), 0);
/// #       Ok(data)
///     }
/// }
///
/// let data = [7, 0, 0, 0];
/// let small = Shorten.compress(&data)?;
/// assert_eq!(Shorten.decompress(&small, 1_000)?, data);
/// # Ok::<(), Error>(())
/// ```
pub trait Compressor: Send + Sync + fmt::Debug {
    /// Returns the number of the format in stored data; it never changes.
    ///
    /// Codes up to 127 belong to this crate, codes from 128 on to you.
    fn code(&self) -> u8;

    /// Makes data smaller; data that do not compress may grow somewhat.
    ///
    /// # Errors
    ///
    /// If the compressor itself fails.
    fn compress(&self, data: &[u8]) -> Result<Vec<u8>, Error>;

    /// Restores all the data that [`compress`](Self::compress) took.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for data that this compressor did not write, that were cut or altered,
    /// that have anything after their end, or that would become larger than `limit` bytes.
    fn decompress(&self, data: &[u8], limit: usize) -> Result<Vec<u8>, Error>;
}

#[cfg(any(feature = "zlib", feature = "zstd"))]
fn damaged(format: &str, why: &str) -> Error {
    let message = format!(
        "the data are not readable as {format}: {why}; they were damaged, restore them from a backup"
    );
    Error::new(ErrorKind::Corrupt, message)
}

#[cfg(any(feature = "zlib", feature = "zstd"))]
fn too_large(format: &str, limit: usize) -> Error {
    let message = format!(
        "the {format} data become larger than the limit of {limit} bytes; they were damaged or forged, or the \
         limit is too low"
    );
    Error::new(ErrorKind::Corrupt, message)
}
