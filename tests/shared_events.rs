use es_runtime::testing::{Scenario, decode, encode};
use es_runtime::{Event, Registry, aggregate, event, mutator};

/// Said of accounts of both kinds, under one topic.
#[event]
struct NoteTaken {
    text: String,
}

#[aggregate]
struct Savings {
    notes: u32,
}

#[mutator]
impl Savings {
    #[event(SavingsOpened)]
    fn open() -> Self {
        Self { notes: 0 }
    }

    #[event]
    fn note(&mut self, _event: &NoteTaken) {
        self.notes += 1;
    }
}

impl Savings {
    fn take_note(&mut self, text: &str) {
        self.trigger(NoteTaken { text: text.into() });
    }
}

#[aggregate]
struct Loan {
    notes: Vec<String>,
}

#[mutator]
impl Loan {
    #[event(LoanGranted)]
    fn grant() -> Self {
        Self { notes: Vec::new() }
    }

    #[event]
    fn note(&mut self, event: &NoteTaken) {
        self.notes.push(event.text.clone());
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
