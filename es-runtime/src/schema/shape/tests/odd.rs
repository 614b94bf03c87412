//! Odd types that can be seen whole: nothing of them is opaque, and they read what they write.

use super::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

macro_rules! seen {
    ($($name:ident: $type:ty as $line:literal { $($items:item)* })*) => {
        $(#[test]
        fn $name() {
            $(
                #[derive(Serialize, Deserialize)]
                $items
            )*
            let shape = trace_stored::<$type>();
            assert_eq!(shape.problems(), [""; 0], "\n{shape}");
            assert!(shape.unseen().next().is_none(), "\n{shape}");
            assert!(shape.written().any(|line| line == $line), "{}\n{shape}", $line);
        })*
    };
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "kebab-case")]
enum Tagged {
    Card { number: String },
    ByBank(Address),
    Cash,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Unit {
    A,
    B,
}

seen! {
    a_tag_in_a_tag: Outer as "kind|Pay.t|card.number: string" {
        #[serde(tag = "kind")] enum Outer { Pay(Tagged), No }
    }
    a_variant_with_a_unit_struct: Outer as "kind|Pay: struct" {
        struct Nothing;
        #[serde(tag = "kind")] enum Outer { Pay(Nothing), No }
    }
    an_adjacent_tuple_of_tags: Outer as "k|Pay.c.0.t|card.number: string" {
        #[serde(tag = "k", content = "c")] enum Outer { Pay(Tagged, Vec<Tagged>), No }
    }
    a_page_of_tags: Page<Tagged> as "items[].t|by-bank.street: string" {
        struct Page<T> { items: Vec<T>, next: Option<Box<Page<T>>> }
    }
    a_tree_through_a_tag: Tree as "node.k|Branch.left.node: -> node" {
        struct Tree { name: String, node: Node }
        #[serde(tag = "k")] enum Node { Leaf, Branch { left: Box<Tree> } }
    }
    containers_of_tags: All as "by_id{value}[].t|card.number: string" {
        struct All {
            boxed: Box<Tagged>,
            maybe: Vec<Option<Tagged>>,
            by_id: BTreeMap<uuid::Uuid, [Tagged; 2]>,
            by_kind: HashMap<Unit, Tagged>,
        }
    }
    a_flattened_struct_in_a_variant: Outer as "|Pay.street: string" {
        enum Outer { Pay { id: u8, #[serde(flatten)] address: Address }, No }
    }
    a_flattened_struct_beside_a_tag: Outer as "kind|Pay.street: string" {
        #[serde(tag = "kind")] enum Outer { Pay { id: u8, #[serde(flatten)] address: Address }, No }
    }
    two_flattened_structs: Outer as "b: u8" {
        struct A { a: i64 }
        struct B { b: u8 }
        struct Outer { #[serde(flatten)] a: A, #[serde(flatten)] b: B, c: String }
    }
    a_flattened_struct_and_the_rest: Outer as "{value}: u8" {
        struct Outer { id: String, #[serde(flatten)] a: Address, #[serde(flatten)] rest: BTreeMap<String, u8> }
    }
    a_tag_of_an_odd_name: Outer as "\"@type\"|A.type: u8" {
        #[serde(tag = "@type")] enum Outer { A { r#type: u8 } }
    }
    either_of_two: Result<Tagged, Adjacent> as "|Err.k|A.c: i64" {
        #[serde(tag = "k", content = "c")] enum Adjacent { A(i64), B }
    }
    a_transparent_tag: Outer as "t|card.number: string" {
        #[serde(transparent)] struct Outer { inner: Tagged }
    }
    a_pair_of_tags: Outer as "0.t|card.number: string" {
        struct Outer(Tagged, u8, Tagged);
    }
    bare_tags: Outer as "k|A: struct" {
        #[serde(tag = "k")] enum Outer { A, B, C }
    }
    strict_tags: Outer as "k|A.x: u8" {
        #[serde(tag = "k", deny_unknown_fields)] enum Outer { A { x: u8, y: Option<u8> }, B {} }
    }
    standard_types_beside_a_tag: Outer as "k|A.took: struct" {
        struct Body {
            took: std::time::Duration,
            ip: std::net::IpAddr,
            path: std::path::PathBuf,
            wrapping: std::num::Wrapping<i16>,
            positive: std::num::NonZeroI64,
            grid: [[u8; 2]; 3],
            nothing: std::marker::PhantomData<u8>,
            text: Cow<'static, str>,
            count: i8,
            by_kind: BTreeMap<Unit, u8>,
            at: chrono::DateTime<chrono::Utc>,
        }
        #[serde(tag = "k")] enum Outer { A(Body) }
    }
    many_variants: Outer as "k|V29.x: u8" {
        #[serde(tag = "k")] enum Outer {
            V0, V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12, V13, V14, V15, V16, V17, V18, V19, V20, V21, V22,
            V23, V24, V25, V26, V27, V28, V29 { x: u8 },
        }
    }
}

#[test]
fn a_variant_is_read_under_an_alias_of_its_tag() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "k")]
    enum Outer {
        #[serde(alias = "Old")]
        New { x: u8 },
    }
    check_stored::<Outer>("k: tag\nk|New: struct\nk|New.x: u8\nk|Old: struct\nk|Old.x: u8", &[]);
}

#[test]
fn a_conversion_from_a_tag_that_refuses_some_is_seen() {
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(tag = "k")]
    enum Raw {
        A { x: u8 },
        B,
    }
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(try_from = "Raw", into = "Raw")]
    struct Checked(Raw);
    impl TryFrom<Raw> for Checked {
        type Error = &'static str;
        fn try_from(raw: Raw) -> Result<Self, Self::Error> {
            if matches!(raw, Raw::A { x: 0 }) { Err("zero") } else { Ok(Self(raw)) }
        }
    }
    impl From<Checked> for Raw {
        fn from(checked: Checked) -> Self {
            checked.0
        }
    }
    check_stored::<Checked>("k: tag\nk|A: struct\nk|A.x: u8 (checked)\nk|B: struct", &[]);
}

#[test]
fn a_tag_that_is_only_read_is_known_by_the_names_of_the_lock() {
    #[derive(Deserialize)]
    #[serde(tag = "k")]
    enum Past {
        A {
            x: u8,
        },
        #[serde(other)]
        B,
    }
    let names: Names = ["A", "C", "x"].map(str::to_owned).into();
    compare(&trace_knowing::<Past>(&names), "k: open tag\nk|A: struct\nk|A.x: u8", &[]);
}
