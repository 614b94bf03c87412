//! The store works on any executor, and on none.

use std::thread;

use es_runtime::Wait;
use es_runtime::recorder::{AggregateRecorder, ApplicationRecorder, Commit, EventRange, PostgresRecorder};
use uuid::Uuid;

use super::{Database, event, log, open};

/// Saves and reads, as a task of a program does.
async fn work(recorder: PostgresRecorder) {
    let id = Uuid::now_v7();
    for version in 1..=5 {
        let receipt = recorder.append(Commit::new(vec![event(id, version)]).without_gaps()).await.unwrap();
        recorder.resolve(&receipt).await.unwrap();
    }
    assert_eq!(recorder.select(id, EventRange::all()).await.unwrap().events.len(), 5);
}

fn on_tokio(mut builder: tokio::runtime::Builder) {
    let Database { recorder, handle, .. } = open();
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..32).map(|_| tokio::spawn(work(recorder.clone()))).collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(log(&recorder).len(), 32 * 5);
        // The last handle goes within a task.
        drop((recorder, handle));
    });
}

pub(crate) fn tokio_with_many_threads() {
    on_tokio(tokio::runtime::Builder::new_multi_thread());
}

pub(crate) fn tokio_with_one_thread() {
    on_tokio(tokio::runtime::Builder::new_current_thread());
}

pub(crate) fn smol() {
    let Database { recorder, .. } = open();
    smol::block_on(async {
        let tasks: Vec<_> = (0..16).map(|_| smol::spawn(work(recorder.clone()))).collect();
        for task in tasks {
            task.await;
        }
    });
    assert_eq!(log(&recorder).len(), 16 * 5);
}

pub(crate) fn no_executor_beside_tokio() {
    let Database { recorder, .. } = open();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..4).for_each(|_| work(recorder.clone()).wait()));
        }
        runtime.block_on(async {
            let tasks: Vec<_> = (0..16).map(|_| tokio::spawn(work(recorder.clone()))).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
    assert_eq!(log(&recorder).len(), 32 * 5);
}
