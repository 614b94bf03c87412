use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::*;

fn codecs() -> impl Iterator<Item = Codec> {
    (0..=u8::MAX).filter_map(Codec::from_code)
}

fn encode<T: Serialize + ?Sized>(codec: Codec, value: &T) -> Result<Vec<u8>, Error> {
    let mut data = b"before".to_vec();
    let result = codec.encode(value, &mut data);
    assert_eq!(data.get(..6), Some(b"before".as_slice()));
    assert!(result.is_ok() || data.len() == 6);
    result.map(|()| data.split_off(6))
}

fn decode<T: DeserializeOwned>(codec: Codec, data: &[u8]) -> Result<T, Error> {
    codec.decode(PhantomData, data)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    at: i64,
    data: Data,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Data {
    rate: f64,
    note: Option<String>,
    lines: Vec<Line>,
    rates: BTreeMap<String, f32>,
    pair: (i8, f64),
    kind: Option<Kind>,
    #[serde(flatten)]
    more: More,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Line {
    rate: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    Fixed(f64),
    Between(f64, f64),
    Upto { rate: f64, next: Box<Option<Kind>> },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct More {
    extra: f64,
}

/// A type inside itself, with one container for each level.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Chain {
    End,
    Next(Box<Chain>),
}

impl Chain {
    fn of(length: usize) -> Self {
        (0..length).fold(Self::End, |chain, _| Self::Next(Box::new(chain)))
    }
}

fn stored(change: impl FnOnce(&mut Data)) -> Stored {
    let mut data = Data::default();
    change(&mut data);
    Stored { at: 1, data }
}

#[test]
fn codes_never_change() {
    assert_eq!(Codec::Json.code(), 1);
    assert_eq!(Codec::from_code(1), Some(Codec::Json));
    #[cfg(feature = "msgpack")]
    {
        assert_eq!(Codec::MessagePack.code(), 2);
        assert_eq!(Codec::from_code(2), Some(Codec::MessagePack));
    }
    assert_eq!(Codec::from_code(0), None);
    assert!(codecs().all(|codec| Codec::from_code(codec.code()) == Some(codec)));
}

#[test]
fn json_is_compact_and_utf_8() {
    for (value, text) in [
        (json!("a"), r#""a""#),
        (json!("a'b"), r#""a'b""#),
        (json!("a\"b"), r#""a\"b""#),
        (json!({}), "{}"),
        (json!([]), "[]"),
        (json!({"a": 1}), r#"{"a":1}"#),
        (json!({"a": 1, "b": 2}), r#"{"a":1,"b":2}"#),
        (json!({"a": {}}), r#"{"a":{}}"#),
        (json!({"a": {"b": [1, null, true]}}), r#"{"a":{"b":[1,null,true]}}"#),
    ] {
        assert_eq!(encode(Codec::Json, &value).unwrap(), text.as_bytes());
        assert_eq!(decode::<Value>(Codec::Json, text.as_bytes()).unwrap(), value);
    }
    let cat = "\u{1f408} 哈哈";
    let data = encode(Codec::Json, cat).unwrap();
    assert_eq!(data, b"\"\xF0\x9F\x90\x88 \xE5\x93\x88\xE5\x93\x88\"");
    assert_eq!(decode::<String>(Codec::Json, br#""\ud83d\udc08 \u54c8\u54c8""#).unwrap(), cat);
}

#[cfg(feature = "msgpack")]
#[test]
fn message_pack_writes_names() {
    let data = encode(Codec::MessagePack, &Line { rate: 1.5 }).unwrap();
    assert_eq!(data, b"\x81\xa4rate\xcb\x3f\xf8\0\0\0\0\0\0");
    let renamed = b"\x82\xa3new\x01\xa4rate\xcb\x3f\xf8\0\0\0\0\0\0";
    assert_eq!(decode::<Line>(Codec::MessagePack, renamed).unwrap(), Line { rate: 1.5 });
}

#[test]
fn floats_that_are_not_finite_are_refused_by_name() {
    let upto = |rate, next| Some(Kind::Upto { rate, next: Box::new(next) });
    for (value, path) in [
        (stored(|data| data.rate = f64::NAN), "data.rate"),
        (
            stored(|data| data.lines = vec![Line { rate: 0.0 }, Line { rate: f64::INFINITY }]),
            "data.lines[1].rate",
        ),
        (stored(|data| data.rates = [("secret".to_owned(), f32::NAN)].into()), "data.rates{value}"),
        (stored(|data| data.pair.1 = f64::NEG_INFINITY), "data.pair.1"),
        (stored(|data| data.kind = Some(Kind::Fixed(f64::NAN))), "data.kind|Fixed"),
        (stored(|data| data.kind = Some(Kind::Between(0.0, f64::NAN))), "data.kind|Between.1"),
        (stored(|data| data.kind = upto(f64::NAN, None)), "data.kind|Upto.rate"),
        (stored(|data| data.kind = upto(0.0, Some(Kind::Fixed(f64::NAN)))), "data.kind|Upto.next|Fixed"),
        (stored(|data| data.more.extra = f64::NAN), "data.extra"),
    ] {
        for codec in codecs() {
            let error = encode(codec, &value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("`{path}` is a float that is infinite or not a number")),
                "{message}"
            );
            assert!(!message.contains("secret"));
        }
    }
    for codec in codecs() {
        let message = encode(codec, &f32::NAN).unwrap_err().to_string();
        assert!(message.starts_with("the value is a float"), "{message}");
    }
}

#[test]
fn floats_that_are_not_finite_are_refused_as_keys_too() {
    struct Key(f64);

    impl Serialize for Key {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(self.0, 1)])
        }
    }

    for codec in codecs() {
        let message =
            encode(codec, &json!(null)).map(|_| encode(codec, &Key(f64::NAN)).unwrap_err().to_string());
        assert!(message.unwrap().starts_with("`{key}` is a float"));
        assert!(encode(codec, &Key(1.5)).is_ok());
    }
}

type Inner = Option<i64>;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Optional {
    plain: Option<i64>,
    unit: Option<()>,
    twice: Option<Inner>,
    wrapped: Option<Wrapped>,
    list: Option<Vec<Option<i64>>>,
    named: BTreeMap<String, Option<Inner>>,
    kind: Option<Maybe>,
    any: Option<Value>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(Option<i64>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Maybe {
    Plain,
    One(Option<i64>),
    Nested(Option<Inner>),
}

#[test]
fn some_of_nothing_is_refused_by_name() {
    for (value, path) in [
        (Optional { unit: Some(()), ..Optional::default() }, "unit"),
        (Optional { twice: Some(None), ..Optional::default() }, "twice"),
        (Optional { wrapped: Some(Wrapped(None)), ..Optional::default() }, "wrapped"),
        (
            Optional { named: [("secret".to_owned(), Some(None))].into(), ..Optional::default() },
            "named{value}",
        ),
        (Optional { kind: Some(Maybe::Nested(Some(None))), ..Optional::default() }, "kind|Nested"),
        (Optional { any: Some(Value::Null), ..Optional::default() }, "any"),
    ] {
        for codec in codecs() {
            let error = encode(codec, &value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            let message = error.to_string();
            assert!(message.starts_with(&format!("`{path}` is `Some` of nothing")), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
    for codec in codecs() {
        let message = encode(codec, &Some(None::<i64>)).unwrap_err().to_string();
        assert!(message.starts_with("the value is `Some` of nothing"), "{message}");
    }
}

#[test]
fn every_other_option_comes_back() {
    let list = Some(vec![None, Some(1)]);
    for value in [
        Optional::default(),
        Optional { twice: Some(Some(1)), wrapped: Some(Wrapped(Some(2))), ..Optional::default() },
        Optional { list, kind: Some(Maybe::One(None)), ..Optional::default() },
        Optional { kind: Some(Maybe::Plain), any: Some(json!([null])), ..Optional::default() },
    ] {
        for codec in codecs() {
            assert_eq!(decode::<Optional>(codec, &encode(codec, &value).unwrap()).unwrap(), value);
        }
    }
}

#[test]
fn some_of_a_type_without_fields_is_refused_where_it_is_written_as_null() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Mark;

    for codec in codecs() {
        match encode(codec, &Some(Mark)) {
            Ok(data) => assert_eq!(decode::<Option<Mark>>(codec, &data).unwrap(), Some(Mark)),
            Err(error) => assert_eq!((codec, error.kind()), (Codec::Json, ErrorKind::Invalid)),
        }
    }
}

#[test]
fn nulls_that_are_no_floats_are_written() {
    for codec in codecs() {
        let value = stored(|data| data.kind = Some(Kind::Plain));
        assert_eq!(decode::<Stored>(codec, &encode(codec, &value).unwrap()).unwrap(), value);
        assert_eq!(decode::<Option<f64>>(codec, &encode(codec, &None::<f64>).unwrap()).unwrap(), None);
    }
}

#[test]
fn the_codec_refuses_a_value_that_its_format_lacks() {
    let error = encode(Codec::Json, &HashMap::from([(vec![1], 2)])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("key must be a string"), "{error}");
}

#[test]
fn data_with_more_bytes_at_the_end_are_refused() {
    for codec in codecs() {
        let data = encode(codec, &stored(|_| {})).unwrap();
        for more in [vec![0], vec![0xc0], vec![0x91], vec![0xc1], b"}".to_vec(), b"x".to_vec(), data.clone()]
        {
            let data = [data.as_slice(), &more].concat();
            let error = decode::<Stored>(codec, &data).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert!(decode::<IgnoredAny>(codec, &data).is_err());
        }
    }
}

#[test]
fn truncated_data_are_refused() {
    for codec in codecs() {
        let data = encode(codec, &stored(|data| data.kind = Some(Kind::Between(1.0, 2.0)))).unwrap();
        for end in 0..data.len() {
            assert_eq!(decode::<Stored>(codec, &data[..end]).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }
}

#[test]
fn the_codec_reads_each_depth_that_it_writes() {
    for codec in codecs() {
        for length in [0, 1, 126, 127] {
            let data = encode(codec, &Chain::of(length)).unwrap();
            assert_eq!(decode::<Chain>(codec, &data).unwrap(), Chain::of(length));
        }
        for length in [128, 129, 900, 1_100] {
            let error = encode(codec, &Chain::of(length)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("nested deeper than 127 levels"), "{error}");
        }
        let lists = (0..127).fold(json!(1), |inner, _| json!([inner]));
        let data = encode(codec, &lists).unwrap();
        assert_eq!(decode::<Value>(codec, &data).unwrap(), lists);
        assert!(encode(codec, &json!([lists])).is_err());
    }
}

#[test]
fn depth_does_not_exhaust_the_stack() {
    for (codec, level) in [(1, "["), (1, "{\"Next\":"), (2, "\u{1}"), (2, "Next")] {
        let Some(codec) = Codec::from_code(codec) else { continue };
        let level = match level {
            "\u{1}" => b"\x91".as_slice(),
            "Next" => b"\x81\xa4Next",
            level => level.as_bytes(),
        };
        let data = level.repeat(1_000_000);
        assert!(decode::<Chain>(codec, &data).is_err());
        assert!(decode::<Value>(codec, &data).is_err());
        assert!(decode::<IgnoredAny>(codec, &data).is_err());
    }
}

#[cfg(feature = "msgpack")]
#[test]
fn lengths_that_lie_cost_nothing() {
    for head in [0xc6, 0xc9, 0xdb, 0xdd, 0xdf] {
        let data = [&[head][..], &[255; 4], b"abc"].concat();
        assert!(decode::<Value>(Codec::MessagePack, &data).is_err());
        assert!(decode::<Vec<Line>>(Codec::MessagePack, &data).is_err());
        assert!(decode::<String>(Codec::MessagePack, &data).is_err());
    }
}

#[test]
fn messages_name_fields_but_no_values() {
    for codec in codecs() {
        let wrong = json!({"at": "secret", "data": {}});
        let error = decode::<Stored>(codec, &encode(codec, &wrong).unwrap()).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert_eq!(error.kind(), ErrorKind::Schema);
        assert!(shown.contains("the data do not fit the shape: "), "{shown}");
        let told = shown.contains("invalid type: string, expected i64");
        assert!(told || codec != Codec::Json, "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
        let missing = json!({"data": {}});
        let error = decode::<Stored>(codec, &encode(codec, &missing).unwrap()).unwrap_err();
        assert!(error.to_string().contains("missing field"), "{error}");
        let remedy = "; was a field renamed? keep its old name with `#[serde(alias = \"..\")]`, or raise the event's `version` \
                      and give an `upcast`";
        assert!(error.to_string().ends_with(remedy), "{error}");
    }
}

/// A type whose error quotes the value it found.
#[derive(Debug)]
struct Talkative;

impl<'de> Deserialize<'de> for Talkative {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format!("expected an address, found {text}")))
    }
}

#[test]
fn the_error_hides_the_message_of_a_type_about_its_value() {
    for codec in codecs() {
        let error = decode::<Talkative>(codec, &encode(codec, "hush").unwrap()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        assert!(error.to_string().contains("a value was refused by its type"), "{error}");
        // The message of the format itself is shown.
        let error = decode::<Value>(codec, &encode(codec, &json!(["a"])).unwrap()[..2]).unwrap_err();
        assert!(!error.to_string().contains("a value was refused"), "{error}");
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_comes_back(value in any_value()) {
        for codec in codecs() {
            let data = encode(codec, &value).unwrap();
            prop_assert_eq!(&decode::<Value>(codec, &data).unwrap(), &value);
        }
    }

    #[test]
    fn json_is_what_serde_json_writes(value in any_value()) {
        prop_assert_eq!(encode(Codec::Json, &value).unwrap(), serde_json::to_vec(&value).unwrap());
    }

    #[test]
    fn any_bytes_give_a_value_or_an_error(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        for codec in codecs() {
            let _ = decode::<Stored>(codec, &data);
            let _ = decode::<Chain>(codec, &data);
            let _ = decode::<Value>(codec, &data);
            let _ = decode::<IgnoredAny>(codec, &data);
        }
    }

    #[test]
    fn altered_bytes_give_a_value_or_an_error(value in any_value(), at: proptest::sample::Index, new: u8) {
        for codec in codecs() {
            let mut data = encode(codec, &value).unwrap();
            let at = at.index(data.len());
            data[at] = new;
            let _ = decode::<Value>(codec, &data);
            let _ = decode::<Stored>(codec, &data);
        }
    }
}
