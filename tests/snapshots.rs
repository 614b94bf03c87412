//! Snapshots: when they are taken, when they count, and that nothing depends on them.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_runtime::application::Builder;
use es_runtime::clock::Timestamp;
use es_runtime::mapper::Mapper;
use es_runtime::recorder::{
    AggregateRecorder, Commit, EventPage, EventRange, KeyRecorder, MemoryRecorder, MemorySnapshots, Receipt,
    SnapshotRecorder, SqliteOptions, Tables,
};
use es_runtime::repository::Repository;
use es_runtime::snapshot::SnapshotStore;
use es_runtime::store::EventStore;
use es_runtime::stored_event::StoredEvent;
use es_runtime::testing::ManualClock;
use es_runtime::{Application, Error, ErrorKind, Version, Wait, aggregate, mutator};
use uuid::Uuid;

use crate::account::{Account, open};

#[aggregate]
struct Shelf {
    books: u32,
}

#[mutator]
impl Shelf {
    #[event(ShelfBuilt)]
    fn build() -> Self {
        Self { books: 0 }
    }

    #[event(PutOnShelf)]
    fn put(&mut self) {
        self.books += 1;
    }
}

#[aggregate]
struct Pile {
    books: u32,
}

#[mutator]
impl Pile {
    #[event(PileBegun)]
    fn begin() -> Self {
        Self { books: 0 }
    }

    #[event(PutOnPile)]
    fn put(&mut self) {
        self.books += 1;
    }
}

fn apps(with: impl Fn(Builder) -> Builder) -> Vec<Application> {
    ["memory:", "sqlite::memory:"].map(|uri| with(Application::builder(uri)).open().wait().unwrap()).into()
}

fn versions(app: &Application, account: &Account) -> Vec<u64> {
    let snapshots = app.repository().snapshots().unwrap();
    snapshots.versions(account.id()).wait().unwrap().into_iter().map(Version::get).collect()
}

/// With one save for each deposit, after the first event.
fn deposits(app: &Application, many: u32) -> Account {
    let mut account = open();
    app.save(&mut account).wait().unwrap();
    for _ in 0..many {
        account.deposit(1);
        app.save(&mut account).wait().unwrap();
    }
    account
}

#[test]
fn one_is_taken_each_time_so_many_events_are_saved() {
    for app in apps(|builder| builder.snapshot_every::<Account>(5)) {
        let account = deposits(&app, 12);
        assert_eq!(account.version(), 13);
        assert_eq!(versions(&app, &account), [5, 10]);
        let again = app.get(account.id()).wait().unwrap();
        assert_eq!((again.balance, again.version().get()), (12, 13));
        assert_eq!((again.created_at(), again.modified_at()), (account.created_at(), account.modified_at()));
        for version in 1..=13 {
            let then = app.get_at(account.id(), version).wait().unwrap();
            assert_eq!((then.balance, then.version().get()), (i64::from(version) - 1, u64::from(version)));
        }
    }
}

#[test]
fn a_save_that_passes_several_takes_each() {
    for app in apps(|builder| builder.snapshot_every::<Account>(5)) {
        let mut account = deposits(&app, 2);
        (0..14).for_each(|_| account.deposit(1));
        assert_eq!(account.version(), 17);
        app.save(&mut account).wait().unwrap();
        assert_eq!(versions(&app, &account), [5, 10, 15]);
        for version in 1_u32..=17 {
            let kept = app.snapshot_at(account.id(), version).wait().unwrap();
            assert_eq!(kept.is_some(), version % 5 == 0, "version {version}");
            assert!(kept.is_none_or(|kept| kept.balance == i64::from(version) - 1));
            let then = app.get_at(account.id(), version).wait().unwrap();
            assert_eq!((then.balance, then.version().get()), (i64::from(version) - 1, u64::from(version)));
        }
        assert_eq!(app.get(account.id()).wait().unwrap().balance, 16);
    }
}

