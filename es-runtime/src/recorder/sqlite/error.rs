//! The errors of the driver, as our kinds.

use std::error::Error as StdError;
use std::path::Path;
use std::{fs, io};

use rusqlite::ffi;

use super::place;
use crate::error::{Error, ErrorKind};

/// Adds the failed action to an error.
pub(super) fn of(doing: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |cause| {
        let (kind, remedy) = kind(&cause);
        Error::new(kind, format!("cannot {doing}: {cause}; {remedy}")).with_source(cause)
    }
}

/// Returns the error for one in a chain that says nothing about what was written, such as that of a full disk.
pub(super) fn of_store(doing: &str, error: &(dyn StdError + 'static)) -> Option<Error> {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain.filter_map(|error| error.downcast_ref::<rusqlite::Error>()).find_map(|cause| {
        let is_of_store = matches!(
            primary(cause)?,
            ffi::SQLITE_FULL
                | ffi::SQLITE_IOERR
                | ffi::SQLITE_NOMEM
                | ffi::SQLITE_BUSY
                | ffi::SQLITE_LOCKED
                | ffi::SQLITE_CORRUPT
                | ffi::SQLITE_NOTADB
                | ffi::SQLITE_READONLY
                | ffi::SQLITE_CANTOPEN
        );
        let (kind, remedy) = kind(cause);
        is_of_store.then(|| Error::new(kind, format!("cannot {doing}: {cause}; {remedy}")))
    })
}

/// Reports a database that cannot be opened; `file` is its file, if it has one.
pub(super) fn opening(file: Option<&Path>, cause: rusqlite::Error) -> Error {
    let what = file.map_or_else(|| "in memory".to_owned(), |file| file.display().to_string());
    let (kind, remedy) = if primary(&cause) == Some(ffi::SQLITE_CANTOPEN) {
        if has_no_handles() {
            return no_handles(&what, cause);
        }
        let found = file.and_then(obstacle);
        let unknown = || {
            "check the permissions of the file, its folder, and the files beside it that end in `-wal` and `-shm`"
                .to_owned()
        };
        (ErrorKind::Config, found.unwrap_or_else(unknown))
    } else if matches!(cause, rusqlite::Error::NulError(_)) {
        (ErrorKind::Config, "no file has a zero byte in its path; check where the path comes from".to_owned())
    } else {
        let (kind, remedy) = kind(&cause);
        (kind, remedy.to_owned())
    };
    Error::new(kind, format!("cannot open the database {what}: {cause}; {remedy}")).with_source(cause)
}

