//! The group with a worker that only notes what it did: no wake-up is lost, no job is lost or done twice.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::task::Wake;
use std::time::Instant;

use super::*;
use crate::wait::Wait;

/// Notes the jobs that it did, panics on demand, and can be held up.
struct Toy {
    notes: Arc<Notes>,
}

#[derive(Default)]
struct Notes {
    done: Mutex<Vec<u64>>,
    held: Mutex<bool>,
    released: Condvar,
    running: AtomicBool,
    largest: Mutex<usize>,
    ended: AtomicBool,
    bell: Bell,
}

/// Jobs from here on panic.
const BAD: u64 = 1 << 40;

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done(u64),
    Broken,
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
        jobs.into_iter().map(Outcome::Done).collect()
    }

    fn bell(&mut self) -> Option<Bell> {
        Some(self.notes.bell.clone())
    }

    fn broken(&mut self) -> Outcome {
        Outcome::Broken
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
    fn hold(&self) {
        *self.held.lock().unwrap() = true;
        self.running.store(false, Ordering::SeqCst);
    }

    fn release(&self) {
        *self.held.lock().unwrap() = false;
        self.released.notify_all();
    }

    fn sorted(&self) -> Vec<u64> {
        let mut done = self.done.lock().unwrap().clone();
        done.sort_unstable();
        done
    }
}

fn toy() -> (Arc<Group<Toy>>, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    (Arc::new(Group::new(Toy { notes: Arc::clone(&notes) })), notes)
}

/// Fails if it takes too long: something was not woken.
fn in_time(run: impl FnOnce() + Send + 'static) {
    let (send, receive) = mpsc::channel();
    let runs = thread::spawn(move || {
        run();
        let _ = send.send(());
    });
    let ended = receive.recv_timeout(Duration::from_secs(20));
    assert_ne!(ended, Err(mpsc::RecvTimeoutError::Timeout), "stands still: a wake-up was lost");
    runs.join().unwrap();
}

fn until(mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(10), "did not come to be");
        thread::sleep(Duration::from_micros(200));
    }
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls all in turn as an executor does, without the mark.
fn drive<F: Future + Unpin>(futures: Vec<F>) -> Vec<F::Output> {
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

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// One poll with the mark.
fn poll_waiting<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).wait()
}

/// Holds the worker up with a job of another thread.
fn occupy(group: &Arc<Group<Toy>>, notes: &Notes, job: u64) -> thread::JoinHandle<Outcome> {
    notes.hold();
    let group = Arc::clone(group);
    let thread = thread::spawn(move || group.submit(job).wait());
    until(|| notes.running.load(Ordering::SeqCst));
    thread
}

fn queued(group: &Group<Toy>) -> usize {
    group.shared.lock().queue.len()
}

/// A number that depends on nothing but its place.
fn mixed(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}

#[test]
fn many_threads_that_wait_and_many_futures_are_each_served_once() {
    in_time(|| {
        let (group, notes) = toy();
        thread::scope(|scope| {
            for thread in 0..12_u64 {
                let group = &group;
                scope.spawn(move || {
                    let jobs = (0..400).map(|nr| thread * 1_000 + nr);
                    if thread % 3 == 0 {
                        let futures = jobs.clone().map(|job| group.submit(job)).collect();
                        assert_eq!(drive(futures), jobs.map(Outcome::Done).collect::<Vec<_>>());
                    } else {
                        jobs.for_each(|job| assert_eq!(group.submit(job).wait(), Outcome::Done(job)));
                    }
                });
            }
        });
        let all: Vec<_> = (0..12).flat_map(|thread| (0..400).map(move |nr| thread * 1_000 + nr)).collect();
        assert_eq!(notes.sorted(), all);
    });
}

