//! Events made from methods, events declared on their own, and the envelope in both.

use std::time::Duration;

use es_runtime::clock::Timestamp;
use es_runtime::testing::{ManualClock, Scenario, encode, id, replay};
use es_runtime::{Envelope, Event, Id, Version, aggregate, event, mutator};
use uuid::Uuid;

/// A declared event, since many places make it.
#[event]
#[derive(PartialEq)]
struct LedgerStarted {
    bank: String,
}

#[event(topic = "ledger.booked")]
struct Booked {
    amount: i64,
    text: Option<String>,
}

#[event]
struct Audited;

#[aggregate(trigger = pub(crate))]
#[derive(Debug)]
struct Ledger {
    bank: String,
    balance: i64,
    lines: Vec<Line>,
    audits: u32,
    created: (Uuid, Version, Timestamp),
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Line {
    version: Version,
    at: Timestamp,
}

impl Line {
    fn new(envelope: &Envelope) -> Self {
        Self { version: envelope.version(), at: envelope.timestamp() }
    }
}

#[mutator]
impl Ledger {
    const BONUS: i64 = 1;

    #[event]
    fn started(event: &LedgerStarted, envelope: &Envelope) -> Self {
        let created = (envelope.id(), envelope.version(), envelope.timestamp());
        Self { bank: event.bank.clone(), balance: 0, lines: Vec::new(), audits: 0, created }
    }

    #[event(LedgerCopied)]
    fn copy(mut bank: String, envelope: &Envelope) -> Self {
        bank.push_str(" (copy)");
        let created = (envelope.id(), envelope.version(), envelope.timestamp());
        Self { bank, balance: 0, lines: Vec::new(), audits: 0, created }
    }

    #[event]
    fn booked(&mut self, envelope: &Envelope, event: &Booked) {
        self.add(event.amount, envelope);
    }

    #[event]
    fn audited(&mut self, _event: &Audited) {
        self.audits += 1;
    }

    #[event(Rewarded)]
    fn reward(&mut self, amount: i64, envelope: &Envelope, reason: String) {
        self.add(amount + Self::BONUS, envelope);
    }

    #[event(Reset)]
    fn reset(&mut self) {
        *self = Self { balance: 0, lines: Vec::new(), ..self.clone() };
    }

    fn add(&mut self, amount: i64, envelope: &Envelope) {
        self.balance += amount;
        self.lines.push(Line::new(envelope));
    }
}

impl Ledger {
    fn start(bank: &str) -> Self {
        Self::create_from(LedgerStarted { bank: bank.into() })
    }

