//! Changes of odd types: the lock judges each, and decoding the old type's data proves the verdict.

use super::*;
use crate::schema::shape::samples;
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serializer};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Returns whether the lock accepts the second type after the first.
fn accepts<Old: Serialize + DeserializeOwned, New: Serialize + DeserializeOwned>() -> Result<(), String> {
    let folder = Folder::new();
    folder.run(Mode::Accept, &shapes(|shapes| shapes.event::<Old>("E", 1)))?;
    folder.run(Mode::Check, &shapes(|shapes| shapes.event::<New>("E", 1)))
}

/// Declares two types named `E` and a test of the second one's reading of the first one's rows.
macro_rules! changes {
    ($($name:ident: $verdict:ident { $($old:tt)* } => { $($new:tt)* })*) => {
        $(#[test]
        fn $name() {
            mod old {
                use super::*;
                $($old)*
            }
            mod new {
                use super::*;
                $($new)*
            }
            let accepted = accepts::<old::E, new::E>();
            assert_eq!(accepted.is_ok(), stringify!($verdict) == "passes", "{accepted:?}");
            let samples = samples::<old::E>();
            assert!(!samples.is_empty() || accepted.is_err());
            for text in samples.iter().filter(|_| accepted.is_ok()) {
                let read = serde_json::from_str::<new::E>(text).map(drop);
                assert!(read.is_ok(), "{text}: {read:?}");
            }
        })*
    };
}

mod millis {
    use super::*;
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(seconds: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        format!("{seconds}000ms").serialize(serializer)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.strip_suffix("000ms")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| serde::de::Error::custom("bad"))
    }
}

/// A type of another crate, with a copy of its definition here.
#[derive(Clone)]
pub(super) struct Foreign {
    x: i64,
}

