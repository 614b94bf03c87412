//! Values that cannot be seen, and the values beside them.

use super::*;
use std::collections::BTreeMap;

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
fn only_the_part_that_cannot_be_seen_is_opaque() {
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
        "after?: struct or null
         after.type: tag
         after.type|A: struct
         after.type|A.x: i64
         after.type|B: struct
         any: any
         before: i64
         extra: struct
         extra{key}: string
         extra{value}: string
         flat: struct
         flat.id: i64
         flat.street: string
         tagged: struct
         tagged.type: tag
         tagged.type|A: struct
         tagged.type|A.x: i64
         tagged.type|B: struct
         untagged: opaque
         zone: string",
    );
}

#[test]
fn a_field_behind_one_that_cannot_be_built_is_needed_unless_it_is_a_plain_option() {
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        Option::deserialize(deserializer)
    }
    #[derive(Deserialize)]
    struct Login {
        secret: Secret,
        tries: Option<i64>,
        /// A value without this field is refused, in spite of the field's type.
        #[serde(deserialize_with = "lenient")]
        strict: Option<i64>,
        needed: i64,
    }
    check::<Login>("needed: i64\nsecret: opaque string\nstrict: i64 or null\ntries?: i64 or null");
}

#[test]
fn several_forms_are_all_named() {
    struct Forms;
    impl<'de> Deserialize<'de> for Forms {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Forms;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a date, a list of numbers, or a map")
                }
                fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Forms, E> {
                    text.parse::<chrono::NaiveDate>().map(|_| Forms).map_err(E::custom)
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Forms, A::Error> {
                    seq.next_element::<i64>()?.ok_or_else(|| serde::de::Error::custom("too short"))?;
                    Ok(Forms)
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, _: A) -> Result<Forms, A::Error> {
                    Ok(Forms)
                }
            }
            deserializer.deserialize_any(Visitor)
        }
    }
    check::<Forms>(".: date or opaque list or opaque map");
}

#[test]
fn a_variant_refused_by_name_hides_no_neighbour() {
    #[derive(Deserialize)]
    struct Environment {
        day: chrono::NaiveDate,
        name: std::ffi::OsString,
    }
    let shape = trace::<Environment>();
    let lines: Vec<String> = shape.written().collect();
    for line in ["day: date", "name: enum", "name|Unix: list", "name|Unix[]: u8", "name|Windows: opaque"] {
        assert!(!cfg!(unix) || lines.iter().any(|other| other == line), "{shape}");
    }
}

#[test]
fn a_variant_refused_by_name_does_not_hide_the_others() {
    struct Choosy;
    impl<'de> Deserialize<'de> for Choosy {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Choosy;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("the second or third variant")
                }
                fn visit_enum<A: serde::de::EnumAccess<'de>>(self, data: A) -> Result<Choosy, A::Error> {
                    let (name, content) = data.variant::<String>()?;
                    if name == "First" {
                        return Err(serde::de::Error::custom("not the first"));
                    }
                    serde::de::VariantAccess::newtype_variant::<u8>(content).map(|_| Choosy)
                }
            }
            deserializer.deserialize_enum("Choosy", &["First", "Second", "Third"], Visitor)
        }
    }
    check::<Choosy>(".: enum\n|First: opaque\n|Second: u8\n|Third: u8");
}

#[test]
fn numbers_and_objects_of_json() {
    check::<serde_json::Number>(".: number");
    check::<serde_json::Map<String, serde_json::Value>>(".: map\n{key}: string\n{value}: any");
    check::<Option<serde_json::Value>>(".: any or null");
}
