use std::sync::Arc;

use super::Application;
use crate::error::{Error, ErrorKind};
use crate::mapper::Mapper;
use crate::recorder::{DynApplicationRecorder, MemoryRecorder, Tables};
use crate::wait::unblock;

/// How an application is opened.
///
/// ```
/// use es_runtime::{Application, Wait, recorder::Tables};
///
/// let app = Application::builder("sqlite::memory:").tables(Tables::with_prefix("bank")?).open().wait()?;
/// # let _ = app;
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Builder {
    uri: String,
    mapper: Mapper,
    tables: Tables,
}

/// A recorder, and how it is closed.
type Opened = (Arc<dyn DynApplicationRecorder>, Box<dyn Fn() + Send + Sync>);

impl Builder {
    pub(super) fn new(uri: String) -> Self {
        Self { uri, mapper: Mapper::new(), tables: Tables::default() }
    }

    /// How events are written: codec, compressor, cipher.
    pub fn mapper(mut self, mapper: Mapper) -> Self {
        self.mapper = mapper;
        self
    }

    /// The names of the tables; for several applications in one database.
    pub fn tables(mut self, tables: Tables) -> Self {
        self.tables = tables;
        self
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// As [`Application::open`].
    pub async fn open(self) -> Result<Application, Error> {
        unblock(move || {
            let (recorder, close) = self.recorder()?;
            Ok(Application::new(self.mapper, recorder, close))
        })
        .await
    }

    fn recorder(&self) -> Result<Opened, Error> {
        let (scheme, rest) = self.uri.split_once(':').unwrap_or((&self.uri, ""));
        match scheme {
            "memory" if rest.is_empty() => Ok((Arc::new(MemoryRecorder::new()), Box::new(|| {}))),
            "memory" => Err(Error::new(
                ErrorKind::Config,
                format!("the URI {:?} says more than `memory:`, which is all there is to say", self.uri),
            )),
            "sqlite" => sqlite(rest, &self.tables),
            _ => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the URI begins with {scheme:?}, which is no store; write `memory:` or `sqlite:bank.db`"
                ),
            )),
        }
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str, tables: &Tables) -> Result<Opened, Error> {
    use crate::recorder::SqliteOptions;
    let options = match path {
        "" => {
            return Err(Error::new(
                ErrorKind::Config,
                "the URI names no file; write `sqlite:bank.db`, or `sqlite::memory:`",
            ));
        }
        ":memory:" => SqliteOptions::in_memory(),
        path => SqliteOptions::file(path),
    };
    let database = options.open()?;
    let recorder = database.recorder(tables)?;
    Ok((Arc::new(recorder), Box::new(move || database.close())))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str, _: &Tables) -> Result<Opened, Error> {
    Err(Error::new(ErrorKind::Config, "this build has no SQLite; turn on the feature `sqlite` of es-runtime"))
}
