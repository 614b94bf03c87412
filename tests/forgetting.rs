//! Forgetting: nobody can ever read the events of one aggregate again, and everybody all others.

use std::sync::{Arc, Mutex};

use es_runtime::application::Batch;
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, EventPage, EventRange, KeyRecorder, LogRange,
    MemoryRecorder, MemorySnapshots, Receipt, Remains,
};
use es_runtime::standalone::MutatorRepository;
use es_runtime::store::{Cache, EventStore, Repository, SnapshotStore};
use es_runtime::{Application, Error, ErrorKind, Id, Recorded, Version, Wait, aggregate, event, mutator};
use uuid::Uuid;

use crate::account::{Account, AccountEvent, open};
use crate::data_keys::{Whispered, apps, key, keyed, keys, kind, saved};

#[test]
fn a_forgotten_aggregate_has_an_error_of_its_own() {
    for app in apps() {
        let (gone, mut stays) = (saved(&app), saved(&app));
        let id = gone.id();
        app.get(id).wait().unwrap();
        app.forget(id).wait().unwrap();
        // A second `forget` changes nothing.
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
            assert_eq!(kind(app.take_snapshot(id).wait()), ErrorKind::Forgotten);
        }
        // The other aggregates can be read, and go on.
        stays.deposit(1);
        app.save(&mut stays).wait().unwrap();
        assert_eq!(app.get(stays.id()).wait().unwrap().balance, 31);
        // The log has one notice of forgetting.
        let log = app.recorder().read_log(LogRange::all()).wait().unwrap().entries;
        assert_eq!(log.len(), 8);
        let notices: Vec<_> = log.iter().filter(|entry| entry.event.topic == "Account.Forgotten").collect();
        assert_eq!(notices.len(), 1);
        assert_eq!((notices[0].event.id, notices[0].event.version.get()), (id.uuid(), 4));
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
        // The id stays that of an aggregate: an event without one may not take it.
        assert_eq!(kind(app.save(batch).wait()), ErrorKind::Invalid);
        // Nothing is left that hinders other aggregates.
        app.save(&mut other).wait().unwrap();
        assert_eq!(app.get(other.id()).wait().unwrap().balance, 31);
    }
}

/// Decodes the notices in the log, as a follower does, and returns the kinds of the errors.
fn told(app: &Application) -> Vec<ErrorKind> {
    let notices =
        app.recorder().read_log(LogRange::all().topics(["Account.Forgotten"])).wait().unwrap().entries;
    let mappers = app.store().mappers_for(&notices).wait().unwrap();
    notices
        .iter()
        .map(|entry| kind(mappers.of(&entry.event).unwrap().decode::<AccountEvent>(&entry.event)))
        .collect()
}

#[test]
fn a_program_that_lacks_the_key_of_the_cipher_forgets_nothing() {
    let recorder = Arc::new(MemoryRecorder::new());
    let open = |cipher| {
        let mapper = Mapper::new().with_data_keys(cipher);
        Application::on(Arc::clone(&recorder) as _).mapper(mapper).open().wait().unwrap()
    };
    let (app, other) = (open(AesGcm::new(&key())), open(AesGcm::new(&Key::generate(256).unwrap())));
    let account = saved(&app);
    let error = other.forget(account.id()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cipher);
    assert!(error.to_string().contains("which the key ring lacks"), "{error}");
    assert_eq!(app.get(account.id()).wait().unwrap().balance, 30);
    app.forget(account.id()).wait().unwrap();
    assert_eq!(told(&app), [ErrorKind::Forgotten]);
}

#[test]
fn a_notice_is_understood_after_the_key_that_sealed_it_was_thrown_away() {
    let recorder = Arc::new(MemoryRecorder::new());
    let open = |cipher| {
        let mapper = Mapper::new().with_data_keys(cipher);
        Application::on(Arc::clone(&recorder) as _).mapper(mapper).open().wait().unwrap()
    };
    let app = open(AesGcm::new(&key()));
    let account = saved(&app);
    app.forget(account.id()).wait().unwrap();
    let app = open(AesGcm::new(&Key::generate(256).unwrap()));
    assert_eq!(told(&app), [ErrorKind::Forgotten]);
    assert_eq!(app.ids::<Account>().next_page().wait().unwrap().unwrap(), [account.id()]);
    // An altered notice does not decrypt.
    let notice = recorder
        .select(account.id().uuid(), EventRange::all().after(3.into()))
        .wait()
        .unwrap()
        .events
        .remove(0);
    let mut altered = notice.clone();
    *altered.state.last_mut().unwrap() ^= 1;
    let mapper = keyed();
    assert_eq!(kind(mapper.decode::<AccountEvent>(&notice)), ErrorKind::Forgotten);
    assert_eq!(kind(mapper.decode::<AccountEvent>(&altered)), ErrorKind::Cipher);
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
        app.store().put(&[Recorded::now(id, 2, said("b"))]).wait().unwrap();
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
        app.store().forget("Whisper", id).wait().unwrap();
        assert_eq!(
            kind(app.store().get_events::<Whispered>(id, EventRange::all()).wait()),
            ErrorKind::Forgotten
        );
        assert_eq!(kind(app.store().put(&[Recorded::now(id, 3, said("c"))]).wait()), ErrorKind::Forgotten);
    }
}

