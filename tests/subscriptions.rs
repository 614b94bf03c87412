//! Readers that follow the log: every event once, in order, through faults, until somebody stops them.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::{CommitId, Mark, Position, Slice, Slices};
use es_runtime::log::{AnyEvent, SkipReason, Subscription};
use es_runtime::recorder::MemoryRecorder;
use es_runtime::testing::faults::{Call, Faults, Faulty, Gate, Hold, When};
use es_runtime::wait::timeout;
use es_runtime::{Application, Error, ErrorKind, Wait};
use futures_core::Stream;
use uuid::Uuid;

use crate::account::{Account, AccountEvent, Deposited, open};
use crate::application::{Branch, apps, saved};
use crate::log::newer;

/// The longest time that a test waits for something that has to happen.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) fn deposit(app: &Application, account: &mut Account, amount: i64) {
    account.deposit(amount);
    app.save(account).wait().unwrap();
}

/// Returns the next event, which has to come.
pub(crate) fn next<E: Send + 'static>(events: &mut Subscription<E>) -> Result<E, Error> {
    let event = timeout(LONG, events.next()).wait().expect("an event comes").expect("it is not over");
    event.map(|event| event.into_recorded().into_event())
}

/// Returns whether nothing comes for now.
fn is_waiting<E: Send + 'static>(events: &mut Subscription<E>) -> bool {
    timeout(Duration::from_millis(50), events.next()).wait().is_err()
}

/// Waits until a subscription, which returns nothing, has passed a place.
fn reaches<E: Send + 'static>(events: &mut Subscription<E>, mark: Option<Mark>) {
    let begun = Instant::now();
    while events.through() != mark {
        assert!(is_waiting(events), "it returns nothing");
        assert!(begun.elapsed() < LONG, "it stays at {:?}, before {mark:?}", events.through());
    }
}

fn amount(event: &AccountEvent) -> i64 {
    match event {
        AccountEvent::Deposited(Deposited { amount }) => *amount,
        _ => 0,
    }
}

/// An application on a recorder with faults.
pub(crate) fn faulty() -> (Application, Faults) {
    let recorder = Faulty::new(MemoryRecorder::new());
    let faults = recorder.faults().clone();
    (Application::on(Arc::new(recorder)).open().wait().unwrap(), faults)
}

#[test]
fn a_subscription_returns_what_is_stored_and_then_what_comes() {
    for app in apps() {
        let mut account = saved(&app);
        let mut events = app.log::<AccountEvent>().follow();
        assert!(matches!(next(&mut events), Ok(AccountEvent::Opened(_))));
        let kept = events.through();
        assert_eq!(amount(&next(&mut events).unwrap()), 10);
        assert!(is_waiting(&mut events));
        deposit(&app, &mut account, 20);
        assert_eq!(amount(&next(&mut events).unwrap()), 20);
        let mut later = app.log::<AccountEvent>().after(kept).follow();
        assert_eq!([10, 20].map(|_| amount(&next(&mut later).unwrap())), [10, 20]);
        assert!(is_waiting(&mut events) && is_waiting(&mut later));
        assert_eq!(later.through(), events.through());
        let mut of_type = app.log::<Deposited>().after(kept).follow();
        assert_eq!([10, 20].map(|_| next(&mut of_type).unwrap().amount), [10, 20]);
    }
}

#[test]
fn a_subscription_returns_what_another_application_stores_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] =
        [(); 2].map(|()| Application::open_file(folder.path().join("bank.db")).wait().unwrap());
    let mut events = one.log::<AccountEvent>().follow();
    assert!(is_waiting(&mut events));
    let storing = thread::spawn(move || saved(&other));
    assert!(matches!(next(&mut events), Ok(AccountEvent::Opened(_))));
    storing.join().unwrap();
}

#[test]
fn the_kept_place_passes_events_of_other_types_and_slices() {
    for app in apps() {
        let mut events = app.log::<AccountEvent>().follow();
        let (mut branch, mut account) = (Branch::found(), saved(&app));
        assert_eq!([0, 10].map(|_| amount(&next(&mut events).unwrap())), [0, 10]);
        let mark = app.save(&mut branch).wait().unwrap().mark();
        // The branch is no account.
        reaches(&mut events, mark);
        let [half, other] = Slices::split();
        let mine = if half.contains(Slice::of(account.id().uuid())) { half } else { other };
        let theirs = if mine == half { other } else { half };
        let mut none = app.log::<AccountEvent>().slices(theirs).follow();
        reaches(&mut none, mark);
        deposit(&app, &mut account, 1);
        let mut own = app.log::<AccountEvent>().slices(mine).follow();
        assert_eq!([0, 10, 1].map(|_| amount(&next(&mut own).unwrap())), [0, 10, 1]);
    }
}

