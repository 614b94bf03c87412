//! The stand-alone style: events, sets and mutator functions without aggregates, in the same stored form.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use es_runtime::clock::Timestamp;
use es_runtime::event::{EventType, EventVisitor, Secrecy};
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::{EventRange, MemoryRecorder, MemorySnapshots, SqliteOptions, Tables};
use es_runtime::standalone::{Bus, MutatorRepository, PersistencePolicy};
use es_runtime::store::{At, EventStore, SnapshotStore};
use es_runtime::{Envelope, ErrorKind, Event, EventSet, Metadata, Recorded, Registry, Version, Wait, event};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(topic = "standalone.created")]
struct Created {
    owner: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(topic = "standalone.changed", aliases = ["standalone.renamed"])]
struct Changed {
    owner: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(topic = "standalone.gone")]
struct Gone {}

/// All events of an example.
#[derive(Clone, Debug, PartialEq, EventSet)]
enum ExampleEvent {
    Created(Created),
    /// The event with a former topic.
    Changed(Changed),
    Gone(Gone),
}

#[derive(Debug, PartialEq)]
struct Example {
    owner: String,
    version: Version,
}

fn mutate(example: Option<Example>, event: ExampleEvent, envelope: &Envelope) -> Option<Example> {
    let version = envelope.version();
    match (event, example) {
        (ExampleEvent::Created(Created { owner }), None)
        | (ExampleEvent::Changed(Changed { owner }), Some(_)) => Some(Example { owner, version }),
        _ => None,
    }
}

fn created(owner: &str) -> ExampleEvent {
    Created { owner: owner.into() }.into()
}

fn changed(owner: &str) -> ExampleEvent {
    Changed { owner: owner.into() }.into()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Makes each kind of store that needs no set-up.
fn stores() -> [EventStore; 2] {
    let sqlite = SqliteOptions::in_memory().open().unwrap().recorder(&Tables::default()).unwrap();
    [
        EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new())).unwrap(),
        EventStore::new(Mapper::new(), Arc::new(sqlite)).unwrap(),
    ]
}

fn keyed() -> Mapper {
    Mapper::new().with_data_keys(AesGcm::new(&Key::from_bytes(&[7; 16]).unwrap()))
}

fn keyed_stores() -> [EventStore; 2] {
    let sqlite = SqliteOptions::in_memory().open().unwrap().recorder(&Tables::default()).unwrap();
    [
        EventStore::new(keyed(), Arc::new(MemoryRecorder::new())).unwrap(),
        EventStore::new(keyed(), Arc::new(sqlite)).unwrap(),
    ]
}

#[test]
fn events_become_a_state_as_it_is_and_as_it_was() {
    for store in stores() {
        let id = Uuid::now_v7();
        let events = [
            Recorded::at(at(1_000), id, 1, created("bar")),
            Recorded::at(at(2_000), id, 2, changed("baz")),
            Recorded::at(at(3_000), id, 3, Gone {}.into()),
        ];
        let examples = MutatorRepository::with_envelope(store.clone(), mutate);
        let example = |owner: &str, version: u32| Example { owner: owner.into(), version: version.into() };
        store.put(&events[..2]).wait().unwrap();
        assert_eq!(examples.get(id).wait().unwrap(), example("baz", 2));
        assert!(examples.contains(id).wait().unwrap());
        store.put(&events[2..]).wait().unwrap();
        assert!(!examples.contains(id).wait().unwrap());
        let error = examples.get(id).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("its events leave nothing"), "{error}");

        assert_eq!(examples.get_at(id, 1).wait().unwrap(), example("bar", 1));
        assert_eq!(examples.get_at(id, 2).wait().unwrap(), example("baz", 2));
        assert_eq!(examples.get_at(id, at(2_999)).wait().unwrap(), example("baz", 2));
        let error = examples.get_at(id, at(999)).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("none until then"), "{error}");
    }
}

