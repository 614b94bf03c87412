//! The test kit beside its scenarios: events that are stored and read back, and values that differ afterwards.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use es_runtime::recorder::{AggregateRecorder, EventRange};
use es_runtime::testing::{Scenario, decode, encode, example};
use es_runtime::{Application, ErrorKind, Id, Wait, aggregate, mutator};
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountEvent, Deposited, Frozen, open, opened};
use crate::failure::failure;

#[aggregate]
struct Register {
    entries: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Secret {
    shown: u8,
    #[serde(skip)]
    hidden: u8,
}

/// A number that `Debug` hides, and that comes back as another one.
#[derive(Clone, Serialize, Deserialize)]
struct Pin {
    #[serde(serialize_with = "next")]
    number: u32,
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn next<S: serde::Serializer>(number: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u32(if *number < 10 { number + 1 } else { *number })
}

#[mutator(retired = ["Register.Printed"])]
impl Register {
    #[event(RegisterMade)]
    fn make() -> Self {
        Self { entries: 0 }
    }

    #[event(Rated)]
    fn rate(&mut self, rate: f64) {
        self.entries += u32::from(rate.is_finite());
    }

    #[event(Guessed)]
    fn guess(&mut self, rate: Option<f32>) {
        self.entries += u32::from(rate.is_some());
    }

    #[event(Hidden)]
    fn hide(&mut self, secret: Secret) {
        self.entries += u32::from(secret.hidden);
    }

    #[event(Tagged)]
    fn tag(&mut self, tags: HashSet<u32>, counts: HashMap<String, Vec<u32>>, order: Vec<u32>) {
        self.entries += u32::try_from(tags.len() + counts.len() + order.len()).unwrap_or(0);
    }

    #[event(Pointed)]
    fn point(&mut self, places: BTreeMap<(i32, i32), u32>) {
        self.entries += u32::try_from(places.len()).unwrap_or(0);
    }

    #[event(PinSet)]
    fn set_pin(&mut self, pin: Pin) {
        self.entries = pin.number;
    }

