//! The group on a system that starts no thread.

use std::sync::atomic::Ordering;

use super::super::*;
use super::toy::*;
use crate::wait::Wait;

#[test]
fn polled_jobs_that_nobody_can_work_for_are_given_up() {
    in_time(|| {
        let (group, notes) = toy();
        NO_THREADS.set(true);
        assert_eq!(
            drive(vec![group.submit(1), group.submit(2)]),
            [Outcome::Unavailable, Outcome::Unavailable]
        );
        assert_eq!(group.submit(3).wait(), Outcome::Done(3), "a waiting caller does the job itself");
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
            // This future, called to lead, would not come.
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
        // The group calls this future first, and it does not come.
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
