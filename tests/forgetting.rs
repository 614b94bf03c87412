//! Forgetting: what one aggregate said can never be read again, and everything else can.

use std::sync::{Arc, Mutex};

use es_runtime::application::{Batch, Builder};
use es_runtime::bus::{Bus, PersistencePolicy};
use es_runtime::cache::Cache;
use es_runtime::cipher::{AesGcm, Key};
use es_runtime::mapper::Mapper;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, DynApplicationRecorder, EventRange, LogRange,
    MemoryRecorder, MemorySnapshots, Notification, Position, Receipt, SqliteOptions, StoredKey, Tables,
};
use es_runtime::repository::Repository;
use es_runtime::snapshot::SnapshotStore;
use es_runtime::standalone::MutatorRepository;
use es_runtime::store::EventStore;
use es_runtime::stored_event::StoredEvent;
use es_runtime::{Application, Error, ErrorKind, Id, Recorded, Version, Wait, event};
use uuid::Uuid;

use crate::account::{Account, AccountEvent, open};

#[event]
struct Whispered {
    text: String,
}

fn key() -> Key {
    Key::from_bytes(&[7; 32]).unwrap()
}

fn keyed() -> Mapper {
    Mapper::new().with_data_keys(AesGcm::new(&key()))
}

/// On each store, also with snapshots and caches.
fn apps() -> Vec<Application> {
    let ways: [fn(Builder) -> Builder; 4] = [
        |builder| builder,
        |builder| builder.snapshot_every::<Account>(2),
        |builder| builder.cache(Cache::of(10)),
        |builder| builder.cache(Cache::of(10).trusting()).snapshot_every::<Account>(2),
    ];
    let open = |uri, with: fn(Builder) -> Builder| {
        with(Application::builder(uri).mapper(keyed())).open().wait().unwrap()
    };
    ways.iter().flat_map(|with| ["memory:", "sqlite::memory:"].map(|uri| open(uri, *with))).collect()
}

fn saved(app: &Application) -> Account {
    let mut account = open();
    account.deposit(10);
    app.save(&mut account).wait().unwrap();
    account.deposit(20);
    app.save(&mut account).wait().unwrap();
    account
}

fn kind<T>(result: Result<T, Error>) -> ErrorKind {
    result.err().expect("it fails").kind()
}

fn keys(app: &Application, ids: &[Uuid]) -> Vec<StoredKey> {
    app.recorder().select_keys_dyn(ids.to_vec()).wait().unwrap()
}

#[test]
fn each_aggregate_is_encrypted_with_a_key_of_its_own() {
    for app in apps() {
        let (one, other) = (saved(&app), saved(&app));
        assert_eq!(app.get(one.id()).wait().unwrap().balance, 30);
        assert_eq!(app.get_at(other.id(), 2).wait().unwrap().balance, 10);
        let keys = keys(&app, &[one.id().uuid(), other.id().uuid()]);
        assert_eq!(keys.len(), 2);
        assert_ne!(keys[0].wrapped(), keys[1].wrapped());
        for row in app.recorder().select_log_dyn(LogRange::all()).wait().unwrap() {
            assert!(!String::from_utf8_lossy(&row.event.state).contains("amount"));
        }
    }
}

