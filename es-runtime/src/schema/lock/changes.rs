//! The rules of compatibility between two shapes: can the current one still read data of the locked one?
//!
//! A change is accepted if the new shape reads everything that the old one described, and drops nothing of it. Integers
//! and floats may widen and may lose their checks, strings may accept more, sets may become lists, values may become
//! optional. Structs may gain optional fields, enums may gain variants, fields may be renamed if the old name stays as
//! an alias. Small integers may become floats, bare variants and keys of maps may become strings, bytes may change
//! their type. Everything may become JSON that reads all. Every other change breaks.

use crate::schema::lock::file::Format;
use crate::schema::shape::{CHECKED, Line, Name, Path, Shape, Step, is_string};
use std::collections::{BTreeMap, BTreeSet};

/// A difference between a locked shape and the current one, at a path.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) breaking: bool,
    pub(super) text: String,
}

/// Returns all differences, in the order of their paths. `format` matters since earlier releases did not see
/// everything.
pub(super) fn changes(locked: &Shape, current: &Shape, format: Format) -> Vec<Change> {
    let mut walk = Walk { locked, current, format, moved: BTreeMap::new(), changes: Vec::new() };
    let root = Path::default();
    if let (Some(old), Some(new)) = (locked.line(&root), current.line(&root)) {
        walk.value(&root, old, &root, new);
    }
    walk.changes
}

