//! The store returns values as they were, or refuses to store them.

use std::collections::BTreeMap;

use es_runtime::clock::Timestamp;
use es_runtime::mapper::{AesGcm, Codec, Key, Mapper, Zlib};
use es_runtime::recorder::StoredEvent;
use es_runtime::testing::ManualClock;
use es_runtime::{Application, Error, ErrorKind, Event, Metadata, Version, Wait, aggregate, event, mutator};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const SECRET: &str = "the secret of the house of Usher, told by one who was there";

type Inner = Option<i64>;
type Nothing = ();

/// An event with fields in which `None` and `Some` of nothing look alike.
#[event]
struct Asked {
    answer: Option<Inner>,
    seen: Option<Nothing>,
}

#[aggregate]
struct Survey {
    #[attribute]
    answer: Option<Inner>,
    last: Option<Inner>,
}

#[mutator]
impl Survey {
    #[event(Sent)]
    fn send() -> Self {
        Self { answer: None, last: None }
    }

    #[event(Answered)]
    fn answered(&mut self, answer: Option<i64>) {
        self.last = Some(answer);
    }
}

#[test]
fn some_of_nothing_is_refused_by_name() {
    for (answer, seen, path) in [(Some(None), None, "data.answer"), (None, Some(()), "data.seen")] {
        let asked = Asked { answer, seen };
        for codec in [Codec::Json, Codec::MessagePack] {
            let (mapper, at) = (Mapper::new().with_codec(codec), Timestamp::from_micros(1));
            let row = mapper.encode_event(Uuid::nil(), Version::INITIAL, at, &Metadata::new(), &asked);
            let error = row.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(
                error.to_string().contains(&format!("`Asked`: `{path}` is `Some` of nothing")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_changed_attribute_and_a_snapshot_hold_no_some_of_nothing() {
    let app = Application::builder("memory:").snapshot_every::<Survey>(100).open().wait().unwrap();
    let mut survey = Survey::send();
    survey.set_answer(Some(None));
    let error = app.save(&mut survey).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`data.value` is `Some` of nothing"), "{error}");

    let mut survey = Survey::send();
    survey.answered(None);
    app.save(&mut survey).wait().unwrap();
    assert_eq!(app.get(survey.id()).wait().unwrap().last, Some(None));
    let error = app.take_snapshot(survey.id()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("`data.last` is `Some` of nothing"), "{error}");
    assert_eq!(app.get(survey.id()).wait().unwrap().last, Some(None));
}

/// An event that keeps whatever else it is told.
#[event]
struct Noticed {
    #[serde(flatten)]
    more: BTreeMap<String, i64>,
    amount: i64,
}

/// The same, with derives of its own.
#[derive(Clone, Debug, Serialize, Deserialize, Event)]
struct Observed {
    amount: i64,
    #[serde(flatten)]
    inside: Inside,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inside {
    more: f64,
    #[serde(flatten)]
    rest: BTreeMap<String, Option<i64>>,
}

#[aggregate]
struct Inbox {
    entries: u32,
}

#[mutator]
impl Inbox {
    #[event(InboxMade)]
    fn make(#[serde(flatten)] more: BTreeMap<String, i64>, amount: i64) -> Self {
        Self { entries: 1 }
    }
}

fn row_of<E: Event>(event: &E, codec: Codec) -> Result<StoredEvent, Error> {
    let (mapper, at) = (Mapper::new().with_codec(codec), Timestamp::from_micros(1));
    mapper.encode_event(Uuid::nil(), Version::INITIAL, at, &Metadata::new(), event)
}

#[test]
fn a_key_of_a_flattened_map_with_the_name_of_a_field_is_refused() {
    let keys = |name: &str| BTreeMap::from([(name.to_owned(), 5)]);
    let inside = |name: &str, more| Inside { more, rest: BTreeMap::from([(name.to_owned(), None)]) };
    for codec in [Codec::Json, Codec::MessagePack] {
        for row in [
            row_of(&Noticed { more: keys("amount"), amount: 1 }, codec),
            row_of(&Observed { amount: 1, inside: inside("amount", 1.0) }, codec),
            row_of(&InboxMade { more: keys("amount"), amount: 1 }, codec),
        ] {
            let error = row.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            let told = "`data.amount` is a field, and also a key of a flattened map";
            assert!(error.to_string().contains(told), "{error}");
        }
        let error = row_of(&Observed { amount: 1, inside: inside("more", 1.0) }, codec).unwrap_err();
        assert!(error.to_string().contains("`data.more` is a field"), "{error}");
        // Other keys are no mistake, and other mistakes are still found.
        row_of(&Noticed { more: keys("total"), amount: 1 }, codec).unwrap();
        row_of(&Observed { amount: 1, inside: inside("total", 1.0) }, codec).unwrap();
        let error = row_of(&Observed { amount: 1, inside: inside("total", f64::NAN) }, codec).unwrap_err();
        assert!(error.to_string().contains("not a number"), "{error}");
    }
    assert_eq!(Inbox::make(keys("total"), 1).entries, 1);
}

#[event]
struct Invoiced {
    amount: Decimal,
    note: String,
}

#[test]
fn version_123456_and_a_decimal_amount_come_back_and_stay_secret() {
    let (id, version, at) = (Uuid::now_v7(), Version::from(123_456), ManualClock::START);
    let amount: Decimal = "10.20".parse().unwrap();
    let invoiced = Invoiced { amount, note: SECRET.into() };
    let length = |mapper: &Mapper| {
        let row = mapper.encode_event(id, version, at, &Metadata::new(), &invoiced).unwrap();
        let again = mapper.decode_event::<Invoiced>(&row).unwrap();
        let envelope = again.envelope();
        assert_eq!((envelope.id(), envelope.version(), envelope.timestamp()), (id, version, at));
        assert_eq!((again.event().amount.to_string(), again.event().note.as_str()), ("10.20".into(), SECRET));
        // Id and version stand beside the state, not in the state.
        let holds = |text: &str| row.state.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("123456") && !holds(&id.to_string()));
        (row.state.len(), holds(SECRET) || holds("10.20"))
    };
    let clear = Mapper::new();
    let (json, seen) = length(&clear);
    assert!(seen);
    // A frame of 8 bytes, a nonce of 12 and a tag of 16.
    let key = Key::from_bytes(&[1; 32]).unwrap();
    let encrypted = clear.clone().with_cipher(AesGcm::new(&key));
    assert_eq!(length(&encrypted), (json + 36, false));
    let (both, seen) = length(&encrypted.with_compressor(Zlib::default()));
    assert!(!seen && both <= json + 36 && both > 36, "{both} and {json}");
}
