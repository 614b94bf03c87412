use es_runtime::clock::Timestamp;
use es_runtime::testing::{ManualClock, Scenario, decode, encode, history, id, replay};
use es_runtime::{ErrorKind, Event, aggregate, event, mutator};
use serde::Deserialize;

// A made event, whose version 1 had francs and no currency.
#[derive(Clone, Debug, serde::Serialize, Deserialize)]
struct SentV1 {
    francs: i64,
}

impl From<SentV1> for Sent {
    fn from(old: SentV1) -> Self {
        Self { cents: old.francs * 100, currency: "CHF".into() }
    }
}

// A declared event with three shapes.
#[derive(Clone, Debug, serde::Serialize, Deserialize)]
struct ReceivedV1(i64);

#[derive(Clone, Debug, serde::Serialize, Deserialize)]
struct ReceivedV2 {
    cents: i64,
}

impl From<ReceivedV1> for ReceivedV2 {
    fn from(ReceivedV1(francs): ReceivedV1) -> Self {
        Self { cents: francs * 100 }
    }
}

impl From<ReceivedV2> for Received {
    fn from(old: ReceivedV2) -> Self {
        Self { cents: old.cents, from: "somebody".into(), at: None }
    }
}

#[event(version = 3, upcast = [ReceivedV1, ReceivedV2])]
struct Received {
    cents: i64,
    from: String,
    at: Option<Timestamp>,
}

#[aggregate]
struct Wallet {
    cents: i64,
    partner: String,
}

#[mutator]
impl Wallet {
    #[event(WalletMade)]
    fn make() -> Self {
        Self { cents: 0, partner: String::new() }
    }

    #[event(Sent, version = 2, upcast = SentV1)]
    fn send(&mut self, cents: i64, currency: String) {
        self.cents -= cents;
        self.partner = currency;
    }

    #[event]
    fn received(&mut self, event: &Received) {
        self.cents += event.cents;
        self.partner.clone_from(&event.from);
    }
}

fn sent(version: u32, data: &str) -> Sent {
    match decode::<Wallet>("Wallet.Sent", version, data) {
        Ok(WalletEvent::Sent(sent)) => sent,
        other => panic!("{other:?} is not what was sent"),
    }
}

fn received(version: u32, data: &str) -> Received {
    match decode::<Wallet>("Received", version, data) {
        Ok(WalletEvent::Received(received)) => received,
        other => panic!("{other:?} is not what was received"),
    }
}

fn refused(topic: &str, version: u32, data: &str) -> String {
    let error = decode::<Wallet>(topic, version, data).unwrap_err();
    let is_json = serde_json::from_str::<serde_json::Value>(data).is_ok();
    assert_eq!(error.kind(), if is_json { ErrorKind::Schema } else { ErrorKind::Corrupt });
    error.to_string()
}

#[test]
fn a_made_event_of_version_1_is_brought_up() {
    let old = sent(1, r#"{"francs":3}"#);
    assert_eq!((old.cents, old.currency.as_str()), (300, "CHF"));
    let new = sent(2, r#"{"cents":3,"currency":"EUR"}"#);
    assert_eq!((new.cents, new.currency.as_str()), (3, "EUR"));
}

#[test]
fn a_chain_is_entered_at_the_version_that_is_stored() {
    let known = |received: Received| (received.cents, received.from, received.at);
    assert_eq!(known(received(1, "3")), (300, "somebody".into(), None));
    assert_eq!(known(received(2, r#"{"cents":3}"#)), (3, "somebody".into(), None));
    assert_eq!(known(received(3, r#"{"cents":3,"from":"Bob","at":7}"#)), {
        (3, "Bob".into(), Some(Timestamp::from_micros(7)))
    });
}

#[test]
fn a_field_that_is_added_as_an_option_needs_no_version() {
    assert_eq!(received(3, r#"{"cents":3,"from":"Bob"}"#).at, None);
}

#[test]
fn a_field_that_a_later_release_added_is_skipped() {
    assert_eq!(sent(2, r#"{"cents":3,"currency":"EUR","urgent":true}"#).cents, 3);
}

#[test]
fn events_are_written_in_their_current_shape() {
    let encoded = encode::<Wallet>(&WalletEvent::Sent(sent(1, r#"{"francs":3}"#)));
    assert_eq!((encoded.version(), encoded.data()), (2, r#"{"cents":300,"currency":"CHF"}"#));
    assert_eq!(encode::<Wallet>(&WalletEvent::Received(received(1, "3"))).version(), 3);
    assert_eq!((Sent::VERSION, Received::VERSION, WalletMade::VERSION), (2, 3, 1));
}

#[test]
fn a_state_is_made_from_events_of_all_ages() {
    let events = vec![
        decode::<Wallet>("Wallet.WalletMade", 1, "{}").unwrap(),
        decode::<Wallet>("Received", 1, "5").unwrap(),
        decode::<Wallet>("Wallet.Sent", 1, r#"{"francs":2}"#).unwrap(),
        decode::<Wallet>("Received", 2, r#"{"cents":7}"#).unwrap(),
        decode::<Wallet>("Received", 3, r#"{"cents":1,"from":"Bob"}"#).unwrap(),
    ];
    let wallet: Wallet = replay(history(id(1), ManualClock::START, events)).unwrap();
    assert_eq!((wallet.cents, wallet.partner.as_str()), (308, "Bob"));
}

#[test]
fn a_version_that_is_not_known_is_refused_with_those_that_are() {
    for version in [0, 3, u32::MAX] {
        let message = refused("Wallet.Sent", version, r#"{"cents":3,"currency":"EUR"}"#);
        let expected = format!("`Wallet.Sent` has version {version}, but this program knows versions 1 to 2");
        assert!(message.contains(&expected), "{message}");
    }
}

#[test]
fn an_event_that_never_changed_has_one_version() {
    for version in [0, 2, u32::MAX] {
        let message = refused("Wallet.WalletMade", version, "{}");
        let expected =
            format!("`Wallet.WalletMade` has version {version}, but this program knows versions 1 to 1");
        assert!(message.contains(&expected), "{message}");
    }
}

#[test]
fn standard_events_have_one_version() {
    assert!(refused("Wallet.Discarded", 2, "{}").contains("knows versions 1 to 1"));
    assert!(refused("Wallet.AttributeChanged", 2, "{}").contains("knows versions 1 to 1"));
}

#[test]
fn data_of_another_version_are_refused() {
    assert!(refused("Wallet.Sent", 1, r#"{"cents":3,"currency":"EUR"}"#).contains("missing field `francs`"));
    assert!(refused("Wallet.Sent", 2, r#"{"francs":3}"#).contains("missing field `cents`"));
    assert!(refused("Received", 2, "3").contains("invalid type"));
}

#[test]
fn data_that_are_cut_or_too_long_are_refused() {
    for data in ["", "{", r#"{"cents":3,"currency":"EUR""#, r#"{"cents":3,"currency":"EUR"}}"#, "null", "\0"]
    {
        let message = refused("Wallet.Sent", 2, data);
        assert!(message.starts_with("the data of an event `Wallet.Sent` do not fit version 2"), "{message}");
    }
}

#[test]
fn a_scenario_takes_upcast_events() {
    Scenario::<Wallet>::given((WalletMade {}, received(1, "5")))
        .when(|wallet| wallet.send(200, "CHF".into()))
        .then(sent(1, r#"{"francs":2}"#))
        .then_state(|wallet| assert_eq!(wallet.cents, 300));
    assert_eq!(Wallet::make().cents, 0);
}
