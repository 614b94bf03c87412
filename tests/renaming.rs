//! An aggregate under another name reads the events that were stored under its former names.

use es_runtime::event::EventType;
use es_runtime::mapper::Mapper;
use es_runtime::recorder::StoredEvent;
use es_runtime::testing::{decode, encode};
use es_runtime::{Aggregate, ErrorKind, Id, Registry, Version, aggregate, mutator};
use uuid::Uuid;

mod first {
    use es_runtime::{aggregate, mutator};

    #[aggregate(name = "Parcel.Box")]
    pub(crate) struct Crate {
        #[attribute]
        pub(crate) label: String,
    }

    #[mutator]
    impl Crate {
        #[event(Packed)]
        pub(crate) fn pack(label: String) -> Self {
            Self { label }
        }
    }
}

#[aggregate(aliases = ["Packet", "Parcel"], retired = ["colour"])]
struct Shipment {
    #[attribute(aliases = ["tag"])]
    label: String,
    moves: u32,
}

#[mutator(retired = ["Parcel.Weighed"])]
impl Shipment {
    #[event(Packed)]
    fn pack(label: String) -> Self {
        Self { label, moves: 0 }
    }

    #[event(Moved, topic = "moved", aliases = ["Parcel.Carried"])]
    fn travel(&mut self) {
        self.moves += 1;
    }
}

/// An aggregate whose attributes are all gone.
#[aggregate(retired = ["note"])]
struct Pallet {
    boxes: u32,
}

#[mutator]
impl Pallet {
    #[event(Stacked)]
    fn stack() -> Self {
        Self { boxes: 1 }
    }
}

fn read(topic: &str, data: &str) -> Result<String, ErrorKind> {
    let event = decode::<Shipment>(topic, 1, data).map_err(|error| error.kind())?;
    let encoded = encode::<Shipment>(&event);
    Ok(format!("{} {}", encoded.topic(), encoded.data()))
}

