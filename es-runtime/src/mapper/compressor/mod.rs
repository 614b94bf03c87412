//! Makes stored data smaller.
//!
//! What compresses is told by a code that is stored with the data, so that data stay readable when another
//! compressor is configured. Reading is bounded: a few bytes that claim to be gigabytes give an error.

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

/// Makes data smaller, and large again.
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
    /// What stands for the format in stored data; it never changes.
    ///
    /// Up to 127 they are this crate's, from 128 on they are yours.
    fn code(&self) -> u8;

    /// Makes data smaller; what does not get smaller may get somewhat larger.
    ///
    /// # Errors
    ///
    /// If the compressor itself fails.
    fn compress(&self, data: &[u8]) -> Result<Vec<u8>, Error>;

    /// Gives back what [`compress`](Self::compress) was given, all of it.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for data that were not compressed like this, were cut
    /// or altered, have anything after their end, or would become larger than `limit` bytes.
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