#[test]
fn what_is_forgotten_is_told_from_what_is_broken() {
    for app in apps() {
        let (gone, mut stays) = (saved(&app), saved(&app));
        let id = gone.id();
        app.get(id).wait().unwrap();
        app.forget(id).wait().unwrap();
        // Again is nothing more.
        app.forget(id).wait().unwrap();
        assert_eq!(kind(app.get(id).wait()), ErrorKind::Forgotten);
        assert_eq!(kind(app.get_at(id, 1).wait()), ErrorKind::Forgotten);
        assert_eq!(kind(app.store().get(id, EventRange::all()).wait()), ErrorKind::Forgotten);
        assert_eq!(kind(app.store().last(id).wait()), ErrorKind::Forgotten);
        assert_eq!(
            kind(app.execute(id, |account: &mut Account| account.deposit(1)).wait()),
            ErrorKind::Forgotten
        );
        assert!(!app.contains(id).wait().unwrap());
        let error = app.get(id).wait().unwrap_err();
        assert!(error.to_string().contains(&id.to_string()), "{error}");
        if let Some(snapshots) = app.repository().snapshots() {
            assert_eq!(snapshots.versions(id).wait().unwrap().len(), 0);
            assert_eq!(kind(app.take_snapshot(id, Version::MAX).wait()), ErrorKind::Forgotten);
        }
        // The rest reads and goes on.
        stays.deposit(1);
        app.save(&mut stays).wait().unwrap();
        assert_eq!(app.get(stays.id()).wait().unwrap().balance, 31);
        assert_eq!(app.recorder().select_log_dyn(LogRange::all()).wait().unwrap().len(), 7);
    }
}

#[test]
fn nothing_is_added_to_what_is_forgotten() {
    for app in apps() {
        let (mut gone, mut other) = (saved(&app), saved(&app));
        let id = gone.id();
        app.forget(id).wait().unwrap();
        gone.deposit(1);
        other.deposit(1);
        assert_eq!(kind(app.save((&mut gone, &mut other)).wait()), ErrorKind::Forgotten);
        assert_eq!(kind(app.save(&mut gone).wait()), ErrorKind::Forgotten);
        assert_eq!(kind(app.save(&mut Account::open_with_id(id, "Ann".into())).wait()), ErrorKind::Forgotten);
        let whispered = Whispered { text: "x".into() };
        let batch = Batch::new().event(id.uuid(), Version::from(9), whispered);
        assert_eq!(kind(app.save(batch).wait()), ErrorKind::Forgotten);
        // Nothing is left over that hinders the others.
        app.save(&mut other).wait().unwrap();
        assert_eq!(app.get(other.id()).wait().unwrap().balance, 31);
    }
}

#[test]
fn another_program_notices_at_once() {
    let (recorder, snapshots) = (Arc::new(MemoryRecorder::new()), Arc::new(MemorySnapshots::new()));
    let app = |cache| {
        let builder = Application::on(Arc::clone(&recorder) as _).mapper(keyed());
        let builder = builder.snapshots_in(Arc::clone(&snapshots) as _).cache(cache);
        builder.open().wait().unwrap()
    };
    let (one, other) = (app(Cache::of(10)), app(Cache::of(10)));
    let mut account = saved(&one);
    assert_eq!(other.get(account.id()).wait().unwrap().balance, 30);
    one.forget(account.id()).wait().unwrap();
    assert_eq!(kind(other.get(account.id()).wait()), ErrorKind::Forgotten);
    account.deposit(1);
    assert_eq!(kind(other.save(&mut account).wait()), ErrorKind::Forgotten);
}

#[test]
fn loose_events_and_other_sequences_can_be_forgotten_too() {
    for app in apps() {
        let id = Uuid::now_v7();
        let said = |text: &str| Whispered { text: text.into() };
        app.save(Batch::new().event(id, Version::from(1), said("a"))).wait().unwrap();
        app.store().put_events(&[Recorded::now(id, 2, said("b"))]).wait().unwrap();
        let texts: Vec<String> = app
            .store()
            .get_events::<Whispered>(id, EventRange::all())
            .wait()
            .unwrap()
            .into_iter()
            .map(|recorded| recorded.event().text.clone())
            .collect();
        assert_eq!(texts, ["a", "b"]);
        assert_eq!(keys(&app, &[id]).len(), 1);
        app.store().forget(id).wait().unwrap();
        assert_eq!(
            kind(app.store().get_events::<Whispered>(id, EventRange::all()).wait()),
            ErrorKind::Forgotten
        );
        assert_eq!(
            kind(app.store().put_events(&[Recorded::now(id, 3, said("c"))]).wait()),
            ErrorKind::Forgotten
        );
    }
}