struct Walk<'a> {
    locked: &'a Shape,
    current: &'a Shape,
    format: Format,
    /// The current places of the values around.
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
            self.note(old.optional, format!("{} {words}", to.place()));
        }
        if old.null != new.null {
            let words = if old.null { "could be null, is now never null" } else { "may now be null" };
            self.note(old.null, format!("{} {words}", to.place()));
        }
        self.default(old, to, new);
        if self.format == Format::First && self.is_seen_only_now(from, old, to) {
            self.note(false, format!("{} is now seen inside", to.place()));
            return;
        }
        let same = old.kind == new.kind || self.points_alike(&old.kind, &new.kind);
        let reads = same || widens(&old.kind, &new.kind);
        let readable = reads || self.converts(from, old, to, new);
        if !same {
            self.note(!readable, format!("{} was `{}`, is now `{}`", to.place(), old.kind, new.kind));
        }
        if reads && new.kind != "any" {
            self.content(from, to);
        }
    }

    /// Reports a changed default: a row without the field now means something else.
    fn default(&mut self, old: &Line, to: &Path, new: &Line) {
        let both = old.optional && new.optional && self.current.is_written() && self.format != Format::First;
        if !both || old.default == new.default {
            return;
        }
        let words = |default: &Option<String>| {
            default.as_ref().map_or("its type's default".to_owned(), |text| format!("`{text}`"))
        };
        let text = format!(
            "{} that was left out was read as {}, is now read as {}: the rows without it change",
            to.place(),
            words(&old.default),
            words(&new.default)
        );
        self.note(true, text);
    }

    /// True of values that the first format had no words for: tagged enums, flattened fields, ranges.
    fn is_seen_only_now(&self, from: &Path, old: &Line, to: &Path) -> bool {
        let opaque_before = self.locked.children(from).any(|(_, _, line)| line.is_opaque());
        let tagged = self.current.children(to).any(|(_, _, line)| is_tag(&line.kind));
        old.is_opaque() || (tagged && opaque_before)
    }

    /// True if JSON has one form for both types, which their words alone do not show.
    fn converts(&self, from: &Path, old: &Line, to: &Path, new: &Line) -> bool {
        let bare = |line: &Line| Line::of(line.kind.clone());
        let element = |shape: &Shape, path: &Path| shape.line(&path.join(Step::Element)).cloned();
        let is_bytes = |line: Option<Line>| line.is_some_and(|line| line == bare(&Line::of("u8")));
        let is_key = from.split().is_some_and(|(_, step)| *step == Step::Key);
        let text = || new.kind.split(" or ").any(|part| part == "string");
        let mut variants = self.locked.children(from);
        match (old.kind.as_str(), new.kind.as_str()) {
            // In JSON a key is text, whatever its type.
            _ if is_key && text() => !old.is_opaque(),
            ("enum" | "open enum", _) if text() => variants.all(|(_, _, line)| line.kind == "variant"),
            ("list" | "set", "bytes") => is_bytes(element(self.locked, from)),
            ("bytes", "list") => is_bytes(element(self.current, to)),
            (kind, "bytes") if kind.starts_with("array of ") => is_bytes(element(self.locked, from)),
            _ => false,
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
                if !self.is_unseen(to, &path, old, step) {
                    gone.push((path, step, old));
                }
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
                    format!(
                        "`{target}` was also read under the name `{alias}`, which rows may have; \
                         keep the alias"
                    ),
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

    /// True of a variant without fields, if the new tag takes any name and so does not show this one.
    fn is_unseen(&self, to: &Path, path: &Path, old: &Line, step: &Step) -> bool {
        let open = self.current.line(to).is_some_and(|line| line.kind == "open tag");
        let bare = matches!(step, Step::Variant(_)) && old.kind == "struct";
        open && bare && !self.current.is_written() && self.locked.children(path).next().is_none()
    }

    /// Reports values that are gone, and returns the new values that seem to be the same under another name.
    fn removed(
        &mut self,
        lost: &[(Path, &Step, &Line)],
        added: &BTreeMap<Path, (&Step, &Line)>,
    ) -> BTreeSet<Path> {
        let mut renamed = BTreeSet::new();
        for (gone, step, old) in lost {
            let variant = matches!(step, Step::Variant(_));
            let candidate = added.iter().find(|(path, (_, new))| {
                let fits = old.kind == new.kind && (variant || old.optional == new.optional);
                let fits = fits && self.locked.inside(gone) == self.current.inside(path);
                fits && !renamed.contains(*path)
            });
            let Some((new, (_, line))) = candidate else {
                self.note(true, format!("`{gone}` is gone"));
                continue;
            };
            let required = if variant || line.optional { "" } else { " and required" };
            let alias = serde_json::Value::from(step.name());
            self.note(
                true,
                format!(
                    "`{gone}` is gone and `{new}` is new{required}: a rename? \
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
    // The lock does not know which numbers a type refuses, only that it does: two checked types count as alike.
    if let Some(kind) = old.strip_suffix(CHECKED) {
        let new = new.strip_suffix(CHECKED).unwrap_or(new);
        return kind == new || widens(kind, new);
    }
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
    // The limits are the bits that a float has for whole numbers, so that each number stays what it is.
    if let (Some(old), Some(new)) = (bits(old, 'i').or(bits(old, 'u')), bits(new, 'f')) {
        return old <= if new == 32 { 16 } else { 32 };
    }
    match (old, new) {
        // A range and a struct read each other's data. Only two kinds of ranges would understand them differently.
        ("f32", "f64")
        | ("char", "string")
        | ("set", "list")
        | ("enum", "open enum")
        | ("tag", "open tag")
        | ("range" | "inclusive range", "struct")
        | ("struct", "range" | "inclusive range") => true,
        (old, "list") => old.starts_with("array of "),
        // Wider integers become floats there.
        (old, "any") => !old.contains("128") && !old.contains("opaque"),
        // A format of the user's own; the current tracer has a sample of it.
        ("opaque string", new) => new.starts_with("string like "),
        (old, new) => {
            let free = new.split(" or ").any(|part| part == "string");
            let reads = |part| new.split(" or ").any(|new| new == part) || (free && is_string(part));
            old.split(" or ").all(reads)
        }
    }
}

fn is_tag(kind: &str) -> bool {
    kind == "tag" || kind == "open tag"
}
