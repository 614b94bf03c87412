//! Commits of a view whose answers are lost: the worker finds what is committed, and takes nothing twice.

use std::future::{Future, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use es_runtime::projection::BatchSize;
use es_runtime::view::sqlite::{File, FileView, Tx};
use es_runtime::view::{BoxError, Object, OpenView, View};
use es_runtime::{Application, Error, ErrorKind, Wait};

use crate::LONG;
use crate::balances::{Balances, account, rows};

type Done<T> = Result<T, Error>;

/// A view that commits, and loses the answer of every third commit.
#[derive(Clone)]
struct Forgetful {
    file: File,
    commits: Arc<AtomicU64>,
}

struct ForgetfulView(FileView, Arc<AtomicU64>);

impl OpenView for Forgetful {
    type View = ForgetfulView;

    async fn open(&self) -> Done<ForgetfulView> {
        Ok(ForgetfulView(self.file.open().await?, Arc::clone(&self.commits)))
    }
}

impl View for ForgetfulView {
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
        let is_lost = self.1.fetch_add(1, Ordering::Relaxed) % 3 == 1;
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
        self.0.list(prefix)
    }

    fn passing(error: &BoxError) -> Option<Error> {
        FileView::passing(error)
    }
}

#[test]
fn a_lost_answer_costs_no_event_and_no_wait_for_another_process() {
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1; 30]);
    // The second size commits after each commit of the log, so that a batch takes several transactions.
    for size in [BatchSize::new(), BatchSize::new().time(Duration::ZERO), BatchSize::new().events(2)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("balances.db");
        let open = Forgetful { file: File::new(&path), commits: Arc::default() };
        let project = app.project(Balances).batch(size).look_every(3 * LONG);
        let balances = project.in_blocking_view(open.clone()).start().wait().unwrap();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(rows(&path)["Ann"], 30, "{size:?}");
        balances.stop().wait().unwrap();
        assert!(open.commits.load(Ordering::Relaxed) > 1);
    }
}