#[test]
fn the_policy_of_a_bus_stores_with_keys() {
    let app = &apps()[0];
    let bus = Bus::<Recorded<AccountEvent>>::new();
    let _policy = PersistencePolicy::new(&bus, app.store().clone());
    let account = open();
    bus.publish(account.pending()).unwrap();
    assert_eq!(app.get(account.id()).wait().unwrap().balance, 0);
    app.forget(account.id()).wait().unwrap();
    assert!(bus.publish(account.pending()).is_err());
}

#[test]
fn only_what_has_a_key_can_be_forgotten() {
    let recorder = Arc::new(MemoryRecorder::new());
    let app = |mapper| Application::on(Arc::clone(&recorder) as _).mapper(mapper).open().wait().unwrap();
    let before = app(Mapper::new().with_cipher(AesGcm::new(&key())));
    let mut account = saved(&before);
    assert_eq!(kind(before.forget(account.id()).wait()), ErrorKind::Config);

    // With data keys, what the cipher alone encrypted still reads, and gets a key with its next event.
    let after = app(keyed());
    assert_eq!(after.get(account.id()).wait().unwrap().balance, 30);
    let error = after.forget(account.id()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("event 1 of aggregate"), "{error}");
    account.deposit(1);
    after.save(&mut account).wait().unwrap();
    assert_eq!(after.get(account.id()).wait().unwrap().balance, 31);
    assert_eq!(kind(after.forget(account.id()).wait()), ErrorKind::Invalid);
    assert_eq!(kind(after.forget(Id::<Account>::from_uuid(Uuid::now_v7())).wait()), ErrorKind::NotFound);

    // Without them, what has a key is no data to decrypt with the cipher.
    let error = before.get(account.id()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("with_data_keys"), "{error}");
}

#[test]
fn the_cipher_of_the_keys_can_be_replaced() {
    let recorder = Arc::new(MemoryRecorder::new());
    let app = |cipher| {
        let mapper = Mapper::new().with_data_keys(cipher);
        Application::on(Arc::clone(&recorder) as _).mapper(mapper).open().wait().unwrap()
    };
    let account = saved(&app(AesGcm::new(&key())));
    let new = Key::generate(256).unwrap();
    assert_eq!(app(AesGcm::new(&new).with_old_key(&key())).get(account.id()).wait().unwrap().balance, 30);
    let error = app(AesGcm::new(&new)).get(account.id()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cipher);
    assert!(error.to_string().contains("the data key of aggregate"), "{error}");
}

#[test]
fn a_key_belongs_to_its_aggregate_alone() {
    let recorder = Arc::new(MemoryRecorder::new());
    let app = Application::on(Arc::clone(&recorder) as _).mapper(keyed()).open().wait().unwrap();
    let account = saved(&app);
    let stolen = keys(&app, &[account.id().uuid()]).remove(0);
    // Somebody who can write into the store gives the key, and the rows, to another id.
    let other = Uuid::now_v7();
    let moved: Vec<_> = app
        .recorder()
        .select_dyn(account.id().uuid(), EventRange::all())
        .wait()
        .unwrap()
        .into_iter()
        .map(|mut row| {
            row.id = other;
            row
        })
        .collect();
    let key = StoredKey::new(other, stolen.wrapped().unwrap().to_vec());
    let commit = es_runtime::recorder::Commit::new(moved).with_keys(vec![key]);
    app.recorder().append_dyn(commit).wait().unwrap();
    assert_eq!(kind(app.get(Id::<Account>::from_uuid(other)).wait()), ErrorKind::Cipher);
}

