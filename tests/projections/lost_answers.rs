//! Commits of a view whose answers are lost: the worker finds what is committed, and takes nothing twice.

use std::sync::atomic::Ordering;
use std::time::Duration;

use es_runtime::projection::BatchSize;
use es_runtime::{Application, Wait};

use crate::LONG;
use crate::balances::{Balances, account, rows};
use crate::counted::Counted;

#[test]
fn a_lost_answer_costs_no_event_and_no_wait_for_another_process() {
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1; 30]);
    // The second size commits after each commit of the log, so that a batch takes several transactions.
    for size in [BatchSize::new(), BatchSize::new().time(Duration::ZERO), BatchSize::new().events(2)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("balances.db");
        let open = Counted::new(&path, true);
        let project = app.project(Balances).batch(size).look_every(3 * LONG);
        let balances = project.in_blocking_view(open.clone()).start().wait().unwrap();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(rows(&path)["Ann"], 30, "{size:?}");
        balances.stop().wait().unwrap();
        assert!(open.commits.load(Ordering::Relaxed) > 1);
    }
}
