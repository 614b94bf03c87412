//! The findings on a lock and the projections of its crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::LOCK;
use super::file::{Kept, Quoted, Section, Views};

/// The consequence of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// No view notices.
    Harmless,
    /// The file lacks it, or a view notices once the code is deployed.
    Deployed,
}

/// One paragraph of the report.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    pub(super) text: String,
}

/// Returns the findings on projections that share a name; each comes with the name of its type.
pub(super) fn twins<'a>(views: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, ty) in views {
        named.entry(name).or_default().insert(ty);
    }
    let several = named.into_iter().filter(|(_, types)| types.len() > 1);
    several
        .map(|(name, types)| {
            let types: Vec<String> = types.iter().map(|ty| format!("`{ty}`")).collect();
            format!(
                "{}: {} have this name, and in one database each would go on from the place of the other; give one of them \
                 another with `name = \"..\"` in `#[projection(..)]`",
                Quoted(name),
                types.join(" and ")
            )
        })
        .collect()
}

/// Returns all differences between the lock and the code, ordered by name.
pub(super) fn compare(locked: &Views, now: &Views) -> Vec<Finding> {
    let names: BTreeSet<&String> = locked.keys().chain(now.keys()).collect();
    let finding = |name: &String| match (locked.get(name), now.get(name)) {
        (Some(old), Some(new)) => changed(name, old, new),
        (None, Some(_)) => {
            let text = format!("{}: not recorded yet; {}", Quoted(name), LOCK.update());
            Some(Finding { weight: Weight::Deployed, text })
        }
        (Some(old), None) => Some(gone(name, old, locked, now)),
        (None, None) => None,
    };
    names.into_iter().filter_map(finding).collect()
}

fn changed(name: &str, old: &Section, new: &Section) -> Option<Finding> {
    let (what, then) = match (old.kept, new.kept) {
        (Kept::ByCode(before), Kept::ByCode(after)) if before != after => (
            "its code changed",
            "deployed, the view refuses to start; `on_change(OnChange::Rebuild)` at its start makes it anew from the first \
             event, and `OnChange::Accept` keeps its rows. Choose one, then ",
        ),
        (Kept::InMemory, Kept::ByCode(_)) => (
            "a database keeps it now, and a process kept it before",
            "deployed, the view is made from the first event; ",
        ),
        (Kept::ByCode(_), Kept::InMemory) => (
            "it is in memory now, and a database kept it before",
            "deployed, each start makes it anew from the first event, and the old tables stay in the database: remove them \
             there. Then ",
        ),
        _ if old == new => return None,
        (Kept::ByCode(_), Kept::ByCode(_)) => {
            ("its block is the same, but what it handles has other names", "")
        }
        (Kept::InMemory, Kept::InMemory) => ("it changed; each start makes it anew", ""),
    };
    let weight = if old.kept == new.kept { Weight::Harmless } else { Weight::Deployed };
    let mut text = format!("{}: {what}", Quoted(name));
    if old.version != new.version {
        let _ = write!(text, "\n    - version {}\n    + version {}", old.version, new.version);
    }
    for line in old.lines.difference(&new.lines) {
        let _ = write!(text, "\n    - {line}");
    }
    for line in new.lines.difference(&old.lines) {
        let _ = write!(text, "\n    + {line}");
    }
    let _ = write!(text, "\n  {then}{}", LOCK.update());
    Some(Finding { weight, text })
}

fn gone(name: &str, old: &Section, locked: &Views, now: &Views) -> Finding {
    let mut text = format!("{}: no projection has this name any more", Quoted(name));
    let twin = now.iter().find(|(other, new)| !locked.contains_key(*other) && new.lines == old.lines);
    if let Some((twin, _)) = twin {
        let _ = write!(
            text,
            "\n    {} is new and handles the same: a rename? then `name = {name:?}` in `#[projection(..)]` keeps the place",
            Quoted(twin)
        );
    }
    text.push_str("\n  is it behind a feature that is off? ");
    text.push_str(match old.kept {
        Kept::InMemory => "else ",
        Kept::ByCode(_) => {
            "else its tables stay in the database, as do its rows in `es_view`: remove them there once no process runs the \
             old code. Then "
        }
    });
    text.push_str(&LOCK.update());
    Finding { weight: Weight::Deployed, text }
}
