//! The file at the path of a database: the open one, or by now another.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use rusqlite::Connection;

use crate::error::{Error, ErrorKind};

/// A file, and the path by which it was opened.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: PathBuf,
    file: FileId,
    /// The state of a file that is read without a lock.
    frozen: Option<State>,
}

/// The size of a file, and the time of its last change.
pub(super) type State = (u64, Option<SystemTime>);

pub(super) fn state(path: &Path) -> Result<State, Error> {
    let found = fs::metadata(path).map_err(|cause| gone(path, Some(cause)))?;
    Ok((found.len(), found.modified().ok()))
}

#[cfg(unix)]
type FileId = (u64, u64);
/// On other systems an open file cannot be removed.
#[cfg(not(unix))]
type FileId = ();

#[cfg(unix)]
fn file_id(found: &fs::Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino())
}

#[cfg(not(unix))]
fn file_id(_: &fs::Metadata) -> FileId {}

impl Place {
    /// Returns the place of a file that `connection` has just opened. For a connection that reads without a lock,
    /// `frozen` is the earlier state of the file.
    pub(super) fn of(connection: &Connection, path: &Path, frozen: Option<State>) -> Result<Self, Error> {
        let found = fs::metadata(path).map_err(|cause| gone(path, Some(cause)))?;
        let place = Self { file: file_id(&found), path: path.to_owned(), frozen };
        place.check_opened(connection)?;
        place.check_read()?;
        Ok(place)
    }

    /// Returns whether the file is read without a lock.
    pub(super) const fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Fails unless the file is still at its path.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match fs::metadata(&self.path) {
            Ok(found) if file_id(&found) == self.file => Ok(()),
            Ok(_) => Err(gone(&self.path, None)),
            Err(cause) => Err(gone(&self.path, Some(cause))),
        }
    }

    /// Fails unless a connection opened by the path has this very file open.
    pub(super) fn check_opened(&self, connection: &Connection) -> Result<(), Error> {
        if has_moved(connection) {
            return Err(gone(&self.path, None));
        }
        self.check()
    }

    /// Fails if a file that is read without a lock may have changed meanwhile.
    pub(super) fn check_read(&self) -> Result<(), Error> {
        let Some(frozen) = self.frozen else { return Ok(()) };
        let changed = || {
            let message = format!(
                "somebody else writes to the database {}, which this program reads without a lock, since it may not \
                 write to the folder; open the database again",
                self.path.display()
            );
            Error::new(ErrorKind::Storage, message)
        };
        if state(&self.path)? != frozen || has_log(&self.path) {
            return Err(changed());
        }
        self.check()
    }
}

/// Returns the name by which SQLite reads a file without a lock, and creates nothing beside it.
pub(super) fn frozen(path: &Path) -> String {
    let mut name = if cfg!(windows) { "file:///" } else { "file:" }.to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => name.push('/'),
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                name.push(char::from(*byte));
            }
            byte => {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    name + "?immutable=1"
}

/// Returns whether the write-ahead log of a database has content.
pub(super) fn has_log(path: &Path) -> bool {
    fs::metadata(log_of(path)).is_ok_and(|log| log.len() > 0)
}

pub(super) fn log_of(path: &Path) -> PathBuf {
    // SQLite puts the log beside the file, not beside a link to it.
    let mut log = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into_os_string();
    log.push("-wal");
    log.into()
}

/// Returns whether another file stands at the path that the connection opened.
fn has_moved(connection: &Connection) -> bool {
    #[cfg(unix)]
    {
        let mut moved = 0;
        let asked = connection.file_control(None::<&str>, rusqlite::FileControl::HasMoved(&mut moved));
        asked.is_ok() && moved != 0
    }
    #[cfg(not(unix))]
    {
        let _ = connection;
        false
    }
}

fn gone(path: &Path, cause: Option<io::Error>) -> Error {
    let path = path.display();
    let remedy = "put it back, or open the database again";
    match cause {
        None => {
            let message =
                format!("the database {path} is another file now than the one that is open; {remedy}");
            Error::new(ErrorKind::Storage, message)
        }
        Some(cause) => {
            let message = format!("the database {path} is gone: {cause}; {remedy}");
            Error::new(ErrorKind::Storage, message).with_source(cause)
        }
    }
}
