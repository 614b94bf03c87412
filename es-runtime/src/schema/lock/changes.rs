//! Whether data of a locked shape can still be read: the rules of compatibility between two shapes.
//!
//! A change is accepted if everything that the old shape described can be read in the new one, and nothing
//! that it held is dropped. Integers and floats may widen and may no longer be checked, strings may accept
//! more, sets may become lists, values may become optional, structs may gain optional fields, enums may gain
//! variants, fields may be renamed if the old name stays as an alias. Everything else breaks.

use crate::schema::shape::{CHECKED, Line, Name, Path, Shape, Step, is_string};
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
            self.note(old.optional, format!("{} {words}", to.place()));
        }
        if old.null != new.null {
            let words = if old.null { "could be null, is now never null" } else { "may now be null" };
            self.note(old.null, format!("{} {words}", to.place()));
        }
        let same = old.kind == new.kind || self.points_alike(&old.kind, &new.kind);
        let readable = same || widens(&old.kind, &new.kind);
        if !same {
            self.note(!readable, format!("{} was `{}`, is now `{}`", to.place(), old.kind, new.kind));
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

    /// Reports what is gone, and returns the new values that seem to be it under another name.
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
    // What a number refuses is not known, only that it does: two that are checked are taken to agree.
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
    match (old, new) {
        ("f32", "f64") | ("char", "string") | ("set", "list") => true,
        (old, "list") => old.starts_with("array of "),
        // A format of the user's own, of which a sample is known now.
        ("opaque string", new) => new.starts_with("string like "),
        (old, new) => {
            let free = new.split(" or ").any(|part| part == "string");
            let reads = |part| new.split(" or ").any(|new| new == part) || (free && is_string(part));
            old.split(" or ").all(reads)
        }
    }
}
