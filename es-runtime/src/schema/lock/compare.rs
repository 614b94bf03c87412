//! The findings on a lock and the code that it belongs to.

use crate::schema::lock::changes::{Change, changes};
use crate::schema::lock::collect::Shapes;
use crate::schema::lock::file::{Format, Record, Topic};
use crate::schema::lock::findings::{Finding, OVERWRITE, UPDATE, Weight, attribute, retire};
use crate::schema::lock::owners::{creators, owners, swapped, unseen};
use crate::schema::shape::Shape;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Returns all differences between the lock and the code, ordered by topic and version.
pub(super) fn compare(locked: &Record, current: &Shapes, format: Format) -> Vec<Finding> {
    let now = &current.record;
    let lost = lost_aggregates(locked, now);
    let is_lost = |topic: &str| {
        lost.iter().any(|name| topic.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    };
    let mut findings: Vec<Finding> = (format == Format::First).then(older).into_iter().collect();
    findings.extend(lost.iter().map(|name| lost_aggregate(name)));
    let suspects = suspects(locked, now, &lost);
    let keys = locked.shapes.keys().chain(now.shapes.keys());
    for key in keys.collect::<BTreeSet<_>>() {
        let (topic, version) = (key.0.as_str(), key.1);
        let finding = match (locked.shapes.get(key), now.reader(topic, version)) {
            (Some(old), Some((reader, new))) => {
                changed(topic, version, &changes(old, new, format), now.newest(reader))
            }
            // The finding on the old topic names this one.
            (None, _) if suspects.contains(topic) => None,
            // The finding on the unseen values covers this shape.
            (None, Some((_, new))) if new.unseen().next().is_some() => None,
            (None, _) => Some(unrecorded(topic, version, locked)),
            (Some(_), None) if now.retired.contains(topic) || is_lost(topic) => None,
            (Some(old), None) => Some(gone(topic, version, old, locked, now)),
        };
        findings.extend(finding);
    }
    findings.extend(
        aliases(locked, now).into_iter().filter(|(topic, _)| !is_lost(topic)).map(|(_, finding)| finding),
    );
    findings.extend(owners(locked, current, &lost));
    findings.extend(creators(locked, now, format));
    findings.extend(swapped(locked, now).into_iter().map(|(_, finding)| finding));
    findings.extend(unseen(now));
    for topic in locked
        .retired
        .difference(&now.retired)
        .filter(|topic| now.current(topic).is_none() && !is_lost(topic))
    {
        let name = Topic(topic);
        let text = format!(
            "{name}: it is no longer retired, but its rows are still there; \
             keep it in {}; or, {OVERWRITE}",
            retire(topic)
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

/// Returns the finding on a file that an earlier release wrote.
fn older() -> Finding {
    let text = format!(
        "events.lock is of format 1: since then tagged enums, flattened fields, defaults, and what creates an aggregate \
         are seen, too. Nothing of it is lost; {UPDATE}"
    );
    Finding { weight: Weight::Unrecorded, text }
}

/// Returns new topics that seem to be lost ones under another name: once they are recorded, there would be no way back.
fn suspects<'a>(locked: &Record, now: &'a Record, lost: &[String]) -> BTreeSet<&'a str> {
    let fresh = now.shapes.iter().filter(|((topic, _), _)| locked.versions(topic).next().is_none());
    let is_gone = |topic: &str| now.current(topic).is_none() && !now.retired.contains(topic);
    let gone: Vec<_> = locked.shapes.iter().filter(|((topic, _), _)| is_gone(topic)).collect();
    let of_lost = |topic: &str| {
        lost.iter().any(|name| topic.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    };
    let resembles = |topic: &str, shape: &Shape| {
        gone.iter().any(|((old, _), known)| {
            kind(old) == kind(topic)
                && known.reads_alike(shape)
                && (!of_lost(old) || last_name(old) == last_name(topic))
        })
    };
    fresh
        .filter(|((topic, _), shape)| resembles(topic, shape))
        .map(|((topic, _), _)| topic.as_str())
        .collect()
}

/// Returns whether the topic is that of an attribute, and whether it is that of the end of an aggregate.
fn kind(topic: &str) -> (bool, bool) {
    (attribute(topic).is_some(), topic.ends_with(".Discarded"))
}

fn last_name(topic: &str) -> Option<&str> {
    topic.rsplit('.').next()
}

/// Returns the aggregates that are gone under all of their names.
fn lost_aggregates(locked: &Record, now: &Record) -> Vec<String> {
    let topics = locked.shapes.keys().map(|(topic, _)| topic).chain(locked.aliases.keys());
    let ended = topics
        .filter(|topic| now.current(topic).is_none())
        .filter_map(|topic| topic.strip_suffix(".Discarded"));
    let names: BTreeSet<&str> =
        ended.filter(|name| locked.ids.contains_key(*name) && !now.ids.contains_key(*name)).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn lost_aggregate(name: &str) -> Finding {
    let text = format!(
        "{}: there is no such aggregate any more, and what it stored can no longer be read\n  \
         is it renamed? then `#[aggregate(aliases = [{name:?}])]` under its new name keeps all of it readable, and \
         its ids; is it behind a feature that is off? or, {OVERWRITE}",
        Topic(name)
    );
    Finding { weight: Weight::Breaking, text }
}

/// Returns the findings on former names of topics.
fn aliases(locked: &Record, now: &Record) -> Vec<(String, Finding)> {
    let mut findings = Vec::new();
    for (old, new) in &locked.aliases {
        let text = match (now.current(old), now.current(new)) {
            _ if now.retired.contains(old) => continue,
            (Some(current), Some(same)) if current == same => continue,
            (Some(other), _) => format!(
                "{}: its rows were read as `{new}`, and are now read as `{other}`; give that another `topic`",
                Topic(old)
            ),
            (None, _) => format!(
                "{}: its rows were read as `{new}`, and can no longer be read; {}, or let them be skipped with {}",
                Topic(old),
                keep_alias(old),
                retire(old)
            ),
        };
        let finding = Finding { weight: Weight::Breaking, text: format!("{text}; or, {OVERWRITE}") };
        findings.push((old.clone(), finding));
    }
    for (old, new) in now.aliases.iter().filter(|(old, _)| !locked.aliases.contains_key(*old)) {
        let text = format!("{}: read as `{new}`, not recorded yet; {UPDATE}", Topic(old));
        findings.push((old.clone(), Finding { weight: Weight::Unrecorded, text }));
    }
    findings
}

/// Returns the advice that keeps an older name known.
fn keep_alias(old: &str) -> String {
    match attribute(old) {
        Some((_, name)) => format!("keep `#[attribute(aliases = [{name:?}])]`"),
        None => format!("keep {old:?} in the `aliases` of what reads them"),
    }
}

/// Returns the lock after `update`, which takes everything over that does not break.
pub(super) fn updated(locked: &Record, current: &Shapes, format: Format) -> Record {
    let now = &current.record;
    let mut record = locked.clone();
    let suspects = suspects(locked, now, &lost_aggregates(locked, now));
    let moved = |old: &str| locked.aliases.get(old).is_some_and(|kept| now.current(kept) != now.current(old));
    for (key, new) in &now.shapes {
        let breaks = |old| changes(old, new, format).iter().any(|change| change.breaking);
        let defect =
            current.defects.iter().any(|(topic, version, _)| *topic == key.0 && *version == Some(key.1));
        let reused = locked.retired.contains(&key.0) && locked.versions(&key.0).next().is_none();
        // A shape that is only read shows less.
        let known = |old: &Shape| !new.is_written() && old.reads_alike(new);
        if !defect
            && !reused
            && new.unseen().next().is_none()
            && !locked.shapes.get(key).is_some_and(known)
            && !moved(&key.0)
            && !suspects.contains(key.0.as_str())
            && !locked.shapes.get(key).is_some_and(breaks)
        {
            record.shapes.insert(key.clone(), new.clone());
        }
    }
    for (old, new) in now.aliases.iter().filter(|(old, _)| !moved(old)) {
        record.aliases.insert(old.clone(), new.clone());
    }
    for (name, namespace) in &now.ids {
        record.ids.entry(name.clone()).or_insert_with(|| namespace.clone());
    }
    let swapped: BTreeSet<&str> = swapped(locked, now).into_iter().map(|(topic, _)| topic).collect();
    let fresh = now.sources.iter().filter(|(topic, _)| !swapped.contains(topic.as_str()));
    record.sources.extend(fresh.map(|(topic, source)| (topic.clone(), source.clone())));
    let known = |topic: &str| format == Format::Second && locked.versions(topic).next().is_some();
    let fresh = now.creators.iter().filter(|(name, topic)| !(known(topic) && locked.ids.contains_key(name)));
    record.creators.extend(fresh.cloned());
    record.reads.extend(now.reads.iter().cloned());
    record.reads.retain(|pair| now.reads.contains(pair) || !current.skips.contains(pair));
    record.retired.extend(now.retired.iter().cloned());
    record.retired.retain(|topic| now.retired.contains(topic) || now.current(topic).is_none());
    let settled =
        |old: &String| now.retired.contains(old) || (now.versions(old).next().is_some() && !moved(old));
    record.aliases.retain(|old, _| !settled(old));
    record
}

/// Returns the lock after `overwrite`: the code as it is, and the last shapes of topics that are retired or renamed.
pub(super) fn overwritten(locked: &Record, current: &Shapes, format: Format) -> Record {
    let mut record = current.record.clone();
    for (key, shape) in &locked.shapes {
        let (topic, version) = (key.0.as_str(), key.1);
        let still_read = || {
            let (_, new) = current.record.reader(topic, version)?;
            Some(!changes(shape, new, format).iter().any(|change| change.breaking))
        };
        if !record.shapes.contains_key(key)
            && (record.retired.contains(topic) || still_read().unwrap_or(false))
        {
            record.shapes.insert(key.clone(), shape.clone());
        }
    }
    record
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

/// Returns the advice that keeps rows readable under another name.
fn keep(topic: &str) -> String {
    match attribute(topic) {
        Some((_, name)) => format!(
            "`#[attribute(name = {name:?})]` keeps the name, and `#[attribute(aliases = [{name:?}])]` keeps old rows readable"
        ),
        None => format!(
            "`topic = {topic:?}` keeps the topic, and `aliases = [{topic:?}]` keeps old rows readable"
        ),
    }
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
    if let Some((reader, newest)) = now
        .current(topic)
        .filter(|reader| *reader != topic)
        .zip(now.current(topic).and_then(|reader| now.newest(reader)))
    {
        let _ = write!(
            text,
            "its rows are read as `{reader}`, which has only version {newest}; give that the older shapes up to \
             version {version} with `version = .., upcast = [..]`"
        );
    } else if let Some(newest) = now.newest(topic) {
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
        text.push_str("nothing has this topic any more, and its rows can no longer be read");
        let fresh = now.shapes.iter().filter(|((topic, _), _)| locked.versions(topic).next().is_none());
        let twins = fresh.filter(|(_, shape)| old.reads_alike(shape)).map(|((topic, _), _)| topic);
        let twins = twins.filter(|twin| kind(twin) == kind(topic));
        let twin = twins.max_by_key(|twin| last_name(twin) == last_name(topic));
        if let Some(twin) = twin {
            let _ = write!(
                text,
                "\n    `{twin}` is new and has the same shape: a rename? \
                 then {}",
                keep(topic)
            );
        }
        let _ = write!(
            text,
            "\n  bring it back (is it behind a feature that is off?), or let its rows be skipped with {}",
            retire(topic)
        );
    }
    let _ = write!(text, "; or, {OVERWRITE}");
    Finding { weight: Weight::Breaking, text }
}
