//! A full disk on demand, and the error of a handler that wraps that of the driver.

use std::error::Error;
use std::fmt;

use es_runtime::view::sqlite::Tx;

/// The error of a handler, which wraps that of the driver.
#[derive(Debug)]
pub(crate) enum Trouble {
    Database(rusqlite::Error),
    Refused,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(cause) => write!(f, "the rows cannot be written: {cause}"),
            Self::Refused => f.write_str("a refused amount"),
        }
    }
}

impl Error for Trouble {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database(cause) => Some(cause),
            Self::Refused => None,
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Database(cause)
    }
}

/// Writes more into the table `large` than the file may hold, after which SQLite rolls back, and lets the file grow again.
pub(crate) fn fill_the_disk(tx: &Tx) -> rusqlite::Result<()> {
    tx.execute_batch("PRAGMA max_page_count = 1")?;
    let filled = tx.execute_batch("INSERT INTO large VALUES (zeroblob(1000000))");
    assert!(tx.is_autocommit(), "SQLite rolled back");
    tx.execute_batch("PRAGMA max_page_count = 4294967294")?;
    assert_eq!(filled.as_ref().unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::DiskFull));
    filled
}
