use es_runtime::testing::{ManualClock, Scenario, decode, encode, history, id, replay};
use es_runtime::{ErrorKind, Id, aggregate, mutator};
use serde::{Deserialize, Serialize};

#[aggregate]
#[derive(Debug)]
struct Card {
    #[attribute]
    holder: String,
    #[attribute(name = "limit", aliases = ["ceiling", "maximum"])]
    credit_limit: u32,
    #[attribute(version = 3, upcast = [String, Street])]
    address: Address,
    #[attribute]
    r#type: Option<String>,
    #[attribute]
    limits_by_country: Vec<(String, u32)>,
    uses: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Address {
    street: String,
    city: String,
}

#[derive(Deserialize)]
struct Street {
    street: String,
}

impl From<String> for Street {
    fn from(street: String) -> Self {
        Self { street }
    }
}

impl From<Street> for Address {
    fn from(Street { street }: Street) -> Self {
        Self { street, city: "Bern".into() }
    }
}

#[mutator]
impl Card {
    #[event(Issued)]
    fn issue(holder: String) -> Self {
        Self {
            holder,
            credit_limit: 0,
            address: Address::default(),
            r#type: None,
            limits_by_country: Vec::new(),
            uses: 0,
        }
    }

    #[event(Used)]
    fn r#use(&mut self) {
        self.uses += 1;
    }
}

fn issued() -> Issued {
    Issued { holder: "Ann".into() }
}

/// Returns the card after stored data have changed an attribute.
fn changed(data: &str) -> Card {
    let event = decode::<Card>("Card.AttributeChanged", 1, data).unwrap();
    replay(history(id(1), ManualClock::START, (issued(), event))).unwrap()
}

fn refused(data: &str) -> String {
    let error = decode::<Card>("Card.AttributeChanged", 1, data).unwrap_err();
    let is_json = serde_json::from_str::<serde_json::Value>(data).is_ok();
    assert_eq!(error.kind(), if is_json { ErrorKind::Schema } else { ErrorKind::Corrupt });
    error.to_string()
}

fn stored(change: CardAttribute) -> String {
    encode::<Card>(&CardEvent::AttributeChanged(change)).data().to_owned()
}