#[test]
fn a_limit_and_a_last_position_end_a_subscription() {
    for app in apps() {
        let mut account = saved(&app);
        let mut limited = app.log::<AccountEvent>().limit(3).follow();
        let position = Position::new(3).unwrap();
        let mut bounded = app.log::<AccountEvent>().up_to(position).follow();
        let (app, waiting) =
            (app.clone(), thread::spawn(move || (limited.wait().count(), bounded.wait().count())));
        thread::sleep(Duration::from_millis(5));
        deposit(&app, &mut account, 1);
        deposit(&app, &mut account, 1);
        assert_eq!(waiting.join().unwrap(), (3, 3));
    }
}

#[test]
fn events_that_come_while_a_subscription_looks_for_its_end_are_returned() {
    for call in 1..=5 {
        let (app, faults) = faulty();
        let mut account = saved(&app);
        let gate = Gate::closed();
        let held = faults.stall_after(Call::ReadLog, When::at_call(call), &gate);
        let mut events = app.log::<AccountEvent>().up_to(Position::new(3).unwrap()).follow();
        let following =
            thread::spawn(move || events.wait().map(|event| event.unwrap().position().get()).collect());
        let begun = Instant::now();
        while gate.waiting() == 0 && begun.elapsed() < Duration::from_millis(200) {
            thread::sleep(Duration::from_millis(1));
        }
        deposit(&app, &mut account, 1);
        deposit(&app, &mut account, 1);
        gate.open();
        let seen: Vec<u64> = following.join().unwrap();
        assert_eq!(seen, [1, 2, 3], "held up after read {call}");
        assert!(call > 2 || held.strikes() == 1);
    }
}

#[test]
fn errors_that_pass_are_not_returned_and_lose_nothing() {
    let (app, faults) = faulty();
    for (call, kind) in [
        (Call::ReadLog, ErrorKind::Unavailable),
        (Call::ReadLog, ErrorKind::Timeout),
        (Call::Beyond, ErrorKind::Unavailable),
    ] {
        faults.fail_before(call, When::random(3, 5), kind);
    }
    let mut account = saved(&app);
    let mut events = app.log::<AccountEvent>().page_events(2).follow();
    assert!(matches!(next(&mut events), Ok(AccountEvent::Opened(_))));
    for amount_of in 10..40 {
        if amount_of > 10 {
            deposit(&app, &mut account, amount_of);
        }
        assert_eq!(amount(&next(&mut events).unwrap()), amount_of);
    }
    assert!(faults.counts().failed_before > 3, "{:?}", faults.counts());
}

#[test]
fn another_error_is_returned_once_and_ends_the_subscription() {
    for app in apps() {
        saved(&app);
        let stranger = Mark::new(Position::FIRST, CommitId::new());
        let mut events = app.log::<AccountEvent>().after(stranger).follow();
        assert_eq!(next(&mut events).unwrap_err().kind(), ErrorKind::Diverged);
        assert!(events.next().wait().is_none());
        let mut events = app.log::<AccountEvent>().after(stranger).follow();
        assert_eq!(events.next_page().wait().unwrap().unwrap_err().kind(), ErrorKind::Diverged);
        assert!(events.next_page().wait().is_none());
        assert_eq!(events.through(), Some(stranger));

        let mut events = app.log::<AccountEvent>().follow();
        next(&mut events).unwrap();
        app.close();
        next(&mut events).expect("the page was read before");
        assert_eq!(next(&mut events).unwrap_err().kind(), ErrorKind::Closed);
        assert!(events.next().wait().is_none());
    }
}