    #[event(Counted)]
    fn count(&mut self, huge: u128, large: u64) {
        self.entries += u32::from(huge > u128::from(large));
    }
}

fn register() -> Scenario<Register> {
    Scenario::given(RegisterMade {})
}

#[test]
fn a_scenario_reports_a_float_that_is_not_finite_and_its_stored_form() {
    for rate in [f64::NAN, f64::INFINITY] {
        let failure = failure(|| drop(register().when(|register| register.rate(rate))));
        assert_eq!(
            failure.message,
            "`Rated` cannot be read back after it was stored: the data of an event `Register.Rated` do not fit \
             version 1 of its shape: invalid type: null, expected f64 at line 1 column 12; store only what JSON \
             can hold (a float that is not finite becomes null)\n  stored {\"rate\":null}"
        );
    }
}

#[test]
fn a_scenario_reports_a_lost_optional_float() {
    let failure = failure(|| drop(register().when(|register| register.guess(Some(f32::NAN)))));
    assert_eq!(
        failure.message,
        "`Guessed` is not the same after it was stored and read back; make serde write and read every field, and \
         JSON hold every value (- recorded, + read back)\n    Guessed {\n  -     rate: Some(\n  -         NaN,\n  -     \
         ),\n  +     rate: None,\n    }\n  stored {\"rate\":null}"
    );
}

#[test]
fn a_scenario_reports_a_field_that_serde_skips() {
    let failure = failure(|| drop(register().when(|register| register.hide(Secret { shown: 1, hidden: 2 }))));
    let (about, lines) = failure.message.split_once('\n').unwrap();
    assert!(about.starts_with("`Hidden` is not the same after it was stored"), "{about}");
    assert!(lines.contains("  -         hidden: 2,\n  +         hidden: 0,\n"), "{lines}");
    assert!(lines.ends_with("  stored {\"secret\":{\"shown\":1}}"), "{lines}");
}

#[test]
fn a_given_event_must_survive_storing() {
    let failure = failure(|| drop(Scenario::<Register>::given((RegisterMade {}, Rated { rate: f64::NAN }))));
    assert!(failure.message.starts_with("`Rated` cannot be read back"), "{}", failure.message);
}

#[test]
fn a_scenario_compares_the_fields_that_debug_hides() {
    let set = |number| move |register: &mut Register| register.set_pin(Pin { number });
    let lossy = failure(|| drop(register().when(set(1))));
    assert!(lossy.message.starts_with("`PinSet` is not the same after it was stored"), "{}", lossy.message);
    register().when(set(11)).then(PinSet { pin: Pin { number: 11 } });
    let other = failure(|| drop(register().when(set(11)).then(PinSet { pin: Pin { number: 12 } })));
    assert!(other.message.contains(r#"  - PinSet { "pin": { "number": 12 } }"#), "{}", other.message);
}

#[test]
fn a_scenario_reports_an_event_that_json_cannot_write() {
    let failure = failure(|| drop(register().when(|register| register.point(BTreeMap::from([((1, 2), 3)])))));
    assert_eq!(
        failure.message,
        "`Pointed` cannot be stored: key must be a string; give its fields types that serde can write as JSON"
    );
}

#[test]
fn sets_and_maps_may_come_back_in_another_order() {
    let tagged = |tags: &[u32]| Tagged {
        tags: tags.iter().copied().collect(),
        counts: tags.iter().map(|tag| (tag.to_string(), vec![*tag, 1])).collect(),
        order: vec![2, 1],
    };
    let forward: Vec<_> = (0..50).collect();
    let backward: Vec<_> = (0..50).rev().collect();
    let event = tagged(&forward);
    register()
        .when(|register| register.tag(event.tags.clone(), event.counts.clone(), event.order.clone()))
        .then(tagged(&backward));
}

#[test]
fn the_order_of_a_list_counts() {
    let tagged = |order| Tagged { tags: HashSet::new(), counts: HashMap::new(), order };
    let failure = failure(|| {
        let outcome = register().when(|register| register.tag(HashSet::new(), HashMap::new(), vec![1, 2]));
        drop(outcome.then(tagged(vec![2, 1])));
    });
    assert!(
        failure.message.contains(r#"  - Tagged { "tags": [], "counts": {}, "order": [2, 1] }"#),
        "{failure:?}"
    );
}

#[test]
fn large_numbers_are_compared_to_the_last_digit() {
    let counted = |huge, large| Counted { huge, large };
    register().when(|register| register.count(u128::MAX, u64::MAX)).then(counted(u128::MAX, u64::MAX));
    failure(|| {
        drop(register().when(|register| register.count(u128::MAX, 1)).then(counted(u128::MAX - 1, 1)));
    });
    failure(|| drop(register().when(|register| register.count(1, u64::MAX)).then(counted(1, u64::MAX - 1))));
}

#[test]
fn an_event_shows_itself_as_one_line() {
    let line = |event: &AccountEvent| encode::<Account>(event).to_string();
    assert_eq!(line(&AccountEvent::Opened(opened())), r#"Opened { "owner": "Ann" }"#);
    assert_eq!(line(&AccountEvent::Frozen(Frozen {})), "Frozen {}");
    assert_eq!(line(&AccountEvent::Discarded), "Discarded {}");
    let tagged =
        Tagged { tags: HashSet::new(), counts: HashMap::from([("a".into(), vec![1, 2])]), order: vec![] };
    assert_eq!(
        encode::<Register>(&RegisterEvent::Tagged(tagged)).to_string(),
        r#"Tagged { "tags": [], "counts": { "a": [1, 2] }, "order": [] }"#
    );
}

#[test]
fn an_encoded_event_is_its_topic_its_version_and_its_data() {
    let ten = encode::<Account>(&AccountEvent::Deposited(Deposited { amount: 10 }));
    assert_eq!((ten.topic(), ten.version(), ten.data()), ("Account.Deposited", 1, r#"{"amount":10}"#));
    assert_eq!(ten, encode::<Account>(&AccountEvent::Deposited(Deposited { amount: 10 })));
    assert_ne!(ten, encode::<Account>(&AccountEvent::Deposited(Deposited { amount: 11 })));
}

#[test]
fn a_retired_topic_has_another_error_than_an_unknown_one() {
    let error = decode::<Register>("Register.Printed", 1, "{}").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTopic);
    assert_eq!(error.to_string(), "`Register.Printed` is retired: `Register` skips it when it is replayed");
    let error = decode::<Register>("Register.Lost", 1, "{}").unwrap_err();
    assert!(error.to_string().starts_with("`Register` has no event `Register.Lost`; "), "{error}");
}

#[test]
fn the_example_account_stands_beside_an_account_of_the_users_own() {
    let app = Application::open("memory:").wait().unwrap();
    let (mut example, mut own) = (example::Account::open("Ann".into()), open());
    example.deposit(10);
    app.save((&mut example, &mut own)).wait().unwrap();
    let refused = app.execute(example.id(), |account| account.withdraw(11)).wait().unwrap();
    assert_eq!(refused, Err(example::Overdrawn));
    example.set_owner("Anna".into());
    app.save(&mut example).wait().unwrap();
    let stored = app.get(example.id()).wait().unwrap();
    assert_eq!((stored.owner.as_str(), stored.balance), ("Anna", 10));
    assert_eq!(app.get(own.id()).wait().unwrap().balance, 0);
    let rows = app.recorder().select(example.id().uuid(), EventRange::all()).wait().unwrap().events;
    assert_eq!(rows[0].topic, "example.Account.Opened");
}

#[test]
fn the_register_registers() {
    assert_eq!(Register::make_with_id(Id::new()).entries, 0);
}
