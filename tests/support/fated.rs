//! A view whose commits have a fate that a test chooses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_runtime::view::{BoxError, Object, OpenView, View};
use es_runtime::{Error, ErrorKind};

type Done<T> = Result<T, Error>;

/// The fate of a commit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Committed,
    /// The view commits, and then reports this error.
    AnswerLost(ErrorKind),
    /// The view does not commit, and reports this error.
    Refused(ErrorKind),
}

/// The way to a view whose commits, numbered from 1, have a fate.
#[derive(Clone)]
pub(crate) struct Fated<O> {
    open: O,
    fate: Arc<dyn Fn(u64) -> Fate + Send + Sync>,
    commits: Arc<AtomicU64>,
}

impl<O> Fated<O> {
    pub(crate) fn new(open: O, fate: impl Fn(u64) -> Fate + Send + Sync + 'static) -> Self {
        Self { open, fate: Arc::new(fate), commits: Arc::default() }
    }
}

pub(crate) struct FatedView<V> {
    view: V,
    of: Fated<()>,
}

impl<O: OpenView> OpenView for Fated<O> {
    type View = FatedView<O::View>;

    async fn open(&self) -> Done<Self::View> {
        let (fate, commits) = (Arc::clone(&self.fate), Arc::clone(&self.commits));
        Ok(FatedView { view: self.open.open().await?, of: Fated { open: (), fate, commits } })
    }

    async fn attend<F: Future + Send>(&self, work: F) -> F::Output {
        self.open.attend(work).await
    }
}

impl<V: View> View for FatedView<V> {
    type Tx = V::Tx;

    const IS_LATE: bool = V::IS_LATE;

    fn tx(&self) -> &V::Tx {
        self.view.tx()
    }

    async fn begin(&mut self) -> Done<()> {
        self.view.begin().await
    }

    async fn commit(&mut self) -> Done<()> {
        let fate = (self.of.fate)(1 + self.of.commits.fetch_add(1, Ordering::Relaxed));
        if !matches!(fate, Fate::Refused(_)) {
            self.view.commit().await?;
        }
        match fate {
            Fate::Committed => Ok(()),
            Fate::AnswerLost(kind) => Err(Error::new(kind, "the answer is lost")),
            Fate::Refused(kind) => Err(Error::new(kind, "the commit is refused")),
        }
    }

    async fn roll_back(&mut self) -> Done<()> {
        self.view.roll_back().await
    }

    async fn save_point(&mut self) -> Done<()> {
        self.view.save_point().await
    }

    async fn back_to_save_point(&mut self) -> Done<()> {
        self.view.back_to_save_point().await
    }

    async fn run(&mut self, statements: &str) -> Done<Vec<Object>> {
        self.view.run(statements).await
    }

    async fn get(&mut self, key: &str) -> Done<Option<String>> {
        self.view.get(key).await
    }

    async fn put(&mut self, key: &str, value: &str) -> Done<()> {
        self.view.put(key, value).await
    }

    async fn remove(&mut self, key: &str) -> Done<()> {
        self.view.remove(key).await
    }

    async fn list(&mut self, prefix: &str) -> Done<Vec<(String, String)>> {
        self.view.list(prefix).await
    }

    fn passing(error: &BoxError) -> Option<Error> {
        V::passing(error)
    }

    fn is_late(error: &Error) -> bool {
        V::is_late(error)
    }
}
