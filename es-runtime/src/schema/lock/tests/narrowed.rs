//! Types that read less, or keep less, than the one before under the same words of serde.

use super::*;
use std::collections::{BTreeSet, HashSet};
use std::num::{NonZeroI32, NonZeroI64, NonZeroU64};

#[derive(Serialize, Deserialize)]
struct Of<T> {
    value: T,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
struct Positive(i64);

impl TryFrom<i64> for Positive {
    type Error = &'static str;
    fn try_from(value: i64) -> Result<Self, Self::Error> {
        if value > 0 { Ok(Self(value)) } else { Err("not positive") }
    }
}

impl From<Positive> for i64 {
    fn from(positive: Positive) -> Self {
        positive.0
    }
}

#[track_caller]
fn one_way<Wide, Narrow>(wide: &str, narrow: &str)
where
    Wide: Serialize + serde::de::DeserializeOwned,
    Narrow: Serialize + serde::de::DeserializeOwned,
{
    let folder = Folder::locked(&deposited::<Of<Wide>>());
    let text = format!("`value` was `{wide}`, is now `{narrow}`");
    folder.fails(Mode::Check, &deposited::<Of<Narrow>>(), &[&text]);
    let folder = Folder::locked(&deposited::<Of<Narrow>>());
    assert_eq!(folder.run(Mode::Check, &deposited::<Of<Narrow>>()), Ok(()));
    assert_eq!(folder.run(Mode::Check, &deposited::<Of<Wide>>()), Ok(()));
    assert_eq!(folder.run(Mode::Update, &deposited::<Of<Wide>>()), Ok(()));
    assert!(folder.text().contains(&format!("    value: {wide}\n")), "{}", folder.text());
}

#[test]
fn a_number_may_not_begin_to_refuse_values() {
    one_way::<i64, NonZeroI64>("i64", "i64 (checked)");
    one_way::<i64, Positive>("i64", "i64 (checked)");
    one_way::<u64, NonZeroU64>("u64", "u64 (checked)");
    one_way::<i64, NonZeroI32>("i64", "i32 (checked)");
}

#[test]
fn limits_are_not_compared() {
    let folder = Folder::locked(&deposited::<Of<NonZeroI64>>());
    assert_eq!(folder.run(Mode::Check, &deposited::<Of<Positive>>()), Ok(()));
}

#[test]
fn a_list_may_not_begin_to_drop_repeats() {
    one_way::<Vec<i64>, BTreeSet<i64>>("list", "set");
    one_way::<Vec<String>, HashSet<String>>("list", "set");
}

#[test]
fn a_set_may_become_a_past_shape() {
    let folder = Folder::locked(&deposited::<Of<BTreeSet<i64>>>());
    let code = shapes(|shapes| {
        shapes.past::<Of<BTreeSet<i64>>>("Account.Deposited", 1);
        shapes.event::<Amount>("Account.Deposited", 2);
    });
    assert_eq!(folder.run(Mode::Update, &code), Ok(()));
    assert_eq!(folder.run(Mode::Check, &code), Ok(()));
}

#[test]
fn a_set_that_is_stored_and_read_under_one_topic_is_one_shape() {
    let code = shapes(|shapes| {
        shapes.event::<Of<BTreeSet<i64>>>("Account.Deposited", 1);
        shapes.past::<Of<BTreeSet<i64>>>("Account.Deposited", 1);
    });
    assert!(code.defects.is_empty(), "{:?}", code.defects);
}