#[test]
fn futures_that_are_dropped_at_any_moment_harm_no_other() {
    in_time(|| {
        let (group, notes) = toy();
        thread::scope(|scope| {
            for thread in 0..8_u64 {
                let group = &group;
                scope.spawn(move || {
                    for nr in 0..400 {
                        let job = thread * 1_000 + nr;
                        let mut future = group.submit(job);
                        // Odd ones are dropped after up to two polls, in either way.
                        let polls = if job % 2 == 1 { mixed(job) % 3 } else { 0 };
                        let way = mixed(job + 1) % 2;
                        let is_done = (0..polls).any(|_| {
                            if way == 0 { poll_once(&mut future) } else { poll_waiting(&mut future) }
                                .is_ready()
                        });
                        if job % 2 == 1 || is_done {
                            continue;
                        }
                        let outcome =
                            if way == 0 { drive(vec![future]).pop().unwrap() } else { future.wait() };
                        assert_eq!(outcome, Outcome::Done(job));
                    }
                });
            }
        });
        let done = notes.sorted();
        assert!(done.windows(2).all(|pair| pair[0] < pair[1]), "a job was done twice");
        let kept = done.iter().filter(|job| **job % 2 == 0).count();
        assert_eq!(kept, 8 * 200, "so many of those that were not dropped are done");
    });
}

#[test]
fn a_worker_that_panics_breaks_only_what_it_had() {
    in_time(|| {
        let (group, notes) = toy();
        thread::scope(|scope| {
            for thread in 0..6_u64 {
                let (group, notes) = (&group, &notes);
                scope.spawn(move || {
                    for nr in 0..200 {
                        let is_bad = mixed(thread * 1_000 + nr).is_multiple_of(10);
                        let job = thread * 1_000 + nr + if is_bad { BAD } else { 0 };
                        let future = group.submit(job);
                        let outcome =
                            if thread % 2 == 0 { future.wait() } else { drive(vec![future]).pop().unwrap() };
                        let is_done = notes.done.lock().unwrap().contains(&job);
                        assert_eq!(outcome, if is_done { Outcome::Done(job) } else { Outcome::Broken });
                        assert!(!(is_bad && is_done));
                    }
                });
            }
        });
        assert_eq!(group.submit(7_777).wait(), Outcome::Done(7_777));
        assert_eq!(drive(vec![group.submit(7_778)]), [Outcome::Done(7_778)]);
    });
}

#[test]
fn what_was_asked_for_before_closing_is_done_and_then_all_ends() {
    in_time(|| {
        let (group, notes) = toy();
        let first = occupy(&group, &notes, 0);
        let mut polled: Vec<_> = (1..=5).map(|job| group.submit(job)).collect();
        assert!(polled.iter_mut().all(|future| poll_once(future).is_pending()));
        let waiting: Vec<_> = (6..=9)
            .map(|job| {
                let group = Arc::clone(&group);
                thread::spawn(move || group.submit(job).wait())
            })
            .collect();
        until(|| queued(&group) == 9);
        let unpolled = group.submit(10);
        group.close();
        assert_eq!(group.submit(11).wait(), Outcome::Closed);
        assert_eq!(drive(vec![group.submit(12), unpolled]), [Outcome::Closed, Outcome::Closed]);
        assert!(!notes.ended.load(Ordering::SeqCst));
        notes.release();
        assert_eq!(first.join().unwrap(), Outcome::Done(0));
        assert_eq!(drive(polled), (1..=5).map(Outcome::Done).collect::<Vec<_>>());
        for (job, thread) in (6..=9).zip(waiting) {
            assert_eq!(thread.join().unwrap(), Outcome::Done(job));
        }
        until(|| notes.ended.load(Ordering::SeqCst));
        let shared = Arc::downgrade(&group.shared);
        drop(group);
        until(|| shared.strong_count() == 0);
        assert_eq!(notes.sorted(), (0..=9).collect::<Vec<_>>());
    });
}

#[test]
fn the_worker_ends_also_if_the_last_that_was_queued_is_dropped() {
    in_time(|| {
        for is_waiting in [true, false] {
            let (group, notes) = toy();
            let first = occupy(&group, &notes, 0);
            let mut kept = group.submit(1);
            let polled = if is_waiting { poll_waiting(&mut kept) } else { poll_once(&mut kept) };
            assert!(polled.is_pending());
            group.close();
            notes.release();
            first.join().unwrap();
            drop(kept);
            until(|| notes.ended.load(Ordering::SeqCst));
            let shared = Arc::downgrade(&group.shared);
            drop(group);
            until(|| shared.strong_count() == 0);
        }
    });
}

