use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::mapper::Mapper;
use crate::recorder::{
    ApplicationRecorder, DynApplicationRecorder, LogPage, LogRange, Mark, Notification, Receipt,
};
use crate::store::{EventStore, Mappers};

/// The log of an open application, with the mapper of its rows. Clones read one log.
#[derive(Clone)]
pub(crate) struct Source {
    store: EventStore,
    recorder: Arc<dyn DynApplicationRecorder>,
    is_closed: Arc<AtomicBool>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Source {
    pub(crate) fn new(store: EventStore, recorder: Arc<dyn DynApplicationRecorder>) -> Self {
        Self { store, recorder, is_closed: Arc::default() }
    }

    pub(crate) const fn recorder(&self) -> &Arc<dyn DynApplicationRecorder> {
        &self.recorder
    }

    /// Fails once the application is closed, whether or not the store still works.
    pub(crate) fn check_open(&self) -> Result<(), Error> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Closed, "the application is closed; open it again"));
        }
        Ok(())
    }

    /// Refuses later calls.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    pub(crate) async fn read(&self, range: LogRange) -> Result<LogPage, Error> {
        self.check_open()?;
        self.recorder.read_log(range).await
    }

    /// Returns the newest mark that a reader may reach.
    pub(crate) async fn newest(&self) -> Result<Option<Mark>, Error> {
        self.newest_after(None).await
    }

    /// Returns the newest mark that a reader may reach. Fails as [`ErrorKind::Diverged`] if the log is not the log of the place.
    pub(crate) async fn newest_after(&self, place: Option<Mark>) -> Result<Option<Mark>, Error> {
        Ok(self.read(LogRange::all().after(place).limit(0)).await?.through)
    }

    /// Returns the mark of a commit: see [`Application::resolve`](crate::Application::resolve).
    pub(crate) async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        self.check_open()?;
        match self.recorder.resolve(receipt).await? {
            None if receipt.is_repeated() => self.newest().await,
            mark => Ok(mark),
        }
    }

    pub(crate) async fn beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        self.check_open()?;
        self.recorder.beyond(after).await
    }

    pub(crate) fn has_data_keys(&self) -> bool {
        self.store.mapper().has_data_keys()
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn mapper(&self) -> Arc<Mapper> {
        self.store.shared_mapper()
    }

    pub(crate) async fn mappers_for(&self, rows: &[Notification]) -> Result<Mappers<'_>, Error> {
        self.store.mappers_for(rows).await
    }
}