#[test]
fn events_are_read_under_every_former_name() {
    for name in ["Packet", "Parcel", "Shipment"] {
        let packed = read(&format!("{name}.Packed"), r#"{"label":"a"}"#);
        assert_eq!(packed.as_deref(), Ok(r#"Shipment.Packed {"label":"a"}"#));
        let changed = read(&format!("{name}.AttributeChanged"), r#"{"name":"tag","value":"b"}"#);
        assert_eq!(changed.as_deref(), Ok(r#"Shipment.AttributeChanged {"name":"label","value":"b"}"#));
        assert_eq!(read(&format!("{name}.Discarded"), "{}").as_deref(), Ok("Shipment.Discarded {}"));
    }
}

#[test]
fn only_a_topic_made_of_the_name_follows_it() {
    assert_eq!(read("moved", "{}").as_deref(), Ok("moved {}"));
    assert_eq!(read("Parcel.Carried", "{}").as_deref(), Ok("moved {}"));
    for unknown in
        ["Parcel.Moved", "Parcel.Unheard", "Parcel", "ParcelPacked", "Shipment.Parcel.Packed", ".Packed"]
    {
        assert_eq!(read(unknown, "{}"), Err(ErrorKind::UnknownTopic), "{unknown}");
    }
}

#[test]
fn a_name_that_begins_with_a_former_one_is_not_renamed_for_ever() {
    #[aggregate(name = "A.B", aliases = ["A"])]
    struct Nested {
        count: u32,
    }
    #[mutator]
    impl Nested {
        #[event(NestedMade)]
        fn make() -> Self {
            Self { count: 0 }
        }
    }
    assert!(decode::<Nested>("A.NestedMade", 1, "{}").is_ok());
    let error = decode::<Nested>("A.B.Unheard", 1, "{}").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTopic);
    assert_eq!(Nested::make().count, 0);
}

#[aggregate(name = "ledger.Account", aliases = ["bank", "bank.Account"])]
struct Dotted {
    count: u32,
}

#[mutator(retired = ["bank.Account.Frozen", "ledger.Account.Closed"])]
impl Dotted {
    #[event(DottedOpened)]
    fn open() -> Self {
        Self { count: 0 }
    }

    #[event(Frozen2, topic = "ledger.Account.Frozen")]
    fn freeze(&mut self) {
        self.count += 1;
    }

    #[event(PaidIn2, topic = "bank.Account.Deposited", aliases = ["ledger.Account.Paid"])]
    fn pay(&mut self) {
        self.count += 1;
    }

    #[event(Deposited2, topic = "ledger.Account.Deposited")]
    fn deposit(&mut self) {
        self.count += 10;
    }
}

fn dotted(topic: &str) -> String {
    match decode::<Dotted>(topic, 1, "{}") {
        Ok(event) => encode::<Dotted>(&event).topic().to_owned(),
        Err(error) => error.to_string().split(':').next().unwrap_or_default().to_owned(),
    }
}

#[test]
fn a_stated_topic_counts_before_a_derived_one() {
    assert_eq!(dotted("bank.Account.DottedOpened"), "ledger.Account.DottedOpened");
    assert_eq!(dotted("bank.DottedOpened"), "ledger.Account.DottedOpened");
    assert_eq!(dotted("bank.Account.Discarded"), "ledger.Account.Discarded");
    // Another event has the name that the retired one would have today.
    assert_eq!(dotted("bank.Account.Frozen"), "`bank.Account.Frozen` is retired");
    assert_eq!(dotted("ledger.Account.Frozen"), "ledger.Account.Frozen");
    // The store has the retired event under a former name of the aggregate; `retired` names it under today's.
    assert_eq!(dotted("bank.Account.Closed"), "`bank.Account.Closed` is retired");
    // An event with a topic of its own, which would be another event under a former name.
    assert_eq!(dotted("bank.Account.Deposited"), "bank.Account.Deposited");
    assert_eq!(dotted("ledger.Account.Deposited"), "ledger.Account.Deposited");
    assert_eq!(dotted("bank.Account.Paid"), "bank.Account.Deposited");
    let registry = Registry::global().unwrap();
    for topic in
        ["bank.Account.DottedOpened", "bank.DottedOpened", "bank.Account.Deposited", "bank.Account.Paid"]
    {
        assert_eq!(registry.event(topic).map(EventType::topic), Some(dotted(topic).as_str()), "{topic}");
    }
    assert!(registry.event("bank.Account.Frozen").is_none());
    let mut account = Dotted::open();
    account.freeze();
    account.pay();
    account.deposit();
    assert_eq!(account.count, 12);
}

#[test]
fn ids_derived_from_a_key_outlive_the_name() {
    #[aggregate(name = "Cargo", aliases = ["Load"], id_namespace = "Freight")]
    struct Load {
        weight: u32,
    }
    #[mutator]
    impl Load {
        #[event(Loaded)]
        fn begin() -> Self {
            Self { weight: 1 }
        }
    }
    assert_eq!(Shipment::ID_NAMESPACE, "Packet", "the oldest name comes first");
    assert_eq!((Load::ID_NAMESPACE, Load::begin().weight), ("Freight", 1));
    let key = |id: Id<Shipment>| id.uuid();
    assert_ne!(key(Id::from_key("a")), Id::<Load>::from_key("a").uuid());
}

#[test]
fn a_retired_attribute_is_to_be_skipped_and_an_unknown_one_is_an_error() {
    for name in ["Shipment", "Parcel"] {
        let topic = format!("{name}.AttributeChanged");
        let skipped = decode::<Shipment>(&topic, 1, r#"{"name":"colour","value":{"deep":[1]}}"#).unwrap_err();
        assert_eq!(skipped.kind(), ErrorKind::UnknownTopic);
        assert!(skipped.to_string().contains("is retired"), "{skipped}");
        let unknown = decode::<Shipment>(&topic, 1, r#"{"name":"size","value":1}"#).unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::Schema);
        assert!(unknown.to_string().contains("there is no attribute `size`"), "{unknown}");
    }
    let topic = "Pallet.AttributeChanged";
    let skipped = decode::<Pallet>(topic, 1, r#"{"name":"note","value":1}"#).unwrap_err();
    assert_eq!(skipped.kind(), ErrorKind::UnknownTopic);
    assert_eq!(
        decode::<Pallet>(topic, 1, r#"{"name":"x","value":1}"#).unwrap_err().kind(),
        ErrorKind::Schema
    );
    assert_eq!(Pallet::stack().boxes, 1);
}

#[test]
fn the_registry_knows_former_names_and_topics() {
    let registry = Registry::global().unwrap();
    for name in ["Shipment", "Packet", "Parcel"] {
        let found = registry.aggregate(name).unwrap();
        assert_eq!((found.name(), found.aliases()), ("Shipment", &["Packet", "Parcel"][..]));
        assert_eq!((found.id_namespace(), found.retired_attributes()), ("Packet", &["colour"][..]));
        for event in ["Packed", "Discarded", "AttributeChanged"] {
            let found = registry.event(&format!("{name}.{event}")).unwrap();
            assert_eq!(found.topic(), format!("Shipment.{event}"));
        }
    }
    assert_eq!(registry.aggregates().filter(|found| found.name() == "Shipment").count(), 1);
    assert_eq!(registry.events().filter(|event| event.topic() == "Shipment.Packed").count(), 1);
    assert!(registry.event("Parcel.Moved").is_none());
    assert_eq!(registry.event("Parcel.Box.Packed").map(EventType::topic), Some("Parcel.Box.Packed"));
}

#[test]
fn a_shipment_works_as_ever() {
    let mut shipment = Shipment::pack("a".into());
    shipment.travel();
    shipment.set_label("b".into());
    assert_eq!((shipment.moves, shipment.label.as_str()), (1, "b"));
    assert_eq!(first::Crate::pack("c".into()).label, "c");
}

#[test]
fn an_event_of_a_renamed_aggregate_is_read_by_its_type() {
    for name in ["Packet", "Parcel", "Shipment"] {
        let row = StoredEvent::new(
            Uuid::now_v7(),
            Version::INITIAL,
            format!("{name}.Packed"),
            br#"{"at":1,"data":{"label":"a"}}"#.to_vec(),
        );
        let packed = Mapper::new().decode_event::<Packed>(&row.unwrap()).unwrap();
        assert_eq!(packed.event().label, "a", "under {name}");
    }
    let other = StoredEvent::new(
        Uuid::now_v7(),
        Version::INITIAL,
        "Parcel.Carried",
        b"{\"at\":1,\"data\":{}}".to_vec(),
    );
    let error = Mapper::new().decode_event::<Packed>(&other.unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTopic);
}
