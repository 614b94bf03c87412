//! A view that counts what the framework asks of it, and may lose the answers of its commits.

use std::future::{Future, ready};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_runtime::view::sqlite::{File, FileView, Tx};
use es_runtime::view::{BoxError, Object, OpenView, View};
use es_runtime::{Error, ErrorKind, Wait};

type Done<T> = Result<T, Error>;

/// A view in a file that counts its commits and the rows that it lists.
#[derive(Clone)]
pub(crate) struct Counted {
    pub(crate) file: File,
    /// True if the answer of every third commit is lost.
    pub(crate) is_forgetful: bool,
    pub(crate) commits: Arc<AtomicU64>,
    pub(crate) listed: Arc<AtomicU64>,
}

impl Counted {
    pub(crate) fn new(path: &Path, is_forgetful: bool) -> Self {
        Self { file: File::new(path), is_forgetful, commits: Arc::default(), listed: Arc::default() }
    }
}

pub(crate) struct CountedView(FileView, Counted);

impl OpenView for Counted {
    type View = CountedView;

    async fn open(&self) -> Done<CountedView> {
        Ok(CountedView(self.file.open().await?, self.clone()))
    }
}

impl View for CountedView {
    type Tx = Tx;

    fn tx(&self) -> &Tx {
        self.0.tx()
    }

    fn begin(&mut self) -> impl Future<Output = Done<()>> + Send {
        self.0.begin()
    }

    fn commit(&mut self) -> impl Future<Output = Done<()>> + Send {
        let committed = self.0.commit().wait();
        // The first commit makes the tables.
        let is_lost = self.1.commits.fetch_add(1, Ordering::Relaxed) % 3 == 1 && self.1.is_forgetful;
        let lost = || Error::new(ErrorKind::OutcomeUnknown, "the answer is lost");
        ready(committed.and_then(|()| if is_lost { Err(lost()) } else { Ok(()) }))
    }

    fn roll_back(&mut self) -> impl Future<Output = Done<()>> + Send {
        self.0.roll_back()
    }

    fn save_point(&mut self) -> impl Future<Output = Done<()>> + Send {
        self.0.save_point()
    }

    fn back_to_save_point(&mut self) -> impl Future<Output = Done<()>> + Send {
        self.0.back_to_save_point()
    }

    fn run(&mut self, statements: &str) -> impl Future<Output = Done<Vec<Object>>> + Send {
        self.0.run(statements)
    }

    fn get(&mut self, key: &str) -> impl Future<Output = Done<Option<String>>> + Send {
        self.0.get(key)
    }

    fn put(&mut self, key: &str, value: &str) -> impl Future<Output = Done<()>> + Send {
        self.0.put(key, value)
    }

    fn remove(&mut self, key: &str) -> impl Future<Output = Done<()>> + Send {
        self.0.remove(key)
    }

    fn list(&mut self, prefix: &str) -> impl Future<Output = Done<Vec<(String, String)>>> + Send {
        let rows = self.0.list(prefix).wait();
        let listed = rows.as_ref().map_or(0, |rows| rows.len() as u64);
        self.1.listed.fetch_add(listed, Ordering::Relaxed);
        ready(rows)
    }

    fn passing(error: &BoxError) -> Option<Error> {
        FileView::passing(error)
    }
}
