//! Shapes of real types, one concept per test.
#![allow(dead_code, reason = "the types are only deserialized")]

use super::*;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

#[track_caller]
fn check<T: DeserializeOwned>(lines: &str) {
    let shape = trace::<T>();
    let wanted: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(shape.written().collect::<Vec<_>>(), wanted, "\n{shape}");
    assert_eq!(shape.problems(), [""; 0]);
}

#[track_caller]
fn check_stored<T: Serialize + DeserializeOwned>(lines: &str, problems: &[&str]) {
    let shape = trace_stored::<T>();
    let wanted: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(shape.written().collect::<Vec<_>>(), wanted, "\n{shape}");
    assert_eq!(shape.problems(), problems);
}

#[derive(Default, Serialize, Deserialize)]
struct Address {
    street: String,
    zip: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum Payment {
    Cash,
    Card { number: String, address: Address },
    Voucher(u32),
    Split(i64, String),
    Other(Address),
}

#[test]
fn numbers_keep_their_type() {
    check::<i8>(".: i8");
    check::<i128>(".: i128");
    check::<u128>(".: u128");
    check::<usize>(".: u64");
    check::<f32>(".: f32");
    check::<f64>(".: f64");
    check::<bool>(".: bool");
    check::<char>(".: char");
    check::<()>(".: unit");
    check::<std::num::NonZeroU16>(".: u16");
    check::<std::num::NonZeroI8>(".: i8");
}

#[test]
fn a_struct_lists_its_fields_and_theirs() {
    #[derive(Deserialize)]
    struct Opened {
        owner: String,
        address: Address,
        previous: Option<Address>,
        #[serde(default)]
        limit: i64,
        #[serde(rename = "type")]
        kind: u8,
    }
    check::<Opened>(
        "address: struct
         address.street: string
         address.zip?: string or null
         limit?: i64
         owner: string
         previous?: struct or null
         previous.street: string
         previous.zip?: string or null
         type: u8",
    );
}

#[test]
fn an_enum_lists_its_variants_and_their_content() {
    check::<Payment>(
        ".: enum
         |Card: struct
         |Card.address: struct
         |Card.address.street: string
         |Card.address.zip?: string or null
         |Card.number: string
         |Cash: variant
         |Other: struct
         |Other.street: string
         |Other.zip?: string or null
         |Split: tuple of 2
         |Split.0: i64
         |Split.1: string
         |Voucher: u32",
    );
}

#[test]
fn containers() {
    #[derive(Deserialize)]
    struct All {
        list: Vec<Option<i64>>,
        set: BTreeSet<String>,
        hash: HashSet<u8>,
        by_name: BTreeMap<String, Address>,
        by_number: HashMap<u32, Vec<bool>>,
        pair: (i64, String),
        alike: (i64, i64),
        small: [f64; 3],
        large: [u8; 32],
        nested: Vec<Vec<(u8, char)>>,
        none: [u8; 0],
        boxed: Box<str>,
    }
    check::<All>(
        "alike: array of 2
         alike[]: i64
         boxed: string
         by_name: map
         by_name{key}: string
         by_name{value}: struct
         by_name{value}.street: string
         by_name{value}.zip?: string or null
         by_number: map
         by_number{key}: u32
         by_number{value}: list
         by_number{value}[]: bool
         hash: list
         hash[]: u8
         large: array of 32
         large[]: u8
         list: list
         list[]: i64 or null
         nested: list
         nested[]: list
         nested[][]: tuple of 2
         nested[][].0: u8
         nested[][].1: char
         none: tuple of 0
         pair: tuple of 2
         pair.0: i64
         pair.1: string
         set: list
         set[]: string
         small: array of 3
         small[]: f64",
    );
}

#[test]
fn strings_are_told_by_what_they_accept() {
    #[derive(Deserialize)]
    struct All {
        id: uuid::Uuid,
        at: chrono::DateTime<chrono::Utc>,
        fixed: chrono::DateTime<chrono::FixedOffset>,
        local: chrono::NaiveDateTime,
        day: chrono::NaiveDate,
        time: chrono::NaiveTime,
        weekday: chrono::Weekday,
        amount: rust_decimal::Decimal,
        ip: std::net::IpAddr,
        v4: std::net::Ipv4Addr,
        v6: std::net::Ipv6Addr,
        socket: std::net::SocketAddr,
        path: std::path::PathBuf,
    }
    check::<All>(
        "amount: decimal
         at: date-time
         day: date
         fixed: date-time
         id: uuid
         ip: ipv4 or ipv6
         local: local date-time
         path: string
         socket: socket address
         time: time
         v4: ipv4
         v6: ipv6
         weekday: string like \"Mon\"",
    );
}

#[test]
fn types_of_the_standard_library() {
    #[derive(Deserialize)]
    struct All {
        took: std::time::Duration,
        range: std::ops::Range<u8>,
        bound: std::ops::Bound<i64>,
        result: Result<u8, String>,
        cell: std::cell::Cell<u8>,
        phantom: std::marker::PhantomData<u8>,
        wrapping: std::num::Wrapping<i16>,
        text: std::ffi::CString,
    }
    check::<All>(
        "bound: enum
         bound|Excluded: i64
         bound|Included: i64
         bound|Unbounded: variant
         cell: u8
         phantom: unit
         range: struct
         range.end: u8
         range.start: u8
         result: enum
         result|Err: string
         result|Ok: u8
         text: bytes
         took: struct
         took.nanos: u32
         took.secs: u64
         wrapping: i16",
    );
}

/// Three capital letters.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Currency(String);

impl TryFrom<String> for Currency {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let good = text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase());
        if good { Ok(Self(text)) } else { Err("no currency") }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

/// In a format that no sample has.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Secret(String);

impl TryFrom<String> for Secret {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "open sesame" { Ok(Self(text)) } else { Err("wrong") }
    }
}

