//! Types that buffer what they read: tagged enums, and structs with something flattened.

use super::*;
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
struct Number {
    number: String,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum Tagged {
    Card {
        number: String,
        #[serde(default)]
        tries: u8,
    },
    Cash,
    Other(Number),
}

const TAGGED: &str = "type: tag
     type|Card: struct
     type|Card.number: string
     type|Card.tries?: u8
     type|Cash: struct
     type|Other: struct
     type|Other.note?: string or null
     type|Other.number: string";

#[test]
fn an_internally_tagged_enum_shows_what_stands_beside_its_tag() {
    check::<Tagged>(TAGGED);
    check_stored::<Tagged>(TAGGED, &[]);
}

#[test]
fn an_adjacently_tagged_enum_shows_its_content() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "t", content = "c")]
    enum Adjacent {
        A(i64),
        B,
        C {
            x: u8,
            #[serde(default)]
            y: Option<bool>,
        },
        D(i32, String),
        E(Option<Number>),
    }
    let lines = "t: tag
         t|A: struct
         t|A.c: i64
         t|B: struct
         t|C: struct
         t|C.c: struct
         t|C.c.x: u8
         t|C.c.y?: bool or null
         t|D: struct
         t|D.c: tuple of 2
         t|D.c.0: i32
         t|D.c.1: string
         t|E: struct
         t|E.c?: struct or null
         t|E.c.note?: string or null
         t|E.c.number: string";
    check::<Adjacent>(lines);
    check_stored::<Adjacent>(lines, &[]);
}

#[test]
fn flattened_fields_stand_beside_the_others() {
    #[derive(Serialize, Deserialize)]
    struct Flat {
        id: i64,
        memo: Option<String>,
        #[serde(flatten)]
        address: Address,
        #[serde(flatten)]
        payment: Tagged,
    }
    let lines = "id: i64
         memo?: string or null
         street: string
         type: tag
         type|Card: struct
         type|Card.number: string
         type|Card.tries?: u8
         type|Cash: struct
         type|Other: struct
         type|Other.note?: string or null
         type|Other.number: string
         zip?: string or null";
    check_stored::<Flat>(lines, &[]);
    let names: Names = ["memo", "zip", "tries", "nothing"].map(str::to_owned).into();
    compare(&trace_knowing::<Flat>(&names), lines, &[]);
}

#[test]
fn a_flattened_map_takes_fields_of_any_name() {
    #[derive(Serialize, Deserialize)]
    struct Extra {
        id: i64,
        #[serde(flatten)]
        more: BTreeMap<String, u8>,
    }
    #[derive(Serialize, Deserialize)]
    struct Anything {
        id: i64,
        #[serde(flatten)]
        more: BTreeMap<String, serde_json::Value>,
    }
    check_stored::<Extra>("id: i64\n{key}: string\n{value}: u8", &[]);
    check_stored::<Anything>("id: i64\n{key}: string\n{value}: any", &[]);
}

#[test]
fn buffers_are_found_at_any_place() {
    #[derive(Serialize, Deserialize)]
    struct All {
        list: Vec<Tagged>,
        map: BTreeMap<String, Option<Tagged>>,
        choice: Result<Tagged, u8>,
        pair: (u8, Tagged),
        owner: String,
    }
    let shape = trace_stored::<All>();
    for start in ["list[]", "map{value}", "choice|Ok", "pair.1"] {
        for line in TAGGED.lines() {
            let line = format!("{start}.{}\n", line.trim());
            assert!(shape.to_string().contains(&line), "{line}\n{shape}");
        }
    }
    assert_eq!(shape.problems(), [""; 0]);
}

