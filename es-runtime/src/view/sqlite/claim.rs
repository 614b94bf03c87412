//! The claim of a rebuild: a lock that the operating system holds on a file of its own, and frees when the process ends,
//! however it ends.
//!
//! The lock is on none of SQLite's files: a process that closes such a file gives up all its locks on it, SQLite's too.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::view::{Claim, claimed};

/// The attempts at a file that others remove. On a file system that takes every lock, the last one counts.
const ATTEMPTS: usize = 10;

/// The locked file of a claim, which goes with the claim.
struct ClaimFile {
    path: PathBuf,
    /// Closed after the file is removed, so that nobody claims a file that is about to go.
    _file: File,
}

impl Drop for ClaimFile {
    fn drop(&mut self) {
        // A file that stays is locked by nobody.
        let _ = fs::remove_file(&self.path);
    }
}

/// Claims the place beside a view.
pub(super) fn take(beside: &Path) -> Result<Claim, Error> {
    let mut path = beside.as_os_str().to_owned();
    path.push("-claim");
    let path = PathBuf::from(path);
    let failed = |cause: io::Error| {
        let message = format!(
            "cannot lock {}, the file by which rebuilds of one view keep apart: {cause}; let the program create and lock files in \
             this folder",
            path.display()
        );
        Error::new(ErrorKind::Storage, message).with_source(cause)
    };
    for attempt in 1..=ATTEMPTS {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(claimed("the file", &path.display()));
            }
            Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => {
                return Ok(Claim::unguarded());
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        // The last holder may have removed the file after it was opened here: then another file, or none, is at its path.
        let is_there = File::open(&path).is_ok_and(|found| is_same(&found, &file));
        if is_there || attempt == ATTEMPTS {
            return Ok(Claim::holding(ClaimFile { path, _file: file }));
        }
    }
    Ok(Claim::unguarded())
}

/// Returns whether two handles are of one file.
#[cfg(unix)]
fn is_same(one: &File, other: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |file: &File| file.metadata().map(|facts| (facts.dev(), facts.ino()));
    matches!((number(one), number(other)), (Ok(one), Ok(other)) if one == other)
}

/// Returns whether the file at the path is locked, as far as can be told: by the other handle.
#[cfg(not(unix))]
fn is_same(one: &File, _: &File) -> bool {
    matches!(one.try_lock_shared(), Err(TryLockError::WouldBlock))
}
