//! Numbers that refuse a part of what their kind has.

use super::*;
use std::collections::BTreeMap;
use std::num::{NonZeroI64, NonZeroU8};

/// Declares types that read a number and refuse some.
macro_rules! checked {
    ($($name:ident($kind:ty = $text:literal): $rule:expr;)*) => {
        $(
            #[derive(Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
            #[serde(try_from = $text, into = $text)]
            struct $name($kind);
            impl TryFrom<$kind> for $name {
                type Error = &'static str;
                fn try_from(value: $kind) -> Result<Self, Self::Error> {
                    let rule: fn($kind) -> bool = $rule;
                    if rule(value) { Ok(Self(value)) } else { Err("refused") }
                }
            }
            impl From<$name> for $kind {
                fn from(value: $name) -> Self {
                    value.0
                }
            }
        )*
    };
}

checked! {
    Percent(u8 = "u8"): |value| value <= 100;
    Positive(i64 = "i64"): |value| value > 0;
    Negative(i32 = "i32"): |value| value < 0;
    Signless(i128 = "i128"): |value| value >= 0;
    Even(i64 = "i64"): |value| value % 2 == 0 && value > 20;
    Panicking(i16 = "i16"): |value| { assert!(value != 0, "zero"); true };
    Share(f64 = "f64"): |value| (0.0..=1.0).contains(&value);
    Small(f32 = "f32"): |value| value < 1e9;
    Any(i64 = "i64"): |_| true;
}

#[test]
fn a_number_that_refuses_a_part_of_its_kind_is_checked() {
    check::<NonZeroI64>(".: i64 (checked)");
    check::<Percent>(".: u8 (checked)");
    check::<Positive>(".: i64 (checked)");
    check::<Negative>(".: i32 (checked)");
    check::<Signless>(".: i128 (checked)");
    check::<Even>(".: i64 (checked)");
    check::<Panicking>(".: i16 (checked)");
    check::<Share>(".: f64 (checked)");
    check::<Small>(".: f32 (checked)");
}

#[test]
fn a_number_that_takes_all_is_not() {
    check::<Any>(".: i64");
    macro_rules! plain {
        ($($kind:ty)*) => { $(check::<$kind>(concat!(".: ", stringify!($kind)));)* };
    }
    plain!(i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64);
}

#[test]
fn checks_are_found_at_any_place() {
    #[derive(Serialize, Deserialize)]
    enum Choice {
        Base,
        Number(NonZeroU8),
        Fields { plain: u8, share: Share },
    }
    #[derive(Serialize, Deserialize)]
    struct All {
        choice: Choice,
        each: [Percent; 20],
        list: Vec<Option<Positive>>,
        map: BTreeMap<NonZeroU8, Even>,
        #[serde(alias = "old")]
        maybe: Option<Even>,
        next: Option<Box<All>>,
        owner: String,
        pair: (Any, Positive),
        uuid: uuid::Uuid,
    }
    let lines = "choice: enum
         choice|Base: variant
         choice|Fields: struct
         choice|Fields.plain: u8
         choice|Fields.share: f64 (checked)
         choice|Number: u8 (checked)
         each: array of 20
         each[]: u8 (checked)
         list: list
         list[]: i64 (checked) or null
         map: map
         map{key}: u8 (checked)
         map{value}: i64 (checked)
         maybe?: i64 (checked) or null (alias old)
         next?: -> . or null
         owner: string
         pair: tuple of 2
         pair.0: i64
         pair.1: i64 (checked)
         uuid: uuid";
    check::<All>(lines);
    check_stored::<All>(lines, &[]);
}

#[test]
fn a_check_of_several_numbers_marks_none_and_hides_no_neighbour() {
    #[derive(Clone, Copy, Serialize, Deserialize)]
    struct Raw {
        low: i64,
        high: i64,
    }
    #[derive(Clone, Copy, Serialize, Deserialize)]
    #[serde(try_from = "Raw", into = "Raw")]
    struct Falling(Raw);
    impl TryFrom<Raw> for Falling {
        type Error = &'static str;
        fn try_from(raw: Raw) -> Result<Self, Self::Error> {
            if raw.low > raw.high { Ok(Self(raw)) } else { Err("rising") }
        }
    }
    impl From<Falling> for Raw {
        fn from(range: Falling) -> Self {
            range.0
        }
    }
    #[derive(Serialize, Deserialize)]
    struct Holder {
        before: Positive,
        list: Vec<Falling>,
        range: Falling,
        took: std::time::Duration,
        zone: Positive,
    }
    let lines = "before: i64 (checked)
         list: list
         list[]: struct
         list[].high: i64
         list[].low: i64
         range: struct
         range.high: i64
         range.low: i64
         took: struct
         took.nanos: u32
         took.secs: u64
         zone: i64 (checked)";
    check::<Holder>(lines);
    check_stored::<Holder>(lines, &[]);
}

#[test]
fn the_tracer_ignores_types_that_only_the_limit_of_a_number_leads_to() {
    struct Tagged;
    impl<'de> Deserialize<'de> for Tagged {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Tagged;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a version and what it says")
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Tagged, A::Error> {
                    match seq.next_element::<u8>()? {
                        Some(1) => seq.next_element::<String>()?.map(drop),
                        _ => seq.next_element::<bool>()?.map(drop),
                    };
                    Ok(Tagged)
                }
            }
            deserializer.deserialize_tuple(2, Visitor)
        }
    }
    check::<Tagged>(".: tuple of 2\n0: u8\n1: string");
}

#[test]
fn a_large_type_with_many_checks_takes_few_passes() {
    #[derive(Deserialize)]
    struct Part {
        a: Positive,
        b: Positive,
        c: (Percent, i64, Share),
        d: Option<Even>,
    }
    #[derive(Deserialize)]
    struct Large {
        a: [Part; 2],
        b: (Part, Part, Part, i64),
        c: Vec<Part>,
        d: BTreeMap<String, Part>,
    }
    let tree = crate::schema::shape::trace::run::<Large>(&Names::default(), |_| None, drop);
    assert_eq!(describe::shape(&tree).to_string().matches("(checked)").count(), 30);
    assert!(tree.changes < 1_000, "{}", tree.changes);
}
