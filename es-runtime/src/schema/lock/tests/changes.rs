//! Each kind of change, accepted or refused.

use crate::schema::lock::changes;
use crate::schema::lock::file::Format;
use crate::schema::shape::{Line, Shape};

fn shape(lines: &str) -> Shape {
    Shape::of(
        lines.split("; ").filter(|line| !line.is_empty()).map(|line| Line::read(line).unwrap()).collect(),
    )
}

fn changes(old: &Shape, new: &Shape) -> Vec<changes::Change> {
    changes::changes(old, new, Format::Second)
}

#[track_caller]
fn check(old: &str, new: &str, expected: &[(bool, &str)]) {
    let found = changes(&shape(old), &shape(new));
    let found: Vec<_> = found.iter().map(|change| (change.breaking, change.text.as_str())).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn accepts(old: &str, new: &str, text: &str) {
    check(old, new, &[(false, text)]);
}

#[track_caller]
fn breaks(old: &str, new: &str, text: &str) {
    check(old, new, &[(true, text)]);
}

#[test]
fn an_equal_shape_has_no_changes() {
    for lines in [
        "",
        "amount: i64 (alias sum)",
        "a: struct; a.b?: string or null; a.c: list; a.c[]: -> a",
        "k: enum; k|A: variant; k|B: struct; k|B.x: opaque; m: map; m{key}: uuid; m{value}: opaque string",
        ".: unit",
    ] {
        check(lines, lines, &[]);
    }
    check("a?: i64 (read only)", "a?: i64", &[]);
}

#[test]
fn fields_may_come_if_they_may_be_left_out() {
    accepts("a: i64", "a: i64; b?: i64", "`b` is new and may be left out");
    accepts("a: struct", "a: struct; a.b?: i64", "`a.b` is new and may be left out");
    breaks("a: i64", "a: i64; b: i64", "`b` is new and required");
    breaks("a: i64", "a: i64; b: i64 or null", "`b` is new and required");
    breaks("a: list; a[]: struct", "a: list; a[]: struct; a[].b: i64", "`a[].b` is new and required");
}

#[test]
fn fields_may_not_go() {
    breaks("a: i64; b: u8", "a: i64", "`b` is gone");
    breaks("a?: i64", "", "`a` is gone");
    breaks("a: struct; a.b: i64", "a: struct", "`a.b` is gone");
    check("a: i64", "b: string", &[(true, "`a` is gone"), (true, "`b` is new and required")]);
}

#[test]
fn a_rename_is_guessed() {
    let text = "`amount` is gone and `sum` is new and required: a rename? \
                then `#[serde(alias = \"amount\")]` keeps old rows readable";
    breaks("amount: i64", "sum: i64", text);
    let text = "`a.amount` is gone and `a.sum` is new: a rename? \
                then `#[serde(alias = \"amount\")]` keeps old rows readable";
    breaks("a: struct; a.amount?: i64", "a: struct; a.sum?: i64", text);
    let text = "`|Card` is gone and `|Kard` is new: a rename? \
                then `#[serde(alias = \"Card\")]` keeps old rows readable";
    breaks(".: enum; |Card: u8", ".: enum; |Kard: u8", text);
}

#[test]
fn a_value_with_other_contents_is_no_rename() {
    check(
        "a: struct; a.x: i64",
        "b: struct; b.y: i64",
        &[(true, "`a` is gone"), (true, "`b` is new and required")],
    );
    check(
        "k: enum; k|A: list; k|A[]: u8",
        "k: enum; k|B: list; k|B[]: i8",
        &[(true, "`k|A` is gone"), (false, "`k|B` is new")],
    );
}

#[test]
fn two_renames_are_guessed_one_by_one() {
    let found = changes(&shape("a: i64; b: i64"), &shape("c: i64; d: i64"));
    let texts: Vec<&str> = found.iter().map(|change| &change.text[..25]).collect();
    assert_eq!(texts, ["`a` is gone and `c` is ne", "`b` is gone and `d` is ne"]);
}

#[test]
fn a_rename_with_an_alias_is_accepted() {
    check("amount: i64", "sum: i64 (alias amount)", &[]);
    check("a: struct; a.b: i64", "z: struct (alias a); z.b: i64", &[]);
    check("a: struct; a.b?: -> a", "z: struct (alias a); z.b?: -> z", &[]);
    breaks("a: struct; a.b?: -> a", "z: struct (alias a); z.b?: -> .", "`z.b` was `-> a`, is now `-> .`");
    breaks("a: i64", "b: string (alias a)", "`b` was `i64`, is now `string`");
    breaks(
        "a: i64 (alias old)",
        "a: i64",
        "`a` was also read under the name `old`, which rows may have; keep the alias",
    );
    check("a: i64 (alias old)", "old: i64 (alias a)", &[]);
    breaks("a?: i64; b?: i64", "a?: i64 (alias b)", "`a` and `b` are now both read as `a`");
}

#[test]
fn types_may_widen() {
    for (old, new) in [
        ("i8", "i16"),
        ("i32", "i64"),
        ("i64", "i128"),
        ("u8", "u128"),
        ("u32", "i64"),
        ("f32", "f64"),
        ("i32", "f64"),
        ("u32 (checked)", "f64"),
        ("i16", "f32"),
        ("i64", "any"),
        ("struct", "any"),
        ("enum", "open enum"),
        ("tag", "open tag"),
        ("i64 (checked)", "i64"),
        ("i32 (checked)", "i64"),
        ("i32 (checked)", "i64 (checked)"),
        ("u8 (checked)", "i16"),
        ("f64 (checked)", "f64"),
        ("f32 (checked)", "f64"),
        ("set", "list"),
        ("char", "string"),
        ("uuid", "string"),
        ("ipv4", "ipv4 or ipv6"),
        ("ipv4", "string or opaque map"),
        ("date or opaque list", "date or opaque list or opaque map"),
        ("string like \"EUR\"", "string"),
        ("opaque string", "string like \"EUR\""),
    ] {
        let text = format!("`a` was `{old}`, is now `{new}`");
        accepts(&format!("a: {old}"), &format!("a: {new}"), &text);
        let text = format!("`a` was `{new}`, is now `{old}`");
        breaks(&format!("a: {new}"), &format!("a: {old}"), &text);
    }
    accepts("a: array of 3; a[]: i8", "a: list; a[]: i8", "`a` was `array of 3`, is now `list`");
}

#[test]
fn types_may_not_change() {
    for (old, new) in [
        ("i64", "u64"),
        ("u64", "i64"),
        ("u8", "i8"),
        ("i64", "f64"),
        ("u64", "f64"),
        ("i32", "f32"),
        ("u128", "any"),
        ("range", "inclusive range"),
        ("inclusive range", "range"),
        ("i64", "i64 (checked)"),
        ("i32", "i64 (checked)"),
        ("i64 (checked)", "i32"),
        ("i64 (checked)", "u64 (checked)"),
        ("f64", "f64 (checked)"),
        ("opaque i64", "i64 (checked)"),
        ("array of 3", "set"),
        ("list", "set"),
        ("i64", "string"),
        ("date-time", "date"),
        ("ipv4 or ipv6", "ipv4"),
        ("string like \"EUR\"", "string like \"a\""),
        ("opaque", "i64"),
        ("i64", "opaque"),
        ("opaque string", "string"),
        ("date or opaque list", "string"),
        ("string like \"EUR\"", "opaque string"),
        ("string", "opaque string"),
        ("opaque", "string"),
        ("list", "array of 3"),
        ("array of 2", "array of 3"),
        ("tuple of 2", "tuple of 3"),
        ("list", "map"),
        ("struct", "enum"),
        ("unit", "struct"),
        ("-> .", "struct"),
    ] {
        breaks(&format!("a: {old}"), &format!("a: {new}"), &format!("`a` was `{old}`, is now `{new}`"));
    }
    breaks(".: unit", "", "the value itself was `unit`, is now `struct`");
    breaks(".: i64 or null", ".: i64", "the value itself could be null, is now never null");
}

#[test]
fn a_changed_type_does_not_report_its_content() {
    breaks("a: struct; a.b: i64", "a: list; a[]: i64", "`a` was `struct`, is now `list`");
}

#[test]
fn values_may_become_optional_but_not_required() {
    accepts("a: i64", "a?: i64", "`a` may now be left out");
    breaks("a?: i64", "a: i64", "`a` could be left out, is now required");
    accepts("a?: i64", "a?: i64 or null", "`a` may now be null");
    breaks("a?: i64 or null", "a?: i64", "`a` could be null, is now never null");
    breaks("a: list; a[]: i64 or null", "a: list; a[]: i64", "`a[]` could be null, is now never null");
}

#[test]
fn variants_may_come_but_not_go_or_change() {
    accepts(".: enum; |A: variant", ".: enum; |A: variant; |B: struct; |B.x: i64", "`|B` is new");
    breaks(".: enum; |A: variant; |B: u8", ".: enum; |A: variant", "`|B` is gone");
    breaks(".: enum; |A: variant", ".: enum; |A: unit", "`|A` was `variant`, is now `unit`");
    breaks(
        ".: enum; |A: struct; |A.x: i64",
        ".: enum; |A: struct; |A.x: u8",
        "`|A.x` was `i64`, is now `u8`",
    );
    breaks("k: enum; k|A: struct", "k: enum; k|A: struct; k|A.x: i64", "`k|A.x` is new and required");
}

#[test]
fn contents_of_containers_are_compared() {
    breaks("a: list; a[]: i64", "a: list; a[]: u8", "`a[]` was `i64`, is now `u8`");
    breaks(
        "a: map; a{key}: i64; a{value}: u8",
        "a: map; a{key}: uuid; a{value}: u8",
        "`a{key}` was `i64`, is now `uuid`",
    );
    breaks(
        "a: map; a{key}: i64; a{value}: u8",
        "a: map; a{key}: i64; a{value}: i8",
        "`a{value}` was `u8`, is now `i8`",
    );
    breaks(
        "a: tuple of 2; a.0: u8; a.1: char",
        "a: tuple of 2; a.0: u8; a.1: u8",
        "`a.1` was `char`, is now `u8`",
    );
}

#[test]
fn every_change_is_reported() {
    let found =
        changes(&shape("a: i64; b: i64; c: struct; c.d: u8"), &shape("a: u8; c: struct; c.d: i8; e: uuid"));
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn keys_bytes_and_bare_variants_may_change_their_type() {
    for (old, new) in [
        ("a: map; a{key}: i64; a{value}: u8", "a: map; a{key}: string; a{value}: u8"),
        ("a: map; a{key}: enum; a{key}|A: variant; a{value}: u8", "a: map; a{key}: string; a{value}: u8"),
        ("a: enum; a|A: variant; a|B: variant", "a: string"),
        ("a: list; a[]: u8", "a: bytes"),
        ("a: array of 4; a[]: u8", "a: bytes"),
        ("a: bytes", "a: list; a[]: u8"),
    ] {
        let found = changes(&shape(old), &shape(new));
        assert!(
            !found.is_empty() && found.iter().all(|change| !change.breaking),
            "{old} -> {new}: {found:?}"
        );
    }
    for (old, new) in [
        ("a: enum; a|A: variant; a|B: u8", "a: string"),
        ("a: list; a[]: u16", "a: bytes"),
        ("a: list; a[]: u8 or null", "a: bytes"),
        ("a: bytes", "a: list; a[]: i8"),
        ("a: map; a{key}: string; a{value}: u8", "a: map; a{key}: i64; a{value}: u8"),
        ("a: map; a{key}: i64; a{value}: i64", "a: map; a{key}: i64; a{value}: string"),
    ] {
        let found = changes(&shape(old), &shape(new));
        assert!(found.iter().any(|change| change.breaking), "{old} -> {new}: {found:?}");
    }
}

#[test]
fn the_check_compares_the_fields_beside_a_tag() {
    let old = "t: tag; t|A: struct; t|A.x: i64; t|B: struct";
    check(old, old, &[]);
    breaks(old, "t: tag; t|A: struct; t|A.x: u8; t|B: struct", "`t|A.x` was `i64`, is now `u8`");
    breaks(old, "t: tag; t|A: struct; t|A.x: i64", "`t|B` is gone");
    breaks(old, "t: tag; t|A: struct; t|A.x: i64; t|B: struct; t|B.y: u8", "`t|B.y` is new and required");
    accepts(old, "t: tag; t|A: struct; t|A.x: i64; t|B: struct; t|C: struct", "`t|C` is new");
    breaks("t: open tag; t|A: struct", "t: tag; t|A: struct", "`t` was `open tag`, is now `tag`");
    breaks("k: open enum; k|A: variant", "k: enum; k|A: variant", "`k` was `open enum`, is now `enum`");
}

#[test]
fn an_earlier_format_saw_less() {
    for (old, new) in [
        ("a: opaque", "a: struct; a.t: tag; a.t|A: struct"),
        ("t: enum; t|A: variant; c: opaque struct", "t: tag; t|A: struct; t|A.c: struct; t|A.c.x: i64"),
        ("a?: i64", "a?: i64 = 1"),
        ("a: opaque", "a: any"),
    ] {
        let found = changes::changes(&shape(old), &shape(new), Format::First);
        assert!(found.iter().all(|change| !change.breaking), "{old} -> {new}: {found:?}");
    }
}