#[test]
fn the_last_version_of_a_save_is_kept_with_those_before_it() {
    for app in apps(|builder| builder.snapshot_every::<Account>(5)) {
        let mut account = open();
        (0..14).for_each(|_| account.deposit(1));
        app.save(&mut account).wait().unwrap();
        assert_eq!(versions(&app, &account), [5, 10, 15]);
        let kept = app.most_recent_snapshot(account.id(), Version::MAX).wait().unwrap().unwrap();
        assert_eq!((kept.version().get(), kept.balance), (15, 14));
    }
}

#[test]
fn saves_that_race_take_each_multiple_once_with_its_own_state() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("bank.db").display());
    for uri in ["memory:", &file] {
        let app = Application::builder(uri).snapshot_every::<Account>(5).open().wait().unwrap();
        let mut account = open();
        app.save(&mut account).wait().unwrap();
        let id = account.id();
        std::thread::scope(|scope| {
            for many in 1..=8 {
                let app = &app;
                scope.spawn(move || {
                    for _ in 0..5 {
                        let deposits = |account: &mut Account| (0..many).for_each(|_| account.deposit(1));
                        app.execute(id, deposits).wait().unwrap();
                    }
                });
            }
        });
        let account = app.get(id).wait().unwrap();
        assert_eq!(account.version().get(), 1 + 5 * 36);
        let multiples: Vec<u64> = (1..=36).map(|multiple| multiple * 5).collect();
        assert_eq!(versions(&app, &account), multiples);
        for version in multiples {
            let version = Version::new(version).unwrap();
            let kept = app.snapshot_at(id, version).wait().unwrap().unwrap();
            assert_eq!(kept.balance.unsigned_abs(), version.get() - 1);
        }
    }
}

#[test]
fn aggregates_without_a_number_and_those_with_0_take_none() {
    for app in apps(|builder| builder.snapshot_every::<Account>(5).snapshot_every::<Shelf>(0)) {
        let (mut shelf, mut pile) = (Shelf::build(), Pile::begin());
        (0..12).for_each(|_| shelf.put());
        (0..12).for_each(|_| pile.put());
        app.save((&mut shelf, &mut pile)).wait().unwrap();
        assert_eq!(versions(&app, &deposits(&app, 12)), [5, 10]);
        let snapshots = app.repository().snapshots().unwrap();
        assert_eq!(snapshots.versions(shelf.id()).wait().unwrap(), [0; 0]);
        assert_eq!(snapshots.versions(pile.id()).wait().unwrap(), [0; 0]);
    }
}

#[test]
fn a_snapshot_is_read_by_its_version_or_as_the_last_up_to_one() {
    for app in apps(|builder| builder.snapshot_every::<Account>(2)) {
        let clock = ManualClock::default();
        let _guard = clock.install();
        let mut account = open();
        let id = account.id();
        app.save(&mut account).wait().unwrap();
        assert!(app.most_recent_snapshot(id, Version::MAX).wait().unwrap().is_none());
        for _ in 0..5 {
            clock.advance(Duration::from_secs(1));
            account.deposit(1);
            app.save(&mut account).wait().unwrap();
        }
        // The last one up to each version: 2, 4 and 6 are there.
        for (version, expected) in
            [(1, None), (2, Some(2)), (3, Some(2)), (4, Some(4)), (5, Some(4)), (9, Some(6))]
        {
            let found = app.most_recent_snapshot(id, version).wait().unwrap();
            assert_eq!(found.as_ref().map(|found| found.version().get()), expected, "up to {version}");
            let Some(found) = found else { continue };
            let seconds = found.version().get() - 1;
            assert_eq!((found.id(), found.state().balance.unsigned_abs()), (id, seconds));
            assert_eq!(found.created_at(), ManualClock::START);
            assert_eq!(found.modified_at(), ManualClock::START.after(Duration::from_secs(seconds)));
            assert_eq!(found.owner, "Ann");
        }
        for (version, is_there) in [(1, false), (2, true), (3, false), (4, true), (7, false)] {
            assert_eq!(app.snapshot_at(id, version).wait().unwrap().is_some(), is_there, "{version}");
        }
        let removed = EventRange::all().gte(Version::from(4)).lte(Version::from(4));
        app.repository().snapshots().unwrap().delete(id, removed).wait().unwrap();
        let found = app.most_recent_snapshot(id, 5).wait().unwrap().unwrap();
        assert_eq!(found.version().get(), 2);
        // Discarded: no state is kept of the end.
        let mut discarded = app.get(id).wait().unwrap().discard();
        app.save(&mut discarded).wait().unwrap();
        assert!(app.snapshot_at(id, discarded.version()).wait().unwrap().is_none());
        assert!(app.most_recent_snapshot(open().id(), Version::MAX).wait().unwrap().is_none());
    }
    for app in apps(|builder| builder) {
        let error = app.snapshot_at(open().id(), 1).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("snapshots()"), "{error}");
    }
}