#[test]
fn an_event_that_the_program_does_not_know_ends_a_subscription_in_its_place() {
    for app in apps() {
        let mut account = saved(&app);
        let mark = newer(&app, account.id().uuid(), 3, "Account.Renamed", "");
        let mut events = app.log::<AccountEvent>().follow();
        let mut pages = app.log::<AccountEvent>().follow();
        assert_eq!([0, 10].map(|_| amount(&next(&mut events).unwrap())), [0, 10]);
        let before = events.through();
        let error = next(&mut events).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownTopic);
        assert!(error.to_string().contains("`Account.Renamed` of version 3"), "{error}");
        assert!(events.next().wait().is_none());
        assert_eq!(events.through(), before, "the event is not passed");
        let page = pages.next_page().wait().unwrap().unwrap();
        assert_eq!((page.skipped[0].why, page.through), (SkipReason::Unknown, Some(mark)));
        account = open();
        app.save(&mut account).wait().unwrap();
        let mut events = app.log::<AccountEvent>().after(before).follow();
        assert_eq!(
            next(&mut events).unwrap_err().kind(),
            ErrorKind::UnknownTopic,
            "it comes before later events"
        );
    }
}

#[test]
fn pages_and_single_events_mix() {
    for app in apps() {
        let mut account = saved(&app);
        deposit(&app, &mut account, 20);
        let newest = app.log::<AnyEvent>().next_page().wait().unwrap().unwrap().through;
        let mut events = app.log::<AccountEvent>().follow();
        next(&mut events).unwrap();
        let page = timeout(LONG, events.next_page()).wait().unwrap().unwrap().unwrap();
        assert_eq!((page.entries.len(), page.through), (2, newest));
        assert_eq!(events.through(), newest);
        assert!(is_waiting(&mut events));
        let mark = newer(&app, account.id().uuid(), 4, "Account.Renamed", "");
        let mut events = app.log::<AccountEvent>().follow();
        (0..3).for_each(|_| drop(next(&mut events).unwrap()));
        let page = timeout(LONG, events.next_page()).wait().unwrap().unwrap().unwrap();
        assert_eq!((page.entries.len(), page.skipped.len(), page.through), (0, 1, Some(mark)));
    }
}

#[test]
fn pages_report_forgotten_aggregates_and_single_events_pass_them() {
    use es_runtime::mapper::{AesGcm, Key, Mapper};

    let mapper = Mapper::new().with_data_keys(AesGcm::new(&Key::generate(256).unwrap()));
    let app = Application::builder("memory:").mapper(mapper).open().wait().unwrap();
    let account = saved(&app);
    let (mut pages, mut events) = (app.log::<AccountEvent>().follow(), app.log::<AccountEvent>().follow());
    next(&mut events).unwrap();
    app.forget(account.id()).wait().unwrap();
    let mut why = Vec::new();
    while why.last() != Some(&SkipReason::Forgotten) {
        let page = timeout(LONG, pages.next_page()).wait().unwrap().unwrap().unwrap();
        assert!(page.entries.is_empty());
        why.extend(page.skipped.iter().map(|row| row.why));
    }
    assert_eq!(why, [SkipReason::Unreadable, SkipReason::Unreadable, SkipReason::Forgotten]);
    next(&mut events).expect("it was read before");
    reaches(&mut events, pages.through());
}

#[test]
fn a_page_is_bounded_by_events_and_by_bytes() {
    for app in apps() {
        let mut account = saved(&app);
        (0..20).for_each(|_| deposit(&app, &mut account, 1));
        let sizes = |mut events: Subscription<AccountEvent>| {
            let mut sizes = Vec::new();
            while sizes.iter().sum::<usize>() < 22 {
                sizes.push(events.next_page().wait().unwrap().unwrap().entries.len());
            }
            sizes
        };
        assert_eq!(sizes(app.log().page_events(8).follow()), [8, 8, 6]);
        assert_eq!(sizes(app.log().page_events(0).follow()), [1; 22], "a page holds one event at least");
        assert_eq!(sizes(app.log().page_bytes(1).follow()), [1; 22]);
        assert_eq!(sizes(app.log().follow()), [22]);
    }
}