#[test]
fn any_bytes_for_a_key_are_an_error() {
    for bytes in [&[][..], &[1], &[1, 1, 0, 0, 0, 0], &[1; 66], &[9; 66], &[1, 200, 0, 0, 0, 0, 1]] {
        let recorder = Arc::new(MemoryRecorder::new());
        let app = Application::on(Arc::clone(&recorder) as _).mapper(keyed()).open().wait().unwrap();
        let id = Uuid::now_v7();
        let row = es_runtime::stored_event::StoredEvent::new(
            id,
            Version::INITIAL,
            "Account.Opened",
            vec![1, 1, 0, 2],
        );
        let commit = es_runtime::recorder::Commit::new(vec![row]);
        let commit = commit.with_keys(vec![StoredKey::new(id, bytes.to_vec())]);
        app.recorder().append_dyn(commit).wait().unwrap();
        let got = kind(app.get(Id::<Account>::from_uuid(id)).wait());
        assert!(matches!(got, ErrorKind::Corrupt | ErrorKind::Cipher | ErrorKind::Config), "{got:?}");
    }
}

#[test]
fn what_is_clear_by_choice_stays_and_hinders_nothing() {
    let all = ["Account.Opened", "Account.Deposited"];
    let mapper = keyed().with_clear_topics(all);
    let app = Application::builder("memory:").mapper(mapper).open().wait().unwrap();
    let account = saved(&app);
    app.forget(account.id()).wait().unwrap();
    assert_eq!(kind(app.get(account.id()).wait()), ErrorKind::Forgotten, "though all of it can be read");

    let mapper = keyed().with_clear_topics(["Account.Deposited"]);
    let app = Application::builder("sqlite::memory:").mapper(mapper).snapshots().open().wait().unwrap();
    let account = saved(&app);
    let rows = app.recorder().select_dyn(account.id().uuid(), EventRange::all()).wait().unwrap();
    let is_clear: Vec<bool> = rows.iter().map(|row| row.state.starts_with(b"{")).collect();
    assert_eq!(is_clear, [false, true, true]);
    assert_eq!(app.get(account.id()).wait().unwrap().balance, 30);
    app.forget(account.id()).wait().unwrap();
    assert_eq!(kind(app.get(account.id()).wait()), ErrorKind::Forgotten);
}

#[test]
fn a_program_without_keys_adds_nothing_to_what_has_one() {
    let sqlite = SqliteOptions::in_memory().open().unwrap().recorder(&Tables::default()).unwrap();
    for recorder in [Arc::new(MemoryRecorder::new()) as Arc<dyn DynApplicationRecorder>, Arc::new(sqlite)] {
        let app = |mapper| Application::on(Arc::clone(&recorder)).mapper(mapper).open().wait().unwrap();
        let (keyed, without) = (app(keyed()), app(Mapper::new()));
        let mut account = saved(&keyed);
        account.deposit(1);
        let error = without.save(&mut account).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`CIPHER_DATA_KEYS=yes`"), "{error}");
        // With the key it goes on, and it can be forgotten.
        keyed.save(&mut account).wait().unwrap();
        keyed.forget(account.id()).wait().unwrap();
        // What has none is not concerned.
        app(Mapper::new()).save(&mut open()).wait().unwrap();
    }
}

#[test]
fn rows_of_the_log_are_read_with_the_key_of_their_aggregate() {
    for app in apps() {
        let (gone, stays) = (saved(&app), saved(&app));
        app.forget(gone.id()).wait().unwrap();
        for row in app.recorder().select_log_dyn(LogRange::all()).wait().unwrap() {
            let error = app.store().mapper().decode::<Account>(&row.event).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("mapper_for"), "{error}");
            let mapper = app.store().mapper_for(row.event.id).wait();
            if row.event.id == gone.id().uuid() {
                assert_eq!(kind(mapper), ErrorKind::Forgotten);
            } else {
                assert_eq!(row.event.id, stays.id().uuid());
                assert!(mapper.unwrap().decode::<Account>(&row.event).unwrap().is_some());
            }
        }
    }
}