#[test]
fn an_id_that_was_never_saved_is_not_found() {
    let [store, _] = stores();
    let examples = MutatorRepository::with_envelope(store, mutate);
    let id = Uuid::now_v7();
    assert_eq!(examples.get(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!examples.clone().contains(id).wait().unwrap());
}

#[test]
fn versions_are_the_users_but_never_used_twice() {
    for store in stores() {
        let id = Uuid::now_v7();
        store.put(&[Recorded::now(id, 0, created("a")), Recorded::now(id, 7, changed("b"))]).wait().unwrap();
        let examples = MutatorRepository::with_envelope(store.clone(), mutate);
        assert_eq!(examples.get(id).wait().unwrap().version, 7);
        let error = store
            .put(&[Recorded::now(id, 8, changed("c")), Recorded::now(id, 7, changed("d"))])
            .wait()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(examples.get(id).wait().unwrap().owner, "b", "none of them is stored");
    }
}

#[test]
fn long_sequences_are_read_a_page_at_a_time() {
    let [store, _] = stores();
    let id = Uuid::now_v7();
    let events: Vec<Recorded<ExampleEvent>> =
        (1..=4_500).map(|version: u32| Recorded::now(id, version, created(&version.to_string()))).collect();
    store.put(&events).wait().unwrap();
    let count = MutatorRepository::new(store.clone(), |count: Option<u32>, _: ExampleEvent| {
        Some(count.unwrap_or_default() + 1)
    });
    assert_eq!(count.get(id).wait().unwrap(), 4_500);
    assert_eq!(count.get_at(id, 2_001).wait().unwrap(), 2_001);
    assert_eq!(store.get_events::<ExampleEvent>(id, EventRange::all()).wait().unwrap().len(), 4_500);
}

#[test]
fn the_stored_form_is_that_of_an_aggregates_events() {
    let mapper = Mapper::new();
    let metadata = Metadata::new().with_actor("ann");
    let recorded = Recorded::at(at(5), Uuid::now_v7(), 3, created("bar")).with_metadata(metadata.clone());
    let row = mapper.encode(&recorded).unwrap();
    let same = Created { owner: "bar".into() };
    let single = mapper.encode_event(row.id, row.version, at(5), &metadata, &same).unwrap();
    assert_eq!(row, single);
    assert_eq!(row.topic, "standalone.created");
    let again = mapper.decode::<ExampleEvent>(&row).unwrap().unwrap();
    assert_eq!(again.envelope(), recorded.envelope());
    assert_eq!(again.metadata().actor(), Some("ann"));
    assert_eq!(again.into_event(), created("bar"));
}

#[test]
fn an_alias_is_read_and_an_unknown_topic_is_reported() {
    let mapper = Mapper::new();
    let recorded = Recorded::now(Uuid::now_v7(), 1, changed("x"));
    let mut row = mapper.encode(&recorded).unwrap();
    row.topic = "standalone.renamed".try_into().unwrap();
    assert_eq!(mapper.decode::<ExampleEvent>(&row).unwrap().unwrap().into_event(), changed("x"));
    row.topic = "standalone.newer".try_into().unwrap();
    let error = mapper.decode::<ExampleEvent>(&row).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTopic);
    for part in ["`standalone.newer`", "`standalone.created`, `standalone.changed`, `standalone.gone`"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    row.topic = "standalone.created".try_into().unwrap();
    row.state = b"{\"at\":1,\"data\":{}}".to_vec();
    assert_eq!(mapper.decode::<ExampleEvent>(&row).unwrap_err().kind(), ErrorKind::Schema);
}

/// An event written by hand, without the derives.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Written {
    text: String,
}

impl Event for Written {
    const NAME: &'static str = "Written";
    const TOPIC: &'static str = "standalone.written";
}

#[derive(Clone, Debug)]
enum ByHand {
    Written(Written),
}

impl EventSet for ByHand {
    const TYPES: &'static [EventType] = &[Written::TYPE];

