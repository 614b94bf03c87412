use std::sync::Arc;

use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::{AggregateRecorder, EventRange, MemoryRecorder, StoredEvent};
use es_runtime::standalone::MutatorRepository;
use es_runtime::store::EventStore;
use es_runtime::testing::{ManualClock, Scenario, decode, encode, id, recorded};
use es_runtime::{
    Application, ErrorKind, Event, Id, Metadata, Registry, Version, Wait, aggregate, event, mutator,
};

/// An event of accounts of both kinds, under one topic.
#[event]
pub(crate) struct NoteTaken {
    pub(crate) text: String,
}

#[aggregate]
pub(crate) struct Savings {
    notes: u32,
}

#[mutator]
impl Savings {
    #[event(SavingsOpened)]
    pub(crate) fn open() -> Self {
        Self { notes: 0 }
    }

    #[event]
    fn note(&mut self, _event: &NoteTaken) {
        self.notes += 1;
    }
}

impl Savings {
    pub(crate) fn take_note(&mut self, text: &str) {
        self.trigger(NoteTaken { text: text.into() });
    }
}

#[aggregate]
pub(crate) struct Loan {
    notes: Vec<String>,
}

#[mutator]
impl Loan {
    #[event(LoanGranted)]
    pub(crate) fn grant() -> Self {
        Self { notes: Vec::new() }
    }

    #[event]
    fn note(&mut self, event: &NoteTaken) {
        self.notes.push(event.text.clone());
    }
}

impl Loan {
    pub(crate) fn take_note(&mut self, text: &str) {
        self.trigger(NoteTaken { text: text.into() });
    }
}

fn note() -> NoteTaken {
    NoteTaken { text: "called".into() }
}

#[test]
fn each_aggregate_applies_a_shared_event_in_its_own_way() {
    Scenario::<Savings>::given((SavingsOpened {}, note()))
        .when(|savings| savings.take_note("called"))
        .then(note())
        .then_state(|savings| assert_eq!(savings.notes, 2));
    Scenario::<Loan>::given((LoanGranted {}, note()))
        .when(|loan| loan.trigger(note()))
        .then(note())
        .then_state(|loan| assert_eq!(loan.notes, ["called", "called"]));
    assert_eq!(Savings::open().notes, 0);
    assert!(Loan::grant().notes.is_empty());
}

#[test]
fn a_shared_event_has_one_topic() {
    let in_savings = encode::<Savings>(&SavingsEvent::NoteTaken(note()));
    let in_loan = encode::<Loan>(&LoanEvent::NoteTaken(note()));
    assert_eq!(in_savings, in_loan);
    assert_eq!(in_savings.topic(), NoteTaken::TOPIC);
    assert_eq!(in_savings.data(), r#"{"text":"called"}"#);
}

#[test]
fn each_aggregate_reads_a_shared_event_as_its_own() {
    let data = r#"{"text":"called"}"#;
    assert!(matches!(decode::<Savings>("NoteTaken", 1, data), Ok(SavingsEvent::NoteTaken(_))));
    assert!(matches!(decode::<Loan>("NoteTaken", 1, data), Ok(LoanEvent::NoteTaken(_))));
    assert!(decode::<Loan>("Savings.SavingsOpened", 1, "{}").is_err());
}

#[test]
fn one_event_in_two_aggregates_is_no_clash() {
    let registry = Registry::global().unwrap();
    assert_eq!(registry.event("NoteTaken").map(es_runtime::event::EventType::name), Some("NoteTaken"));
    assert_eq!(registry.events().filter(|event| event.topic() == "NoteTaken").count(), 1);
}

fn text(row: &StoredEvent) -> &str {
    std::str::from_utf8(&row.state).unwrap()
}

#[test]
fn the_row_of_a_shared_event_names_its_aggregate() {
    let mapper = Mapper::new();
    let event = recorded::<Savings, _>(id(1), 2, ManualClock::START, note());
    let in_savings = mapper.encode(&event).unwrap();
    assert_eq!(text(&in_savings), r#"{"at":1735689600000000,"of":"Savings","data":{"text":"called"}}"#);
    let event = recorded::<Loan, _>(id(1), 2, ManualClock::START, note());
    let in_loan = mapper.encode(&event).unwrap();
    assert!(text(&in_loan).contains(r#""of":"Loan""#));

    assert!(mapper.decode::<SavingsEvent>(&in_savings).unwrap().is_some());
    let error = mapper.decode::<SavingsEvent>(&in_loan).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAggregate);
    assert!(error.to_string().contains("belongs to a `Loan`, not to a `Savings`"), "{error}");
    assert!(!format!("{error:?}").contains("called"), "{error:?}");
    // A reader of one type of event reads both rows.
    for row in [&in_savings, &in_loan] {
        assert_eq!(mapper.decode_event::<NoteTaken>(row).unwrap().event().text, "called");
        assert_eq!(mapper.decode::<NoteTaken>(row).unwrap().unwrap().event().text, "called");
    }
}

#[test]
fn a_function_makes_states_of_the_events_of_one_aggregate() {
    let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new())).unwrap();
    let (mut savings, mut loan) = (Savings::open(), Loan::grant());
    savings.take_note("called");
    loan.trigger(note());
    store.put(savings.pending()).wait().unwrap();
    store.put(loan.pending()).wait().unwrap();
    let count = |count: Option<u32>, event| match event {
        SavingsEvent::NoteTaken(_) => Some(count.unwrap_or_default() + 1),
        _ => count,
    };
    let counts = MutatorRepository::new(store.clone(), count);
    assert_eq!(counts.get(savings.id().uuid()).wait().unwrap(), 1);
    let error = counts.get(loan.id().uuid()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAggregate);
    // The second row alone has the topic of both kinds, and names the aggregate.
    let later = EventRange::all().after(Version::INITIAL);
    let error = store.get_events::<SavingsEvent>(loan.id().uuid(), later).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAggregate);
}

