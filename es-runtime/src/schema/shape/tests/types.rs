//! Types without attributes, and strings by what they accept.

use super::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
    check::<std::num::NonZeroU16>(".: u16 (checked)");
    check::<std::num::NonZeroI8>(".: i8 (checked)");
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
        nearly: (u8, u8, char),
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
         nearly: tuple of 3
         nearly.0: u8
         nearly.1: u8
         nearly.2: char
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
         range: range
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
    struct Forest(Vec<Forest>);
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
    check::<Forest>(".: list\n[]: -> .");
}

#[test]
fn no_name_of_a_rust_type_is_kept() {
    let shape = trace::<Payment>().to_string();
    assert!(!shape.contains("Payment") && !shape.contains("Address"), "{shape}");
}

#[test]
fn keys_may_be_enums_and_ids() {
    #[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    enum Colour {
        Red,
        Blue,
    }
    #[derive(Deserialize)]
    struct Stock {
        by_colour: BTreeMap<Colour, [uuid::Uuid; 3]>,
        by_id: BTreeMap<uuid::Uuid, Option<u8>>,
    }
    check::<Stock>(
        "by_colour: map
         by_colour{key}: enum
         by_colour{key}|Blue: variant
         by_colour{key}|Red: variant
         by_colour{value}: array of 3
         by_colour{value}[]: uuid
         by_id: map
         by_id{key}: uuid
         by_id{value}: u8 or null",
    );
}

#[test]
fn types_that_contain_each_other_come_to_an_end() {
    #[derive(Deserialize)]
    enum Expression {
        Add(Box<Expression>, Box<Expression>),
        Call { name: String, arguments: Vec<Block> },
        Literal(i64),
    }
    #[derive(Deserialize)]
    struct Block {
        first: Expression,
        rest: Option<Box<Block>>,
    }
    check::<Block>(
        "first: enum
         first|Add: array of 2
         first|Add[]: -> first
         first|Call: struct
         first|Call.arguments: list
         first|Call.arguments[]: -> .
         first|Call.name: string
         first|Literal: i64
         rest?: -> . or null",
    );
}

#[test]
fn one_type_in_two_fields_is_no_recursion() {
    #[derive(Deserialize)]
    struct Newtype(Vec<Address>);
    #[derive(Deserialize)]
    struct Each {
        choice: Result<u8, u8>,
        list: Vec<u8>,
        map: BTreeMap<String, u8>,
        newtype: Newtype,
        tuple: (u8, bool),
    }
    #[derive(Deserialize)]
    struct Twice {
        a: (Each, Each),
        b: Each,
    }
    let shape = trace::<Twice>().to_string();
    assert!(!shape.contains("->"), "{shape}");
    assert_eq!(shape.matches("newtype[].street: string").count(), 2, "{shape}");
}
