//! The cache: never an older state, never a torn one.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, EventPage, EventRange, KeyRecorder, MemoryRecorder,
    Receipt,
};
use es_runtime::store::{Cache, Repository};
use es_runtime::{Application, Error, ErrorKind, Wait, aggregate, mutator};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::{Account, open};

#[aggregate]
struct GuestBook {
    entries: Vec<u32>,
}

#[mutator]
impl GuestBook {
    #[event(GuestBookMade)]
    fn make() -> Self {
        Self { entries: Vec::new() }
    }

    #[event(Entered)]
    fn enter(&mut self, number: u32) {
        self.entries.push(number);
    }
}

thread_local! {
    static COPIES: Cell<u64> = const { Cell::new(0) };
}

/// A value that counts, for each thread, how often it is copied.
#[derive(Serialize, Deserialize)]
struct Copied;

impl Clone for Copied {
    fn clone(&self) -> Self {
        COPIES.set(COPIES.get() + 1);
        Self
    }
}

#[aggregate]
struct Tally {
    copied: Copied,
    count: u64,
    half_done: bool,
}

#[mutator]
impl Tally {
    #[event(TallyMade)]
    fn make() -> Self {
        Self { copied: Copied, count: 0, half_done: false }
    }

    #[event(Tallied)]
    fn add(&mut self, by: u64) {
        self.half_done = true;
        assert!(by < 1_000, "on purpose");
        self.half_done = false;
        self.count += by;
    }
}

/// Returns the number of copies that the work makes.
fn copies<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = COPIES.get();
    let made = work();
    (COPIES.get() - before, made)
}

fn app(cache: Cache) -> Application {
    Application::builder("memory:").cache(cache).open().wait().unwrap()
}

fn saved(app: &Application) -> Account {
    let mut account = open();
    account.deposit(10);
    app.save(&mut account).wait().unwrap();
    account
}

#[test]
fn the_cache_returns_the_newest_state() {
    let app = app(Cache::of(10));
    let id = saved(&app).id();
    let mut account = app.get(id).wait().unwrap();
    account.deposit(1);
    app.save(&mut account).wait().unwrap();
    for _ in 0..2 {
        let again = app.get(id).wait().unwrap();
        assert_eq!((again.balance, again.version().get()), (11, 3));
        assert_eq!((again.created_at(), again.modified_at()), (account.created_at(), account.modified_at()));
    }
    // The cache returns a copy: a change of one does not reach the next.
    let mut changed = app.get(id).wait().unwrap();
    changed.deposit(100);
    assert_eq!(app.get(id).wait().unwrap().balance, 11);
    assert_eq!(app.get_at(id, 2).wait().unwrap().balance, 10);
}

