//! The lag of a view: of what its runner has read and of what it has handled, in positions and in time.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use es_runtime::{Application, ErrorKind, Wait, projection};

use crate::LONG;
use crate::account::{Account, Deposited};
use crate::balances::account;

/// A view whose handler announces each event, and then waits.
struct HeldBack {
    both: Mutex<(Sender<i64>, Receiver<()>)>,
}

#[projection(Account, ..)]
impl HeldBack {
    #[event]
    fn deposited(&mut self, event: &Deposited) {
        let (announce, released) = self.both.get_mut().unwrap();
        let _ = announce.send(event.amount);
        let _ = released.recv();
    }
}

#[test]
fn health_reports_the_lag_of_what_is_read_and_of_what_is_handled() {
    let age = Duration::from_millis(300);
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1]);
    thread::sleep(age);
    let ((announce, announced), (release, released)) = (channel(), channel());
    let view = HeldBack { both: Mutex::new((announce, released)) };
    let held = app.project(view).in_memory().start().wait().unwrap();
    announced.recv_timeout(LONG).unwrap();

    // The runner has read both events, and handles the second.
    let health = held.health().wait().unwrap();
    assert_eq!((health.behind, health.unread, health.unread_time), (2, 0, Duration::ZERO), "{health:?}");
    assert!(health.behind_time >= age && health.behind_time < LONG, "{health:?}");
    assert!(health.still < health.behind_time, "the runner has only begun: {health:?}");
    assert!(health.is_healthy(), "{health}");
    assert!(health.to_string().contains("2 positions and "), "{health}");

    // It has not read what comes meanwhile.
    ann.deposit(2);
    app.save(&mut ann).wait().unwrap();
    let health = held.health().wait().unwrap();
    assert_eq!((health.behind, health.unread), (3, 1), "{health:?}");
    assert!(health.behind_time >= age, "{health:?}");
    assert!(health.unread_time < health.behind_time, "the new event is younger: {health:?}");

    release.send(()).unwrap();
    release.send(()).unwrap();
    held.caught_up().within(LONG).wait().unwrap();
    let health = held.health().wait().unwrap();
    assert_eq!((health.behind, health.unread), (0, 0));
    assert_eq!((health.behind_time, health.unread_time), (Duration::ZERO, Duration::ZERO));

    // No runner works any more, and the next event ages all the same.
    held.stop().wait().unwrap();
    ann.deposit(3);
    app.save(&mut ann).wait().unwrap();
    thread::sleep(age);
    let health = held.health().wait().unwrap();
    assert_eq!((health.behind, health.unread), (1, 1), "{health:?}");
    assert!(health.behind_time >= age && health.unread_time >= age, "{health:?}");
}

/// A waker that reports each call.
struct Reports(Sender<()>);

impl Wake for Reports {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

#[test]
fn a_wait_for_a_view_sleeps_until_the_view_moves_and_reports_how_far_it_is() {
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[]);
    let ((announce, announced), (release, released)) = (channel(), channel());
    let view = HeldBack { both: Mutex::new((announce, released)) };
    let held = app.project(view).in_memory().start().wait().unwrap();
    held.caught_up().within(LONG).wait().unwrap();
    ann.deposit(1);
    let receipt = app.save(&mut ann).wait().unwrap();
    announced.recv_timeout(LONG).unwrap();
    let error = held.reached(&receipt).within(Duration::from_millis(20)).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let said = "is running, and did not reach the place within 20ms: it has handled the log up to position 1, \
                1 position behind its head";
    assert!(error.to_string().contains(said), "{error}");

    let (report, calls) = channel();
    let waker = Waker::from(Arc::new(Reports(report)));
    let mut wait = pin!(held.reached(&receipt).into_future());
    let mut poll = || wait.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll().is_pending());
    thread::sleep(Duration::from_millis(300));
    assert!(calls.try_recv().is_err(), "nothing has moved: the wait looks again by itself");
    release.send(()).unwrap();
    loop {
        calls.recv_timeout(LONG).expect("the view has moved, and the wait is not woken");
        if let Poll::Ready(reached) = poll() {
            break reached.unwrap();
        }
    }
}
