//! The group with a worker that only notes its jobs: no wake-up is lost, and no job is lost or done twice.

mod threadless;
mod toy;
mod wakers;

use std::sync::atomic::Ordering;
use std::time::Instant;

use self::toy::*;
use super::*;
use crate::wait::Wait;

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
                        // Odd jobs are dropped after up to two polls, in either way.
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
fn closing_ends_the_group_after_the_earlier_jobs() {
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
fn a_leader_that_never_polls_again_holds_up_no_other_job() {
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
                // The order mixes both ends and the middle.
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