    fn book(&mut self, amount: i64) {
        self.trigger(Booked { amount, text: None });
    }
}

fn started() -> LedgerStarted {
    LedgerStarted { bank: "B".into() }
}

#[test]
fn both_styles_mix() {
    Scenario::<Ledger>::given((started(), Booked { amount: 5, text: None }))
        .when(|ledger| {
            ledger.book(10);
            ledger.reward(2, "loyal".into());
            ledger.trigger(Audited {});
        })
        .then((Booked { amount: 10, text: None }, Rewarded { amount: 2, reason: "loyal".into() }, Audited {}))
        .then_state(|ledger| assert_eq!((ledger.balance, ledger.audits, ledger.version().get()), (18, 1, 5)));
}

#[test]
fn a_declared_event_creates() {
    Scenario::given_nothing()
        .when_created(|| Ledger::start("B"))
        .then(started())
        .then_state(|ledger| assert_eq!((ledger.id(), ledger.bank.as_str()), (id(1), "B")));
}

#[test]
fn an_aggregate_can_be_created_in_more_than_one_way() {
    Scenario::given_nothing()
        .when_created(|| Ledger::copy("B".into()))
        .then(LedgerCopied { bank: "B".into() })
        .then_state(|ledger| assert_eq!(ledger.bank, "B (copy)"));
}

#[test]
fn a_mutator_without_parameters_may_replace_the_whole_state() {
    Scenario::<Ledger>::given((started(), Booked { amount: 5, text: None }))
        .when(Ledger::reset)
        .then(Reset {})
        .then_state(|ledger| {
            assert_eq!((ledger.bank.as_str(), ledger.balance, ledger.lines.len()), ("B", 0, 0));
        });
}

#[test]
fn every_mutator_is_given_the_envelope_of_its_event() {
    let minute = Duration::from_secs(60);
    let clock = ManualClock::default();
    let guard = clock.install();
    let uuid = Uuid::from_u128(7);
    let mut ledger = Ledger::copy_with_id(Id::from_uuid(uuid), "B".into());
    clock.advance(minute);
    ledger.reward(1, String::new());
    clock.advance(minute);
    ledger.book(1);
    drop(guard);

    let started = Ledger::start("B");
    let first = started.pending()[0].envelope();
    assert_eq!(started.created, (started.id().uuid(), Version::INITIAL, first.timestamp()));
    let again: Ledger = replay(ledger.pending().to_vec()).unwrap();
    for ledger in [&ledger, &again] {
        assert_eq!(ledger.created, (uuid, Version::INITIAL, ManualClock::START));
        let line = |version: u32, at| Line { version: version.into(), at };
        let (second, third) = (ManualClock::START + minute, ManualClock::START + minute * 2);
        assert_eq!(ledger.lines, [line(2, second), line(3, third)]);
    }
}

#[test]
fn the_envelope_is_not_stored_in_the_event() {
    let mut ledger = Ledger::copy("B".into());
    ledger.reward(1, "loyal".into());
    let data: Vec<_> = ledger
        .pending()
        .iter()
        .map(|recorded| encode::<Ledger>(recorded.event()).data().to_owned())
        .collect();
    assert_eq!(data, [r#"{"bank":"B"}"#, r#"{"amount":1,"reason":"loyal"}"#]);
}

#[test]
fn a_declared_event_keeps_its_own_derives() {
    assert!(started() == LedgerStarted { bank: "B".into() });
}

#[test]
fn every_event_knows_its_name_its_topic_and_its_version() {
    fn known<E: Event>() -> (&'static str, &'static str, u32) {
        (E::NAME, E::TOPIC, E::VERSION)
    }
    assert_eq!(known::<LedgerStarted>(), ("LedgerStarted", "LedgerStarted", 1));
    assert_eq!(known::<Booked>(), ("Booked", "ledger.booked", 1));
    assert_eq!(known::<Rewarded>(), ("Rewarded", "Ledger.Rewarded", 1));
}

/// The made events of an aggregate may stand in a module of their own.
mod apart {
    use es_runtime::mutator;

    #[mutator]
    impl super::Till {
        #[event(TillOpened)]
        pub(super) fn open() -> Self {
            Self { coins: 0 }
        }

        #[event(CoinsPut)]
        pub(super) fn put(&mut self, coins: u32) {
            self.coins += coins;
        }
    }
}

#[aggregate]
struct Till {
    coins: u32,
}

#[test]
fn a_mutator_block_in_a_child_module_works_the_same() {
    Scenario::<Till>::given(apart::TillOpened {})
        .when(|till| till.put(3))
        .then(apart::CoinsPut { coins: 3 })
        .then_state(|till| assert_eq!(till.coins, 3));
    assert_eq!(Till::open().coins, 0);
}

#[test]
fn the_enum_of_events_serializes_the_fields_of_the_event() {
    let mut account = crate::account::open();
    account.deposit(10);
    account.set_owner("Anna".into());
    let written = |events: &[es_runtime::Recorded<crate::account::AccountEvent>]| -> Vec<String> {
        events.iter().map(|recorded| serde_json::to_string(recorded.event()).unwrap()).collect()
    };
    assert_eq!(
        written(account.pending()),
        [r#"{"owner":"Ann"}"#, r#"{"amount":10}"#, r#"{"name":"owner","value":"Anna"}"#]
    );
    assert_eq!(written(&account.discard().pending()[3..]), ["{}"]);
}

#[test]
fn a_declared_event_creates_under_an_id_that_is_given() {
    let id = Id::from_key("the first ledger");
    let ledger = Ledger::create_from_with_id(id, LedgerStarted { bank: "Bern".into() });
    assert_eq!(ledger.id(), id);
    let started = &ledger.pending()[0];
    assert_eq!(started.id::<Ledger>(), id);
    assert!(started.envelope().id() == ledger.id() && ledger.id() == started.envelope().id());
}