#[test]
fn who_is_called_to_lead_and_does_not_come_holds_up_nobody() {
    in_time(|| {
        let (group, notes) = toy();
        for round in 0..20 {
            let first = occupy(&group, &notes, round * 10);
            let mut kept = group.submit(round * 10 + 1);
            assert!(poll_waiting(&mut kept).is_pending());
            let other = {
                let group = Arc::clone(&group);
                thread::spawn(move || group.submit(round * 10 + 2).wait())
            };
            until(|| queued(&group) == 2);
            notes.release();
            first.join().unwrap();
            assert_eq!(other.join().unwrap(), Outcome::Done(round * 10 + 2));
            drop(kept);
        }
    });
}

#[test]
fn a_future_may_go_from_a_waiting_thread_to_an_executor_and_back() {
    in_time(|| {
        let (group, notes) = toy();
        let first = occupy(&group, &notes, 0);
        let (mut one, mut other) = (group.submit(1), group.submit(2));
        assert!(poll_waiting(&mut one).is_pending());
        assert!(poll_once(&mut other).is_pending());
        let driven = thread::spawn(move || drive(vec![one]));
        let waited = thread::spawn(move || other.wait());
        thread::sleep(Duration::from_millis(20));
        notes.release();
        assert_eq!(driven.join().unwrap(), [Outcome::Done(1)]);
        assert_eq!(waited.join().unwrap(), Outcome::Done(2));
        first.join().unwrap();
    });
}

#[test]
fn jobs_are_done_in_their_order_and_not_too_many_together() {
    in_time(|| {
        let (group, notes) = toy();
        let first = occupy(&group, &notes, 0);
        let mut futures: Vec<_> = (1..=2_000).map(|job| group.submit(job)).collect();
        assert!(futures.iter_mut().all(|future| poll_once(future).is_pending()));
        notes.release();
        assert_eq!(drive(futures).len(), 2_000);
        first.join().unwrap();
        assert_eq!(*notes.done.lock().unwrap(), (0..=2_000).collect::<Vec<_>>());
        assert!((2..=MOST).contains(&*notes.largest.lock().unwrap()));
    });
}

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

#[test]
fn to_drop_forty_thousand_that_wait_is_quick_and_frees_their_jobs_and_leaves_the_others() {
    in_time(|| {
        for way in 0..4 {
            let (group, notes) = toy();
            let first = occupy(&group, &notes, 0);
            let mut futures: Vec<_> = (1..=40_000).map(|job| (job, group.submit(job))).collect();
            for (job, future) in &mut futures {
                let pending =
                    if way % 2 == 0 || *job % 2 == 0 { poll_once(future) } else { poll_waiting(future) };
                assert!(pending.is_pending());
            }
            let mut kept = Vec::new();
            if way >= 2 {
                // From both ends, and from the middle.
                futures.sort_by_key(|(job, _)| mixed(*job));
            }
            let began = Instant::now();
            for (job, future) in futures {
                if job % 10_000 == 0 {
                    kept.push((job, future));
                }
            }
            let took = began.elapsed();
            assert!(took < Duration::from_secs(2), "it took {took:?}");
            assert_eq!(queued(&group), 4);
            assert!(group.shared.lock().queue.places() <= 8, "the given-up jobs stay");
            notes.release();
            first.join().unwrap();
            kept.sort_by_key(|(job, _)| *job);
            let (jobs, kept): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
            assert_eq!(drive(kept), jobs.iter().copied().map(Outcome::Done).collect::<Vec<_>>());
            assert_eq!(notes.sorted(), [0, 10_000, 20_000, 30_000, 40_000]);
        }
    });
}

