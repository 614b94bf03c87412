use es_runtime::AggregateType;
use es_runtime::event::EventType;
use es_runtime::mapper::Mapper;
use es_runtime::recorder::StoredEvent;
use es_runtime::{ErrorKind, Registry, Version, aggregate, event, mutator};
use uuid::Uuid;

use crate::account::AccountEvent;

#[aggregate(name = "Depot")]
struct SecuritiesDepot {
    #[attribute(name = "label", aliases = ["title"], version = 2, upcast = char)]
    name: String,
    #[attribute]
    open: bool,
    shares: u64,
}

const MUTATOR_LINE: u32 = line!() + 2;
#[mutator(retired = ["Depot.Split", "Depot.Merged"])]
impl SecuritiesDepot {
    #[event(DepotOpened)]
    fn open() -> Self {
        Self { name: String::new(), open: true, shares: 0 }
    }

    const BOUGHT_LINE: u32 = line!() + 2;
    #[event(
        SharesBought,
        topic = "depot.bought",
        aliases = ["depot.got", "depot.had"],
        version = 2,
        upcast = OldBought
    )]
    fn buy(&mut self, shares: u64) {
        self.shares += shares;
    }

    #[event]
    fn moved(&mut self, _event: &DepotMoved) {}
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct OldBought {
    number: u64,
}

impl From<OldBought> for SharesBought {
    fn from(old: OldBought) -> Self {
        Self { shares: old.number }
    }
}

const MOVED_LINE: u32 = line!() + 2;
#[event(aliases = ["DepotWent"])]
struct DepotMoved {}

fn registry() -> &'static Registry {
    Registry::global().expect("no two aggregates or events of this program clash")
}

fn depot() -> &'static AggregateType {
    registry().aggregate("Depot").expect("linked aggregates register themselves")
}

#[test]
fn aggregates_are_listed_by_their_stable_names() {
    let names: Vec<_> = registry().aggregates().map(AggregateType::name).collect();
    assert!(names.is_sorted());
    for name in ["Account", "Depot", "Card", "Ledger", "Payment"] {
        assert_eq!(names.iter().filter(|known| **known == name).count(), 1, "{name}");
    }
    assert!(registry().aggregate("SecuritiesDepot").is_none());
}

#[test]
fn an_aggregate_lists_its_events_with_topics_versions_and_older_topics() {
    let events: Vec<_> = depot()
        .events()
        .iter()
        .map(|event| (event.name(), event.topic(), event.version(), event.aliases()))
        .collect();
    assert_eq!(
        events,
        [
            ("DepotOpened", "Depot.DepotOpened", 1, [].as_slice()),
            ("SharesBought", "depot.bought", 2, &["depot.got", "depot.had"]),
            ("DepotMoved", "DepotMoved", 1, &["DepotWent"]),
        ]
    );
    let standard: Vec<_> =
        depot().standard_events().iter().map(|event| (event.name(), event.topic())).collect();
    assert_eq!(
        standard,
        [
            ("AttributeChanged", "Depot.AttributeChanged"),
            ("Discarded", "Depot.Discarded"),
            ("Forgotten", "Depot.Forgotten")
        ]
    );
}

#[test]
fn an_aggregate_lists_its_attributes_with_names_versions_and_older_names() {
    let attributes: Vec<_> = depot()
        .attributes()
        .iter()
        .map(|attribute| (attribute.name(), attribute.version(), attribute.aliases()))
        .collect();
    assert_eq!(attributes, [("label", 2, ["title"].as_slice()), ("open", 1, &[])]);
}

#[test]
fn an_aggregate_lists_the_topics_that_are_retired() {
    assert_eq!(depot().retired(), ["Depot.Split", "Depot.Merged"]);
    assert!(registry().event("Depot.Split").is_none());
}

#[test]
fn an_event_is_found_by_its_topic_and_by_its_older_ones() {
    let name = |topic| registry().event(topic).map(es_runtime::event::EventType::name);
    for topic in ["depot.bought", "depot.got", "depot.had"] {
        assert_eq!(name(topic), Some("SharesBought"), "{topic}");
    }
    assert_eq!(name("DepotMoved"), Some("DepotMoved"));
    assert_eq!(name("DepotWent"), Some("DepotMoved"));
    assert_eq!(name("Depot.AttributeChanged"), Some("AttributeChanged"));
    assert_eq!(name("Depot.Discarded"), Some("Discarded"));
    assert_eq!(name("Depot.SharesBought"), None);
    assert_eq!(name("Nothing"), None);
}

#[test]
fn all_events_are_listed_once_by_topic() {
    let topics: Vec<_> = registry().events().map(es_runtime::event::EventType::topic).collect();
    assert!(topics.is_sorted());
    for topic in ["Account.Opened", "Depot.DepotOpened", "depot.bought", "DepotMoved"] {
        assert_eq!(topics.iter().filter(|known| **known == topic).count(), 1, "{topic}");
    }
    assert!(!topics.contains(&"depot.got"));
}

#[test]
fn places_are_where_the_user_wrote_the_names() {
    let event = |topic| registry().event(topic).expect("the event is linked").place();
    let places = [
        (depot().place(), MUTATOR_LINE),
        (event("depot.bought"), SecuritiesDepotState::BOUGHT_LINE),
        (event("DepotMoved"), MOVED_LINE),
    ];
    for (place, line) in places {
        assert!(place.file().ends_with("tests/registry.rs"), "{place}");
        assert_eq!(place.line(), line, "{place}");
    }
}

#[test]
fn debug_names_all_of_it() {
    let shown = format!("{:?}", depot());
    for part in
        [r#"name: "Depot""#, r#"topic: "depot.bought""#, "version: 2", "registry.rs:", "Depot.Split", "title"]
    {
        assert!(shown.contains(part), "{shown} does not name {part}");
    }
}

#[test]
fn the_registered_aggregate_works() {
    let mut depot = SecuritiesDepot::open();
    depot.buy(3);
    depot.trigger(DepotMoved {});
    assert_eq!((depot.shares, depot.open, depot.name.as_str()), (3, true, ""));
}

#[test]
fn the_notice_of_forgetting_belongs_to_its_aggregate() {
    let registry = Registry::global().unwrap();
    assert_eq!(registry.reader("Depot.Forgotten").map(AggregateType::name), Some("Depot"));
    assert_eq!(registry.event("Depot.Forgotten").map(EventType::name), Some("Forgotten"));
    let state = br#"{"at":1,"data":{}}"#.to_vec();
    let row = StoredEvent::new(Uuid::nil(), Version::from(2), "Depot.Forgotten", state).unwrap();
    let error = Mapper::new().decode::<AccountEvent>(&row).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAggregate);
    assert_eq!(Mapper::new().decode::<SecuritiesDepotEvent>(&row).unwrap_err().kind(), ErrorKind::Forgotten);
}