#[test]
fn only_what_has_a_key_can_be_forgotten() {
    let recorder = Arc::new(MemoryRecorder::new());
    let app = |mapper| Application::on(Arc::clone(&recorder) as _).mapper(mapper).open().wait().unwrap();
    let before = app(Mapper::new().with_cipher(AesGcm::new(&key())));
    let mut account = saved(&before);
    assert_eq!(kind(before.forget(account.id()).wait()), ErrorKind::Config);

    // An application with data keys still reads rows that the cipher alone encrypted, and stores a key with the next
    // event.
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

    // An application without data keys does not try the cipher on a row that has one.
    let error = before.get(account.id()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("with_data_keys"), "{error}");
}

#[test]
fn events_that_are_clear_by_choice_do_not_hinder_forgetting() {
    let all = ["Account.Opened", "Account.Deposited"];
    let mapper = keyed().with_clear_topics(all);
    let app = Application::builder("memory:").mapper(mapper).open().wait().unwrap();
    let account = saved(&app);
    app.forget(account.id()).wait().unwrap();
    assert_eq!(kind(app.get(account.id()).wait()), ErrorKind::Forgotten, "though all of it can be read");

    let mapper = keyed().with_clear_topics(["Account.Deposited"]);
    let app = Application::builder("sqlite::memory:").mapper(mapper).snapshots().open().wait().unwrap();
    let account = saved(&app);
    let rows = app.recorder().select(account.id().uuid(), EventRange::all()).wait().unwrap();
    let is_clear: Vec<bool> = rows.events.iter().map(|row| row.state.starts_with(b"{")).collect();
    assert_eq!(is_clear, [false, true, true]);
    assert_eq!(app.get(account.id()).wait().unwrap().balance, 30);
    app.forget(account.id()).wait().unwrap();
    assert_eq!(kind(app.get(account.id()).wait()), ErrorKind::Forgotten);
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

/// A recorder that runs something after the next append, before its answer.
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

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.store.select(id, range).await
    }

    delegate_commits!(store);
}

impl KeyRecorder for Hooked {
    delegate_keys!(store);
}

impl ApplicationRecorder for Hooked {
    delegate_log!(store);
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

/// A recorder that destroys keys, and reports that something remains to be done.
struct Late {
    store: MemoryRecorder,
}

impl AggregateRecorder for Late {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.store.append(commit).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.store.select(id, range).await
    }

    delegate_commits!(store);
}

impl KeyRecorder for Late {
    delegate_all_but_forgetting!(store);

    async fn forget(&self, id: Uuid, notice: Commit) -> Result<Remains, Error> {
        self.store.forget(id, notice).await?;
        Err(Error::new(ErrorKind::Timeout, "somebody reads; do it again"))
    }
}

#[test]
fn snapshots_and_cache_are_emptied_also_if_the_store_is_not_done() {
    let store = EventStore::new(keyed(), Arc::new(Late { store: MemoryRecorder::new() })).unwrap();
    let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
    let repository = Repository::new(store.clone()).with_snapshots(snapshots.clone());
    let repository = repository.with_cache(Cache::of(10).trusting());
    let account = open();
    let id = account.id();
    store.put(account.pending()).wait().unwrap();
    repository.take_snapshot(id).wait().unwrap();
    repository.get(id).wait().unwrap();
    assert_eq!(kind(repository.forget(id).wait()), ErrorKind::Timeout);
    assert_eq!(kind(repository.get(id).wait()), ErrorKind::Forgotten);
    assert_eq!(snapshots.versions(id).wait().unwrap().len(), 0);

    let said = Uuid::now_v7();
    store.put(&[Recorded::now(said, 1, Whispered { text: "a".into() })]).wait().unwrap();
    let texts = MutatorRepository::new(store, |_, event: Whispered| Some(event.text));
    let texts = texts.with_snapshots(snapshots.clone(), "Text", 1);
    texts.take_snapshot_at(said, 1).wait().unwrap();
    let other = texts.clone().with_snapshots(snapshots, "Other text", 1);
    other.take_snapshot_at(said, 1).wait().unwrap();
    assert_eq!(kind(texts.forget("Text", said).wait()), ErrorKind::Timeout);
    assert_eq!(texts.snapshot_versions(said).wait().unwrap().len(), 0);
    assert_eq!(other.snapshot_versions(said).wait().unwrap().len(), 0, "of whatever kind");
}