#[test]
fn a_stream_ends_where_its_aggregate_is_forgotten() {
    for app in apps() {
        let mut account = open();
        (0..2_500).for_each(|_| account.deposit(1));
        app.save(&mut account).wait().unwrap();
        let mut events = app.store().stream(account.id(), EventRange::all());
        assert!(events.next_page().wait().unwrap().is_some());
        app.forget(account.id()).wait().unwrap();
        assert_eq!(kind(events.next_page().wait()), ErrorKind::Forgotten);
    }
}

/// Does something after the next append, before the answer is there.
#[derive(Default)]
struct Hooked {
    store: MemoryRecorder,
    hook: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl AggregateRecorder for Hooked {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        let receipt = self.store.append(commit).await;
        let hook = self.hook.lock().unwrap().take();
        if let Some(hook) = hook {
            hook();
        }
        receipt
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        self.store.select(id, range).await
    }

    delegate_keys!(store);
}

impl ApplicationRecorder for Hooked {
    async fn select_log(&self, range: LogRange) -> Result<Vec<Notification>, Error> {
        self.store.select_log(range).await
    }

    async fn last_position(&self) -> Result<Option<Position>, Error> {
        self.store.last_position().await
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Position>, Error> {
        self.store.resolve(receipt).await
    }
}

#[test]
fn a_save_under_way_brings_nothing_back_into_the_cache() {
    for is_forgotten in [true, false] {
        let recorder = Arc::new(Hooked::default());
        let builder =
            Application::on(Arc::clone(&recorder) as _).mapper(keyed()).cache(Cache::of(10).trusting());
        let app = builder.open().wait().unwrap();
        let mut account = saved(&app);
        let (id, other) = (account.id(), app.clone());
        account.deposit(1);
        *recorder.hook.lock().unwrap() = Some(Box::new(move || {
            if is_forgotten {
                other.forget(id).wait().unwrap();
            } else {
                let discarded = &mut other.get(id).wait().unwrap().discard();
                other.save(discarded).wait().unwrap();
            }
        }));
        app.save(&mut account).wait().unwrap();
        let expected = if is_forgotten { ErrorKind::Forgotten } else { ErrorKind::NotFound };
        assert_eq!(kind(app.get(id).wait()), expected);
    }
}

#[test]
fn first_writers_of_one_sequence_share_its_key() {
    for app in apps() {
        for _ in 0..20 {
            let id = Uuid::now_v7();
            std::thread::scope(|scope| {
                for version in 1..=4_u32 {
                    let app = &app;
                    scope.spawn(move || {
                        let whispered = Whispered { text: version.to_string() };
                        if version % 2 == 0 {
                            app.store().put_events(&[Recorded::now(id, version, whispered)]).wait().unwrap();
                        } else {
                            app.save(Batch::new().event(id, version.into(), whispered)).wait().unwrap();
                        }
                    });
                }
            });
            assert_eq!(app.store().get_events::<Whispered>(id, EventRange::all()).wait().unwrap().len(), 4);
            assert_eq!(keys(&app, &[id]).len(), 1);
        }
    }
}

#[test]
fn keys_are_renewed_so_that_an_old_one_can_be_thrown_away() {
    let recorder = Arc::new(MemoryRecorder::new());
    let app = |cipher| {
        let mapper = Mapper::new().with_data_keys(cipher);
        Application::on(Arc::clone(&recorder) as _).mapper(mapper).open().wait().unwrap()
    };
    let old = app(AesGcm::new(&key()));
    let (mut account, gone) = (saved(&old), saved(&old));
    old.forget(gone.id()).wait().unwrap();
    let new = Key::generate(256).unwrap();
    let both = app(AesGcm::new(&new).with_old_key(&key()));
    let id = account.id();
    let renew = |id: Id<Account>| both.store().renew_key(id.uuid()).wait().unwrap();
    assert_eq!([renew(id), renew(id), renew(gone.id()), renew(Id::new())], [true, false, false, false]);
    // Only the new key is needed from now on.
    account.deposit(1);
    assert_eq!(kind(old.save(&mut account).wait()), ErrorKind::Cipher);
    let only_new = app(AesGcm::new(&new));
    only_new.save(&mut account).wait().unwrap();
    assert_eq!(only_new.get(id).wait().unwrap().balance, 31);
    assert_eq!(kind(app(AesGcm::new(&key())).get(id).wait()), ErrorKind::Cipher);
    assert_eq!(kind(only_new.get(gone.id()).wait()), ErrorKind::Forgotten);
    only_new.forget(id).wait().unwrap();
    assert_eq!(kind(only_new.get(id).wait()), ErrorKind::Forgotten);
}

/// Destroys keys, and says that something is still to be done.
struct Late(MemoryRecorder);

impl AggregateRecorder for Late {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.0.append(commit).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        self.0.select(id, range).await
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        self.0.has_commit(id, commit).await
    }

    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        self.0.select_keys(ids).await
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        self.0.replace_key(old, new).await
    }

    async fn forget(&self, id: Uuid) -> Result<(), Error> {
        self.0.forget(id).await?;
        Err(Error::new(ErrorKind::Timeout, "somebody reads; do it again"))
    }
}

