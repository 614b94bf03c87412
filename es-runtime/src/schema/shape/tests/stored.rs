//! Written data, compared with the data that a type reads.

use super::*;
use std::collections::BTreeMap;

#[test]
fn an_option_in_an_option_is_refused() {
    #[expect(clippy::option_option, reason = "refused")]
    #[derive(Serialize, Deserialize)]
    struct Patch {
        note: Option<Option<String>>,
        unit: Option<()>,
        fine: Option<Vec<Option<i64>>>,
    }
    let shape = trace_stored::<Patch>();
    assert_eq!(shape.problems().len(), 2, "{:?}", shape.problems());
    assert!(shape.problems()[0].starts_with("`note` is an option of something"), "{:?}", shape.problems());
    assert!(shape.problems()[1].starts_with("`unit` is"), "{:?}", shape.problems());
}

#[test]
fn the_tracer_compares_the_written_form_with_the_read_one() {
    #[derive(Serialize, Deserialize)]
    struct Sound {
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<String>,
        #[serde(skip)]
        cache: i64,
        #[serde(rename(serialize = "new"), alias = "new", rename(deserialize = "old"))]
        renamed: i64,
        payment: Payment,
        currency: Currency,
    }
    let shape = trace_stored::<Sound>();
    assert_eq!(shape.problems(), [""; 0]);
    let lines: Vec<String> = shape.written().collect();
    assert!(lines.contains(&"old: i64 (alias new)".to_owned()), "{shape}");
    assert!(!shape.to_string().contains("read only"), "{shape}");
    assert!(!shape.to_string().contains("cache"), "{shape}");
}

#[test]
fn a_field_that_is_never_written_is_read_only() {
    #[derive(Serialize, Deserialize)]
    struct Old {
        #[serde(default, skip_serializing)]
        legacy: Option<String>,
        owner: String,
    }
    #[derive(Serialize, Deserialize)]
    struct Holder {
        list: Vec<Old>,
    }
    check_stored::<Old>("legacy?: string or null (read only)\nowner: string", &[]);
    let lines =
        "list: list\nlist[]: struct\nlist[].legacy?: string or null (read only)\nlist[].owner: string";
    check_stored::<Holder>(lines, &[]);
}

#[test]
fn names_that_differ_are_a_problem() {
    #[derive(Serialize, Deserialize)]
    struct OneSided {
        #[serde(rename(serialize = "sum"))]
        amount: i64,
    }
    let shape = trace_stored::<OneSided>();
    assert_eq!(shape.problems().len(), 2, "{:?}", shape.problems());
    assert!(
        shape.problems()[0].contains("written with a field `sum`, which is never read"),
        "{:?}",
        shape.problems()
    );
    assert!(shape.problems()[1].contains("written without its field `amount`"), "{:?}", shape.problems());
}

#[test]
fn the_tag_of_a_struct_may_be_written_without_being_read() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type")]
    struct Tagged {
        amount: i64,
    }
    check_stored::<Tagged>("amount: i64", &[]);
}

#[test]
fn a_field_that_is_never_read_is_a_problem() {
    #[derive(Serialize, Deserialize)]
    struct Forgetful {
        amount: i64,
        #[serde(skip_deserializing)]
        state: String,
    }
    let problem = "the value itself is written with a field `state`, which is never read; \
                   read it under that name too (`#[serde(alias = ..)]`), \
                   or do not write it (`#[serde(skip)]`)";
    check_stored::<Forgetful>("amount: i64", &[problem]);
}

#[test]
fn a_variant_that_is_not_read_is_a_problem() {
    #[derive(Serialize, Deserialize)]
    enum Renamed {
        #[serde(rename(serialize = "New"))]
        Old(u8),
        #[serde(rename(serialize = "Both"), alias = "Both")]
        Fine,
    }
    let problem = "the value itself is written as a variant `New`, which is never read; \
                   read it under that name too (`#[serde(alias = ..)]`)";
    check_stored::<Renamed>(".: enum\n|Both: variant\n|Fine: variant\n|Old: u8", &[problem]);
}

#[test]
fn a_variant_in_another_form_is_a_problem() {
    #[derive(Deserialize)]
    enum Bare {
        Cash,
        Card(u8),
    }
    impl Serialize for Bare {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Cash => serializer.serialize_newtype_variant("Bare", 0, "Cash", &1),
                Self::Card(_) => serializer.serialize_str("Card"),
            }
        }
    }
    let problems =
        ["`|Card` is written and read in different forms", "`|Cash` is written and read in different forms"];
    check_stored::<Bare>(".: enum\n|Card: u8\n|Cash: variant", &problems);
}

