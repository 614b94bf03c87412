//! Lists that drop repeats.

use super::*;
use std::collections::{BTreeMap, BTreeSet, HashSet, LinkedList, VecDeque};

#[test]
fn a_list_that_drops_repeats_is_a_set() {
    check_stored::<BTreeSet<i64>>(".: set\n[]: i64", &[]);
    check_stored::<HashSet<String>>(".: set\n[]: string", &[]);
    check_stored::<Vec<i64>>(".: list\n[]: i64", &[]);
    check_stored::<VecDeque<uuid::Uuid>>(".: list\n[]: uuid", &[]);
    check_stored::<LinkedList<()>>(".: list\n[]: unit", &[]);
}

#[test]
fn a_set_that_is_only_read_looks_like_a_list() {
    check::<BTreeSet<i64>>(".: list\n[]: i64");
}

#[test]
fn sets_are_found_at_any_place() {
    #[derive(Serialize, Deserialize)]
    enum Choice {
        Base,
        Set(BTreeSet<char>),
        Fields { list: Vec<u8>, set: HashSet<u8> },
    }
    #[derive(Serialize, Deserialize)]
    struct All {
        choice: Choice,
        each: [BTreeSet<u8>; 20],
        in_list: Vec<BTreeSet<i64>>,
        in_set: BTreeSet<Vec<i64>>,
        map: BTreeMap<String, BTreeSet<uuid::Uuid>>,
        #[serde(alias = "old")]
        maybe: Option<HashSet<Option<u8>>>,
        next: Option<Box<All>>,
        pair: (BTreeSet<u8>, Vec<u8>),
        #[serde(rename(serialize = "new"), alias = "new")]
        renamed: BTreeSet<u8>,
        sets: BTreeSet<BTreeSet<i64>>,
    }
    let lines = "choice: enum
         choice|Base: variant
         choice|Fields: struct
         choice|Fields.list: list
         choice|Fields.list[]: u8
         choice|Fields.set: set
         choice|Fields.set[]: u8
         choice|Set: set
         choice|Set[]: char
         each: array of 20
         each[]: set
         each[][]: u8
         in_list: list
         in_list[]: set
         in_list[][]: i64
         in_set: set
         in_set[]: list
         in_set[][]: i64
         map: map
         map{key}: string
         map{value}: set
         map{value}[]: uuid
         maybe?: set or null (alias old)
         maybe[]: u8 or null
         next?: -> . or null
         pair: tuple of 2
         pair.0: set
         pair.0[]: u8
         pair.1: list
         pair.1[]: u8
         renamed: set (alias new)
         renamed[]: u8
         sets: set
         sets[]: set
         sets[][]: i64";
    check_stored::<All>(lines, &[]);
}

#[test]
fn a_set_of_checked_values_is_still_a_set() {
    /// Refuses the first values that are tried, so that the numbers inside come from a count.
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(try_from = "(i64, BTreeSet<i64>)", into = "(i64, BTreeSet<i64>)")]
    struct Picky(i64, BTreeSet<i64>);
    impl TryFrom<(i64, BTreeSet<i64>)> for Picky {
        type Error = &'static str;
        fn try_from((first, set): (i64, BTreeSet<i64>)) -> Result<Self, Self::Error> {
            if set.contains(&first) { Err("seen before") } else { Ok(Self(first, set)) }
        }
    }
    impl From<Picky> for (i64, BTreeSet<i64>) {
        fn from(picky: Picky) -> Self {
            (picky.0, picky.1)
        }
    }
    check_stored::<Picky>(".: tuple of 2\n0: i64\n1: set\n1[]: i64", &[]);
}

#[test]
fn a_list_of_fixed_length_or_written_otherwise_is_a_list() {
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
    struct Key(Vec<u8>);
    impl TryFrom<Vec<u8>> for Key {
        type Error = &'static str;
        fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
            if bytes.len() == 16 { Ok(Self(bytes)) } else { Err("no key") }
        }
    }
    impl From<Key> for Vec<u8> {
        fn from(key: Key) -> Self {
            key.0
        }
    }
    #[derive(Serialize, Deserialize)]
    struct Holder {
        key: Key,
        #[serde(default, skip_serializing)]
        silent: BTreeSet<u8>,
        tags: BTreeSet<String>,
    }
    let lines = "key: list
         key[]: u8
         silent?: list (read only)
         silent[]: u8
         tags: set
         tags[]: string";
    check_stored::<Holder>(lines, &[]);
}

#[test]
fn deep_lists_come_to_an_end() {
    type Eight<T> = Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<T>>>>>>>>;
    let shape = trace_stored::<Eight<Eight<Eight<BTreeSet<i64>>>>>();
    assert!(shape.to_string().contains(": set\n"), "{shape}");
}