/// Returns the obstacle to opening a file, as far as the system knows it: SQLite reports the same for all of them. The
/// function does not open the file: closing it would release all locks of this process on the file.
fn obstacle(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let refused = |at: &Path| format!("this program has no permission for {}; change it", at.display());
    match (fs::metadata(file), fs::metadata(folder)) {
        (Ok(found), _) if found.is_dir() => Some("the path is a folder; name a file in it".to_owned()),
        (Err(_), Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            Some(format!("the folder {} does not exist; make it first", folder.display()))
        }
        (Err(_), Ok(found)) if !found.is_dir() => Some(format!("{} is no folder", folder.display())),
        (Err(error), _) if error.kind() == io::ErrorKind::PermissionDenied => Some(refused(folder)),
        // The error of an open that may not create the file.
        (Err(_), Ok(_)) => Some(
            "there is no such file, and it is not made: the options forbid it, or the folder's permissions"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Reports that one more connection to an open file failed.
pub(super) fn opening_another(what: &str, cause: rusqlite::Error) -> Error {
    let (kind, remedy) = match primary(&cause) {
        Some(ffi::SQLITE_CANTOPEN) if has_no_handles() => return no_handles(what, cause),
        Some(ffi::SQLITE_CANTOPEN) => {
            (ErrorKind::Unavailable, "check the permissions of the file and of its folder")
        }
        _ => kind(&cause),
    };
    let message = format!("cannot open another connection to the database {what}: {cause}; {remedy}");
    Error::new(kind, message).with_source(cause)
}

/// Returns whether this process may open no more files: SQLite reports the same for that and for a missing permission.
pub(super) fn has_no_handles() -> bool {
    // EMFILE and ENFILE, on every system with a root folder.
    const NONE_LEFT: [i32; 2] = [24, 23];
    cfg!(unix)
        && fs::File::open("/")
            .is_err_and(|error| error.raw_os_error().is_some_and(|code| NONE_LEFT.contains(&code)))
}

pub(super) fn no_handles(what: &str, cause: impl StdError + Send + Sync + 'static) -> Error {
    let message = format!(
        "cannot open the database {what}: this process has too many files open; close some, or raise the limit of \
         open files"
    );
    Error::new(ErrorKind::Unavailable, message).with_source(cause)
}

/// Returns whether SQLite had to write to the folder of the database, and could not.
pub(super) fn must_write(error: &Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<rusqlite::Error>());
    matches!(cause.and_then(primary), Some(ffi::SQLITE_CANTOPEN | ffi::SQLITE_READONLY))
}

/// Reports a log left beside a file, in a folder where this process may not write.
pub(super) fn log_in_the_way(file: &Path, cause: Error) -> Error {
    let message = format!(
        "cannot open the database {}: its write-ahead log {} has commits that are not in the file yet, and this process \
         may not write to the folder, which SQLite does to read them; open and close it once where the folder may be \
         written, or copy both files to such a folder",
        file.display(),
        place::log_of(file).display()
    );
    Error::new(ErrorKind::Config, message).with_source(cause)
}

/// Returns whether the row is stored already.
pub(super) fn is_taken(cause: &rusqlite::Error) -> bool {
    let extended = cause.sqlite_error().map(|error| error.extended_code);
    matches!(extended, Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY))
}

/// Returns whether another connection holds the file.
pub(super) fn is_busy(cause: &rusqlite::Error) -> bool {
    primary(cause) == Some(ffi::SQLITE_BUSY)
}

/// Reports a failed commit, which may have reached the disk.
pub(super) fn committing(cause: rusqlite::Error) -> Error {
    let what = match primary(&cause) {
        // This includes a failed wait for the disk: the next process that opens the file may find the commit whole.
        Some(ffi::SQLITE_IOERR) => "the disk failed",
        // The memory may have been for the index of rows that are already written.
        Some(ffi::SQLITE_NOMEM) => "there was no memory left",
        _ => return of("commit")(cause),
    };
    let message = format!(
        "{what} while a commit was written: {cause}; save again once it works: nothing is stored twice"
    );
    Error::new(ErrorKind::OutcomeUnknown, message).with_source(cause)
}

/// Reports that an executor's job has no thread to run on.
pub(super) fn no_thread(cause: &io::Error) -> Error {
    let message = format!("no thread can be started for what is polled: {cause}; there may be too many");
    Error::new(ErrorKind::Unavailable, message)
}

fn primary(cause: &rusqlite::Error) -> Option<i32> {
    extended(cause).map(|code| code & 0xff)
}

fn extended(cause: &rusqlite::Error) -> Option<i32> {
    let failure = match cause {
        rusqlite::Error::SqlInputError { error, .. } => Some(error),
        _ => cause.sqlite_error(),
    };
    failure.map(|error| error.extended_code)
}

fn kind(cause: &rusqlite::Error) -> (ErrorKind, &'static str) {
    match primary(cause) {
        Some(ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED) => {
            (ErrorKind::Timeout, "another process holds the database; try again, or raise the busy timeout")
        }
        Some(ffi::SQLITE_NOTADB) => (ErrorKind::Schema, "the file is no SQLite database; check the path"),
        Some(ffi::SQLITE_CORRUPT) => (ErrorKind::Corrupt, "the file is damaged; restore it from a backup"),
        Some(ffi::SQLITE_READONLY) => (
            ErrorKind::Storage,
            "the database may only be read: it was opened for reading only, or the file's or its folder's permissions \
             forbid more; check both",
        ),
        Some(ffi::SQLITE_FULL) => {
            (ErrorKind::Storage, "the disk is full; nothing was stored; make room and try again")
        }
        Some(ffi::SQLITE_IOERR) => (ErrorKind::Storage, failed_disk(cause)),
        Some(ffi::SQLITE_PERM | ffi::SQLITE_AUTH) => {
            (ErrorKind::Storage, "check the permissions of the file")
        }
        Some(ffi::SQLITE_CANTOPEN) => {
            (ErrorKind::Storage, "check that the file and its folder are there and may be written")
        }
        Some(ffi::SQLITE_TOOBIG) => (ErrorKind::Invalid, "store less in one event"),
        Some(ffi::SQLITE_NOMEM) => (ErrorKind::Unavailable, "there is no memory left"),
        Some(ffi::SQLITE_CONSTRAINT) => (
            ErrorKind::Invalid,
            "the table refuses the row: one of your own constraints, or a column whose type differs from the value's",
        ),
        Some(ffi::SQLITE_ERROR | ffi::SQLITE_SCHEMA | ffi::SQLITE_MISMATCH) => (
            ErrorKind::Schema,
            "the tables are not as this program made them; check the path and the names of the tables",
        ),
        _ => (ErrorKind::Storage, "see the cause"),
    }
}

fn failed_disk(cause: &rusqlite::Error) -> &'static str {
    match extended(cause) {
        // The file beside the database that ends in `-shm`.
        Some(ffi::SQLITE_IOERR_SHMSIZE) => {
            "there is no room for the memory that is shared: the disk is full, or it failed; make room, or check it"
        }
        Some(ffi::SQLITE_IOERR_SHMOPEN | ffi::SQLITE_IOERR_SHMMAP | ffi::SQLITE_IOERR_SHMLOCK) => {
            "memory cannot be shared; put the file on a local file system, which can do that"
        }
        // SQLite reads the length of the log from shared memory.
        Some(ffi::SQLITE_IOERR_SHORT_READ) => {
            "the file, or the write-ahead log beside it that ends in `-wal`, is shorter than it was, or was removed; close \
             the database in every process, and open the database again"
        }
        _ => "the disk failed; check it, and the system's log",
    }
}

pub(super) fn lost() -> Error {
    Error::new(ErrorKind::Storage, "the store's thread ended before it answered; open the database again")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn a_commit_that_may_be_written_is_not_said_to_be_lost() {
        let unknown = [
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_SHMSIZE,
            ffi::SQLITE_IOERR_NOMEM,
            ffi::SQLITE_NOMEM,
        ];
        for code in unknown {
            let error = committing(failure(code));
            assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
        }
        for (code, kind) in [
            (ffi::SQLITE_FULL, ErrorKind::Storage),
            (ffi::SQLITE_BUSY, ErrorKind::Timeout),
            (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, ErrorKind::Invalid),
        ] {
            assert_eq!(committing(failure(code)).kind(), kind);
        }
    }
}