changes! {
    // Names.
    a_rename_rule_goes: breaks {
        #[derive(Serialize, Deserialize)] #[serde(rename_all = "camelCase")] pub(super) struct E { first_name: String }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { first_name: String }
    }
    a_rename_rule_goes_with_an_alias: passes {
        #[derive(Serialize, Deserialize)] #[serde(rename_all = "camelCase")] pub(super) struct E { first_name: String }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(alias = "firstName")] first_name: String }
    }
    variants_in_another_case: breaks {
        #[derive(Serialize, Deserialize)] #[serde(rename_all = "snake_case")] pub(super) enum E { ByCard, Cash }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(rename_all = "kebab-case")] pub(super) enum E { ByCard, Cash }
    }
    a_variant_with_an_alias: passes {
        #[derive(Serialize, Deserialize)] pub(super) enum E { Card(u8), Cash }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) enum E { #[serde(alias = "Card")] Plastic(u8), Cash }
    }
    an_alias_goes: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(alias = "b")] a: u8 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u8 }
    }
    a_container_is_renamed: passes {
        #[derive(Serialize, Deserialize)] #[serde(rename = "Old")] pub(super) struct E { a: u8 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u8 }
    }
    a_field_is_only_renamed_for_writing: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u8 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(rename(serialize = "b"))] a: u8 }
    }
    a_written_name_changes_and_both_are_read: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u8 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(rename = "b", alias = "a")] a: u8 }
    }
    unknown_fields_are_denied: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u8 }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(deny_unknown_fields)] pub(super) struct E { a: u8 }
    }

    // Options and defaults.
    an_option_is_no_longer_written_when_empty: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Option<u8> }
    } => {
        #[derive(Serialize, Deserialize)]
        pub(super) struct E { #[serde(default, skip_serializing_if = "Option::is_none")] a: Option<u8> }
    }
    a_default_goes: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(default)] a: u8 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u8 }
    }
    the_default_of_a_container_goes: breaks {
        #[derive(Default, Serialize, Deserialize)] #[serde(default)] pub(super) struct E { a: u8, b: String }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u8, b: String }
    }
    the_default_of_a_container_changes: breaks {
        #[derive(Default, Serialize, Deserialize)] #[serde(default)] pub(super) struct E { a: u8 }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(default)] pub(super) struct E { a: u8 }
        impl Default for E { fn default() -> Self { Self { a: 7 } } }
    }
    a_default_function_gives_the_same: passes {
        fn seven() -> u8 { 7 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(default = "seven")] a: u8 }
    } => {
        fn lucky() -> u8 { 3 + 4 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(default = "lucky")] a: u8 }
    }
    an_option_is_read_by_hand: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Option<u8> }
    } => {
        fn by_hand<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
            Option::deserialize(deserializer)
        }
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(deserialize_with = "by_hand")] a: Option<u8> }
    }

    // Wrappers and conversions.
    a_newtype_comes_and_goes: passes {
        #[derive(Serialize, Deserialize)] struct New(u8);
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: New }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(transparent)] struct Other { b: u8 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Box<Other> }
    }
    a_transparent_struct_is_one_no_longer: breaks {
        #[derive(Serialize, Deserialize)] #[serde(transparent)] struct New { b: u8 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: New }
    } => {
        #[derive(Serialize, Deserialize)] struct New { b: u8 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: New }
    }
    a_conversion_keeps_the_data: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: i64 }
    } => {
        #[derive(Clone, Serialize, Deserialize)] #[serde(from = "i64", into = "i64")] struct Cents(i64);
        impl From<i64> for Cents { fn from(cents: i64) -> Self { Self(cents) } }
        impl From<Cents> for i64 { fn from(cents: Cents) -> Self { cents.0 } }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Cents }
    }
    a_conversion_from_another_type: breaks {
        #[derive(Clone, Serialize, Deserialize)] #[serde(from = "i64", into = "i64")] struct Cents(i64);
        impl From<i64> for Cents { fn from(cents: i64) -> Self { Self(cents) } }
        impl From<Cents> for i64 { fn from(cents: Cents) -> Self { cents.0 } }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Cents }
    } => {
        #[derive(Clone, Serialize, Deserialize)] #[serde(from = "String", into = "String")] struct Cents(String);
        impl From<String> for Cents { fn from(cents: String) -> Self { Self(cents) } }
        impl From<Cents> for String { fn from(cents: Cents) -> Self { cents.0 } }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Cents }
    }
    a_text_is_checked: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: String }
    } => {
        #[derive(Clone, Serialize, Deserialize)] #[serde(try_from = "String", into = "String")] struct Upper(String);
        impl TryFrom<String> for Upper {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                if text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase()) { Ok(Self(text)) } else { Err("bad") }
            }
        }
        impl From<Upper> for String { fn from(upper: Upper) -> Self { upper.0 } }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Upper }
    }
    a_remote_definition_is_the_same: passes {
        #[derive(Serialize, Deserialize)] struct Own { x: i64 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Own }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(remote = "Foreign")] struct Definition { x: i64 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(with = "Definition")] a: Foreign }
    }
    a_remote_definition_renames: breaks {
        #[derive(Serialize, Deserialize)] #[serde(remote = "Foreign")] struct Definition { x: i64 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(with = "Definition")] a: Foreign }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(remote = "Foreign")]
        struct Definition { #[serde(rename = "y")] x: i64 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(with = "Definition")] a: Foreign }
    }
    a_number_is_written_as_text: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u64 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { #[serde(with = "millis")] a: u64 }
    }
    text_may_borrow: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: String }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Cow<'static, str> }
    }

    // Numbers, lists, maps.
    a_number_is_a_float: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: i32 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: f64 }
    }
    a_long_number_is_a_float: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: i64 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: f64 }
    }
    a_float_is_a_number: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: f64 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: i64 }
    }
    // `Decimal` refuses what is larger than it can hold.
    a_float_is_a_decimal: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: f64 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: rust_decimal::Decimal }
    }
    a_large_number_is_larger: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u64 }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: u128 }
    }
    a_number_is_anything: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: i64, b: Vec<BTreeMap<String, f64>> }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: serde_json::Value, b: serde_json::Value }
    }
    anything_is_a_number: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: serde_json::Value }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: i64 }
    }
    numbers_as_keys_are_text: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: BTreeMap<i64, u8>, b: HashMap<bool, u8> }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: BTreeMap<String, u8>, b: HashMap<String, u8> }
    }
    text_as_keys_are_numbers: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: BTreeMap<String, u8> }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: BTreeMap<i64, u8> }
    }
    bare_variants_are_text: passes {
        #[derive(Serialize, Deserialize)] enum Kind { A, B }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Kind, b: Vec<Kind> }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: String, b: Vec<String> }
    }
    variants_with_content_are_not: breaks {
        #[derive(Serialize, Deserialize)] enum Kind { A, B(u8) }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Kind }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: String }
    }
    an_array_is_a_list: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: [u8; 4] }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Vec<u8> }
    }
    a_list_is_a_set: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Vec<u8> }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: BTreeSet<u8> }
    }
    pairs_are_a_map: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Vec<(String, u8)> }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: BTreeMap<String, u8> }
    }
    a_range_gains_its_end: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: std::ops::Range<i64> }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: std::ops::RangeInclusive<i64> }
    }
    a_tuple_grows: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: (u8, String) }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: (u8, String, Option<u8>) }
    }

    // Generic and recursive types.
    a_parameter_widens: passes {
        #[derive(Serialize, Deserialize)] struct Page<T> { items: Vec<T>, next: Option<Box<Page<T>>> }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Page<u8> }
    } => {
        #[derive(Serialize, Deserialize)] struct Page<T> { items: Vec<T>, next: Option<Box<Page<T>>> }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Page<u32> }
    }
    a_parameter_changes_deep_inside: breaks {
        #[derive(Serialize, Deserialize)] struct Page<T> { items: Vec<T> }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Page<Result<Page<u8>, Page<i8>>> }
    } => {
        #[derive(Serialize, Deserialize)] struct Page<T> { items: Vec<T> }
        #[derive(Serialize, Deserialize)] pub(super) struct E { a: Page<Result<Page<u8>, Page<u8>>> }
    }
    a_tree_gains_an_optional_field: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { kids: Vec<E>, name: String }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { kids: Vec<E>, name: String, note: Option<String> }
    }

    // Internal tags.
    a_field_beside_a_tag_changes: breaks {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64 }, B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: u8 }, B }
    }
    a_field_beside_a_tag_goes: breaks {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64, y: Option<u8> }, B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64 }, B }
    }
    a_field_beside_a_tag_comes: passes {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64 }, B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")]
        pub(super) enum E { A { x: i64, #[serde(default)] y: Option<u8> }, B, C(BTreeMap<String, u8>) }
    }
    a_tag_is_renamed: breaks {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64 }, B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "kind")] pub(super) enum E { A { x: i64 }, B }
    }
    a_tagged_variant_is_renamed: breaks {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64 }, B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64 }, C }
    }
    a_tag_goes_inside: breaks {
        #[derive(Serialize, Deserialize)] pub(super) enum E { A { x: i64 }, B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64 }, B }
    }
    the_catch_all_of_a_tag_goes: breaks {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64 }, #[serde(other)] B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A { x: i64 }, B }
    }
    the_catch_all_of_an_enum_goes: breaks {
        #[derive(Serialize, Deserialize)] pub(super) enum E { A(i64), #[serde(other)] B }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) enum E { A(i64), B }
    }
    a_struct_beside_a_tag_has_an_enum: breaks {
        #[derive(Serialize, Deserialize)] enum In { P, Q(u8) }
        #[derive(Serialize, Deserialize)] struct Body { a: Vec<In> }
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A(Body) }
    } => {
        #[derive(Serialize, Deserialize)] enum In { P, Q(u16), R }
        #[derive(Serialize, Deserialize)] struct Body { a: BTreeSet<u8>, b: Option<In> }
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] pub(super) enum E { A(Body) }
    }

    // Adjacent tags.
    the_content_of_an_adjacent_tag_changes: breaks {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t", content = "c")] pub(super) enum E { A(i64), B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t", content = "c")] pub(super) enum E { A(String), B }
    }
    the_content_of_an_adjacent_tag_widens: passes {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t", content = "c")] pub(super) enum E { A(i32), B, C { x: u8 } }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t", content = "c")] pub(super) enum E { B, A(i64), C { x: u8 } }
    }
    an_adjacent_content_is_renamed: breaks {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t", content = "c")] pub(super) enum E { A(i64), B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t", content = "d")] pub(super) enum E { A(i64), B }
    }
    an_adjacent_tag_denies_the_unknown: passes {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t", content = "c")] pub(super) enum E { A(i64), B }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t", content = "c", deny_unknown_fields)]
        pub(super) enum E { A(i64), B }
    }

    // Flattened fields.
    a_struct_is_flattened: breaks {
        #[derive(Serialize, Deserialize)] struct In { x: i64 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, a: In }
    } => {
        #[derive(Serialize, Deserialize)] struct In { x: i64 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: In }
    }
    fields_are_gathered_in_a_flattened_struct: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, x: i64, y: Option<u8> }
    } => {
        #[derive(Serialize, Deserialize)] struct In { x: i64, y: Option<u8> }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: In }
    }
    a_flattened_field_changes: breaks {
        #[derive(Serialize, Deserialize)] struct In { x: i64 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: In }
    } => {
        #[derive(Serialize, Deserialize)] struct In { x: i32 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: In }
    }
    a_field_beside_a_flattened_one_changes: breaks {
        #[derive(Serialize, Deserialize)] struct In { x: i64 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u16, #[serde(flatten)] a: In }
    } => {
        #[derive(Serialize, Deserialize)] struct In { x: i64 }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: In }
    }
    a_flattened_tag_changes_what_is_beside_it: breaks {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] enum In { A { x: i64 }, B }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: In }
    } => {
        #[derive(Serialize, Deserialize)] #[serde(tag = "t")] enum In { A { x: bool }, B }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: In }
    }
    a_flattened_map_takes_other_values: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: BTreeMap<String, i64> }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: BTreeMap<String, u8> }
    }
    a_flattened_map_goes: breaks {
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: BTreeMap<String, i64> }
    } => {
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8 }
    }
    a_flattened_map_takes_anything: passes {
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: BTreeMap<String, i64> }
    } => {
        #[derive(Serialize, Deserialize)]
        pub(super) struct E { id: u8, #[serde(flatten)] a: HashMap<String, serde_json::Value> }
    }
    a_flattened_struct_is_flattened_again: breaks {
        #[derive(Serialize, Deserialize)] struct Deep { z: String }
        #[derive(Serialize, Deserialize)] struct In { x: i64, #[serde(flatten)] deep: Deep }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: In }
    } => {
        #[derive(Serialize, Deserialize)] struct Deep { z: bool }
        #[derive(Serialize, Deserialize)] struct In { x: i64, #[serde(flatten)] deep: Deep }
        #[derive(Serialize, Deserialize)] pub(super) struct E { id: u8, #[serde(flatten)] a: In }
    }
}