#[test]
fn a_subscription_is_a_stream_and_can_move_between_threads() {
    fn check<S: Stream<Item = Result<T, Error>> + Send + Unpin, T>(_: &S) {}
    for app in apps() {
        saved(&app);
        let mut events = app.log::<AccountEvent>().follow();
        check(&events);
        let mut context = Context::from_waker(Waker::noop());
        let begun = Instant::now();
        let mut seen = 0;
        while seen < 2 {
            match Pin::new(&mut events).poll_next(&mut context) {
                Poll::Ready(Some(Ok(_))) => seen += 1,
                Poll::Ready(other) => panic!("{other:?}"),
                Poll::Pending => thread::sleep(Duration::from_millis(1)),
            }
            assert!(begun.elapsed() < LONG);
        }
        assert!(Pin::new(&mut events).poll_next(&mut context).is_pending());
    }
}

#[test]
fn every_follower_sees_every_event_once_and_in_order_while_many_write() {
    let (app, faults) = faulty();
    // Commits appear later than later ones, and reads fail and stall.
    faults.hold_back(When::random(3, 7), Hold::For(Duration::from_millis(2)));
    faults.stall_after(Call::ReadLog, When::random(5, 8), Duration::from_millis(1));
    faults.fail_before(Call::ReadLog, When::random(7, 9), ErrorKind::Unavailable);
    faults.fail_before(Call::Beyond, When::random(7, 10), ErrorKind::Unavailable);
    let is_done = AtomicBool::new(false);
    let follow = |page: usize, slices: Slices| {
        let mut events = app.log::<AccountEvent>().page_events(page).slices(slices).follow();
        let mut seen = Vec::new();
        loop {
            let is_last = is_done.load(Ordering::SeqCst);
            match timeout(Duration::from_millis(200), events.next()).wait() {
                Ok(Some(event)) => {
                    let event = event.unwrap();
                    seen.push((event.position(), event.envelope().id(), event.envelope().version()));
                    // A reader that begins again goes on after the place that it kept.
                    if seen.len() % 50 == 0 {
                        events = app
                            .log::<AccountEvent>()
                            .page_events(page)
                            .slices(slices)
                            .after(events.through())
                            .follow();
                    }
                }
                Ok(None) => panic!("nobody stops it"),
                Err(_) if is_last => return seen,
                // The subscription goes on, though the future of its next event was dropped.
                Err(_) => {}
            }
        }
    };
    let [half, other] = Slices::split();
    let followed = thread::scope(|scope| {
        let following = [(1, Slices::ALL), (7, Slices::ALL), (1_000, half), (1_000, other)]
            .map(|(page, slices)| scope.spawn(move || follow(page, slices)));
        let writing: Vec<_> = (0..4)
            .map(|_| {
                let app = &app;
                scope.spawn(move || {
                    for _ in 0..10 {
                        let mut account = saved(app);
                        (0..4).for_each(|_| deposit(app, &mut account, 1));
                    }
                })
            })
            .collect();
        for writing in writing {
            writing.join().unwrap();
        }
        faults.show_all();
        is_done.store(true, Ordering::SeqCst);
        following.map(|following| following.join().unwrap())
    });
    let counts = faults.counts();
    assert!(counts.held_back > 20 && counts.failed_before > 20, "{counts:?}");
    let [one, few, half, other] = followed;
    assert_eq!(one.len(), 4 * 10 * 6);
    assert_eq!(one, few);
    assert_eq!(half.len() + other.len(), one.len(), "each has events of its own");
    for seen in [&one, &half, &other] {
        assert!(seen.is_sorted_by(|one, next| one.0 < next.0));
        let mut last: BTreeMap<Uuid, u64> = BTreeMap::new();
        for (_, id, version) in seen {
            let earlier = last.insert(*id, version.get()).unwrap_or(0);
            assert_eq!(version.get(), earlier + 1);
        }
    }
}

#[test]
fn a_thousand_kept_subscriptions_hold_up_nobody() {
    for app in apps() {
        let mut kept: Vec<_> = (0..1_000).map(|_| app.log::<AccountEvent>().follow()).collect();
        let mut context = Context::from_waker(Waker::noop());
        for events in &mut kept {
            assert!(pin!(events.next()).poll(&mut context).is_pending());
        }
        let mut account = open();
        deposit(&app, &mut account, 5);
        let mut events = app.log::<AccountEvent>().follow();
        assert_eq!([0, 5].map(|_| amount(&next(&mut events).unwrap())), [0, 5]);
        for events in kept.iter_mut().step_by(100) {
            assert_eq!([0, 5].map(|_| amount(&next(events).unwrap())), [0, 5]);
        }
    }
}