#[test]
fn they_are_taken_on_request_also_of_the_past() {
    for app in apps(Builder::snapshots) {
        let account = deposits(&app, 3);
        let id = account.id();
        assert_eq!(app.take_snapshot(id, 2).wait().unwrap(), Version::from(2));
        assert_eq!(app.take_snapshot(id, Version::MAX).wait().unwrap(), Version::from(4));
        // Once more is nothing more.
        assert_eq!(app.take_snapshot(id, Version::MAX).wait().unwrap(), Version::from(4));
        assert_eq!(versions(&app, &account), [2, 4]);
        assert_eq!(app.get_at(id, 3).wait().unwrap().balance, 2);
        let error = app.take_snapshot(open().id(), Version::MAX).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    for app in apps(|builder| builder) {
        let error = app.take_snapshot(deposits(&app, 1).id(), Version::MAX).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("snapshots()"), "{error}");
    }
}

#[test]
fn nothing_is_taken_of_what_is_discarded() {
    for app in apps(|builder| builder.snapshot_every::<Account>(2)) {
        let account = deposits(&app, 2);
        let (id, mut discarded) = (account.id(), account.discard());
        app.save(&mut discarded).wait().unwrap();
        let snapshots = app.repository().snapshots().unwrap();
        assert_eq!(snapshots.versions(id).wait().unwrap(), [Version::from(2)]);
        assert_eq!(app.get(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(app.take_snapshot(id, Version::MAX).wait().unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[test]
fn a_time_before_the_snapshot_does_not_begin_with_it() {
    for app in apps(|builder| builder.snapshot_every::<Account>(2)) {
        let clock = ManualClock::default();
        let _guard = clock.install();
        let mut account = open();
        for _ in 0..5 {
            clock.advance(Duration::from_secs(1));
            account.deposit(1);
            app.save(&mut account).wait().unwrap();
        }
        assert_eq!(versions(&app, &account), [2, 4, 6]);
        for seconds in 0_u32..6 {
            let at: Timestamp = ManualClock::START.after(Duration::from_secs(seconds.into()));
            let then = app.get_at(account.id(), at).wait().unwrap();
            assert_eq!(then.balance, i64::from(seconds));
        }
    }
}

/// Snapshots in a store that can be broken.
#[derive(Default)]
struct Breakable {
    store: MemorySnapshots,
    is_broken: AtomicBool,
    reads: AtomicU32,
    puts: AtomicU32,
}

impl Breakable {
    fn check(&self) -> Result<(), Error> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Storage, "the disk is gone"));
        }
        Ok(())
    }
}

struct Handle(Arc<Breakable>);

impl SnapshotRecorder for Handle {
    async fn put(&self, snapshot: StoredEvent) -> Result<(), Error> {
        self.0.check()?;
        self.0.puts.fetch_add(1, Ordering::Relaxed);
        self.0.store.put(snapshot).await
    }

    async fn select(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        self.0.check()?;
        self.0.reads.fetch_add(1, Ordering::Relaxed);
        self.0.store.select(id, topic, range).await
    }

    async fn versions(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<Version>, Error> {
        self.0.check()?;
        self.0.reads.fetch_add(1, Ordering::Relaxed);
        self.0.store.versions(id, topic, range).await
    }

    async fn delete(&self, id: Uuid, topic: &str, range: EventRange) -> Result<(), Error> {
        self.0.check()?;
        self.0.store.delete(id, topic, range).await
    }

    async fn clear(&self, id: Uuid) -> Result<(), Error> {
        self.0.check()?;
        self.0.store.clear(id).await
    }
}

#[test]
fn loading_begins_with_the_snapshot_and_does_without_one_that_cannot_be_read() {
    let snapshots = Arc::new(Breakable::default());
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let app = Application::on(Arc::new(MemoryRecorder::new()))
        .snapshots_in(Arc::new(Handle(Arc::clone(&snapshots))))
        .on_failed_snapshot(move |error| seen.lock().unwrap().push(error.kind()))
        .open()
        .wait()
        .unwrap();
    let mut account = open();
    account.deposit(10);
    app.save(&mut account).wait().unwrap();
    let id = account.id();
    app.take_snapshot(id, Version::MAX).wait().unwrap();

    // What the snapshot says counts: the events before it are not read.
    let row = snapshots.store.select(id.uuid(), "Account", EventRange::all()).wait().unwrap().pop().unwrap();
    let text = String::from_utf8(row.state.clone()).unwrap();
    assert!(text.contains(r#""data":{"owner":"Ann","balance":10"#), "{text}");
    let change = |from: &str, to: &str| {
        let mut changed = row.clone();
        changed.state = text.replace(from, to).into_bytes();
        snapshots.store.put(changed).wait().unwrap();
        app.get(id).wait().unwrap().balance
    };
    assert_eq!(change("\"balance\":10", "\"balance\":77"), 77);
    assert_eq!(*told.lock().unwrap(), []);
    // Taken by other code, or not to be read: passed over.
    assert_eq!(change("\"fp\":", "\"fp\":12345,\"other\":"), 10);
    assert_eq!(*told.lock().unwrap(), [], "that is usual after a release");
    assert_eq!(change("\"balance\":10", "\"balance\":\"x\""), 10);
    assert_eq!(change("{", "["), 10);
    assert_eq!(*told.lock().unwrap(), [ErrorKind::Corrupt; 2]);

    // Taken again, it replaces the one that cannot be read.
    app.take_snapshot(id, Version::MAX).wait().unwrap();
    assert_eq!(snapshots.store.select(id.uuid(), "Account", EventRange::all()).wait().unwrap(), [row]);

    snapshots.is_broken.store(true, Ordering::Relaxed);
    assert_eq!(app.get(id).wait().unwrap().balance, 10);
    assert_eq!(told.lock().unwrap().last(), Some(&ErrorKind::Storage));
    assert_eq!(app.take_snapshot(id, Version::INITIAL).wait().unwrap_err().kind(), ErrorKind::Storage);
}

#[test]
fn one_that_is_kept_already_is_not_stored_again() {
    let (app, snapshots, _) = told(Arc::new(MemoryRecorder::new()), |builder| builder);
    let mut account = deposits(&app, 3);
    let take = |version: Version| {
        snapshots.puts.store(0, Ordering::Relaxed);
        let taken = app.take_snapshot(account.id(), version).wait().unwrap();
        (taken.get(), snapshots.puts.load(Ordering::Relaxed))
    };
    assert_eq!(take(Version::MAX), (4, 1));
    assert_eq!(take(Version::MAX), (4, 0));
    assert_eq!(take(Version::from(4)), (4, 0));
    assert_eq!(take(Version::from(3)), (3, 1));
    account.deposit(1);
    app.save(&mut account).wait().unwrap();
    snapshots.puts.store(0, Ordering::Relaxed);
    assert_eq!(app.take_snapshot(account.id(), Version::MAX).wait().unwrap(), Version::from(5));
    assert_eq!(snapshots.puts.load(Ordering::Relaxed), 1);
}

#[test]
fn one_is_made_from_an_earlier_one_and_the_events_after_it() {
    let recorder = Arc::new(Counting::default());
    let store = EventStore::new(Mapper::new(), Arc::clone(&recorder) as _).unwrap();
    let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
    let repository = Repository::new(store.clone()).with_snapshots(snapshots);
    let mut account = open();
    (0..9).for_each(|_| account.deposit(1));
    store.put::<Account>(account.pending()).wait().unwrap();
    let take = |version: u32| {
        recorder.rows.store(0, Ordering::Relaxed);
        repository.take_snapshot(account.id(), version.into()).wait().unwrap();
        recorder.rows.load(Ordering::Relaxed)
    };
    assert_eq!(take(6), 6);
    // The event that the snapshot was taken after, and those since.
    assert_eq!(take(10), 5);
    let kept = repository.snapshot_at(account.id(), 10).wait().unwrap().unwrap();
    assert_eq!(kept.balance, 9);
}

#[test]
fn old_ones_can_be_removed() {
    for app in apps(|builder| builder.snapshot_every::<Account>(2)) {
        let account = deposits(&app, 9);
        let snapshots = app.repository().snapshots().unwrap();
        snapshots.delete(account.id(), EventRange::all().lt(Version::from(8))).wait().unwrap();
        assert_eq!(versions(&app, &account), [8, 10]);
        assert_eq!(app.get_at(account.id(), 5).wait().unwrap().balance, 4);
    }
}

#[test]
fn a_recorder_of_ones_own_needs_a_place_for_snapshots() {
    let opened = Application::on(Arc::new(MemoryRecorder::new())).snapshots().open().wait();
    let error = opened.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`snapshots_in`"), "{error}");
}

#[test]
fn a_snapshot_that_fails_fails_no_save() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let app = Application::builder(format!("sqlite:{}", file.display()))
        .snapshot_every::<Account>(2)
        .on_failed_snapshot(move |error| seen.lock().unwrap().push(error.kind()))
        .open()
        .wait()
        .unwrap();
    // Somebody drops the table.
    let database = rusqlite::Connection::open(&file).unwrap();
    database.execute_batch("DROP TABLE snapshots").unwrap();
    let account = deposits(&app, 3);
    assert_eq!(*told.lock().unwrap(), [ErrorKind::Schema; 2]);
    assert_eq!(app.get(account.id()).wait().unwrap().balance, 3);
}

#[test]
fn events_and_snapshots_of_one_place_do_not_meet() {
    let database = SqliteOptions::in_memory().open().unwrap();
    let tables = Tables::default();
    let (events, snapshots) = (database.recorder(&tables).unwrap(), database.snapshots(&tables).unwrap());
    let row = StoredEvent::new(Uuid::now_v7(), Version::from(3), "Account", b"{}".to_vec()).unwrap();
    events.append(Commit::new(vec![row.clone()])).wait().unwrap();
    snapshots.put(row.clone()).wait().unwrap();
    snapshots.put(row.clone()).wait().unwrap();
    snapshots.delete(row.id, "Account", EventRange::all()).wait().unwrap();
    assert_eq!(events.select(row.id, EventRange::all()).wait().unwrap().events, [row]);
}

/// An application, its snapshots, and the kinds of what it told of them.
type Told = (Application, Arc<Breakable>, Arc<Mutex<Vec<ErrorKind>>>);

fn told(recorder: Arc<MemoryRecorder>, with: impl Fn(Builder) -> Builder) -> Told {
    let (snapshots, told) = (Arc::new(Breakable::default()), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&told);
    let builder = Application::on(recorder)
        .snapshots_in(Arc::new(Handle(Arc::clone(&snapshots))))
        .on_failed_snapshot(move |error| seen.lock().unwrap().push(error.kind()));
    (with(builder).open().wait().unwrap(), snapshots, told)
}

/// A recorder that has only the first events.
fn restored(from: &MemoryRecorder, id: Uuid, events: usize) -> Arc<MemoryRecorder> {
    let backup = MemoryRecorder::new();
    let rows = from.select(id, EventRange::all().limit(events)).wait().unwrap().events;
    backup.append(Commit::new(rows)).wait().unwrap();
    Arc::new(backup)
}

#[test]
fn one_beyond_the_stored_events_is_passed_over_and_told() {
    let whole = Arc::new(MemoryRecorder::new());
    let (app, snapshots, _) = told(Arc::clone(&whole), |builder| builder.snapshot_every::<Account>(5));
    let id = deposits(&app, 5).id();
    for events in 0..=6 {
        let backup = restored(&whole, id.uuid(), events);
        let (app, kept, told) = told(backup, |builder| builder);
        for snapshot in snapshots.store.select(id.uuid(), "Account", EventRange::all()).wait().unwrap() {
            kept.store.put(snapshot).wait().unwrap();
        }
        let expected = if events < 5 { vec![ErrorKind::Corrupt] } else { Vec::new() };
        if events == 0 {
            assert_eq!(app.get(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(*told.lock().unwrap(), expected);
            continue;
        }
        let mut account = app.get(id).wait().unwrap();
        assert_eq!(account.version().get(), events as u64, "nothing is there that has no event");
        assert_eq!(*told.lock().unwrap(), expected);
        // What is saved leaves no gap.
        account.deposit(1);
        app.save(&mut account).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().version().get(), events as u64 + 1);
        let past = app.get_at(id, 1).wait().unwrap();
        assert_eq!(past.version().get(), 1, "a snapshot of a later version is not asked for");
    }
}

/// Counts the reads of events.
#[derive(Default)]
struct Counting {
    inner: MemoryRecorder,
    reads: AtomicU32,
    rows: AtomicU32,
}

impl AggregateRecorder for Counting {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.inner.append(commit).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let rows = self.inner.select(id, range).await?;
        self.rows.fetch_add(u32::try_from(rows.events.len()).unwrap(), Ordering::Relaxed);
        Ok(rows)
    }

    delegate_commits!(inner);
}

impl KeyRecorder for Counting {
    delegate_keys!(inner);
}

#[test]
fn with_a_snapshot_the_events_are_read_once() {
    let recorder = Arc::new(Counting::default());
    let store = EventStore::new(Mapper::new(), Arc::clone(&recorder) as _).unwrap();
    let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
    let repository = Repository::new(store.clone()).with_snapshots(snapshots);
    let mut account = open();
    (0..5).for_each(|_| account.deposit(1));
    store.put::<Account>(account.pending()).wait().unwrap();
    for version in [3, 6] {
        repository.take_snapshot(account.id(), version.into()).wait().unwrap();
        recorder.reads.store(0, Ordering::Relaxed);
        assert_eq!(repository.get(account.id()).wait().unwrap().balance, 5);
        assert_eq!(recorder.reads.load(Ordering::Relaxed), 1);
    }
}

/// An account with 64 versions, one a second, each saved.
fn one_a_second(app: &Application, clock: &ManualClock) -> Account {
    let mut account = open();
    for _ in 1..=64 {
        app.save(&mut account).wait().unwrap();
        clock.advance(Duration::from_secs(1));
        account.deposit(1);
    }
    account
}

#[test]
fn a_time_is_found_among_many_snapshots_with_few_reads() {
    let (app, snapshots, told) =
        told(Arc::new(MemoryRecorder::new()), |builder| builder.snapshot_every::<Account>(1));
    let clock = ManualClock::default();
    let _guard = clock.install();
    let account = one_a_second(&app, &clock);
    let id = account.id();
    let of_version = |version: u64| ManualClock::START.after(Duration::from_secs(version - 1));
    let at = |version: u64| {
        snapshots.reads.store(0, Ordering::Relaxed);
        let then = app.get_at(id, of_version(version)).wait().unwrap();
        assert_eq!((then.version().get(), then.balance.unsigned_abs()), (version, version - 1));
        snapshots.reads.load(Ordering::Relaxed)
    };
    for version in 1..=64 {
        let reads = at(version);
        assert!(reads <= 8, "{reads} reads for version {version}");
    }
    snapshots.reads.store(0, Ordering::Relaxed);
    app.get(id).wait().unwrap();
    assert_eq!(snapshots.reads.load(Ordering::Relaxed), 1, "the newest is found at once");

    // Whatever cannot be used among them, the events tell.
    let rows = snapshots.store.select(id.uuid(), "Account", EventRange::all()).wait().unwrap();
    for broken in [&rows[..20], &rows[20..40], &rows[30..33], &rows[..]] {
        for change in ["{\"fp\":12345,\"other\":", "broken"] {
            for row in broken {
                let text = String::from_utf8(row.state.clone()).unwrap();
                let mut row = row.clone();
                row.state = text.replacen("{\"fp\":", change, 1).into_bytes();
                snapshots.store.put(row).wait().unwrap();
            }
            for version in 1..=64 {
                let reads = at(version);
                assert!(reads <= 8, "{reads} reads for version {version}");
            }
            assert_eq!(told.lock().unwrap().is_empty(), change != "broken");
            told.lock().unwrap().clear();
            for row in broken {
                snapshots.store.put(row.clone()).wait().unwrap();
            }
        }
    }
}

#[test]
fn after_a_release_the_snapshots_since_then_are_found_by_time() {
    let (app, snapshots, _) =
        told(Arc::new(MemoryRecorder::new()), |builder| builder.snapshot_every::<Account>(1));
    let clock = ManualClock::default();
    let _guard = clock.install();
    let account = one_a_second(&app, &clock);
    // The first 40 were taken by other code; the others are marked, to be seen.
    for mut row in snapshots.store.select(account.id().uuid(), "Account", EventRange::all()).wait().unwrap() {
        let text = String::from_utf8(row.state.clone()).unwrap();
        let text = text.replace("\"owner\":\"Ann\"", "\"owner\":\"Ben\"");
        let is_old = row.version.get() <= 40;
        row.state = if is_old { text.replacen("\"fp\":", "\"fp\":1,\"x\":", 1) } else { text }.into_bytes();
        snapshots.store.put(row).wait().unwrap();
    }
    for version in 1_u64..=64 {
        let time = ManualClock::START.after(Duration::from_secs(version - 1));
        let then = app.get_at(account.id(), time).wait().unwrap();
        assert_eq!(then.owner == "Ben", version > 40, "version {version}");
    }
}

#[test]
fn a_snapshot_of_events_that_were_lost_does_not_count_when_others_come_to_its_version() {
    let snapshots = Arc::new(MemorySnapshots::new());
    let app = |recorder: &Arc<MemoryRecorder>| {
        let builder = Application::on(Arc::clone(recorder) as _).snapshots_in(Arc::clone(&snapshots) as _);
        builder.open().wait().unwrap()
    };
    let (lost, restored) = (Arc::new(MemoryRecorder::new()), Arc::new(MemoryRecorder::new()));
    let mut account = open();
    let id = account.id();
    app(&lost).save(&mut account).wait().unwrap();
    let backup = lost.select(id.uuid(), EventRange::all()).wait().unwrap().events;
    restored.append(Commit::new(backup)).wait().unwrap();
    account.deposit(111);
    app(&lost).save(&mut account).wait().unwrap();
    app(&lost).take_snapshot(id, Version::MAX).wait().unwrap();

    let app = app(&restored);
    let mut account = app.get(id).wait().unwrap();
    assert_eq!(account.balance, 0);
    std::thread::sleep(Duration::from_millis(1));
    account.deposit(222);
    app.save(&mut account).wait().unwrap();
    assert_eq!(app.get(id).wait().unwrap().balance, 222);
    // Taken again, it is the right one.
    app.take_snapshot(id, Version::MAX).wait().unwrap();
    assert_eq!(app.get(id).wait().unwrap().balance, 222);
}
