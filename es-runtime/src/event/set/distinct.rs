//! The check that two events of one set share no topic, and that none has a reserved one. It runs while the user's
//! crate compiles, since the macros cannot see the topics of events that are declared elsewhere.

use super::{EventSet, Topics};
use crate::event::EventType;
use crate::stored_event::FORGOTTEN_END;

/// Refuses an event whose topic or alias an earlier event of the aggregate has.
///
/// # Panics
///
/// With a message that names both events: at compile time, since only `const` items call it.
#[track_caller]
pub(crate) const fn distinct(of: &Topics, own: &EventType) {
    let types = of.events;
    not_reserved(own);
    if let Some(topic) = shared(own, own) {
        refuse(&[
            "the event `",
            own.name(),
            "` has its topic \"",
            topic,
            "\" as an alias, too; an alias is an older topic: remove it",
        ]);
    }
    clash(own, of.attribute_changed);
    clash(own, of.discarded);
    let mut at = 0;
    while at < types.len() && !same(&types[at], own) {
        clash(own, &types[at]);
        at += 1;
    }
}

/// Refuses the event at `at` in a set, if an earlier event has its topic or one of its aliases.
///
/// # Panics
///
/// As `distinct`.
#[track_caller]
pub const fn distinct_set<S: EventSet>(at: usize) {
    not_reserved(&S::TYPES[at]);
    let mut earlier = 0;
    while earlier < at {
        clash(&S::TYPES[at], &S::TYPES[earlier]);
        earlier += 1;
    }
}

/// Refuses a retired topic that an event of the aggregate still has.
///
/// # Panics
///
/// With a message that names the event: at compile time, since only `const` items call it.
#[track_caller]
pub(crate) const fn retired(of: &Topics, topic: &str) {
    let types = of.events;
    // Refused under any name of an aggregate: a discarded aggregate would come back, and changes of attributes be lost.
    if ends_with(topic, ".AttributeChanged")
        || ends_with(topic, ".Discarded")
        || ends_with(topic, FORGOTTEN_END)
    {
        refuse(&["every aggregate has the event \"", topic, "\"; do not retire it"]);
    }
    let mut at = 0;
    while at < types.len() {
        if has(&types[at], topic) {
            refuse(&[
                "the event `",
                types[at].name(),
                "` still has the topic \"",
                topic,
                "\"; remove its method, or do not retire it",
            ]);
        }
        at += 1;
    }
}

/// Refuses a topic that means, to readers, that an aggregate is forgotten.
#[track_caller]
const fn not_reserved(own: &EventType) {
    let mut topic = own.topic();
    let mut at = 0;
    loop {
        if ends_with(topic, FORGOTTEN_END) {
            refuse(&[
                "the event `",
                own.name(),
                "` has the topic \"",
                topic,
                "\", which says that an aggregate is forgotten; give it another `topic`",
            ]);
        }
        if at == own.aliases().len() {
            return;
        }
        topic = own.aliases()[at];
        at += 1;
    }
}

#[track_caller]
const fn clash(own: &EventType, other: &EventType) {
    if let Some(topic) = shared(own, other) {
        refuse(&[
            "the events `",
            other.name(),
            "` and `",
            own.name(),
            "` share the topic \"",
            topic,
            "\"; give one of them another `topic`",
        ]);
    }
}

/// Returns whether both describe one type: two types of one name are declared at two places.
const fn same(one: &EventType, other: &EventType) -> bool {
    equal(one.name(), other.name())
        && one.place().line() == other.place().line()
        && one.place().column() == other.place().column()
        && equal(one.place().file(), other.place().file())
}

/// Returns a topic or alias of `own` that `other` has, too; within one event, an alias that equals the topic.
const fn shared(own: &EventType, other: &EventType) -> Option<&'static str> {
    let same = same(own, other);
    if !same && has(other, own.topic()) {
        return Some(own.topic());
    }
    let mut at = 0;
    while at < own.aliases().len() {
        let alias = own.aliases()[at];
        if if same { equal(alias, own.topic()) } else { has(other, alias) } {
            return Some(alias);
        }
        at += 1;
    }
    None
}

const fn has(event: &EventType, topic: &str) -> bool {
    let mut at = 0;
    while at < event.aliases().len() {
        if equal(event.aliases()[at], topic) {
            return true;
        }
        at += 1;
    }
    equal(event.topic(), topic)
}

const fn ends_with(text: &str, end: &str) -> bool {
    let (text, end) = (text.as_bytes(), end.as_bytes());
    if text.len() < end.len() {
        return false;
    }
    let (_, last) = text.split_at(text.len() - end.len());
    let mut at = 0;
    while at < end.len() {
        if last[at] != end[at] {
            return false;
        }
        at += 1;
    }
    true
}

pub(crate) const fn equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Panics with the parts joined: only the compiler evaluates this, and at compile time there is no formatting.
#[track_caller]
pub(crate) const fn refuse(parts: &[&str]) -> ! {
    let mut joined = [0; 1024];
    let mut length = 0;
    let mut part = 0;
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut at = 0;
        while at < bytes.len() && length < joined.len() {
            joined[length] = bytes[at];
            length += 1;
            at += 1;
        }
        part += 1;
    }
    let (message, _) = joined.split_at(length);
    // Only constants call this function, so both panics are errors of the compiler.
    match str::from_utf8(message) {
        Ok(message) => panic!("{}", message),
        // The message was cut within a letter: nobody reads names of that length anyway.
        Err(_) => panic!("two events share a topic; give one of them another `topic`"),
    }
}
