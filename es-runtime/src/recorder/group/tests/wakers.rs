//! Wakers are code of the callers: they may panic, and submit jobs to the group.

use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::task::Wake;

use super::super::*;
use super::toy::*;
use crate::wait::Wait;

struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        panic!("on purpose")
    }
}

#[test]
fn a_waker_that_panics_does_not_take_the_worker_along() {
    in_time(|| {
        let (group, notes) = toy();
        let first = occupy(&group, &notes, 0);
        let waker = Waker::from(Arc::new(PanickingWaker));
        let mut future = group.submit(1);
        assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_pending());
        notes.release();
        first.join().unwrap();
        assert_eq!(group.submit(2).wait(), Outcome::Done(2));
        until(|| poll_once(&mut future).is_ready());
        assert_eq!(notes.sorted(), [0, 1, 2]);
    });
}

/// A waker that submits a job and waits for it; first it checks whether an earlier job is answered.
struct Asks {
    group: Arc<Group<Toy>>,
    job: u64,
    earlier: Mutex<Option<Arc<Slot<Outcome>>>>,
    /// Receives true if the earlier job was answered, and the outcome of the waker's own job.
    seen: mpsc::Sender<(bool, Outcome)>,
}

impl Asks {
    fn new(group: &Arc<Group<Toy>>, job: u64) -> (Arc<Self>, mpsc::Receiver<(bool, Outcome)>) {
        let (seen, receive) = mpsc::channel();
        (Arc::new(Self { group: Arc::clone(group), job, earlier: Mutex::default(), seen }), receive)
    }
}

impl Wake for Asks {
    fn wake(self: Arc<Self>) {
        let earlier = self.earlier.lock().unwrap().take();
        let is_answered = earlier.is_none_or(|slot| slot.is_filled());
        let _ = self.seen.send((is_answered, self.group.submit(self.job).wait()));
    }
}

#[test]
fn a_waker_of_the_bell_may_ask_the_worker_who_worked_at_once() {
    in_time(|| {
        let (group, notes) = toy();
        let (asks, seen) = Asks::new(&group, 2);
        let mut heard = notes.bell.listen();
        assert!(Pin::new(&mut heard).poll(&mut Context::from_waker(&Waker::from(asks))).is_pending());
        assert_eq!(group.submit(1).wait(), Outcome::Done(1));
        assert_eq!(seen.recv().unwrap(), (true, Outcome::Done(2)));
        assert_eq!(notes.sorted(), [1, 2]);
    });
}

#[test]
fn a_waker_of_the_bell_finds_the_answers_given_and_may_ask_the_worker_of_a_leader() {
    in_time(|| {
        let (group, notes) = toy();
        let (asks, seen) = Asks::new(&group, 3);
        notes.hold();
        let mut job = group.submit(4);
        assert!(poll_once(&mut job).is_pending());
        until(|| notes.running.load(Ordering::SeqCst));
        asks.earlier.lock().unwrap().clone_from(&job.slot);
        let mut heard = notes.bell.listen();
        let waker = Waker::from(Arc::clone(&asks));
        assert!(Pin::new(&mut heard).poll(&mut Context::from_waker(&waker)).is_pending());
        notes.release();
        assert_eq!(seen.recv().unwrap(), (true, Outcome::Done(3)));
        assert_eq!(drive(vec![job]), [Outcome::Done(4)]);
    });
}

#[test]
fn a_waker_of_a_job_may_ask_the_worker_who_did_it() {
    in_time(|| {
        let (group, notes) = toy();
        let (asks, seen) = Asks::new(&group, 2);
        notes.hold();
        let mut job = group.submit(1);
        let waker = Waker::from(asks);
        assert!(Pin::new(&mut job).poll(&mut Context::from_waker(&waker)).is_pending());
        notes.release();
        assert_eq!(seen.recv().unwrap(), (true, Outcome::Done(2)));
        assert_eq!(poll_once(&mut job), Poll::Ready(Outcome::Done(1)));
    });
}
