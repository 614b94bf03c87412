//! Another process that holds the file.

use std::thread;
use std::time::{Duration, Instant};

use super::*;
use es_runtime::recorder::ProcessRecorder;

const TIMEOUT: Duration = Duration::from_millis(200);

fn hasty(folder: &Folder) -> SqliteRecorder {
    options(folder).busy_timeout(TIMEOUT).open().unwrap().recorder(&Tables::default()).unwrap()
}

#[test]
fn a_writer_gives_up_after_the_busy_timeout_and_then_works_again() {
    let folder = Folder::new();
    let recorder = hasty(&folder);
    let id = Uuid::now_v7();
    recorder.append(commit(id, 1..=1)).wait().unwrap();
    let other = by_hand(&folder);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tracking = || step("up", Position::FIRST);
    let writes: [&dyn Fn() -> [ErrorKind; 2]; 3] = [
        &|| both(|| recorder.append(commit(id, 2..=2))).map(kind),
        &|| both(|| recorder.append(commit(id, 2..=3))).map(kind),
        &|| both(|| recorder.append_tracked(commit(id, 2..=3), tracking())).map(kind),
    ];
    for write in writes {
        let began = Instant::now();
        assert_eq!(write(), [ErrorKind::Timeout; 2]);
        let took = began.elapsed();
        assert!(took >= TIMEOUT && took < 12 * TIMEOUT, "two writes took {took:?}");
    }
    for read in both(|| recorder.rows(id, EventRange::all())) {
        assert_eq!(read.unwrap().len(), 1, "reading goes on meanwhile");
    }
    other.execute_batch("ROLLBACK").unwrap();
    recorder.append(commit(id, 2..=3)).wait().unwrap();
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 3);
}

#[test]
fn many_who_wait_for_a_locked_file_all_get_an_answer_soon() {
    let folder = Folder::new();
    let recorder = hasty(&folder);
    let other = by_hand(&folder);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                assert_eq!(
                    both(|| recorder.append(commit(Uuid::now_v7(), 1..=1))).map(kind),
                    [ErrorKind::Timeout; 2]
                );
            });
        }
    });
    assert!(began.elapsed() < Duration::from_secs(5), "took {:?}", began.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    recorder.append(commit(Uuid::now_v7(), 1..=1)).wait().unwrap();
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 1, "the commit that timed out is not stored");
}

#[test]
fn a_writer_waits_for_a_lock_that_is_let_go_in_time() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    let other = by_hand(&folder);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    thread::scope(|scope| {
        scope.spawn(|| both(|| recorder.append(commit(Uuid::now_v7(), 1..=2))).map(Result::unwrap));
        thread::sleep(TIMEOUT);
        other.execute_batch("ROLLBACK").unwrap();
    });
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 4);
}

#[test]
fn opening_a_locked_file_gives_up_too() {
    let folder = Folder::new();
    let other = by_hand(&folder);
    other.execute_batch("CREATE TABLE a (a); BEGIN EXCLUSIVE").unwrap();
    let began = Instant::now();
    let opened = options(&folder)
        .busy_timeout(TIMEOUT)
        .open()
        .and_then(|database| database.recorder(&Tables::default()));
    assert_eq!(kind(opened), ErrorKind::Timeout);
    assert!(began.elapsed() < Duration::from_secs(5), "took {:?}", began.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    hasty(&folder);
}

#[test]
fn a_caller_without_a_reader_in_time_gets_an_error_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let one = options(&folder).readers(1).busy_timeout(Duration::from_millis(1));
    let recorder = one.open().unwrap().recorder(&Tables::default()).unwrap();
    let id = Uuid::now_v7();
    recorder.append(commit(id, 1..=20_000)).wait().unwrap();
    let (mut served, mut refused) = (0, 0);
    thread::scope(|scope| {
        let read = || {
            let polled = || futures_executor::block_on(recorder.rows(id, EventRange::all()));
            let waited = || recorder.rows(id, EventRange::all()).wait();
            let both = || [polled().inspect_err(|error| panic!("polled, it queues: {error}")), waited()];
            (0..4).flat_map(|_| both()).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        for answer in threads.into_iter().flat_map(|thread| thread.join().unwrap()) {
            match answer {
                Ok(events) => served += usize::from(events.len() == 20_000),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Timeout);
                    let message = error.to_string();
                    assert!(message.contains("`readers`") && message.contains("`busy_timeout`"), "{message}");
                    refused += 1;
                }
            }
        }
    });
    assert_eq!(served + refused, 32);
    assert!(served > 0 && refused > 0, "{served} were served, {refused} were not");
    for _ in 0..20 {
        for read in both(|| recorder.rows(id, EventRange::all().limit(1))) {
            assert_eq!(read.unwrap().len(), 1, "afterwards all are served");
        }
    }
}

#[test]
fn a_commit_that_fails_for_one_fails_for_no_other() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    // The trigger refuses the events of this id, but only at the commit.
    let poisoned = Uuid::from_u128(13);
    let other = by_hand(&folder);
    other
        .execute_batch(
            "CREATE TABLE nobody (number INTEGER PRIMARY KEY);
             CREATE TABLE debt (number INTEGER REFERENCES nobody (number) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER poison AFTER INSERT ON stored_events
                 WHEN new.id = x'0000000000000000000000000000000d' BEGIN INSERT INTO debt VALUES (1); END;
             BEGIN IMMEDIATE",
        )
        .unwrap();
    let ids: Vec<Uuid> = (0..9).map(|at| if at == 4 { poisoned } else { Uuid::now_v7() }).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let saved: Vec<bool> = runtime.block_on(async {
        let saves: Vec<_> = ids
            .iter()
            .map(|id| {
                let (recorder, id) = (recorder.clone(), *id);
                tokio::spawn(async move { recorder.append(commit(id, 1..=2)).await.is_ok() })
            })
            .collect();
        // All saves have begun, and the first waits for the file: the others go together.
        tokio::task::yield_now().await;
        other.execute_batch("ROLLBACK").unwrap();
        let mut outcomes = Vec::new();
        for save in saves {
            outcomes.push(save.await.unwrap());
        }
        outcomes
    });
    let expected: Vec<bool> = ids.iter().map(|id| *id != poisoned).collect();
    assert_eq!(saved, expected);
    assert_eq!(recorder.newest().wait().unwrap().map(|last| last.get() >= 16), Some(true));
    recorder.append(commit(Uuid::now_v7(), 1..=1)).wait().unwrap();
}
