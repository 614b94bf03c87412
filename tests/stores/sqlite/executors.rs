//! The store works on any executor, and on none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// Saves and reads, as a task of a program does.
async fn work(recorder: SqliteRecorder) {
    let id = Uuid::now_v7();
    for version in 1..=5 {
        recorder.append(commit(id, version..=version)).await.unwrap();
    }
    assert_eq!(recorder.rows(id, EventRange::all()).await.unwrap(), events(id, 1..=5));
    assert!(!recorder.log(LogRange::all().limit(3)).await.unwrap().is_empty());
}

fn on_tokio(mut builder: tokio::runtime::Builder) {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..64).map(|_| tokio::spawn(work(recorder.clone()))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 64 * 5);
}

#[test]
fn tokio_with_many_threads() {
    on_tokio(tokio::runtime::Builder::new_multi_thread());
}

#[test]
fn tokio_with_one_thread() {
    on_tokio(tokio::runtime::Builder::new_current_thread());
}

#[test]
fn smol() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    smol::block_on(async {
        let tasks: Vec<_> = (0..32).map(|_| smol::spawn(work(recorder.clone()))).collect();
        for task in tasks {
            task.await;
        }
    });
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 32 * 5);
}

#[test]
fn another_executor() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    futures_executor::block_on(async { work(recorder.clone()).await });
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 5);
}

#[test]
fn no_executor_beside_tokio() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
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
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 32 * 5);
}

#[test]
fn no_poll_blocks_while_the_file_is_locked() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    let other = by_hand(&folder);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ticks = Arc::new(AtomicU32::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let saves: Vec<_> = (0..8).map(|_| tokio::spawn(work(recorder.clone()))).collect();
        let counted = Arc::clone(&ticks);
        let reads = tokio::spawn({
            let recorder = recorder.clone();
            async move {
                let began = Instant::now();
                while began.elapsed() < Duration::from_millis(300) {
                    recorder.newest().await.unwrap();
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        reads.await.unwrap();
        other.execute_batch("ROLLBACK").unwrap();
        for save in saves {
            save.await.unwrap();
        }
    });
    assert!(
        ticks.load(Ordering::Relaxed) > 20,
        "{ticks:?} reads in 300 ms beside saves that wait for the file"
    );
}
