//! Data keys: each aggregate has its own, stored with its events and needed to read them.

use std::sync::Arc;

use es_runtime::application::{Batch, Builder};
use es_runtime::id::DataKeyId;
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, DynApplicationRecorder, EventRange, KeyRecorder,
    LogRange, MemoryRecorder, SqliteOptions, StoredKey, Tables,
};
use es_runtime::standalone::{Bus, PersistencePolicy};
use es_runtime::store::Cache;
use es_runtime::{Application, Error, ErrorKind, Id, Recorded, Version, Wait, event};
use uuid::Uuid;

use crate::account::{Account, AccountEvent, open};

#[event]
pub(crate) struct Whispered {
    pub(crate) text: String,
}

pub(crate) fn key() -> Key {
    Key::from_bytes(&[7; 32]).unwrap()
}

pub(crate) fn keyed() -> Mapper {
    Mapper::new().with_data_keys(AesGcm::new(&key()))
}

/// Makes an application on each store, also with snapshots and caches.
pub(crate) fn apps() -> Vec<Application> {
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

pub(crate) fn saved(app: &Application) -> Account {
    let mut account = open();
    account.deposit(10);
    app.save(&mut account).wait().unwrap();
    account.deposit(20);
    app.save(&mut account).wait().unwrap();
    account
}

pub(crate) fn kind<T>(result: Result<T, Error>) -> ErrorKind {
    result.err().expect("it fails").kind()
}

pub(crate) fn keys(app: &Application, ids: &[Uuid]) -> Vec<StoredKey> {
    app.recorder().as_keys().unwrap().select_keys(ids.to_vec()).wait().unwrap()
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
        for row in app.recorder().read_log(LogRange::all()).wait().unwrap().entries {
            assert!(!String::from_utf8_lossy(&row.event.state).contains("amount"));
        }
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
fn the_cipher_of_the_keys_can_be_replaced() {
    let recorder = Arc::new(MemoryRecorder::new());
    let app = |cipher| {
        let mapper = Mapper::new().with_data_keys(cipher);
        Application::on(Arc::clone(&recorder) as _).mapper(mapper).open().wait().unwrap()
    };
    let new = Key::generate(256).unwrap();
    let only_new = app(AesGcm::new(&new));
    let account = saved(&app(AesGcm::new(&key())));
    assert_eq!(app(AesGcm::new(&new).with_old_key(&key())).get(account.id()).wait().unwrap().balance, 30);
    let error = only_new.get(account.id()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cipher);
    assert!(error.to_string().contains("the data key of aggregate"), "{error}");
}

#[test]
fn a_program_with_another_key_or_none_is_refused_when_it_opens() {
    let sqlite = SqliteOptions::in_memory().open().unwrap().recorder(&Tables::default()).unwrap();
    for recorder in [Arc::new(MemoryRecorder::new()) as Arc<dyn DynApplicationRecorder>, Arc::new(sqlite)] {
        let open = |mapper| Application::on(Arc::clone(&recorder)).mapper(mapper).open().wait();
        let with = |cipher| open(Mapper::new().with_data_keys(cipher));
        let (own, other) = (key(), Key::generate(256).unwrap());
        let app = with(AesGcm::new(&own)).unwrap();
        // A store without data keys takes any cipher key.
        drop(with(AesGcm::new(&other)).unwrap());
        let account = saved(&app);
        let error = with(AesGcm::new(&other)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("which the key ring lacks"), "{error}");
        for mapper in [Mapper::new(), Mapper::new().with_cipher(AesGcm::new(&own))] {
            let error = open(mapper).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("CIPHER_DATA_KEYS=yes"), "{error}");
        }
        let reopened = with(AesGcm::new(&other).with_old_key(&own)).unwrap();
        assert_eq!(reopened.get(account.id()).wait().unwrap().balance, 30);
        // One key that is damaged, or of another program, locks nobody out.
        let (old, id) = (saved(&app), Uuid::now_v7());
        let mut damaged = keys(&app, &[old.id().uuid()])[0].wrapped().unwrap().to_vec();
        damaged[2] ^= 1;
        let row = StoredEvent::new(id, Version::INITIAL, "Account.Opened", vec![1, 1, 0, 2]).unwrap();
        let damaged = StoredKey::new(id, DataKeyId::from_bytes([7; 8]), damaged);
        recorder.append(Commit::new(vec![row]).with_keys(vec![damaged])).wait().unwrap();
        with(AesGcm::new(&own)).unwrap();
        for id in [old.id().uuid(), id] {
            app.recorder().as_keys().unwrap().forget(id, Commit::new(Vec::new())).wait().unwrap();
        }
        // Without a readable data key, there is none to try.
        app.forget(account.id()).wait().unwrap();
        drop(with(AesGcm::new(&other)).unwrap());
    }
}

#[test]
fn a_key_belongs_to_its_aggregate_alone() {
    let recorder = Arc::new(MemoryRecorder::new());
    let app = Application::on(Arc::clone(&recorder) as _).mapper(keyed()).open().wait().unwrap();
    let account = saved(&app);
    let stolen = keys(&app, &[account.id().uuid()]).remove(0);
    // A person with access to the store moves the key, and the rows, to another id.
    let other = Uuid::now_v7();
    let moved: Vec<_> = app
        .recorder()
        .select(account.id().uuid(), EventRange::all())
        .wait()
        .unwrap()
        .events
        .into_iter()
        .map(|mut row| {
            row.id = other;
            row
        })
        .collect();
    let key = StoredKey::new(other, stolen.key().unwrap(), stolen.wrapped().unwrap().to_vec());
    let commit = es_runtime::recorder::Commit::new(moved).with_keys(vec![key]);
    app.recorder().append(commit).wait().unwrap();
    assert_eq!(kind(app.get(Id::<Account>::from_uuid(other)).wait()), ErrorKind::Cipher);
}

#[test]
fn any_bytes_for_a_key_are_an_error() {
    for bytes in [&[][..], &[1], &[1, 1, 0, 0, 0, 0], &[1; 66], &[9; 66], &[1, 200, 0, 0, 0, 0, 1]] {
        let recorder = Arc::new(MemoryRecorder::new());
        let app = Application::on(Arc::clone(&recorder) as _).mapper(keyed()).open().wait().unwrap();
        let id = Uuid::now_v7();
        let row =
            es_runtime::recorder::StoredEvent::new(id, Version::INITIAL, "Account.Opened", vec![1, 1, 0, 2])
                .unwrap();
        let commit = es_runtime::recorder::Commit::new(vec![row]);
        let commit =
            commit.with_keys(vec![StoredKey::new(id, DataKeyId::from_bytes([7; 8]), bytes.to_vec())]);
        app.recorder().append(commit).wait().unwrap();
        let got = kind(app.get(Id::<Account>::from_uuid(id)).wait());
        assert!(matches!(got, ErrorKind::Corrupt | ErrorKind::Cipher | ErrorKind::Config), "{got:?}");
    }
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
        // With the key the account goes on, and can be forgotten.
        keyed.save(&mut account).wait().unwrap();
        keyed.forget(account.id()).wait().unwrap();
        // An account without a data key is not affected.
        app(Mapper::new()).save(&mut open()).wait().unwrap();
    }
}