    fn visit<V: EventVisitor>(&self, visitor: V) -> V::Output {
        match self {
            Self::Written(event) => event.accept(visitor),
        }
    }

    fn decode<'de, D: Deserializer<'de>>(
        topic: &str,
        version: u32,
        data: D,
    ) -> Option<Result<Self, D::Error>> {
        Written::is(topic).then(|| <Written as Event>::decode(version, data).map(Self::Written))
    }
}

/// The shape before the field named its unit.
#[derive(Serialize, Deserialize)]
struct WeighedV1 {
    weight: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(topic = "standalone.weighed", version = 2, upcast = WeighedV1, clear)]
struct Weighed {
    grams: u32,
}

impl From<WeighedV1> for Weighed {
    fn from(old: WeighedV1) -> Self {
        Self { grams: old.weight }
    }
}

#[test]
fn a_derived_event_is_registered_and_read_in_its_older_shape() {
    let known = Registry::global().unwrap().event("standalone.weighed").unwrap();
    assert_eq!((known.name(), known.version(), known.secrecy()), ("Weighed", 2, Secrecy::Clear));
    assert!(known.place().file().ends_with("standalone.rs"));
    let mapper = Mapper::new();
    let mut row = mapper.encode(&Recorded::now(Uuid::now_v7(), 1, Weighed { grams: 3 })).unwrap();
    row.state = b"{\"at\":1,\"data\":{\"weight\":3}}".to_vec();
    assert_eq!(mapper.decode::<Weighed>(&row).unwrap().unwrap().into_event(), Weighed { grams: 3 });
    assert_eq!(Created::TYPE.topic(), "standalone.created");
    assert_eq!(Changed::ALIASES, ["standalone.renamed"]);
}

#[event]
struct Measured {
    celsius: i32,
}

#[test]
fn a_set_is_made_by_hand_or_of_one_event() {
    let [store, _] = stores();
    let id = Uuid::now_v7();
    let event = ByHand::Written(Written { text: "bar".into() });
    store.put(&[Recorded::now(id, 1, event)]).wait().unwrap();
    let events = store.get_events::<ByHand>(id, EventRange::all()).wait().unwrap();
    assert!(matches!(events[0].event(), ByHand::Written(Written { text }) if text == "bar"));

    let sensor = Uuid::now_v7();
    store.put(&[Recorded::now(sensor, 1, Measured { celsius: 21 })]).wait().unwrap();
    let last = MutatorRepository::new(store, |_, event: Measured| Some(event.celsius));
    assert_eq!(last.get(sensor).wait().unwrap(), 21);
    let error = last.get(id).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTopic);
}

#[test]
fn a_set_is_published_stored_and_subscribed_to_by_type() {
    let [store, _] = stores();
    let bus = Bus::<Recorded<ExampleEvent>>::new();
    let _storing = PersistencePolicy::new(&bus, store.clone());
    let (names, id) = (Arc::new(std::sync::Mutex::new(Vec::new())), Uuid::now_v7());
    let noting = Arc::clone(&names);
    let _named = bus.subscribe_to(move |changed: &Changed, _: &Envelope| {
        noting.lock().unwrap().push(changed.owner.clone());
    });
    let events = [Recorded::now(id, 1, created("bar")), Recorded::now(id, 2, changed("baz"))];
    bus.publish(&events).unwrap();
    assert_eq!(*names.lock().unwrap(), ["baz"]);
    let examples = MutatorRepository::with_envelope(store, mutate);
    assert_eq!(examples.get(id).wait().unwrap().owner, "baz");
}

#[test]
fn a_handler_may_load_what_the_policy_has_stored() {
    let [store, _] = stores();
    let bus = Bus::<Recorded<ExampleEvent>>::new();
    let _storing = PersistencePolicy::new(&bus, store.clone());
    let examples = MutatorRepository::with_envelope(store, mutate);
    let id = Uuid::now_v7();
    let loading = examples.clone();
    let _view = bus.subscribe(
        |_| true,
        move |recorded| {
            let example = loading.get(recorded.envelope().id()).wait()?;
            assert_eq!(example.version, recorded.envelope().version());
            Ok(())
        },
    );
    bus.publish(&[Recorded::now(id, 1, created("bar"))]).unwrap();
    bus.publish(&[Recorded::now(id, 2, changed("baz"))]).unwrap();
}

