//! Whether data of a locked shape can still be read: the rules of compatibility between two shapes.
//!
//! A change is accepted if everything that the old shape described can be read in the new one, and nothing that it held
//! is dropped. Integers and floats may widen, strings may accept more, values may become optional, structs may gain optional
//! fields, enums may gain variants, fields may be renamed if the old name stays as an alias. Everything else breaks.

use crate::shape::{Line, Name, Path, Shape, Step, is_string};
use std::collections::{BTreeMap, BTreeSet};

/// A difference between a locked shape and the current one, at a path.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) breaking: bool,
    pub(super) text: String,
}

/// All differences, in the order of their paths.
pub(super) fn changes(locked: &Shape, current: &Shape) -> Vec<Change> {
    let mut walk = Walk { locked, current, moved: BTreeMap::new(), changes: Vec::new() };
    let root = Path::default();
    if let (Some(old), Some(new)) = (locked.line(&root), current.line(&root)) {
        walk.value(&root, old, &root, new);
    }
    walk.changes
}

struct Walk<'a> {
    locked: &'a Shape,
    current: &'a Shape,
    /// Where the values around stand now.
    moved: BTreeMap<String, String>,
    changes: Vec<Change>,
}

impl Walk<'_> {
    fn note(&mut self, breaking: bool, text: String) {
        self.changes.push(Change { breaking, text });
    }

    fn value(&mut self, from: &Path, old: &Line, to: &Path, new: &Line) {
        self.moved.insert(from.to_string(), to.to_string());
        if old.optional != new.optional {
            let words =
                if old.optional { "could be left out, is now required" } else { "may now be left out" };
            self.note(old.optional, format!("`{to}` {words}"));
        }
        if old.null != new.null {
            let words = if old.null { "could be null, is now never null" } else { "may now be null" };
            self.note(old.null, format!("`{to}` {words}"));
        }
        let same = old.kind == new.kind || self.points_alike(&old.kind, &new.kind);
        let readable = same || widens(&old.kind, &new.kind);
        if !same {
            self.note(!readable, format!("`{to}` was `{}`, is now `{}`", old.kind, new.kind));
        }
        if readable {
            self.content(from, to);
        }
    }

    fn points_alike(&self, old: &str, new: &str) -> bool {
        let target = old.strip_prefix("-> ").and_then(|old| self.moved.get(old));
        target.is_some() && target.map(String::as_str) == new.strip_prefix("-> ")
    }

    fn content(&mut self, from: &Path, to: &Path) {
        let (locked, current) = (self.locked, self.current);
        let mut added: BTreeMap<Path, (&Step, &Line)> =
            current.children(to).map(|(path, step, line)| (path, (step, line))).collect();
        let mut taken: BTreeMap<Path, String> = BTreeMap::new();
        let mut gone = Vec::new();
        for (path, step, old) in locked.children(from) {
            let Some((target, new)) = current
                .children(to)
                .find_map(|(path, other, line)| named(other, line, step).then_some((path, line)))
            else {
                gone.push((path, step, old));
                continue;
            };
            added.remove(&target);
            if let Some(other) = taken.insert(target.clone(), path.to_string()) {
                self.note(true, format!("`{other}` and `{path}` are now both read as `{target}`"));
                continue;
            }
            for alias in old.aliases.iter().filter(|alias| !answers(&target, new, alias)) {
                let alias = Name(alias);
                self.note(
                    true,
                    format!("`{target}` was also read under the name `{alias}`, which rows may have; keep the alias"),
                );
            }
            self.value(&path, old, &target, new);
        }
        let renamed = self.removed(&gone, &added);
        for (path, (step, line)) in added.into_iter().filter(|(path, _)| !renamed.contains(path)) {
            match step {
                Step::Field(_) if !line.optional => self.note(true, format!("`{path}` is new and required")),
                Step::Field(_) => self.note(false, format!("`{path}` is new and may be left out")),
                _ => self.note(false, format!("`{path}` is new")),
            }
        }
    }

    /// Reports what is gone, and returns the new values that seem to be it under another name.
    fn removed(
        &mut self,
        gone: &[(Path, &Step, &Line)],
        added: &BTreeMap<Path, (&Step, &Line)>,
    ) -> BTreeSet<Path> {
        let mut renamed = BTreeSet::new();
        for (path, step, old) in gone {
            let variant = matches!(step, Step::Variant(_));
            let candidate = added.iter().find(|(path, (_, new))| {
                let fits = old.kind == new.kind && (variant || old.optional == new.optional);
                fits && !renamed.contains(*path)
            });
            let Some((new, (_, line))) = candidate else {
                self.note(true, format!("`{path}` is gone"));
                continue;
            };
            let required = if variant || line.optional { "" } else { " and required" };
            let alias = serde_json::Value::from(step.name());
            self.note(
                true,
                format!(
                    "`{path}` is gone and `{new}` is new{required}: a rename? \
                     then `#[serde(alias = {alias})]` keeps old rows readable"
                ),
            );
            renamed.insert(new.clone());
        }
        renamed
    }
}

/// True if the value at `step`, described by `line`, is the one that was at `old`.
fn named(step: &Step, line: &Line, old: &Step) -> bool {
    step == old
        || matches!(old, Step::Field(name) if matches!(step, Step::Field(_)) && line.aliases.contains(name))
}

fn answers(path: &Path, line: &Line, name: &String) -> bool {
    line.aliases.contains(name) || path.split().is_some_and(|(_, step)| step.name() == name)
}

/// True if everything that was written as `old` can be read as `new`.
fn widens(old: &str, new: &str) -> bool {
    let bits = |kind: &str, prefix| kind.strip_prefix(prefix).and_then(|bits| bits.parse::<u16>().ok());
    if let (Some(old), Some(new)) = (bits(old, 'i'), bits(new, 'i')) {
        return old <= new;
    }
    if let (Some(old), Some(new)) = (bits(old, 'u'), bits(new, 'u')) {
        return old <= new;
    }
    if let (Some(old), Some(new)) = (bits(old, 'u'), bits(new, 'i')) {
        return old < new;
    }
    match (old, new) {
        ("f32", "f64") | ("char", "string") => true,
        (old, "list") => old.starts_with("array of "),
        (old, "string") => is_string(old),
        (old, new) => is_string(old) && old.split(" or ").all(|old| new.split(" or ").any(|new| old == new)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(lines: &str) -> Shape {
        Shape::of(
            lines.split("; ").filter(|line| !line.is_empty()).map(|line| Line::read(line).unwrap()).collect(),
        )
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
            ("char", "string"),
            ("uuid", "string"),
            ("ipv4", "ipv4 or ipv6"),
            ("string like \"EUR\"", "string"),
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
            ("i64", "string"),
            ("date-time", "date"),
            ("ipv4 or ipv6", "ipv4"),
            ("string like \"EUR\"", "string like \"a\""),
            ("opaque", "i64"),
            ("i64", "opaque"),
            ("opaque string", "string"),
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
        breaks(".: unit", "", "`.` was `unit`, is now `struct`");
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
        let found = changes(
            &shape("a: i64; b: i64; c: struct; c.d: u8"),
            &shape("a: u8; c: struct; c.d: i8; e: uuid"),
        );
        assert_eq!(found.len(), 4, "{found:?}");
    }
}
