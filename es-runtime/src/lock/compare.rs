//! What is to be said about a lock and the code it belongs to.

use crate::lock::changes::{Change, changes};
use crate::lock::collect::Shapes;
use crate::lock::file::{Record, Topic};
use crate::shape::Shape;
use std::fmt::Write;

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Old rows stay readable: written on `update`, passed over otherwise.
    Accepted,
    /// Not in the lock yet: written on `update`.
    Unrecorded,
    /// Old rows become unreadable: written only on `overwrite`.
    Breaking,
    /// Wrong whatever the lock says.
    Defect,
}

/// One paragraph of the report.
#[derive(Debug, PartialEq)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    pub(super) text: String,
}

const UPDATE: &str = "run `EVENTS_LOCK=update cargo test events_lock` and commit `events.lock`";
const OVERWRITE: &str = "if it was never deployed, run `EVENTS_LOCK=overwrite cargo test events_lock`";

/// Everything that differs between the lock and the code, ordered by topic and version.
pub(super) fn compare(locked: &Record, current: &Shapes) -> Vec<Finding> {
    let mut findings = Vec::new();
    let now = &current.record;
    let keys = locked.shapes.keys().chain(now.shapes.keys());
    for key in keys.collect::<std::collections::BTreeSet<_>>() {
        let (topic, version) = (key.0.as_str(), key.1);
        let finding = match (locked.shapes.get(key), current.reader(topic, version)) {
            (Some(old), Some((reader, new))) => {
                changed(topic, version, &changes(old, new), now.newest(reader))
            }
            (None, _) => Some(unrecorded(topic, version, locked)),
            (Some(_), None) if now.retired.contains(topic) => None,
            (Some(old), None) => Some(gone(topic, version, old, locked, now)),
        };
        findings.extend(finding);
    }
    for topic in now.retired.iter().filter(|topic| now.versions(topic).next().is_some()) {
        let text =
            format!("{}: it is retired, but an event has this topic; drop one of the two", Topic(topic));
        findings.push(Finding { weight: Weight::Defect, text });
    }
    for topic in locked.retired.difference(&now.retired).filter(|topic| now.versions(topic).next().is_none())
    {
        let name = Topic(topic);
        let text = format!(
            "{name}: it is no longer retired, but its rows are still there; \
             keep it in `#[mutator(retired = [{topic:?}])]`, or {OVERWRITE}"
        );
        findings.push(Finding { weight: Weight::Breaking, text });
    }
    for topic in now.retired.difference(&locked.retired) {
        findings.push(Finding { weight: Weight::Accepted, text: format!("{}: retired", Topic(topic)) });
    }
    for (topic, version, problem) in &current.defects {
        let version = version.map(|version| format!(" {version}")).unwrap_or_default();
        findings
            .push(Finding { weight: Weight::Defect, text: format!("{}{version}: {problem}", Topic(topic)) });
    }
    findings
}

/// The lock after `update`: everything that is not breaking is taken over.
pub(super) fn updated(locked: &Record, current: &Shapes) -> Record {
    let mut record = locked.clone();
    for (key, new) in &current.record.shapes {
        let breaks = |old| changes(old, new).iter().any(|change| change.breaking);
        let defect =
            current.defects.iter().any(|(topic, version, _)| *topic == key.0 && *version == Some(key.1));
        let reused = locked.retired.contains(&key.0) && locked.versions(&key.0).next().is_none();
        if !defect && !reused && !locked.shapes.get(key).is_some_and(breaks) {
            record.shapes.insert(key.clone(), new.clone());
        }
    }
    record.retired.extend(current.record.retired.iter().cloned());
    record.retired.retain(|topic| {
        current.record.retired.contains(topic) || current.record.versions(topic).next().is_none()
    });
    record
}

/// The lock after `overwrite`: the code as it is, and the last shapes of retired topics.
pub(super) fn overwritten(locked: &Record, current: &Shapes) -> Record {
    let mut record = current.record.clone();
    let kept = locked.shapes.iter().filter(|((topic, _), _)| record.retired.contains(topic));
    let kept: Vec<_> = kept.map(|(key, shape)| (key.clone(), shape.clone())).collect();
    for (key, shape) in kept {
        record.shapes.entry(key).or_insert(shape);
    }
    record
}