#[test]
fn every_kind_of_value_is_found_inside_a_buffer() {
    #[derive(Serialize, Deserialize)]
    enum Choice {
        Unit,
        New(u8),
        Pair(u8, bool),
        Fields { a: i16 },
    }
    #[derive(Serialize, Deserialize)]
    struct Content {
        flag: bool,
        letter: char,
        signed: i32,
        share: f32,
        nothing: (),
        text: String,
        maybe: Option<i64>,
        list: Vec<u16>,
        set: std::collections::BTreeSet<u16>,
        pair: (u8, String),
        key: [u8; 4],
        map: BTreeMap<String, u32>,
        choice: Choice,
        inner: Address,
        any: serde_json::Value,
        uuid: uuid::Uuid,
        day: chrono::NaiveDate,
        decimal: rust_decimal::Decimal,
        positive: std::num::NonZeroU8,
        currency: Currency,
    }
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "lowercase")]
    enum Holder {
        Content(Content),
    }
    check_stored::<Holder>(
        "kind: tag
         kind|content: struct
         kind|content.any: any
         kind|content.choice: enum
         kind|content.choice|Fields: struct
         kind|content.choice|Fields.a: i16
         kind|content.choice|New: u8
         kind|content.choice|Pair: tuple of 2
         kind|content.choice|Pair.0: u8
         kind|content.choice|Pair.1: bool
         kind|content.choice|Unit: variant
         kind|content.currency: string like \"EUR\"
         kind|content.day: date
         kind|content.decimal: decimal or number
         kind|content.flag: bool
         kind|content.inner: struct
         kind|content.inner.street: string
         kind|content.inner.zip?: string or null
         kind|content.key: array of 4
         kind|content.key[]: u8
         kind|content.letter: char
         kind|content.list: list
         kind|content.list[]: u16
         kind|content.map: map
         kind|content.map{key}: string
         kind|content.map{value}: u32
         kind|content.maybe?: i64 or null
         kind|content.nothing: unit
         kind|content.pair: tuple of 2
         kind|content.pair.0: u8
         kind|content.pair.1: string
         kind|content.positive: u8 (checked)
         kind|content.set: set
         kind|content.set[]: u16
         kind|content.share: f32
         kind|content.signed: i32
         kind|content.text: string
         kind|content.uuid: uuid",
        &[],
    );
}

#[test]
fn a_type_inside_itself_is_reported_by_its_path() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "op")]
    enum Expr {
        Value { value: i64 },
        Sum { left: Box<Expr>, right: Box<Expr> },
        All { of: Vec<Expr>, maybe: Option<Box<Expr>> },
    }
    check_stored::<Expr>(
        "op: tag
         op|All: struct
         op|All.maybe?: -> . or null
         op|All.of: list
         op|All.of[]: -> .
         op|Sum: struct
         op|Sum.left: -> .
         op|Sum.right: -> .
         op|Value: struct
         op|Value.value: i64",
        &[],
    );
}

#[test]
fn a_tag_that_reads_any_other_value_is_open() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Open {
        ByCard {
            number: String,
        },
        Cash,
        #[serde(other)]
        Unknown,
    }
    #[derive(Serialize, Deserialize)]
    enum Plain {
        A,
        B(u8),
        #[serde(other)]
        Other,
    }
    check_stored::<Open>(
        "type: open tag
         type|by_card: struct
         type|by_card.number: string
         type|cash: struct
         type|unknown: struct",
        &[],
    );
    check::<Plain>(".: open enum\n|A: variant\n|B: u8\n|Other: variant");
}

#[test]
fn the_shape_shows_the_default_of_a_missing_field() {
    fn one() -> i64 {
        1
    }
    fn text() -> String {
        "a = b".to_owned()
    }
    #[derive(Serialize, Deserialize)]
    struct Inner {
        #[serde(default = "one")]
        count: i64,
        #[serde(default)]
        plain: i64,
        #[serde(default = "text")]
        text: String,
        #[serde(default = "uuid::Uuid::new_v4")]
        id: uuid::Uuid,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        none: Option<u8>,
    }
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type")]
    enum Holder {
        Inner(Inner),
    }
    let inner =
        ["count?: i64 = 1", "id?: uuid", "none?: u8 or null", "plain?: i64", "text?: string = \"a = b\""];
    check_stored::<Inner>(&inner.join("\n"), &[]);
    let beside = inner.map(|line| format!("type|Inner.{line}\n")).concat();
    check_stored::<Holder>(&format!("type: tag\ntype|Inner: struct\n{beside}"), &[]);
}

#[test]
fn ranges_are_told_apart() {
    check::<std::ops::Range<i64>>(".: range\nend: i64\nstart: i64");
    check::<std::ops::RangeInclusive<i64>>(".: inclusive range\nend: i64\nstart: i64");
}

#[test]
fn something_flattened_of_which_nothing_is_seen_is_opaque() {
    #[derive(Serialize, Deserialize)]
    struct Maybe {
        id: i64,
        #[serde(flatten)]
        address: Option<Address>,
    }
    check_stored::<Maybe>("id: i64\n{key}: string\n{value}: opaque", &[]);
}
