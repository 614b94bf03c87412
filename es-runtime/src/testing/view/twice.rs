use std::future::{Future, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind};
use crate::view::sqlite::{File, FileView, Tx};
use crate::view::{BoxError, Object, OpenView, View};
use crate::wait::Wait;

/// A view whose every transaction fails once, and is repeated.
#[derive(Clone)]
pub(super) struct Twice {
    pub(super) file: File,
    pub(super) is_second: Arc<AtomicBool>,
}

pub(super) struct TwiceView {
    view: FileView,
    is_second: Arc<AtomicBool>,
}

impl OpenView for Twice {
    type View = TwiceView;

    async fn open(&self) -> Result<TwiceView, Error> {
        Ok(TwiceView { view: self.file.open().await?, is_second: Arc::clone(&self.is_second) })
    }
}

type Done<T> = Result<T, Error>;

impl View for TwiceView {
    type Tx = Tx;

    fn tx(&self) -> &Tx {
        self.view.tx()
    }

    fn begin(&mut self) -> impl Future<Output = Done<()>> + Send {
        self.view.begin()
    }

    fn commit(&mut self) -> impl Future<Output = Done<()>> + Send {
        let done = if self.is_second.fetch_xor(true, Ordering::Relaxed) {
            self.view.commit().wait()
        } else {
            let message = "the test kit repeats each transaction";
            self.view.roll_back().wait().and(Err(Error::new(ErrorKind::Timeout, message)))
        };
        ready(done)
    }

    fn roll_back(&mut self) -> impl Future<Output = Done<()>> + Send {
        self.view.roll_back()
    }

    fn save_point(&mut self) -> impl Future<Output = Done<()>> + Send {
        self.view.save_point()
    }

    fn back_to_save_point(&mut self) -> impl Future<Output = Done<()>> + Send {
        self.view.back_to_save_point()
    }

    fn run(&mut self, statements: &str) -> impl Future<Output = Done<Vec<Object>>> + Send {
        // The tables are made in one transaction, which need not be repeated.
        self.is_second.store(true, Ordering::Relaxed);
        self.view.run(statements)
    }

    fn get(&mut self, key: &str) -> impl Future<Output = Done<Option<String>>> + Send {
        self.view.get(key)
    }

    fn put(&mut self, key: &str, value: &str) -> impl Future<Output = Done<()>> + Send {
        self.view.put(key, value)
    }

    fn remove(&mut self, key: &str) -> impl Future<Output = Done<()>> + Send {
        self.view.remove(key)
    }

    fn list(&mut self, prefix: &str) -> impl Future<Output = Done<Vec<(String, String)>>> + Send {
        self.view.list(prefix)
    }

    fn passing(error: &BoxError) -> Option<Error> {
        FileView::passing(error)
    }

    fn is_still_open(&self) -> Done<bool> {
        self.view.is_still_open()
    }
}