#[test]
fn rows_of_the_log_are_read_with_the_key_of_their_aggregate() {
    for app in apps() {
        let (gone, stays) = (saved(&app), saved(&app));
        app.forget(gone.id()).wait().unwrap();
        let page = app.recorder().read_log(LogRange::all()).wait().unwrap();
        let mappers = app.store().mappers_for(&page.entries).wait().unwrap();
        let (notice, page) = page.entries.split_last().unwrap();
        assert_eq!(notice.event.topic, "Account.Forgotten");
        assert!(mappers.of(&notice.event).is_some(), "the notice is read by the key of all");
        for row in page {
            assert_eq!(mappers.of(&row.event).is_none(), row.event.id == gone.id().uuid());
            let error = app.store().mapper().decode::<AccountEvent>(&row.event).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("mapper_for"), "{error}");
            let mapper = app.store().mapper_for(row.event.id).wait();
            if row.event.id == gone.id().uuid() {
                assert_eq!(kind(mapper), ErrorKind::Forgotten);
            } else {
                assert_eq!(row.event.id, stays.id().uuid());
                assert!(mapper.unwrap().decode::<AccountEvent>(&row.event).unwrap().is_some());
            }
        }
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
                        if version == 1 {
                            app.save(Batch::new().event(id, version.into(), whispered)).wait().unwrap();
                        } else {
                            app.store().put(&[Recorded::now(id, version, whispered)]).wait().unwrap();
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
    // From now on the application needs only the new key.
    account.deposit(1);
    assert_eq!(kind(old.save(&mut account).wait()), ErrorKind::Cipher);
    let only_new = app(AesGcm::new(&new));
    only_new.save(&mut account).wait().unwrap();
    assert_eq!(only_new.get(id).wait().unwrap().balance, 31);
    assert_eq!(kind(old.get(id).wait()), ErrorKind::Cipher);
    assert_eq!(kind(only_new.get(gone.id()).wait()), ErrorKind::Forgotten);
    only_new.forget(id).wait().unwrap();
    assert_eq!(kind(only_new.get(id).wait()), ErrorKind::Forgotten);
}