#[test]
fn a_discarded_aggregate_leaves_the_cache() {
    for cache in [Cache::of(10), Cache::of(10).trusting()] {
        let app = app(cache);
        let id = saved(&app).id();
        let account = app.get(id).wait().unwrap();
        app.save(&mut account.discard()).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[test]
fn a_trusting_cache_does_not_ask_and_learns_from_a_conflict() {
    let app = app(Cache::of(10).trusting());
    let mut account = saved(&app);
    let id = account.id();
    // Another writer saves behind the cache's back.
    let store = app.store().clone();
    let other = Repository::new(store);
    let mut behind: Account = other.get(id).wait().unwrap();
    behind.deposit(5);
    other.store().put(behind.pending()).wait().unwrap();
    assert_eq!(app.get(id).wait().unwrap().balance, 10);
    account.deposit(1);
    assert_eq!(app.save(&mut account).wait().unwrap_err().kind(), ErrorKind::Conflict);
    // A command that loses to another writer loads the newest state.
    let balance = app.execute(id, |account: &mut Account| {
        account.deposit(1);
        Ok::<_, ()>(account.balance)
    });
    assert_eq!(balance.wait().unwrap(), Ok(16));
}

#[test]
fn a_state_that_was_loaded_before_the_end_does_not_come_back_after_it() {
    for _ in 0..30 {
        let app = app(Cache::of(10).trusting());
        let mut account = open();
        (0..500).for_each(|_| account.deposit(1));
        app.save(&mut account).wait().unwrap();
        let id = account.id();
        let other = Repository::new(app.store().clone());
        let account: Account = other.get(id).wait().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| drop(app.get(id).wait()));
            app.save(&mut account.discard()).wait().unwrap();
        });
        assert_eq!(app.get(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
    }
}

/// A recorder that counts the rows that it returns, and delays the answer to an append.
#[derive(Default)]
struct Counting {
    store: MemoryRecorder,
    rows: AtomicU64,
    /// If set, an append waits before it stores, and once more before it answers.
    is_slow: AtomicBool,
}

/// Is pending at the first poll, and ready at the second.
async fn later() {
    let mut polls = 0;
    poll_fn(|_| {
        polls += 1;
        if polls > 1 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl AggregateRecorder for Counting {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        let is_slow = self.is_slow.load(Ordering::Relaxed);
        if is_slow {
            later().await;
        }
        let stored = self.store.append(commit).await;
        if is_slow {
            later().await;
        }
        stored
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        let rows = self.store.select(id, range).await?;
        self.rows.fetch_add(rows.events.len() as u64, Ordering::Relaxed);
        Ok(rows)
    }

    delegate_commits!(store);
}

impl KeyRecorder for Counting {
    delegate_keys!(store);
}

impl ApplicationRecorder for Counting {
    delegate_log!(store);
}

impl Counting {
    /// Returns the number of rows that the work reads.
    fn rows<T>(&self, work: impl FnOnce() -> T) -> (u64, T) {
        let before = self.rows.load(Ordering::Relaxed);
        let made = work();
        (self.rows.load(Ordering::Relaxed) - before, made)
    }
}

fn counting(cache: Cache) -> (Application, Arc<Counting>) {
    let recorder = Arc::new(Counting::default());
    (Application::on(Arc::clone(&recorder) as _).cache(cache).open().wait().unwrap(), recorder)
}

/// Returns caches, each with the number of rows that a hit reads: one, to check that the last event is still there, or
/// none.
fn counted_caches() -> [(Cache, u64); 4] {
    [
        (Cache::of(10), 1),
        (Cache::unbounded(), 1),
        (Cache::of(10).trusting(), 0),
        (Cache::unbounded().trusting(), 0),
    ]
}

fn caches() -> [Cache; 4] {
    counted_caches().map(|(cache, _)| cache)
}

#[test]
fn only_what_is_new_is_read() {
    let (app, recorder) = counting(Cache::of(2));
    let mut account = open();
    (0..9).for_each(|_| account.deposit(1));
    app.store().put(account.pending()).wait().unwrap();
    let read = || recorder.rows(|| app.get(account.id()).wait().unwrap().balance);
    // The load reads the row of the last event, and does not replay it.
    assert_eq!((read(), read()), ((10, 9), (1, 9)));
    // Another writer stores an event.
    let mut behind: Account = Repository::new(app.store().clone()).get(account.id()).wait().unwrap();
    behind.deposit(5);
    app.store().put(behind.pending()).wait().unwrap();
    assert_eq!((read(), read()), ((2, 14), (1, 14)));
}

#[test]
fn the_cache_holds_a_saved_aggregate() {
    for (cache, hit) in counted_caches() {
        let (app, recorder) = counting(cache);
        let mut tally = Tally::make();
        (0..20).for_each(|_| tally.add(1));
        let id = tally.id();
        assert_eq!(recorder.rows(|| app.save(&mut tally).wait().unwrap()).0, 0);
        for count in 20..40 {
            let (rows, loaded) = recorder.rows(|| app.get(id).wait().unwrap());
            let mut tally = loaded;
            assert_eq!((rows, tally.count, tally.version().get()), (hit, count, count + 1));
            tally.add(1);
            app.save(&mut tally).wait().unwrap();
        }
        // The caller keeps the account and changes it, without loading.
        for _ in 0..5 {
            tally = app.get(id).wait().unwrap();
            tally.add(1);
            app.save(&mut tally).wait().unwrap();
        }
        assert_eq!(recorder.rows(|| app.get(id).wait().unwrap().count), (hit, 45));
    }
}

#[test]
fn a_command_on_a_long_aggregate_does_not_replay_it() {
    for (cache, hit) in counted_caches() {
        let (app, recorder) = counting(cache);
        let mut tally = Tally::make();
        (1..100_000).for_each(|_| tally.add(1));
        app.save(&mut tally).wait().unwrap();
        let run = || app.execute(tally.id(), |tally: &mut Tally| tally.add(1)).wait().unwrap();
        assert_eq!(recorder.rows(|| (0..10).for_each(|_| run())).0, 10 * hit);
        assert_eq!(app.get(tally.id()).wait().unwrap().count, 100_009);
    }
}

#[test]
fn a_hit_copies_no_state_before_the_first_change() {
    for cache in caches() {
        let (app, _) = counting(cache);
        let mut tally = Tally::make();
        let id = tally.id();
        app.save(&mut tally).wait().unwrap();
        let (loaded, mut again) = copies(|| app.get(id).wait().unwrap());
        assert_eq!(loaded, 0);
        assert_eq!(copies(|| app.get(id).wait().unwrap().count), (0, 0));
        // The first change copies, the next one does not.
        assert_eq!(copies(|| again.add(1)), (1, ()));
        assert_eq!(copies(|| again.add(1)), (0, ()));
        assert_eq!(copies(|| app.save(&mut again).wait().unwrap()).0, 0);
        assert_eq!(copies(|| app.get(id).wait().unwrap().count), (0, 2));
        assert_eq!(copies(|| again.add(1)), (1, ()));
        assert_eq!(app.get(id).wait().unwrap().count, 2, "the cached state is that of its version");
    }
}

#[test]
fn a_state_that_is_loaded_into_the_cache_is_copied_by_the_first_change_alone() {
    for cache in caches() {
        let (app, _) = counting(cache);
        let mut tally = Tally::make();
        let id = tally.id();
        app.store().put(tally.pending()).wait().unwrap();
        let (loaded, mut cold) = copies(|| app.get(id).wait().unwrap());
        assert_eq!(loaded, 0);
        assert_eq!((copies(|| cold.add(1)).0, copies(|| cold.add(1)).0), (1, 0));
        assert_eq!(app.get(id).wait().unwrap().count, 0);
        // A state that nobody shares needs no copy.
        assert_eq!(copies(|| tally.add(1)).0, 0);
    }
}

#[test]
fn a_command_that_panics_leaves_the_cached_state_whole() {
    for cache in caches() {
        let (app, _) = counting(cache);
        let mut tally = Tally::make();
        app.save(&mut tally).wait().unwrap();
        let id = tally.id();
        let mut torn = app.get(id).wait().unwrap();
        catch_unwind(AssertUnwindSafe(|| torn.add(1_000))).unwrap_err();
        assert!(torn.half_done);
        assert_eq!(app.save(&mut torn).wait().unwrap_err().kind(), ErrorKind::Invalid);
        assert!(!app.get(id).wait().unwrap().half_done);
    }
}

#[test]
fn a_save_that_is_dropped_half_way_leaves_no_old_state_for_the_next_load() {
    for cache in caches() {
        let (app, recorder) = counting(cache);
        let mut tally = Tally::make();
        app.save(&mut tally).wait().unwrap();
        let id = tally.id();
        recorder.is_slow.store(true, Ordering::Relaxed);
        tally.add(7);
        {
            let mut saving = pin!(app.save(&mut tally));
            let mut poll = || saving.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(poll().is_pending());
            // The load comes before the commit is stored, and fills the cache.
            assert_eq!(app.get(id).wait().unwrap().count, 0);
            assert!(poll().is_pending());
            // The commit is stored by now, and the save is dropped before it learns that.
        }
        recorder.is_slow.store(false, Ordering::Relaxed);
        assert_eq!(app.get(id).wait().unwrap().count, 7);
        app.save(&mut tally).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().version().get(), 2);
    }
}

#[test]
fn events_that_were_recorded_since_a_dropped_save_are_cached_when_they_are_stored() {
    for (cache, hit) in counted_caches() {
        let (app, recorder) = counting(cache);
        let mut tally = Tally::make();
        recorder.is_slow.store(true, Ordering::Relaxed);
        {
            let mut saving = pin!(app.save(&mut tally));
            assert!(saving.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        recorder.is_slow.store(false, Ordering::Relaxed);
        tally.add(3);
        app.save(&mut tally).wait().unwrap();
        let (rows, tally) = recorder.rows(|| app.get(tally.id()).wait().unwrap());
        assert_eq!((rows, tally.count, tally.version().get()), (hit, 3, 2));
    }
}

#[test]
fn a_hundred_threads_see_whole_states_that_never_go_back() {
    for cache in [Cache::of(4), Cache::of(4).trusting()] {
        let app = app(cache);
        let mut book = GuestBook::make();
        app.save(&mut book).wait().unwrap();
        let id = book.id();
        let winners = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for number in 0..100 {
                let (app, winners) = (&app, &winners);
                scope.spawn(move || {
                    let (mut last, mut won) = (0, 0);
                    loop {
                        let mut book = app.get(id).wait().unwrap();
                        let version = book.version().get();
                        assert_eq!(book.entries.len() as u64, version - 1, "torn");
                        assert!(version >= last, "went back from {last} to {version}");
                        last = version;
                        // Each side wins at least once.
                        if version >= 60 && won > 0 {
                            break;
                        }
                        book.enter(number);
                        match app.save(&mut book).wait() {
                            Ok(_) => won += 1,
                            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict),
                        }
                    }
                    winners.fetch_add(won, Ordering::Relaxed);
                });
            }
        });
        let book = app.get(id).wait().unwrap();
        assert_eq!(book.version().get() - 1, winners.into_inner());
    }
}