#[test]
fn snapshots_and_cache_are_emptied_also_if_the_store_is_not_done() {
    let store = EventStore::new(keyed(), Arc::new(Late(MemoryRecorder::new())));
    let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
    let repository = Repository::new(store.clone()).with_snapshots(snapshots.clone());
    let repository = repository.with_cache(Cache::of(10).trusting());
    let account = open();
    let id = account.id();
    store.put::<Account>(account.pending()).wait().unwrap();
    repository.take_snapshot(id, Version::MAX).wait().unwrap();
    repository.get(id).wait().unwrap();
    assert_eq!(kind(repository.forget(id).wait()), ErrorKind::Timeout);
    assert_eq!(kind(repository.get(id).wait()), ErrorKind::Forgotten);
    assert_eq!(snapshots.versions(id).wait().unwrap().len(), 0);

    let said = Uuid::now_v7();
    store.put_events(&[Recorded::now(said, 1, Whispered { text: "a".into() })]).wait().unwrap();
    let texts = MutatorRepository::new(store, |_, event: Whispered| Some(event.text));
    let texts = texts.with_snapshots(snapshots.clone(), "Text", 1);
    texts.take_snapshot(said, 1).wait().unwrap();
    let other = texts.clone().with_snapshots(snapshots, "Other text", 1);
    other.take_snapshot(said, 1).wait().unwrap();
    assert_eq!(kind(texts.forget(said).wait()), ErrorKind::Timeout);
    assert_eq!(texts.snapshot_versions(said).wait().unwrap().len(), 0);
    assert_eq!(other.snapshot_versions(said).wait().unwrap().len(), 0, "of whatever kind");
}

#[test]
fn what_cannot_be_forgotten_keeps_its_snapshots() {
    let recorder = Arc::new(MemoryRecorder::new());
    let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
    let repository = |mapper| {
        let store = EventStore::new(mapper, Arc::clone(&recorder) as _);
        Repository::new(store).with_snapshots(snapshots.clone())
    };
    let account = open();
    let id = account.id();
    let before = repository(Mapper::new().with_cipher(AesGcm::new(&key())));
    before.store().put::<Account>(account.pending()).wait().unwrap();
    before.take_snapshot(id, Version::MAX).wait().unwrap();
    assert_eq!(kind(before.forget(id).wait()), ErrorKind::Config);
    assert_eq!(kind(repository(keyed()).forget(id).wait()), ErrorKind::Invalid);
    assert_eq!(snapshots.versions(id).wait().unwrap().len(), 1);
}
