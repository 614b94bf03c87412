use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;

use super::*;
use crate::mapper::codec::Codec;
use crate::schema::shape::trace;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Booking {
    #[serde(with = "Tagged::<UuidAsHex>")]
    id: Uuid,
    #[serde(with = "Tagged::<DateTimeAsIso>")]
    at: DateTime<Utc>,
    #[serde(with = "Tagged::<Option<DateAsIso>>", default)]
    due: Option<NaiveDate>,
    #[serde(with = "Tagged::<Vec<DecimalAsStr<Decimal>>>")]
    amounts: Vec<Decimal>,
}

const ID: &str = "b2723fe2c01a40d2875ea3aac6a09ff5";

#[derive(Clone, Debug, PartialEq)]
struct CustomType1(Uuid);

#[derive(Clone, Debug, PartialEq)]
struct CustomType2(CustomType1);

struct CustomType1AsDict;

impl Transcoding for CustomType1AsDict {
    type Value = CustomType1;
    type Data = Tagged<UuidAsHex>;
    type Error = &'static str;
    const NAME: &'static str = "custom_type1_as_dict";

    fn encode(value: &CustomType1) -> Tagged<UuidAsHex> {
        Tagged(value.0)
    }

    fn decode(data: Tagged<UuidAsHex>) -> Result<CustomType1, &'static str> {
        if data.0.is_nil() { Err("there is no nil") } else { Ok(CustomType1(data.0)) }
    }
}

struct CustomType2AsDict;

impl Transcoding for CustomType2AsDict {
    type Value = CustomType2;
    type Data = Tagged<CustomType1AsDict>;
    type Error = &'static str;
    const NAME: &'static str = "custom_type2_as_dict";

    fn encode(value: &CustomType2) -> Tagged<CustomType1AsDict> {
        Tagged(value.0.clone())
    }

    fn decode(data: Tagged<CustomType1AsDict>) -> Result<CustomType2, &'static str> {
        Ok(CustomType2(data.0))
    }
}

fn nested() -> Tagged<CustomType2AsDict> {
    Tagged(CustomType2(CustomType1(ID.parse().unwrap())))
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn types_of_the_users_own_nest() {
    let json = r#"{"_type_":"custom_type2_as_dict","_data_":{"_type_":"custom_type1_as_dict","_data_":{"_type_":"uuid_hex","_data_":"b2723fe2c01a40d2875ea3aac6a09ff5"}}}"#;
    assert_eq!(serde_json::to_string(&nested()).unwrap(), json);
    assert_eq!(serde_json::from_str::<Tagged<CustomType2AsDict>>(json).unwrap(), nested());
    let in_a_map = BTreeMap::from([("a", nested())]);
    let json = format!("{{\"a\":{json}}}");
    assert_eq!(serde_json::to_string(&in_a_map).unwrap(), json);
    assert_eq!(serde_json::from_str::<BTreeMap<&str, Tagged<CustomType2AsDict>>>(&json).unwrap(), in_a_map);
}

#[test]
fn a_map_with_the_reserved_keys_is_data_like_any_other() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Noted {
        map: BTreeMap<String, String>,
        any: Value,
    }

    let map =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    for map in [
        map(&[("_type_", "uuid_hex"), ("_data_", ID)]),
        map(&[("_type_", "uuid_hex"), ("a", "b")]),
        map(&[("_data_", ID), ("a", "b")]),
        map(&[("_type_", "no such name"), ("_data_", "")]),
    ] {
        let any = serde_json::to_value(&map).unwrap();
        let noted = Noted { map, any };
        let json = serde_json::to_string(&noted).unwrap();
        assert_eq!(serde_json::from_str::<Noted>(&json).unwrap(), noted, "{json}");
    }
}

