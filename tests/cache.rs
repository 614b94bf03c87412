//! The cache: never an older state, never a torn one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_runtime::cache::Cache;
use es_runtime::mapper::Mapper;
use es_runtime::recorder::{
    AggregateRecorder, Commit, EventPage, EventRange, KeyRecorder, MemoryRecorder, Receipt,
};
use es_runtime::repository::Repository;
use es_runtime::store::EventStore;
use es_runtime::{Application, Error, ErrorKind, Id, Wait, aggregate, mutator};
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
fn what_is_cached_is_brought_up_to_date() {
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
    // A copy: what happens to one does not happen to the next.
    let mut changed = app.get(id).wait().unwrap();
    changed.deposit(100);
    assert_eq!(app.get(id).wait().unwrap().balance, 11);
    assert_eq!(app.get_at(id, 2).wait().unwrap().balance, 10);
}

#[test]
fn what_is_discarded_leaves_the_cache() {
    for cache in [Cache::of(10), Cache::of(10).trusting()] {
        let app = app(cache);
        let id = saved(&app).id();
        let account = app.get(id).wait().unwrap();
        app.save(&mut account.discard()).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[test]
fn a_trusting_cache_does_not_ask_and_a_conflict_tells() {
    let app = app(Cache::of(10).trusting());
    let mut account = saved(&app);
    let id = account.id();
    // Behind its back.
    let store = app.store().clone();
    let other = Repository::new(store);
    let mut behind: Account = other.get(id).wait().unwrap();
    behind.deposit(5);
    other.store().put::<Account>(behind.pending()).wait().unwrap();
    assert_eq!(app.get(id).wait().unwrap().balance, 10);
    account.deposit(1);
    assert_eq!(app.save(&mut account).wait().unwrap_err().kind(), ErrorKind::Conflict);
    // A command that loses loads the newest.
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

/// Counts the rows that are read.
struct Counting {
    store: MemoryRecorder,
    rows: Arc<AtomicU64>,
}

impl AggregateRecorder for Counting {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.store.append(commit).await
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

#[test]
fn only_what_is_new_is_read() {
    let rows = Arc::new(AtomicU64::new(0));
    let counting = Counting { store: MemoryRecorder::new(), rows: Arc::clone(&rows) };
    let store = EventStore::new(Mapper::new(), Arc::new(counting)).unwrap();
    let repository = Repository::new(store.clone()).with_cache(Cache::of(2));
    let mut account = open();
    (0..9).for_each(|_| account.deposit(1));
    store.put::<Account>(account.pending()).wait().unwrap();
    let read = |id: Id<Account>| {
        let before = rows.load(Ordering::Relaxed);
        repository.get(id).wait().unwrap();
        rows.load(Ordering::Relaxed) - before
    };
    assert_eq!((read(account.id()), read(account.id())), (10, 0));
}

#[test]
fn a_hundred_threads_see_whole_states_that_never_go_back() {
    let app = app(Cache::of(4));
    let mut book = GuestBook::make();
    app.save(&mut book).wait().unwrap();
    let id = book.id();
    let winners = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for number in 0..100 {
            let (app, winners) = (&app, &winners);
            scope.spawn(move || {
                let mut last = 0;
                loop {
                    let mut book = app.get(id).wait().unwrap();
                    let version = book.version().get();
                    assert_eq!(book.entries.len() as u64, version - 1, "torn");
                    assert!(version >= last, "went back from {last} to {version}");
                    last = version;
                    if version >= 60 {
                        return;
                    }
                    book.enter(number);
                    match app.save(&mut book).wait() {
                        Ok(_) => {
                            winners.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict),
                    }
                }
            });
        }
    });
    let book = app.get(id).wait().unwrap();
    assert_eq!(book.version().get() - 1, winners.into_inner());
    assert!(book.entries.len() >= 59);
}
