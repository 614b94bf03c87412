//! Serde's attributes, and types that check what they read.

use super::*;

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
         even: i64 (checked)
         key: list
         key[]: u8
         owner: string
         rising: array of 2
         rising[]: i64",
    );
}

#[test]
fn defaults_skips_and_renames() {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase", deny_unknown_fields)]
    struct Settings {
        page_size: u32,
        dark_mode: bool,
        #[serde(skip)]
        cache: i64,
        address: Address,
    }
    check::<Settings>(
        "address?: struct
         address.street: string
         address.zip?: string or null
         darkMode?: bool
         pageSize?: u32",
    );
}

#[test]
fn wrappers_are_transparent() {
    #[derive(Deserialize)]
    struct Newtype(i64);
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Named {
        inner: Newtype,
    }
    #[derive(Deserialize)]
    #[serde(from = "Named")]
    struct Converted;
    impl From<Named> for Converted {
        fn from(_: Named) -> Self {
            Self
        }
    }
    #[derive(Deserialize)]
    struct Generic<T> {
        inner: T,
    }
    check::<Converted>(".: i64");
    check::<Generic<Generic<Option<Newtype>>>>("inner: struct\ninner.inner?: i64 or null");
    check::<Result<Result<u8, ()>, String>>(
        ".: enum
         |Err: string
         |Ok: enum
         |Ok|Err: unit
         |Ok|Ok: u8",
    );
}

#[test]
fn an_option_read_by_hand_must_be_there() {
    fn by_hand<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        Option::deserialize(deserializer)
    }
    #[derive(Deserialize)]
    struct Login {
        #[serde(deserialize_with = "by_hand")]
        strict: Option<i64>,
        #[serde(deserialize_with = "by_hand", default)]
        loose: Option<i64>,
        #[serde(with = "chrono::serde::ts_seconds")]
        at: chrono::DateTime<chrono::Utc>,
    }
    check::<Login>("at: i64 (checked)\nloose?: i64 or null\nstrict: i64 or null");
}

#[test]
fn a_check_of_a_whole_struct_hides_no_optional_field() {
    macro_rules! optional {
        ($($name:ident)*) => {
            #[derive(Deserialize)]
            struct Raw {
                low: i64,
                high: i64,
                $($name: Option<i64>,)*
            }
        };
    }
    optional!(a b c d e f g h i j k l m n o p q r s t u v w x y z);
    #[derive(Deserialize)]
    #[serde(try_from = "Raw")]
    struct Falling;
    impl TryFrom<Raw> for Falling {
        type Error = &'static str;
        fn try_from(raw: Raw) -> Result<Self, Self::Error> {
            if raw.low < raw.high { Err("rising") } else { Ok(Self) }
        }
    }
    #[derive(Deserialize)]
    #[serde(try_from = "Raw")]
    struct Never;
    impl TryFrom<Raw> for Never {
        type Error = &'static str;
        fn try_from(_: Raw) -> Result<Self, Self::Error> {
            Err("never")
        }
    }
    let optional = ('a'..='z').map(|name| format!("{name}?: i64 or null\n"));
    let lines = |head: &str| -> String {
        let mut lines: Vec<String> =
            optional.clone().chain(["high: i64\n".into(), "low: i64\n".into()]).collect();
        lines.sort_by_key(|line| line.split(['?', ':']).next().map(str::to_owned));
        format!("{head}{}", lines.concat())
    };
    check::<Falling>(&lines(""));
    check::<Never>(&lines(".: opaque struct\n"));
}

#[test]
fn one_of_two_options_may_be_asked_for() {
    #[derive(Deserialize)]
    struct Raw {
        card: Option<String>,
        iban: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(try_from = "Raw")]
    struct Neither;
    impl TryFrom<Raw> for Neither {
        type Error = &'static str;
        fn try_from(raw: Raw) -> Result<Self, Self::Error> {
            if raw.card.is_some() || raw.iban.is_some() { Err("some") } else { Ok(Self) }
        }
    }
    #[derive(Deserialize)]
    struct Holder {
        neither: Neither,
    }
    check::<Holder>("neither: struct\nneither.card?: string or null\nneither.iban?: string or null");
}

#[test]
fn strings_with_rules_are_not_taken_for_dates_or_numbers() {
    macro_rules! checked {
        ($($name:ident: $rule:expr;)*) => {
            $(
                #[derive(Deserialize)]
                #[serde(try_from = "String")]
                struct $name;
                impl TryFrom<String> for $name {
                    type Error = &'static str;
                    fn try_from(text: String) -> Result<Self, Self::Error> {
                        let rule: fn(&str) -> bool = $rule;
                        if rule(&text) { Ok(Self) } else { Err("rule") }
                    }
                }
            )*
            #[derive(Deserialize)]
            #[expect(non_snake_case, reason = "named like their types")]
            struct All {
                $($name: $name,)*
            }
        };
    }
    checked! {
        Any: |_| true;
        Digits: |text| text.chars().all(|c| c.is_ascii_digit());
        Hex: |text| !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit());
        Mail: |text| text.contains('@');
        Short: |text| text.len() <= 10;
        Slug: |text| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        Upper: |text| text.len() > 1 && text.chars().all(|c| c.is_ascii_uppercase());
    }
    check::<All>(
        "Any: string
         Digits: integer
         Hex: string like \"00ff\"
         Mail: string like \"ann@example.com\"
         Short: string
         Slug: string like \"name\"
         Upper: string like \"NAME\"",
    );
}

#[test]
fn a_borrowed_string_is_enough() {
    struct Borrowed;
    impl<'de> Deserialize<'de> for Borrowed {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            <&str>::deserialize(deserializer).map(|_| Self)
        }
    }
    check::<Borrowed>(".: string");
}