#[test]
fn a_value_that_changes_when_it_is_stored_is_a_problem() {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn more<S: serde::Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(value + 1)
    }
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn large<S: serde::Serializer>(_: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(1_000)
    }
    #[derive(Serialize, Deserialize)]
    struct Growing {
        #[serde(serialize_with = "more")]
        amount: i64,
    }
    #[derive(Serialize, Deserialize)]
    struct Large {
        #[serde(serialize_with = "large")]
        amount: u8,
    }
    check_stored::<Growing>("amount: i64", &["the data that are read back differ from the written ones"]);
    let shape = trace_stored::<Large>();
    assert_eq!(shape.problems().len(), 1, "{:?}", shape.problems());
    assert!(
        shape.problems()[0].starts_with("the written data cannot be read back: invalid value"),
        "{shape}"
    );
}

#[test]
fn every_form_of_value_is_compared() {
    #[derive(Serialize, Deserialize)]
    struct All {
        payment: Payment,
        payments: Vec<Payment>,
        pair: (i64, String),
        alike: [u8; 20],
        by_name: BTreeMap<String, Address>,
        flag: bool,
        letter: char,
        unit: (),
        float: f32,
        id: uuid::Uuid,
        at: chrono::DateTime<chrono::Utc>,
        amount: rust_decimal::Decimal,
        text: std::ffi::CString,
        next: Option<Box<All>>,
        result: Result<u8, Option<i64>>,
    }
    let shape = trace_stored::<All>();
    assert_eq!(shape.problems(), [""; 0]);
    assert!(!shape.to_string().contains("read only"), "{shape}");
}

#[test]
fn a_wrong_form_is_found_at_any_depth() {
    fn wrong<T, S: serde::Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
    macro_rules! wrong {
        ($($name:ident: $type:ty, $kind:expr;)*) => {
            $({
                #[derive(Serialize, Deserialize)]
                struct Wrong {
                    #[serde(serialize_with = "wrong")]
                    $name: $type,
                }
                let shape = trace_stored::<BTreeMap<String, (Wrong, u8)>>();
                let name = stringify!($name);
                let problem = format!("`{{value}}.0.{name}` is written as a flag but read as {}", $kind);
                assert_eq!(shape.problems().len(), 1, "{:?}", shape.problems());
                assert!(shape.problems()[0].starts_with(&problem), "{:?}", shape.problems());
            })*
        };
    }
    wrong! {
        integer: i64, "i64";
        float: f32, "f32";
        letter: char, "char";
        text: String, "string";
        id: uuid::Uuid, "uuid";
        list: Vec<u8>, "list";
        pair: (u8, i8), "tuple of 2";
        map: BTreeMap<String, u8>, "map";
        structure: Address, "struct";
        choice: Payment, "enum";
        unit: (), "unit";
        option: Option<u8>, "u8";
        bytes: std::ffi::CString, "bytes";
    }
}

#[test]
fn forms_that_differ_are_a_problem() {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn text<S: serde::Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }
    #[derive(Serialize, Deserialize)]
    struct Inner {
        #[serde(serialize_with = "text")]
        amount: i64,
    }
    #[derive(Serialize, Deserialize)]
    struct Outer {
        list: Vec<Inner>,
    }
    let problem = "`list[].amount` is written as a string but read as i64; \
                   make its `Serialize` and `Deserialize` agree";
    check_stored::<Outer>("list: list\nlist[]: struct\nlist[].amount: i64", &[problem]);
}

#[test]
fn a_value_left_out_although_it_is_needed_is_a_problem() {
    #[derive(Serialize, Deserialize)]
    struct Forgetful {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<String>,
        #[serde(skip_serializing_if = "is_zero")]
        count: i64,
        owner: String,
    }
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn is_zero(value: &i64) -> bool {
        *value == 0
    }
    let shape = trace_stored::<Forgetful>();
    assert_eq!(shape.problems().len(), 2, "{:?}", shape.problems());
    assert!(shape.problems()[0].contains("without its field `count`"), "{:?}", shape.problems());
    assert!(shape.problems()[1].contains("without its field `tags`"), "{:?}", shape.problems());
}

#[test]
fn a_map_that_json_cannot_hold_is_a_problem() {
    #[derive(Serialize, Deserialize)]
    struct Grid {
        cells: BTreeMap<(i64, i64), i64>,
    }
    let shape = trace_stored::<Grid>();
    assert_eq!(shape.problems().len(), 1, "{:?}", shape.problems());
    assert!(shape.problems()[0].contains("cannot be written as JSON"), "{:?}", shape.problems());
}
