//! Checks of a projection while it compiles: only constants call them.

use super::{HandledRow, Handler, Projection};
use crate::aggregate::{Aggregate, Attribute, AttributeType};
use crate::event::{EventType, Topics, equal, refuse};

/// An aggregate that a projection reads, as the checks see it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The name of the type.
    ident: &'static str,
    topics: Topics,
    attributes: &'static [AttributeType],
}

impl Known {
    /// Returns what the checks need of an aggregate.
    pub const fn of<A: Aggregate>() -> Self {
        Self { ident: A::IDENT, topics: Topics::of::<A>(), attributes: A::Attribute::TYPES }
    }
}

/// Asserts that a view goes from thread to thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` stays in one thread, so nobody can keep it up to date in the background",
    label = "is not `Send` and `Sync`",
    note = "hold an `Arc` in place of an `Rc`, and a `Mutex` in place of a `RefCell`"
)]
pub trait AssertView {
    #[doc(hidden)]
    const OK: usize = 0;
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync> AssertView for T {}

/// Refuses events, attributes and the end of an aggregate that a projection neither handles nor ignores.
///
/// # Panics
///
/// With a message that names them: at compile time, since only constants call it.
#[track_caller]
pub const fn every<P: Projection>(of: &[Known], source: usize, ignored: &[HandledRow]) {
    let Known { ident, topics, attributes } = of[source];
    let mut missing = Names::new();
    let mut at = 0;
    while at < topics.events.len() {
        let event = &topics.events[at];
        if !handles_event(P::HANDLERS, source, event) && !lists_event(ignored, event) {
            missing.push(event.name());
        }
        at += 1;
    }
    at = 0;
    while at < attributes.len() {
        let field = attributes[at].field();
        if !handles_attribute(P::HANDLERS, source, attributes[at].name()) && !lists_attribute(ignored, field)
        {
            missing.push(field);
        }
        at += 1;
    }
    if !handles_end(P::HANDLERS, source) && !lists_end(ignored) {
        missing.push("discarded");
    }
    if missing.length > 0 {
        missing.refuse(
            &["of `", ident, "` neither handled nor ignored: "],
            "; write a method for each, list them in `ignore = [..]`, or end the arguments with `..` if the rest does \
             not matter",
        );
    }
}

/// Refuses a handler of an event that another method of the same projection handles, perhaps by another name.
///
/// # Panics
///
/// With a message that names both methods: at compile time, since only constants call it.
#[track_caller]
pub const fn once<P: Projection>(number: usize) {
    let handlers = P::HANDLERS;
    let mut own = 0;
    while own < handlers.len() && handlers[own].number != number {
        own += 1;
    }
    if own == handlers.len() {
        return;
    }
    let HandledRow::OfType(event) = handlers[own].of else { return };
    let mut at = 0;
    while at < own {
        if handlers[at].source == handlers[own].source
            && let HandledRow::OfType(other) = handlers[at].of
            && same(other, event)
        {
            let (first, second) = (handlers[at].method, handlers[own].method);
            refuse(&[
                "`",
                event.name(),
                "` is handled by `",
                first,
                "` and by `",
                second,
                "`; do both in one method",
            ]);
        }
        at += 1;
    }
}

/// Refuses a type of event that the aggregate does not record.
///
/// # Panics
///
/// With a message that names both: at compile time, since only constants call it.
#[track_caller]
pub const fn is_event_of<A: Aggregate>(event: &EventType) {
    is_event_of_any(&[Known::of::<A>()], event);
}

/// Refuses a type of event that none of the aggregates records.
///
/// # Panics
///
/// With a message that names the event: at compile time, since only constants call it.
#[track_caller]
pub const fn is_event_of_any(of: &[Known], event: &EventType) {
    let mut at = 0;
    while at < of.len() {
        if has_event(&of[at].topics, event) {
            return;
        }
        at += 1;
    }
    let names = Names::of_aggregates(of, None);
    let remedy = if names.length == 1 {
        ", which never records it; remove it, or name its aggregate in `#[projection(..)]`"
    } else {
        "; remove it, or name its aggregate in `#[projection(..)]`"
    };
    names.refuse(&["`", event.name(), "` is no event of "], remedy);
}

/// Refuses a name that is no attribute of the aggregate of the number, or of any aggregate.
///
/// # Panics
///
/// With a message that lists the attributes: at compile time, since only constants call it.
#[track_caller]
pub const fn attribute(of: &[Known], source: Option<usize>, field: &str) -> usize {
    let (first, end) = range(of, source);
    let mut known = Names::new();
    let mut at = first;
    while at < end {
        let mut attribute = 0;
        while attribute < of[at].attributes.len() {
            let name = of[at].attributes[attribute].field();
            if equal(name, field) {
                return 0;
            }
            known.push(name);
            attribute += 1;
        }
        at += 1;
    }
    let ident = of[first].ident;
    match (end - first, known.length) {
        (1, 0) => refuse(&["`", ident, "` has no attribute `", field, "`; it has none at all"]),
        (1, _) => known.refuse(&["`", ident, "` has no attribute `", field, "`; it has "], ""),
        (_, 0) => refuse(&["no aggregate has an attribute `", field, "`; there are none at all"]),
        _ => known.refuse(&["no aggregate has an attribute `", field, "`; there are "], ""),
    }
}

/// Returns the name under which the attribute of the field is stored.
pub const fn attribute_name(of: &[Known], source: usize, field: &'static str) -> &'static str {
    let attributes = of[source].attributes;
    let mut at = 0;
    while at < attributes.len() {
        if equal(attributes[at].field(), field) {
            return attributes[at].name();
        }
        at += 1;
    }
    field
}

/// Refuses a topic that is not retired in the aggregate of the number, or in any aggregate.
///
/// # Panics
///
/// With a message that contains the topic: at compile time, since only constants call it.
#[track_caller]
pub const fn is_retired(of: &[Known], source: Option<usize>, topic: &str) {
    let (first, end) = range(of, source);
    let mut at = first;
    while at < end {
        let retired = of[at].topics.retired;
        let mut known = 0;
        while known < retired.len() {
            if equal(retired[known], topic) {
                return;
            }
            known += 1;
        }
        at += 1;
    }
    let names = Names::of_aggregates(of, source);
    names.refuse(
        &["\"", topic, "\" is no retired topic of "],
        "; name it in `#[mutator(retired = [..])]`, or handle the event with `#[event]`",
    );
}

/// Returns the aggregate of the number, or all, as a range.
const fn range(of: &[Known], source: Option<usize>) -> (usize, usize) {
    match source {
        Some(source) => (source, source + 1),
        None => (0, of.len()),
    }
}

const fn handles_event(handlers: &[Handler], source: usize, event: &EventType) -> bool {
    let mut at = 0;
    while at < handlers.len() {
        if handlers[at].source == source
            && let HandledRow::OfType(handled) = handlers[at].of
            && same(handled, event)
        {
            return true;
        }
        at += 1;
    }
    false
}

const fn handles_attribute(handlers: &[Handler], source: usize, name: &str) -> bool {
    let mut at = 0;
    while at < handlers.len() {
        if handlers[at].source == source
            && let HandledRow::Attribute(handled) = handlers[at].of
            && equal(handled, name)
        {
            return true;
        }
        at += 1;
    }
    false
}

const fn handles_end(handlers: &[Handler], source: usize) -> bool {
    let mut at = 0;
    while at < handlers.len() {
        if handlers[at].source == source && matches!(handlers[at].of, HandledRow::End) {
            return true;
        }
        at += 1;
    }
    false
}

const fn lists_event(list: &[HandledRow], event: &EventType) -> bool {
    let mut at = 0;
    while at < list.len() {
        if let HandledRow::OfType(listed) = list[at]
            && same(listed, event)
        {
            return true;
        }
        at += 1;
    }
    false
}

const fn lists_attribute(list: &[HandledRow], field: &str) -> bool {
    let mut at = 0;
    while at < list.len() {
        if let HandledRow::Attribute(listed) = list[at]
            && equal(listed, field)
        {
            return true;
        }
        at += 1;
    }
    false
}

const fn lists_end(list: &[HandledRow]) -> bool {
    let mut at = 0;
    while at < list.len() {
        if matches!(list[at], HandledRow::End) {
            return true;
        }
        at += 1;
    }
    false
}

const fn has_event(topics: &Topics, event: &EventType) -> bool {
    let mut at = 0;
    while at < topics.events.len() {
        if same(&topics.events[at], event) {
            return true;
        }
        at += 1;
    }
    false
}

/// Returns whether both describe one type. Two types have two topics if one aggregate records both; the topic alone may
/// be that of another aggregate's event of the same name.
const fn same(one: &EventType, other: &EventType) -> bool {
    // The lines differ almost always: that is the quickest for the compiler to find out.
    one.place().line() == other.place().line()
        && one.place().column() == other.place().column()
        && equal(one.name(), other.name())
        && equal(one.topic(), other.topic())
        && equal(one.place().file(), other.place().file())
}

/// The most names that a message lists, and the parts that they and the words around them make.
const MOST: usize = 12;
const PARTS: usize = 4 * MOST + 8;

/// Names for a message, each once.
struct Names<'a> {
    all: [&'a str; MOST],
    length: usize,
    has_more: bool,
    last: &'a str,
}

impl<'a> Names<'a> {
    const fn new() -> Self {
        Self { all: [""; MOST], length: 0, has_more: false, last: ", " }
    }

    const fn of_aggregates(of: &[Known], source: Option<usize>) -> Self {
        let mut names = Self::new();
        names.last = " or ";
        let (mut at, end) = range(of, source);
        while at < end {
            names.push(of[at].ident);
            at += 1;
        }
        names
    }

    const fn push(&mut self, name: &'a str) {
        let mut at = 0;
        while at < self.length {
            if equal(self.all[at], name) {
                return;
            }
            at += 1;
        }
        if self.length == MOST {
            self.has_more = true;
        } else {
            self.all[self.length] = name;
            self.length += 1;
        }
    }

    /// Refuses with the names between two texts.
    #[track_caller]
    const fn refuse(&self, before: &[&str], after: &str) -> ! {
        let mut parts = [""; PARTS];
        let mut length = 0;
        while length < before.len() {
            parts[length] = before[length];
            length += 1;
        }
        let mut at = 0;
        while at < self.length {
            if at > 0 {
                parts[length] = if at + 1 == self.length && !self.has_more { self.last } else { ", " };
                length += 1;
            }
            parts[length] = "`";
            parts[length + 1] = self.all[at];
            parts[length + 2] = "`";
            length += 3;
            at += 1;
        }
        if self.has_more {
            parts[length - 1] = "` and more";
        }
        parts[PARTS - 1] = after;
        refuse(&parts)
    }
}