#[derive(Deserialize)]
#[serde(try_from = "i64")]
struct Even(i64);

impl TryFrom<i64> for Even {
    type Error = &'static str;
    fn try_from(value: i64) -> Result<Self, Self::Error> {
        if value % 2 == 0 && value > 20 { Ok(Self(value)) } else { Err("odd") }
    }
}

#[test]
fn checked_values_are_found_by_trying() {
    #[derive(Deserialize)]
    #[serde(try_from = "(i64, i64)")]
    struct Rising;
    impl TryFrom<(i64, i64)> for Rising {
        type Error = &'static str;
        fn try_from((low, high): (i64, i64)) -> Result<Self, Self::Error> {
            if low < high { Ok(Self) } else { Err("falling") }
        }
    }
    #[derive(Deserialize)]
    #[serde(try_from = "Vec<u8>")]
    struct Key;
    impl TryFrom<Vec<u8>> for Key {
        type Error = &'static str;
        fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
            if bytes.len() == 16 { Ok(Self) } else { Err("no key") }
        }
    }
    #[derive(Deserialize)]
    struct All {
        currency: Currency,
        even: Even,
        key: Key,
        rising: Rising,
        owner: String,
    }
    check::<All>(
        "currency: string like \"EUR\"
         even: i64
         key: list
         key[]: u8
         owner: string
         rising: array of 2
         rising[]: i64",
    );
}

#[test]
fn a_format_of_the_users_own_is_opaque_and_hides_no_neighbour() {
    #[derive(Deserialize)]
    struct Login {
        after: Option<i64>,
        secret: Secret,
        address: Address,
        day: chrono::NaiveDate,
    }
    check::<Login>(
        "address: struct
         address.street: string
         address.zip?: string or null
         after?: i64 or null
         day: date
         secret: opaque string",
    );
    check::<Vec<Secret>>(".: list\n[]: opaque string");
    check::<Option<Secret>>(".: opaque string or null");
    check::<BTreeMap<String, Secret>>(".: map\n{key}: string\n{value}: opaque string");
    check::<(Secret, i64)>(
        ".: tuple of 2\n.0: opaque string\n.1: opaque".replace(".0", "0").replace(".1", "1").as_str(),
    );
}

#[test]
fn a_field_after_an_opaque_one_still_shows_that_it_may_be_left_out() {
    #[derive(Deserialize)]
    struct Login {
        #[serde(default = "secret")]
        secret: Secret,
        #[serde(default)]
        tries: i64,
        user: String,
    }
    fn secret() -> Secret {
        Secret(String::new())
    }
    check::<Login>("secret?: opaque string\ntries?: i64\nuser: string");
}

#[test]
fn aliases_are_named_wherever_they_sort() {
    #[derive(Deserialize)]
    struct Moved {
        #[serde(alias = "a", alias = "z")]
        m: i64,
        #[serde(alias = "old", default)]
        new: Address,
    }
    check::<Moved>(
        "m: i64 (alias a, z)
         new?: struct (alias old)
         new.street: string
         new.zip?: string or null",
    );
}

#[test]
fn an_alias_of_a_variant_is_a_variant() {
    #[derive(Deserialize)]
    enum Kind {
        #[serde(alias = "Old")]
        New(u8),
    }
    check::<Kind>(".: enum\n|New: u8\n|Old: u8");
}

#[test]
fn recursion_points_back() {
    #[derive(Deserialize)]
    struct Node {
        value: i64,
        next: Option<Box<Node>>,
        children: Vec<Node>,
        named: BTreeMap<String, Node>,
        tree: Tree,
    }
    #[derive(Deserialize)]
    enum Tree {
        Leaf(i64),
        Fork(Box<Tree>, Box<Tree>),
        Back(Box<Node>),
    }
    check::<Node>(
        "children: list
         children[]: -> .
         named: map
         named{key}: string
         named{value}: -> .
         next?: -> . or null
         tree: enum
         tree|Back: -> .
         tree|Fork: array of 2
         tree|Fork[]: -> tree
         tree|Leaf: i64
         value: i64",
    );
    #[derive(Deserialize)]
    struct Forest(Vec<Forest>);
    check::<Forest>(".: list\n[]: -> .");
}