#[test]
fn other_rows_name_no_aggregate() {
    let mapper = Mapper::new();
    let made = recorded::<Savings, _>(id(1), 1, ManualClock::START, SavingsOpened {});
    assert_eq!(text(&mapper.encode(&made).unwrap()), r#"{"at":1735689600000000,"data":{}}"#);
    let (uuid, at) = (id::<Savings>(1).uuid(), ManualClock::START);
    let loose = mapper.encode_event(uuid, Version::from(2), at, &Metadata::new(), &note()).unwrap();
    assert_eq!(text(&loose), r#"{"at":1735689600000000,"data":{"text":"called"}}"#);
    // A row that names none counts for every aggregate that handles its topic.
    assert!(mapper.decode::<SavingsEvent>(&loose).unwrap().is_some());
    assert!(mapper.decode::<LoanEvent>(&loose).unwrap().is_some());
}

#[test]
fn a_saved_aggregate_is_loaded_as_itself_alone() {
    for uri in ["memory:", "sqlite::memory:"] {
        let app = Application::open(uri).wait().unwrap();
        let mut loan = Loan::grant();
        loan.trigger(note());
        app.save(&mut loan).wait().unwrap();
        assert_eq!(app.get(loan.id()).wait().unwrap().notes, ["called"]);
        let rows = app.recorder().select(loan.id().uuid(), EventRange::all()).wait().unwrap().events;
        let named: Vec<_> = rows.iter().map(|row| text(row).contains(r#""of":"Loan""#)).collect();
        assert_eq!(named, [false, true]);
        let error = app.get(Id::<Savings>::from_uuid(loan.id().uuid())).wait().map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongAggregate);
    }
}

/// An event that opens accounts of both kinds, under one topic.
#[event]
struct Founded {
    city: String,
}

macro_rules! founded {
    ($name:ident) => {
        #[aggregate]
        struct $name {
            city: String,
        }

        #[mutator]
        impl $name {
            #[event]
            fn found(event: &Founded) -> Self {
                Self { city: event.city.clone() }
            }
        }

        impl $name {
            fn at(city: &str) -> Self {
                Self::create_from(Founded { city: city.into() })
            }
        }
    };
}
founded!(Shop);
founded!(Foundry);

#[test]
fn ids_are_those_of_the_aggregate_that_recorded_the_shared_event() {
    let mapper = Mapper::new().with_data_keys(AesGcm::new(&Key::generate(256).unwrap()));
    for mapper in [Mapper::new(), mapper] {
        let app = Application::builder("sqlite::memory:").mapper(mapper).open().wait().unwrap();
        let (mut shop, mut foundry, mut other) = (Shop::at("Rome"), Foundry::at("Oslo"), Shop::at("Bonn"));
        app.save((&mut shop, &mut foundry, &mut other)).wait().unwrap();
        assert_eq!(app.ids::<Shop>().next_page().wait().unwrap().unwrap(), [shop.id(), other.id()]);
        assert_eq!(app.ids::<Foundry>().next_page().wait().unwrap().unwrap(), [foundry.id()]);
        assert_eq!(app.get(foundry.id()).wait().unwrap().city, "Oslo");
    }
}