impl Shapes {
    /// What rows of a topic and version are read as, and under which topic.
    fn reader<'a>(&'a self, topic: &'a str, version: u32) -> Option<(&'a str, &'a Shape)> {
        let shapes = &self.record.shapes;
        let own = shapes.get(&(topic.to_owned(), version)).map(|shape| (topic, shape));
        let named = || {
            let target = self.aliases.get(topic)?;
            Some((target.as_str(), shapes.get(&(target.clone(), version))?))
        };
        own.or_else(named)
    }
}

fn changed(topic: &str, version: u32, changes: &[Change], newest: Option<u32>) -> Option<Finding> {
    let breaking: Vec<&Change> = changes.iter().filter(|change| change.breaking).collect();
    if breaking.is_empty() {
        let texts: Vec<&str> = changes.iter().map(|change| change.text.as_str()).collect();
        let text = format!("{} {version}: {}", Topic(topic), texts.join(", "));
        return (!changes.is_empty()).then_some(Finding { weight: Weight::Accepted, text });
    }
    let mut text = format!(
        "{} {version}: the stored shape changed, and old rows may no longer be readable",
        Topic(topic)
    );
    for change in breaking {
        let _ = write!(text, "\n    {}", change.text);
    }
    let newest = newest.unwrap_or(version);
    if newest == version {
        let next = version.saturating_add(1);
        let upcast = if version == 1 { "upcast = OldShape" } else { "upcast = [.., OldShape]" };
        let _ = write!(
            text,
            "\n  keep the old shape as a struct, and give the new one `version = {next}, {upcast}`; \
             or, {OVERWRITE}"
        );
    } else {
        let _ = write!(
            text,
            "\n  version {newest} follows it, so version {version} may not change any more; \
             change the struct back; or, {OVERWRITE}"
        );
    }
    Some(Finding { weight: Weight::Breaking, text })
}

fn unrecorded(topic: &str, version: u32, locked: &Record) -> Finding {
    let name = Topic(topic);
    if locked.retired.contains(topic) && locked.versions(topic).next().is_none() {
        let text = format!(
            "{name} {version}: this topic was retired, and rows of another shape may have it; \
             choose another `topic`; or, {OVERWRITE}"
        );
        return Finding { weight: Weight::Breaking, text };
    }
    Finding { weight: Weight::Unrecorded, text: format!("{name} {version}: not recorded yet; {UPDATE}") }
}

fn gone(topic: &str, version: u32, old: &Shape, locked: &Record, now: &Record) -> Finding {
    let name = Topic(topic);
    let mut text = format!("{name} {version}: ");
    if let Some(newest) = now.newest(topic) {
        let _ = write!(text, "old rows of version {version} can no longer be read; ");
        let _ = if newest > version {
            write!(
                text,
                "bring the struct of version {version} back, and let the next version `upcast` from it"
            )
        } else {
            write!(text, "the code has only version {newest}: bring version {version} back")
        };
    } else {
        text.push_str("no event has this topic any more, and its rows can no longer be read");
        let fresh = now.shapes.iter().filter(|((topic, _), _)| locked.versions(topic).next().is_none());
        let twin = fresh.filter(|(_, shape)| old.reads_alike(shape)).map(|((topic, _), _)| topic).next();
        if let Some(twin) = twin {
            let _ = write!(
                text,
                "\n    `{twin}` is new and has the same shape: a rename? \
                 then `topic = {topic:?}` keeps the topic, \
                 and `aliases = [{topic:?}]` keeps old rows readable"
            );
        }
        let _ = write!(
            text,
            "\n  bring the event back (is it behind a feature that is off?), \
             or let its rows be skipped with `#[mutator(retired = [{topic:?}])]`"
        );
    }
    let _ = write!(text, "; or, {OVERWRITE}");
    Finding { weight: Weight::Breaking, text }
}
