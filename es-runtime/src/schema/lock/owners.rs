//! The findings on aggregates and the code that stores their events.

use crate::schema::lock::collect::Shapes;
use crate::schema::lock::file::{Format, Record, Topic};
use crate::schema::lock::findings::{Finding, OVERWRITE, UPDATE, Weight, retire};

/// Returns the findings on the topics that aggregates read of others, and on their ids.
pub(super) fn owners(locked: &Record, current: &Shapes, lost: &[String]) -> Vec<Finding> {
    let now = &current.record;
    let mut findings = Vec::new();
    for (name, namespace) in locked.ids.iter().filter(|(name, _)| !lost.contains(name)) {
        let Some(found) = now.ids.get(name).filter(|found| *found != namespace) else { continue };
        let text = format!(
            "{}: ids derived from a key were made under the name {namespace:?}, and now are under {found:?}: the same \
             key names another aggregate; keep `id_namespace = {namespace:?}`; or, {OVERWRITE}",
            Topic(name)
        );
        findings.push(Finding { weight: Weight::Breaking, text });
    }
    for (name, topic) in locked.reads.iter().filter(|(name, _)| !lost.contains(name)) {
        let read = |topic: &str| now.reads.contains(&(name.clone(), topic.to_owned()));
        let skipped = current.skips.contains(&(name.clone(), topic.clone()));
        if skipped || read(topic) || now.current(topic).is_some_and(read) || !now.ids.contains_key(name) {
            continue;
        }
        let text = format!(
            "{}: it no longer reads `{topic}`, which may be in the history of each; handle it again, or let it be \
             skipped with {}; or, {OVERWRITE}",
            Topic(name),
            retire(topic)
        );
        findings.push(Finding { weight: Weight::Breaking, text });
    }
    for name in now.ids.keys().filter(|name| !locked.ids.contains_key(*name)) {
        let text = format!("{}: the name of its ids is not recorded yet; {UPDATE}", Topic(name));
        findings.push(Finding { weight: Weight::Unrecorded, text });
    }
    for (name, topic) in now.reads.difference(&locked.reads) {
        let text = format!("{}: that it reads `{topic}` is not recorded yet; {UPDATE}", Topic(name));
        findings.push(Finding { weight: Weight::Unrecorded, text });
    }
    findings
}

/// Returns the findings on the events that create an aggregate, which the first format did not have.
pub(super) fn creators(locked: &Record, now: &Record, format: Format) -> Vec<Finding> {
    if format == Format::First {
        return Vec::new();
    }
    let creates = |name: &str, topic: &str| now.creators.contains(&(name.to_owned(), topic.to_owned()));
    let mut findings = Vec::new();
    for (name, topic) in &locked.creators {
        let current = now.current(topic);
        if now.ids.contains_key(name) && current.is_some_and(|current| !creates(name, current)) {
            findings.push(Finding::breaking(format!(
                "{}: `{topic}` no longer creates it, and the histories that begin with `{topic}` can no longer be read; \
                 let it create, and store the change as another event; or, {OVERWRITE}",
                Topic(name)
            )));
        }
    }
    for (name, topic) in now.creators.iter().filter(|(name, _)| locked.ids.contains_key(name)) {
        let was = locked.creators.iter().any(|(other, old)| other == name && now.current(old) == Some(topic));
        if !was && locked.versions(topic).next().is_some() {
            findings.push(Finding::breaking(format!(
                "{}: `{topic}` now creates it, and the histories that have `{topic}` later on can no longer be read; \
                 let it change the aggregate, and create with another event; or, {OVERWRITE}",
                Topic(name)
            )));
        } else if !was {
            findings.push(Finding::accepted(format!("{}: created by `{topic}`", Topic(name))));
        }
    }
    findings
}

/// Returns the topics whose source stored another known topic before, each with its finding.
pub(super) fn swapped<'a>(locked: &'a Record, now: &'a Record) -> Vec<(&'a str, Finding)> {
    let mut findings = Vec::new();
    for (topic, source) in &now.sources {
        let was = locked.sources.get(topic).filter(|was| *was != source);
        let before = locked.sources.iter().find(|(other, known)| *known == source && *other != topic);
        let (Some(was), Some((before, _))) = (was, before) else { continue };
        let text = format!(
            "{}: its rows were stored for `{was}`, and are now for `{source}`, which stored `{before}`: old rows of the \
             two are taken for each other; give each its former topic back (`topic = {before:?}` for `{source}`); or, \
             {OVERWRITE}",
            Topic(topic)
        );
        findings.push((topic.as_str(), Finding::breaking(text)));
    }
    findings
}

/// Returns the findings on values that cannot be seen and were not accepted.
pub(super) fn unseen(now: &Record) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ((topic, version), shape) in &now.shapes {
        for (path, _) in shape.unseen() {
            let text = format!(
                "{} {version}: {} is opaque: when a change inside it makes old rows unreadable, nobody sees it\n  \
                 store a type that can be seen there (untagged enums and text in formats of your own cannot); or accept \
                 it with `EVENTS_LOCK=accept cargo test events_lock`",
                Topic(topic),
                shape.place(path)
            );
            findings.push(Finding { weight: Weight::Opaque, text });
        }
    }
    findings
}
