//! The timer: sleeps end after their time, under every executor and under none.

use std::future::pending;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::clock::{Timestamp, set_clock};
use es_runtime::wait::{Elapsed, sleep, timeout};
use es_runtime::{Error, ErrorKind, Wait};

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(3_600);

async fn measured() -> Duration {
    let begun = Instant::now();
    sleep(SHORT).await;
    begun.elapsed()
}

#[test]
fn a_sleep_lasts_as_long_as_asked_for_under_every_executor() {
    let tokio = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let took = [
        measured().wait(),
        tokio.block_on(async { tokio::spawn(measured()).await.unwrap() }),
        smol::block_on(smol::spawn(measured())),
        futures_executor::block_on(measured()),
    ];
    assert!(took.iter().all(|took| *took >= SHORT && *took < Duration::from_secs(5)), "{took:?}");
}

#[test]
fn sleeps_end_in_the_order_of_their_times() {
    let (send, receive) = mpsc::channel();
    let millis = [60, 20, 40, 80];
    thread::scope(|scope| {
        for many in millis {
            let send = send.clone();
            scope.spawn(move || {
                sleep(Duration::from_millis(many)).wait();
                send.send(many).unwrap();
            });
        }
    });
    drop(send);
    let mut ended: Vec<u64> = receive.iter().collect();
    assert_eq!(ended.len(), millis.len());
    // Neighbours may overtake each other on a busy machine, but the first never ends last.
    assert_ne!(ended.pop(), Some(20));
}

#[test]
fn ten_thousand_sleeps_at_once_need_one_thread() {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let begun = Instant::now();
    tokio.block_on(async {
        let tasks: Vec<_> = (0..10_000).map(|_| tokio::spawn(sleep(SHORT))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert!(begun.elapsed() >= SHORT);
}

#[test]
fn a_sleep_goes_by_the_time_of_the_machine() {
    let _standing = set_clock(|| Timestamp::from_micros(0));
    assert!(measured().wait() >= SHORT);
}

#[test]
fn a_sleep_longer_than_the_machine_can_count_does_not_end() {
    assert!(timeout(SHORT, sleep(Duration::MAX)).wait().is_err());
}

#[test]
fn a_timeout_gives_up_what_is_not_ready_in_time() {
    let elapsed: Elapsed = timeout(SHORT, pending::<()>()).wait().unwrap_err();
    let error = Error::from(elapsed);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("within 10ms"), "{error}");
    assert_eq!(timeout(LONG, async { 7 }).wait(), Ok(7));
    // Work that is ready counts, even with no time at all.
    assert_eq!(timeout(Duration::ZERO, async { 7 }).wait(), Ok(7));
}