#[test]
fn what_cannot_be_seen_is_opaque() {
    #[derive(Deserialize)]
    #[serde(tag = "type")]
    enum Tagged {
        A { x: i64 },
        B,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(i64),
        Struct { x: i64 },
    }
    #[derive(Deserialize)]
    struct Flat {
        id: i64,
        #[serde(flatten)]
        address: Address,
    }
    #[derive(Deserialize)]
    struct Extra {
        #[serde(flatten)]
        more: BTreeMap<String, String>,
    }
    #[derive(Deserialize)]
    struct All {
        before: i64,
        tagged: Tagged,
        untagged: Untagged,
        flat: Flat,
        extra: Extra,
        any: serde_json::Value,
        after: Option<Tagged>,
        zone: String,
    }
    check::<All>(
        "after: opaque or null
         any: opaque
         before: i64
         extra: opaque
         flat: opaque
         tagged: opaque
         untagged: opaque
         zone: string",
    );
}

#[test]
fn an_adjacently_tagged_enum_shows_its_variants() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "t", content = "c")]
    enum Tagged {
        A { x: i64 },
        B,
        C(String),
        D(i64, u8),
    }
    let shape = trace_stored::<Tagged>();
    let lines: Vec<String> = shape.written().collect();
    for line in ["t: enum", "t|A: variant", "t|B: variant", "t|C: variant", "t|D: variant"] {
        assert!(lines.iter().any(|other| other == line), "{shape}");
    }
    assert!(lines.iter().any(|line| line.starts_with('c') && line.contains("opaque")), "{shape}");
}

#[test]
fn an_option_in_an_option_is_refused() {
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
fn nasty_types_come_to_an_end() {
    #[derive(Deserialize)]
    struct Endless(Box<Endless>);
    #[derive(Deserialize)]
    struct Deep {
        deep: Box<Deep>,
        after: i64,
    }
    #[derive(Deserialize)]
    struct Maybe(Option<Box<Maybe>>);
    #[derive(Deserialize)]
    enum Never {}
    #[derive(Deserialize)]
    enum Only {
        Again(Box<Only>),
    }
    #[derive(Deserialize)]
    struct Holder {
        never: Option<Never>,
        only: Option<Only>,
        x: i64,
    }
    struct Refuses;
    impl<'de> Deserialize<'de> for Refuses {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("never"))
        }
    }
    struct Panics;
    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            assert!(text == "EUR", "bad text");
            Ok(Self)
        }
    }
    struct Deeper<const N: usize>;
    impl<'de, const N: usize> Deserialize<'de> for Deeper<N> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Inner(u32);
            impl<'de> serde::de::DeserializeSeed<'de> for Inner {
                type Value = ();
                fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                    deserializer.deserialize_any(self)
                }
            }
            impl<'de> serde::de::Visitor<'de> for Inner {
                type Value = ();
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("more")
                }
                fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                    deserializer.deserialize_newtype_struct("Inner", Inner(self.0 + 1))
                }
                fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                    deserializer.deserialize_seq(Inner(self.0 + 1))
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
                    while seq.next_element_seed(Inner(self.0 + 1))?.is_some() {}
                    Ok(())
                }
            }
            deserializer.deserialize_option(Inner(0)).map(|()| Self)
        }
    }
    check::<Endless>(".: opaque");
    check::<Deep>("after: i64\ndeep: -> .");
    trace::<Maybe>();
    check::<Never>(".: opaque enum");
    check::<Only>(".: enum\n|Again: -> .");
    check::<Holder>("never?: opaque enum or null\nonly?: enum or null\nonly|Again: -> only\nx: i64");
    check::<Refuses>(".: opaque");
    check::<Vec<Refuses>>(".: list\n[]: opaque");
    check::<Panics>(".: string like \"EUR\"");
    trace::<Deeper<1>>();
    trace::<Vec<Deeper<2>>>();
}

#[test]
fn a_huge_tuple_comes_to_an_end() {
    struct Huge;
    impl<'de> Deserialize<'de> for Huge {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Huge;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("all")
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Huge, A::Error> {
                    while seq.next_element::<u8>()?.is_some() {}
                    Ok(Huge)
                }
            }
            deserializer.deserialize_tuple(usize::MAX, Visitor)
        }
    }
    let shape = trace::<Huge>();
    assert_eq!(shape.written().count(), 2, "{shape}");
}

#[test]
fn what_is_written_is_compared() {
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
    check_stored::<Old>("legacy?: string or null (read only)\nowner: string", &[]);
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
fn forms_that_differ_are_a_problem() {
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

#[test]
fn no_name_of_a_rust_type_is_kept() {
    let shape = trace::<Payment>().to_string();
    assert!(!shape.contains("Payment") && !shape.contains("Address"), "{shape}");
}
