//! Readers of the log that somebody stops: they return nothing more, and wake whoever waits for them.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::log::Subscription;
use es_runtime::testing::faults::{Call, Gate, When};
use es_runtime::wait::timeout;
use es_runtime::{Error, Wait};

use crate::account::AccountEvent;
use crate::application::{apps, saved};
use crate::subscriptions::{LONG, deposit, faulty, next};

#[test]
fn a_stopped_subscription_returns_nothing_more() {
    for app in apps() {
        saved(&app);
        let mut events = app.log::<AccountEvent>().follow();
        let stop = events.stop_handle();
        assert!(matches!(next(&mut events), Ok(AccountEvent::Opened(_))));
        let reached = events.through();
        assert!(!stop.is_stopped());
        stop.clone().stop();
        assert!(stop.is_stopped());
        for _ in 0..2 {
            assert!(events.next().wait().is_none(), "the rest of the page is not returned");
            assert!(events.next_page().wait().is_none());
        }
        assert_eq!(events.through(), reached);

        let mut unread = app.log::<AccountEvent>().follow();
        unread.stop_handle().stop();
        assert_eq!(unread.wait().count(), 0);
    }
}

#[test]
fn a_stop_wakes_who_waits() {
    let (app, faults) = faulty();
    // The store never ends a wait by itself.
    let gate = Gate::closed();
    faults.stall_before(Call::Beyond, When::always(), &gate);
    let mut events = app.log::<AccountEvent>().follow();
    let stop = events.stop_handle();
    let waiting = thread::spawn(move || timeout(LONG, events.next()).wait().map(|event| event.is_none()));
    let begun = Instant::now();
    while gate.waiting() == 0 {
        assert!(begun.elapsed() < LONG, "it never waits");
        thread::sleep(Duration::from_millis(1));
    }
    stop.stop();
    assert_eq!(waiting.join().unwrap().ok(), Some(true));
}

/// Returns a subscription that a task polled and that waits, with the flag of the task.
fn waiting() -> (Subscription<AccountEvent>, Arc<Woken>) {
    let (app, _) = faulty();
    let mut events = app.log::<AccountEvent>().follow();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert!(pin!(events.next()).poll(&mut Context::from_waker(&waker)).is_pending());
    (events, woken)
}

#[test]
fn a_stop_wakes_the_task_that_was_polled_last() {
    let (mut events, woken) = waiting();
    let stop = events.stop_handle();
    stop.stop();
    assert!(woken.0.load(Ordering::SeqCst), "nobody polls the subscription again");
    assert!(next_of(&mut events).is_none());
}

/// Returns what the subscription returns next, which has to come.
fn next_of<E: Send + 'static>(events: &mut Subscription<E>) -> Option<Result<E, Error>> {
    let event = timeout(LONG, events.next()).wait().expect("it returns");
    event.map(|event| event.map(|event| event.into_recorded().into_event()))
}

#[test]
fn a_handle_that_outlives_its_subscription_wakes_nobody() {
    let (events, woken) = waiting();
    let stop = events.stop_handle();
    drop(events);
    assert_eq!(Arc::strong_count(&woken), 1, "the handle keeps the task");
    stop.stop();
    assert!(!woken.0.load(Ordering::SeqCst));
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_follower_in_the_body_of_its_loop_stops_it() {
    for app in apps() {
        let mut account = saved(&app);
        (0..5).for_each(|_| deposit(&app, &mut account, 1));
        let mut events = app.log::<AccountEvent>().follow();
        let stop = events.stop_handle();
        let mut seen = 0;
        for event in events.wait() {
            event.unwrap();
            seen += 1;
            if seen == 3 {
                stop.stop();
            }
        }
        assert_eq!(seen, 3);
    }
}