#[test]
fn a_future_that_is_never_polled_does_nothing() {
    let (group, notes) = toy();
    drop(group.submit(1));
    assert_eq!(group.submit(2).wait(), Outcome::Done(2));
    assert_eq!(notes.sorted(), [2]);
    let mut future = group.submit(3);
    assert_eq!(poll_waiting(&mut future), Poll::Ready(Outcome::Done(3)));
    assert_eq!(poll_once(&mut future), Poll::Ready(Outcome::Closed), "polled again after its end");
}

#[test]
fn polled_jobs_that_nobody_can_work_for_are_given_up() {
    in_time(|| {
        let (group, notes) = toy();
        NO_THREADS.set(true);
        assert_eq!(
            drive(vec![group.submit(1), group.submit(2)]),
            [Outcome::Unavailable, Outcome::Unavailable]
        );
        assert_eq!(group.submit(3).wait(), Outcome::Done(3), "who waits works himself");
        NO_THREADS.set(false);
        assert_eq!(drive(vec![group.submit(4)]), [Outcome::Done(4)], "once there can be a thread");
        assert_eq!(notes.sorted(), [3, 4]);
    });
}

#[test]
fn without_a_thread_who_leads_gives_up_only_what_nobody_can_lead() {
    in_time(|| {
        for (waiting, closes) in [(0, false), (0, true), (2, false), (2, true)] {
            let (group, notes) = toy();
            notes.hold();
            let submit = |job: u64| {
                let group = Arc::clone(&group);
                thread::spawn(move || {
                    NO_THREADS.set(true);
                    group.submit(job).wait()
                })
            };
            let first = submit(0);
            until(|| notes.running.load(Ordering::SeqCst));
            NO_THREADS.set(true);
            let mut polled: Vec<_> = (1..=3).map(|job| group.submit(job)).collect();
            assert!(polled.iter_mut().all(|future| poll_once(future).is_pending()), "somebody leads");
            let others: Vec<_> = (4..4 + waiting).map(submit).collect();
            until(|| queued(&group) == 3 + others.len());
            // Called to lead, it would not come.
            let mut kept = group.submit(9);
            if waiting > 0 {
                assert!(poll_waiting(&mut kept).is_pending());
            }
            if closes {
                group.close();
            }
            notes.release();
            assert_eq!(first.join().unwrap(), Outcome::Done(0));
            let outcomes = drive(polled);
            if waiting > 0 {
                assert_eq!(outcomes, (1..=3).map(Outcome::Done).collect::<Vec<_>>());
            } else {
                assert_eq!(outcomes, [Outcome::Unavailable, Outcome::Unavailable, Outcome::Unavailable]);
            }
            for (job, thread) in (4..).zip(others) {
                assert_eq!(thread.join().unwrap(), Outcome::Done(job));
            }
            drop(kept);
            group.close();
            until(|| notes.ended.load(Ordering::SeqCst));
        }
    });
}

#[test]
fn without_a_thread_any_who_waits_may_lead() {
    in_time(|| {
        let (group, notes) = toy();
        notes.hold();
        let first = {
            let group = Arc::clone(&group);
            thread::spawn(move || {
                NO_THREADS.set(true);
                group.submit(0).wait()
            })
        };
        until(|| notes.running.load(Ordering::SeqCst));
        // It is called first, and does not come.
        let mut kept = group.submit(1);
        assert!(poll_waiting(&mut kept).is_pending());
        let other = {
            let group = Arc::clone(&group);
            thread::spawn(move || group.submit(2).wait())
        };
        until(|| queued(&group) == 2);
        notes.release();
        assert_eq!(first.join().unwrap(), Outcome::Done(0));
        assert_eq!(other.join().unwrap(), Outcome::Done(2));
        drop(kept);
    });
}

/// Asks for a job and waits for it; first it looks whether an earlier one is answered.
struct Asks {
    group: Arc<Group<Toy>>,
    job: u64,
    earlier: Mutex<Option<Arc<Slot<Outcome>>>>,
    /// Gets true if the earlier job was answered, and the outcome of the waker's own job.
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
