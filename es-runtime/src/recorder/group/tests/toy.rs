//! A worker that only notes its jobs, and the ways to wait for its group.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::task::Wake;
use std::time::Instant;

use super::super::*;
use crate::wait::Wait;

/// A worker that notes its jobs, panics on demand, and can be held up.
pub(super) struct Toy {
    notes: Arc<Notes>,
}

#[derive(Default)]
pub(super) struct Notes {
    pub(super) done: Mutex<Vec<u64>>,
    pub(super) held: Mutex<bool>,
    pub(super) released: Condvar,
    pub(super) running: AtomicBool,
    pub(super) largest: Mutex<usize>,
    pub(super) ended: AtomicBool,
    pub(super) bell: Bell,
}

/// The first of the jobs that panic.
pub(super) const BAD: u64 = 1 << 40;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done(u64),
    Broken,
    Within,
    Closed,
    Unavailable,
}

impl Worker for Toy {
    type Job = u64;
    type Outcome = Outcome;

    fn run(&mut self, jobs: Vec<u64>) -> Vec<Outcome> {
        self.notes.running.store(true, Ordering::SeqCst);
        let mut held = self.notes.held.lock().unwrap();
        while *held {
            held = self.notes.released.wait(held).unwrap();
        }
        drop(held);
        let mut largest = self.notes.largest.lock().unwrap();
        *largest = jobs.len().max(*largest);
        drop(largest);
        assert!(jobs.iter().all(|job| *job < BAD), "on purpose");
        self.notes.done.lock().unwrap().extend(&jobs);
        self.notes.bell.ring_later();
        jobs.into_iter().map(Outcome::Done).collect()
    }

    fn broken(&mut self) -> Outcome {
        Outcome::Broken
    }

    fn within() -> Outcome {
        Outcome::Within
    }

    fn closed() -> Outcome {
        Outcome::Closed
    }

    fn unavailable(_: &io::Error) -> Outcome {
        Outcome::Unavailable
    }
}

impl Drop for Toy {
    fn drop(&mut self) {
        self.notes.ended.store(true, Ordering::SeqCst);
    }
}

impl Notes {
    pub(super) fn hold(&self) {
        *self.held.lock().unwrap() = true;
        self.running.store(false, Ordering::SeqCst);
    }

    pub(super) fn release(&self) {
        *self.held.lock().unwrap() = false;
        self.released.notify_all();
    }

    pub(super) fn sorted(&self) -> Vec<u64> {
        let mut done = self.done.lock().unwrap().clone();
        done.sort_unstable();
        done
    }
}

pub(super) fn toy() -> (Arc<Group<Toy>>, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    (Arc::new(Group::new(Toy { notes: Arc::clone(&notes) })), notes)
}

/// Fails if the run takes too long: a wake-up was lost.
pub(super) fn in_time(run: impl FnOnce() + Send + 'static) {
    let (send, receive) = mpsc::channel();
    let runs = thread::spawn(move || {
        run();
        let _ = send.send(());
    });
    let ended = receive.recv_timeout(Duration::from_secs(20));
    assert_ne!(ended, Err(mpsc::RecvTimeoutError::Timeout), "stands still: a wake-up was lost");
    runs.join().unwrap();
}

pub(super) fn until(mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(10), "did not come to be");
        thread::sleep(Duration::from_micros(200));
    }
}

pub(super) struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls all futures in turn as an executor does, without the mark.
pub(super) fn drive<F: Future + Unpin>(futures: Vec<F>) -> Vec<F::Output> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut futures: Vec<_> = futures.into_iter().map(|future| (future, None)).collect();
    while futures.iter().any(|(_, output)| output.is_none()) {
        let mut is_changed = false;
        for (future, output) in futures.iter_mut().filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(made) = Pin::new(future).poll(&mut context) {
                *output = Some(made);
                is_changed = true;
            }
        }
        if !is_changed {
            thread::park();
        }
    }
    futures.into_iter().filter_map(|(_, output)| output).collect()
}

pub(super) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls once, with the mark.
pub(super) fn poll_waiting<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).wait()
}

/// Holds up the worker with a job of another thread.
pub(super) fn occupy(group: &Arc<Group<Toy>>, notes: &Notes, job: u64) -> thread::JoinHandle<Outcome> {
    notes.hold();
    let group = Arc::clone(group);
    let thread = thread::spawn(move || group.submit(job).wait());
    until(|| notes.running.load(Ordering::SeqCst));
    thread
}

pub(super) fn queued(group: &Group<Toy>) -> usize {
    group.shared.lock().queue.len()
}

/// Returns a number that depends only on its argument.
pub(super) fn mixed(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}