#[test]
fn an_aggregate_that_cannot_be_forgotten_keeps_its_snapshots() {
    let recorder = Arc::new(MemoryRecorder::new());
    let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
    let repository = |mapper| {
        let store = EventStore::new(mapper, Arc::clone(&recorder) as _).unwrap();
        Repository::new(store).with_snapshots(snapshots.clone())
    };
    let account = open();
    let id = account.id();
    let before = repository(Mapper::new().with_cipher(AesGcm::new(&key())));
    before.store().put(account.pending()).wait().unwrap();
    before.take_snapshot(id).wait().unwrap();
    assert_eq!(kind(before.forget(id).wait()), ErrorKind::Config);
    assert_eq!(kind(repository(keyed()).forget(id).wait()), ErrorKind::Invalid);
    assert_eq!(snapshots.versions(id).wait().unwrap().len(), 1);
}

/// A recorder that destroys keys, and then refuses for another reason.
struct Refusing {
    store: MemoryRecorder,
}

impl AggregateRecorder for Refusing {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.store.append(commit).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.store.select(id, range).await
    }

    delegate_commits!(store);
}

impl KeyRecorder for Refusing {
    delegate_all_but_forgetting!(store);

    async fn forget(&self, id: Uuid, notice: Commit) -> Result<Remains, Error> {
        self.store.forget(id, notice).await?;
        Err(Error::new(ErrorKind::Invalid, "a column cannot be emptied"))
    }
}

#[test]
fn snapshots_are_cleared_once_the_store_was_asked_whatever_it_answers() {
    let store = EventStore::new(keyed(), Arc::new(Refusing { store: MemoryRecorder::new() })).unwrap();
    let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
    let repository = Repository::new(store.clone()).with_snapshots(snapshots.clone());
    let account = open();
    store.put(account.pending()).wait().unwrap();
    repository.take_snapshot(account.id()).wait().unwrap();
    assert_eq!(kind(repository.forget(account.id()).wait()), ErrorKind::Invalid);
    assert_eq!(snapshots.versions(account.id()).wait().unwrap().len(), 0);

    let said = Uuid::now_v7();
    store.put(&[Recorded::now(said, 1, Whispered { text: "a".into() })]).wait().unwrap();
    let texts = MutatorRepository::new(store, |_, event: Whispered| Some(event.text));
    let texts = texts.with_snapshots(snapshots, "Text", 1);
    texts.take_snapshot_at(said, 1).wait().unwrap();
    assert_eq!(kind(texts.forget("Text", said).wait()), ErrorKind::Invalid);
    assert_eq!(texts.snapshot_versions(said).wait().unwrap().len(), 0);
}

/// An event that creates aggregates of two types.
#[event]
struct Labelled {
    label: String,
}

macro_rules! labelled {
    ($name:ident) => {
        #[aggregate]
        #[derive(Debug)]
        struct $name {
            label: String,
        }

        #[mutator]
        impl $name {
            #[event]
            fn labelled(event: &Labelled) -> Self {
                Self { label: event.label.clone() }
            }
        }
    };
}

labelled!(Binder);
labelled!(Suitcase);

#[test]
fn an_aggregate_is_forgotten_only_under_its_own_type() {
    for app in apps() {
        let account = saved(&app);
        let as_another = Id::<Binder>::from_uuid(account.id().uuid());
        let error = app.forget(as_another).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongAggregate, "{error}");
        assert_eq!(app.get(account.id()).wait().unwrap().balance, 30);
        let mut binder = Binder::create_from(Labelled { label: "a".into() });
        let id = binder.id();
        app.save(&mut binder).wait().unwrap();
        // A shared event creates both, and its row names its aggregate under the data key.
        let as_another = Id::<Suitcase>::from_uuid(id.uuid());
        assert_eq!(kind(app.forget(as_another).wait()), ErrorKind::WrongAggregate);
        assert_eq!(app.get(id).wait().unwrap().label, "a");
        app.forget(id).wait().unwrap();
        app.forget(account.id()).wait().unwrap();
        // The row still names its aggregate once its data key is gone.
        let as_another = Id::<Binder>::from_uuid(account.id().uuid());
        assert_eq!(kind(app.forget(as_another).wait()), ErrorKind::WrongAggregate);
        let loose = Uuid::now_v7();
        app.save(Batch::new().event(loose, Version::from(1), Whispered { text: "a".into() })).wait().unwrap();
        assert_eq!(kind(app.forget(Id::<Account>::from_uuid(loose)).wait()), ErrorKind::WrongAggregate);
    }
}