#[test]
fn a_setter_changes_its_field_alone_and_records_it() {
    Scenario::<Card>::given(issued())
        .when(|card| {
            card.set_holder("Anna".into());
            card.set_credit_limit(500);
            card.set_type(Some("gold".into()));
        })
        .then((
            CardAttribute::Holder("Anna".into()),
            CardAttribute::CreditLimit(500),
            CardAttribute::Type(Some("gold".into())),
        ))
        .then_state(|card| {
            assert_eq!((card.holder.as_str(), card.credit_limit), ("Anna", 500));
            assert_eq!(card.r#type.as_deref(), Some("gold"));
            assert_eq!((card.address.clone(), card.uses), (Address::default(), 0));
            assert_eq!(card.version(), 4);
        });
}

#[test]
fn setting_what_is_there_already_is_an_event_too() {
    Scenario::<Card>::given(issued())
        .when(|card| card.set_holder("Ann".into()))
        .then(CardAttribute::Holder("Ann".into()));
}

#[test]
fn attributes_and_events_can_follow_each_other() {
    Scenario::<Card>::given((issued(), CardAttribute::Holder("Anna".into()), Used {}))
        .when(|card| {
            card.r#use();
            card.set_limits_by_country(vec![("CH".into(), 1)]);
        })
        .then((Used {}, CardAttribute::LimitsByCountry(vec![("CH".into(), 1)])))
        .then_state(|card| assert_eq!((card.uses, card.limits_by_country.len()), (2, 1)));
}

#[test]
fn a_change_is_stored_with_the_name_the_value_and_a_version_above_1() {
    assert_eq!(stored(CardAttribute::Holder("Zoë".into())), r#"{"name":"holder","value":"Zoë"}"#);
    assert_eq!(stored(CardAttribute::CreditLimit(5)), r#"{"name":"limit","value":5}"#);
    assert_eq!(stored(CardAttribute::Type(None)), r#"{"name":"type","value":null}"#);
    let address = Address { street: "Aare 1".into(), city: "Thun".into() };
    assert_eq!(
        stored(CardAttribute::Address(address)),
        r#"{"name":"address","v":3,"value":{"street":"Aare 1","city":"Thun"}}"#
    );
}

#[test]
fn a_change_is_stored_under_one_topic() {
    let encoded = encode::<Card>(&CardEvent::AttributeChanged(CardAttribute::CreditLimit(5)));
    assert_eq!((encoded.topic(), encoded.version()), ("Card.AttributeChanged", 1));
}

#[test]
fn older_names_stay_readable() {
    for name in ["limit", "ceiling", "maximum"] {
        assert_eq!(changed(&format!(r#"{{"name":"{name}","value":7}}"#)).credit_limit, 7, "{name}");
    }
}

#[test]
fn the_field_is_not_a_name_if_another_is_given() {
    assert!(refused(r#"{"name":"credit_limit","value":7}"#).contains("there is no attribute `credit_limit`"));
}

#[test]
fn older_shapes_are_brought_up_from_where_they_stand() {
    let address = |street: &str, city: &str| Address { street: street.into(), city: city.into() };
    let first = changed(r#"{"name":"address","value":"Aare 1"}"#);
    assert_eq!(first.address, address("Aare 1", "Bern"));
    let second = changed(r#"{"name":"address","v":2,"value":{"street":"Aare 2"}}"#);
    assert_eq!(second.address, address("Aare 2", "Bern"));
    let third = changed(r#"{"name":"address","v":3,"value":{"street":"Aare 3","city":"Thun"}}"#);
    assert_eq!(third.address, address("Aare 3", "Thun"));
}

#[test]
fn a_version_that_is_not_known_is_refused() {
    for version in ["0", "4"] {
        let message = refused(&format!(r#"{{"name":"address","v":{version},"value":{{}}}}"#));
        let expected = format!("`address` has version {version}, but this program knows versions 1 to 3");
        assert!(message.contains(&expected), "{message}");
    }
    let message = refused(r#"{"name":"holder","v":2,"value":"Ann"}"#);
    assert!(message.contains("`holder` has version 2, but this program knows versions 1 to 1"), "{message}");
}

#[test]
fn a_version_that_comes_too_late_is_refused() {
    let message = refused(r#"{"name":"address","value":"Aare 1","v":3}"#);
    assert!(message.contains("the value of an attribute stands before its name or its version"), "{message}");
}

#[test]
fn an_attribute_that_is_not_known_is_refused() {
    let message = refused(r#"{"name":"colour","value":"red"}"#);
    assert!(
        message.contains("there is no attribute `colour`; if it was renamed, keep the old name in `aliases`"),
        "{message}"
    );
}

#[test]
fn a_value_before_its_name_is_refused() {
    for data in [r#"{"value":"Ann","name":"holder"}"#, r#"{"value":"Ann"}"#] {
        let message = refused(data);
        assert!(message.contains("the value of an attribute stands before its name"), "{message}");
    }
}

#[test]
fn a_duplicate_field_is_refused() {
    for data in [
        r#"{"name":"holder","name":"holder","value":"Ann"}"#,
        r#"{"name":"holder","value":"Ann","value":"Ann"}"#,
        r#"{"name":"address","v":1,"v":1,"value":"Aare 1"}"#,
    ] {
        let message = refused(data);
        assert!(message.contains("duplicate field"), "{message}");
    }
}

#[test]
fn a_change_without_a_value_is_refused() {
    assert!(refused(r#"{"name":"holder"}"#).contains("missing field `value`"));
    assert!(refused("{}").contains("missing field `value`"));
    assert!(refused("[]").contains("expected an attribute with its name and its value"));
    assert!(refused(r#"{"name":"holder","value":7}"#).contains("expected a string"));
}

#[test]
fn unknown_fields_beside_the_value_are_ignored() {
    let card = changed(r#"{"why":["a","b"],"name":"holder","value":"Anna","who":{}}"#);
    assert_eq!(card.holder, "Anna");
}

#[aggregate]
struct Safe {
    locked: bool,
}

#[mutator]
impl Safe {
    #[event(Locked)]
    fn lock() -> Self {
        Self { locked: true }
    }
}

#[test]
fn an_aggregate_without_attributes_reads_none() {
    let event = decode::<Safe>("Safe.AttributeChanged", 1, r#"{"name":"locked","value":false}"#);
    let message = event.unwrap_err().to_string();
    assert!(message.contains("`Safe` has no attributes"), "{message}");
    assert!(Safe::lock_with_id(Id::new()).locked);
}
