//! Snapshots: when the application takes them, when they count, and that nothing depends on them.

mod breakable;
mod by_time;
mod failing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use es_runtime::application::Builder;
use es_runtime::mapper::Mapper;
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, Commit, EventPage, EventRange, KeyRecorder, MemoryRecorder, MemorySnapshots, Receipt,
    SnapshotRecorder, SqliteOptions, Tables,
};
use es_runtime::store::{EventStore, Repository, SnapshotStore};
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

/// Makes an account with one save for each deposit after the first event.
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
        // The last snapshot up to each version: those of versions 2, 4 and 6 exist.
        for (version, expected) in
            [(1, None), (2, Some(2)), (3, Some(2)), (4, Some(4)), (5, Some(4)), (9, Some(6))]
        {
            let found = app.most_recent_snapshot(id, version).wait().unwrap();
            assert_eq!(found.as_ref().map(|found| found.version().get()), expected, "up to {version}");
            let Some(found) = found else { continue };
            let seconds = found.version().get() - 1;
            assert_eq!((found.id(), found.state().balance.unsigned_abs()), (id, seconds));
            assert_eq!(found.created_at(), ManualClock::START);
            assert_eq!(found.modified_at(), ManualClock::START + Duration::from_secs(seconds));
            assert_eq!(found.owner, "Ann");
        }
        for (version, is_there) in [(1, false), (2, true), (3, false), (4, true), (7, false)] {
            assert_eq!(app.snapshot_at(id, version).wait().unwrap().is_some(), is_there, "{version}");
        }
        let removed = EventRange::all().from(Version::from(4)).up_to(Version::from(4));
        app.repository().snapshots().unwrap().delete(id, removed).wait().unwrap();
        let found = app.most_recent_snapshot(id, 5).wait().unwrap().unwrap();
        assert_eq!(found.version().get(), 2);
        // A discarded account gets no snapshot of its end.
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
        assert_eq!(app.take_snapshot_at(id, 2).wait().unwrap(), Version::from(2));
        assert_eq!(app.take_snapshot(id).wait().unwrap(), Version::from(4));
        // A second call changes nothing.
        assert_eq!(app.take_snapshot(id).wait().unwrap(), Version::from(4));
        assert_eq!(versions(&app, &account), [2, 4]);
        assert_eq!(app.get_at(id, 3).wait().unwrap().balance, 2);
        let error = app.take_snapshot(open().id()).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    for app in apps(|builder| builder) {
        let error = app.take_snapshot(deposits(&app, 1).id()).wait().unwrap_err();
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
        assert_eq!(app.take_snapshot(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[test]
fn old_ones_can_be_removed() {
    for app in apps(|builder| builder.snapshot_every::<Account>(2)) {
        let account = deposits(&app, 9);
        let snapshots = app.repository().snapshots().unwrap();
        snapshots.delete(account.id(), EventRange::all().before(Version::from(8))).wait().unwrap();
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

/// A recorder that counts the reads of events.
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
    store.put(account.pending()).wait().unwrap();
    for version in [3, 6] {
        repository.take_snapshot_at(account.id(), version).wait().unwrap();
        recorder.reads.store(0, Ordering::Relaxed);
        assert_eq!(repository.get(account.id()).wait().unwrap().balance, 5);
        assert_eq!(recorder.reads.load(Ordering::Relaxed), 1);
    }
}