#[test]
fn a_map_with_the_reserved_keys_survives_as_data_of_a_tagged_value() {
    struct MapAsIs;

    impl Transcoding for MapAsIs {
        type Value = BTreeMap<String, String>;
        type Data = BTreeMap<String, String>;
        type Error = &'static str;
        const NAME: &'static str = "map";

        fn encode(value: &BTreeMap<String, String>) -> BTreeMap<String, String> {
            value.clone()
        }

        fn decode(data: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, &'static str> {
            Ok(data)
        }
    }

    let map = [("_type_", "map"), ("_data_", "x")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let tagged = Tagged::<MapAsIs>(map.into());
    let json = serde_json::to_string(&tagged).unwrap();
    assert_eq!(serde_json::from_str::<Tagged<MapAsIs>>(&json).unwrap(), tagged);
}

#[test]
fn another_name_is_refused_naming_both() {
    for json in [
        r#"{"_type_":"uuid_int","_data_":5}"#,
        r#"{"_type_":"uuid_int","_data_":"b2723fe2c01a40d2875ea3aac6a09ff5"}"#,
        r#"{"_data_":"b2723fe2c01a40d2875ea3aac6a09ff5","_type_":"uuid_int"}"#,
        r#"{"_type_":{"uuid_int":null},"_data_":5}"#,
    ] {
        let error = read::<Tagged<UuidAsHex>>(json).unwrap_err();
        assert!(error.contains("tagged `uuid_int`") && error.contains("takes `uuid_hex`"), "{error}");
    }
    let nested = r#"{"_type_":"custom_type2_as_dict","_data_":{"_type_":"custom_type1_as_dict","_data_":{"_type_":"bytes","_data_":""}}}"#;
    let error = read::<Tagged<CustomType2AsDict>>(nested).unwrap_err();
    assert!(error.contains("tagged `bytes`") && error.contains("takes `uuid_hex`"), "{error}");
}

#[test]
fn the_order_does_not_matter() {
    let json = r#"{"_data_":"b2723fe2c01a40d2875ea3aac6a09ff5","_type_":"uuid_hex"}"#;
    assert_eq!(read::<Tagged<UuidAsHex>>(json).unwrap().0, ID.parse::<Uuid>().unwrap());
}

#[test]
fn a_value_without_its_tag_is_refused() {
    for (json, part) in [
        (r#""b2723fe2c01a40d2875ea3aac6a09ff5""#, "expected a tagged value with `_type_` and `_data_`"),
        ("null", "expected a tagged value"),
        (r#"{"_data_":"b2723fe2c01a40d2875ea3aac6a09ff5"}"#, "missing field `_type_`"),
        (r#"{"_type_":"uuid_hex"}"#, "missing field `_data_`"),
        (r#"{"_type_":"uuid_hex","more":1}"#, "unknown field `more`"),
        (r#"{"_type_":"uuid_hex","_type_":"uuid_hex"}"#, "duplicate field `_type_`"),
        (r#"{"_type_":"uuid_hex","_data_":5}"#, "expected a string"),
        (r#"{"_type_":"uuid_hex","_data_":"5"}"#, "data of `uuid_hex` are refused: "),
        (r#"{"_type_":5,"_data_":5}"#, "expected"),
    ] {
        let error = read::<Tagged<UuidAsHex>>(json).unwrap_err();
        assert!(error.contains(part), "{json}: {error}");
    }
    let nil = r#"{"_type_":"custom_type1_as_dict","_data_":{"_type_":"uuid_hex","_data_":"00000000000000000000000000000000"}}"#;
    let error = read::<Tagged<CustomType1AsDict>>(nil).unwrap_err();
    assert!(error.contains("data of `custom_type1_as_dict` are refused: there is no nil"), "{error}");
}

#[test]
fn the_stored_forms() {
    let booking = Booking {
        id: ID.parse().unwrap(),
        at: "2025-11-20T12:00:00.5Z".parse().unwrap(),
        due: Some("2025-12-24".parse().unwrap()),
        amounts: vec!["10.50".parse().unwrap()],
    };
    let json = r#"{"id":{"_type_":"uuid_hex","_data_":"b2723fe2c01a40d2875ea3aac6a09ff5"},"at":{"_type_":"datetime_iso","_data_":"2025-11-20T12:00:00.500Z"},"due":{"_type_":"date_iso","_data_":"2025-12-24"},"amounts":[{"_type_":"decimal_str","_data_":"10.50"}]}"#;
    assert_eq!(serde_json::to_string(&booking).unwrap(), json);
    assert_eq!(serde_json::from_str::<Booking>(json).unwrap(), booking);
    let value: Value = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::from_value::<Booking>(value).unwrap(), booking);
}

#[test]
fn a_tagged_value_has_a_shape() {
    let shape = trace::<Booking>();
    assert_eq!(
        shape.to_string(),
        "\
amounts: list
amounts[]: struct
amounts[]._data_: decimal
amounts[]._type_: enum
amounts[]._type_|decimal_str: variant
at: struct
at._data_: date-time
at._type_: enum
at._type_|datetime_iso: variant
due?: struct or null
due._data_: date
due._type_: enum
due._type_|date_iso: variant
id: struct
id._data_: uuid
id._type_: enum
id._type_|uuid_hex: variant
"
    );
    assert!(shape.problems().is_empty(), "{:?}", shape.problems());
    assert_eq!(crate::schema::shape::trace_stored::<Booking>(), shape);
}

proptest! {
    #[test]
    fn every_value_comes_back(
        id: u128,
        at in (-8_000_000_000_000_i64..8_000_000_000_000, 0_u32..2_000_000_000),
        due in proptest::option::of(-90_000_000_i32..90_000_000),
        amounts in proptest::collection::vec((any::<i64>(), 0_u32..28), 0..4),
    ) {
        let Some(at) = DateTime::from_timestamp(at.0, at.1) else { return Ok(()) };
        let booking = Booking {
            id: Uuid::from_u128(id),
            at,
            due: due.and_then(NaiveDate::from_num_days_from_ce_opt),
            amounts: amounts.into_iter().map(|(digits, scale)| Decimal::new(digits, scale)).collect(),
        };
        #[cfg(feature = "msgpack")]
        let codecs = [Codec::Json, Codec::MessagePack];
        #[cfg(not(feature = "msgpack"))]
        let codecs = [Codec::Json];
        for codec in codecs {
            let mut data = Vec::new();
            codec.encode(&booking, &mut data).unwrap();
            let again = codec.decode(std::marker::PhantomData::<Booking>, &data).unwrap();
            prop_assert_eq!(&again, &booking);
        }
    }
}