#[test]
fn its_futures_may_be_sent() {
    fn sent(future: impl Future + Send) {
        drop(future);
    }
    let [store, _] = stores();
    let examples = MutatorRepository::with_envelope(store.clone(), mutate);
    sent(examples.get(Uuid::nil()));
    sent(examples.get_at(Uuid::nil(), 3));
    sent(examples.contains(Uuid::nil()));
    sent(store.get_events::<ExampleEvent>(Uuid::nil(), EventRange::all()));
    sent(store.put::<ExampleEvent>(&[]));
    let log = es_runtime::sequence::TimeLog::<Measured>::new(store, Uuid::nil());
    sent(log.append(Measured { celsius: 1 }));
    sent(log.get(es_runtime::sequence::TimeRange::all()));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Names {
    all: Vec<String>,
}

fn name(names: Option<Names>, event: ExampleEvent) -> Option<Names> {
    match (event, names) {
        (ExampleEvent::Created(Created { owner }), None) => Some(Names { all: vec![owner] }),
        (ExampleEvent::Changed(Changed { owner }), Some(Names { mut all })) => {
            all.push(owner);
            Some(Names { all })
        }
        _ => None,
    }
}

#[test]
fn states_of_any_kind_have_snapshots() {
    let clear = stores().into_iter().map(|store| (store, false));
    for (store, is_keyed) in clear.chain(keyed_stores().into_iter().map(|store| (store, true))) {
        let id = Uuid::now_v7();
        let events: Vec<_> = (1..=5_u32)
            .map(|number| {
                let owner = number.to_string();
                let event = if number == 1 { created(&owner) } else { changed(&owner) };
                Recorded::at(at(i64::from(number) * 1_000), id, number, event)
            })
            .collect();
        store.put(&events).wait().unwrap();
        let (calls, snapshots) = (Arc::new(AtomicU32::new(0)), Arc::new(MemorySnapshots::new()));
        let counted = Arc::clone(&calls);
        let counting = move |names, event| {
            counted.fetch_add(1, Ordering::Relaxed);
            name(names, event)
        };
        let kept = SnapshotStore::new(Arc::clone(&snapshots) as _);
        let plain = MutatorRepository::new(store.clone(), counting);
        assert_eq!(plain.take_snapshot_at(id, 3).wait().unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(plain.snapshot_versions(id).wait().unwrap_err().kind(), ErrorKind::Config);
        let names = plain.clone().with_snapshots(kept.clone(), "Names", 1);
        assert_eq!(names.take_snapshot_at(id, 3).wait().unwrap(), Version::from(3));
        let all = |many: u32| (1..=many).map(|number| number.to_string()).collect::<Vec<_>>();
        for (at, version, read) in [
            (At::from(Version::MAX), 5, 2),
            (At::from(4), 4, 1),
            (At::from(3), 3, 0),
            (At::from(2), 2, 2),
            (At::from(at(4_500)), 4, 1),
            (At::from(at(2_500)), 2, 2),
        ] {
            calls.store(0, Ordering::Relaxed);
            assert_eq!(names.get_at(id, at).wait().unwrap().all, all(version), "{at:?}");
            assert_eq!(calls.load(Ordering::Relaxed), read, "{at:?}");
        }
        // The new version of the code ignores the older snapshots, and replaces them.
        let newer = plain.clone().with_snapshots(kept.clone(), "Names", 2);
        calls.store(0, Ordering::Relaxed);
        newer.take_snapshot_at(id, 3).wait().unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        calls.store(0, Ordering::Relaxed);
        assert_eq!((newer.get(id).wait().unwrap().all, calls.load(Ordering::Relaxed)), (all(5), 2));
        assert_eq!(newer.snapshot_versions(id).wait().unwrap(), [3_u64]);
        // A state that is gone, or was never there, has no snapshot.
        store.put(&[Recorded::now(id, 6, ExampleEvent::from(Gone {}))]).wait().unwrap();
        assert_eq!(newer.take_snapshot(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(newer.take_snapshot_at(Uuid::now_v7(), 1).wait().unwrap_err().kind(), ErrorKind::NotFound);
        if is_keyed {
            newer.forget("Example", id).wait().unwrap();
            assert_eq!(newer.get(id).wait().unwrap_err().kind(), ErrorKind::Forgotten);
            assert_eq!(newer.get_at(id, 3).wait().unwrap_err().kind(), ErrorKind::Forgotten);
            assert!(!newer.contains(id).wait().unwrap());
            assert_eq!(newer.snapshot_versions(id).wait().unwrap().len(), 0);
        }
    }
}

#[test]
fn states_of_two_kinds_keep_their_snapshots_apart() {
    for store in stores() {
        let id = Uuid::now_v7();
        let events = [1, 2, 4].map(|celsius| Measured { celsius });
        let events: Vec<_> =
            (1_u32..).zip(events).map(|(version, event)| Recorded::now(id, version, event)).collect();
        store.put(&events).wait().unwrap();
        let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
        let sum = MutatorRepository::new(store.clone(), |sum: Option<i32>, event: Measured| {
            Some(sum.unwrap_or_default() + event.celsius)
        });
        let count = MutatorRepository::new(store, |count: Option<i32>, _: Measured| {
            Some(count.unwrap_or_default() + 1)
        });
        let sum = sum.with_snapshots(snapshots.clone(), "Sum", 1);
        let count = count.with_snapshots(snapshots, "Count", 1);
        sum.take_snapshot_at(id, 2).wait().unwrap();
        assert_eq!(count.get(id).wait().unwrap(), 3, "begun with the snapshot of another kind");
        count.take_snapshot_at(id, 2).wait().unwrap();
        assert_eq!((sum.get(id).wait().unwrap(), count.get(id).wait().unwrap()), (7, 3));
        count.take_snapshot_at(id, 3).wait().unwrap();
        count.delete_snapshots(id, EventRange::all().before(Version::from(3))).wait().unwrap();
        assert_eq!(sum.snapshot_versions(id).wait().unwrap(), [2_u64]);
        assert_eq!(count.snapshot_versions(id).wait().unwrap(), [3_u64]);
    }
}

#[test]
fn a_snapshot_of_a_state_beyond_the_events_is_passed_over() {
    let [store, restored] = stores();
    let id = Uuid::now_v7();
    let events: Vec<_> =
        (1_u32..=5).map(|version| Recorded::now(id, version, Measured { celsius: 1 })).collect();
    store.put(&events).wait().unwrap();
    restored.put(&events[..3]).wait().unwrap();
    let told = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&told);
    let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new())).on_snapshot_error(move |error| {
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let sums = |store: &EventStore| {
        let sum = |sum: Option<i32>, event: Measured| Some(sum.unwrap_or_default() + event.celsius);
        MutatorRepository::new(store.clone(), sum).with_snapshots(snapshots.clone(), "Sum", 1)
    };
    sums(&store).take_snapshot_at(id, 5).wait().unwrap();
    assert_eq!(sums(&store).get(id).wait().unwrap(), 5);
    assert_eq!(told.load(Ordering::Relaxed), 0);
    assert_eq!(sums(&restored).get(id).wait().unwrap(), 3);
    assert_eq!(sums(&restored).get_at(id, 3).wait().unwrap(), 3);
    assert_eq!(told.load(Ordering::Relaxed), 1);
    assert!(!sums(&restored).contains(Uuid::now_v7()).wait().unwrap());
}
