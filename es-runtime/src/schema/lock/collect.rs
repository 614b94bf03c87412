//! The current shapes of the code, gathered from the types.

use crate::aggregate::{Aggregate, Attribute, Events, attribute_changed, discarded};
use crate::event::{EventSet, EventType, Reading, Topics};
use crate::schema::lock::file::{Record, Topic};
use crate::schema::shape::{Names, Path, Shape, trace_knowing, trace_stored_knowing};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The stored shapes of a crate, as its code has them now; generated code fills them.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    pub(super) record: Record,
    /// The names to try if a type does not report its fields.
    names: Names,
    /// The pairs of an aggregate and a topic that the aggregate skips.
    pub(super) skips: BTreeSet<(String, String)>,
    /// The defects that no lock can make good, each with its topic and version.
    pub(super) defects: BTreeSet<(String, Option<u32>, String)>,
}

/// A part of a crate that stores shapes; generated code submits one for each aggregate and event.
#[doc(hidden)]
#[derive(Debug)]
pub struct StoredShapes {
    /// The `module_path!()` of the code that stores.
    pub module: &'static str,
    /// True if the code is a test, whose events nobody stores.
    pub is_test: bool,
    /// The function that adds the part's shapes.
    pub collect: fn(&mut Shapes),
}

inventory::collect!(StoredShapes);

/// The event that ends an aggregate, as stored.
#[derive(Serialize, Deserialize)]
struct Discarded {}

/// Returns the name that an attribute is recorded under. No topic has its brackets, unless the user sets one with them.
#[doc(hidden)]
#[must_use]
pub fn attribute_topic<A: Aggregate>(name: &str) -> String {
    keyed(attribute_changed::<A>().topic(), name)
}

fn keyed(topic: &str, attribute: &str) -> String {
    format!("{topic}[{attribute}]")
}

/// Returns whether the topic belongs to the aggregate by its form. Several aggregates may read any other topic.
fn is_own<A: Aggregate>(event: &EventType) -> bool {
    event.topic().strip_prefix(A::NAME).is_some_and(|rest| rest.starts_with('.'))
}

impl Shapes {
    pub(super) fn knowing(names: &[String]) -> Self {
        Self { names: names.into(), ..Self::default() }
    }

    /// Adds the current shape, which is written and read, and the method or struct in the code that stores it.
    pub fn stored<T: Serialize + DeserializeOwned>(&mut self, topic: &str, version: u32, source: &str) {
        self.event::<T>(topic, version);
        self.record.sources.insert(topic.to_owned(), source.to_owned());
    }

    /// Adds the current shape, which is written and read.
    pub fn event<T: Serialize + DeserializeOwned>(&mut self, topic: &str, version: u32) {
        self.add(topic, version, trace_stored_knowing::<T>(&self.names.clone()), true);
    }

    /// Adds an older shape, which is only read.
    pub fn past<T: DeserializeOwned>(&mut self, topic: &str, version: u32) {
        self.add(topic, version, trace_knowing::<T>(&self.names.clone()), false);
    }

    /// Adds a topic that creates an aggregate.
    pub fn creator<A: Aggregate>(&mut self, topic: &str) {
        for name in [&A::NAME].into_iter().chain(A::ALIASES) {
            self.record.creators.insert(((*name).to_owned(), topic.to_owned()));
        }
    }

    /// Marks unseen values as accepted, if the lock has them as accepted. With `all`, marks the other ones, too, and
    /// returns their places.
    pub(super) fn accept(&mut self, locked: &Record, all: bool) -> Vec<String> {
        let mut newly = Vec::new();
        for (key, shape) in &mut self.record.shapes {
            let known = locked.shapes.get(key);
            let accepted =
                |path: &Path| known.and_then(|known| known.line(path)).is_some_and(|line| line.accepted);
            let places: BTreeMap<Path, String> =
                shape.unseen().map(|(path, _)| (path.clone(), shape.place(path))).collect();
            for (path, line) in shape.lines_mut() {
                let Some(place) = places.get(path) else { continue };
                line.accepted = all || accepted(path);
                if line.accepted && !accepted(path) {
                    newly.push(format!("{} {}: {place}", Topic(&key.0), key.1));
                }
            }
        }
        newly
    }

    /// Adds an older name of a topic: rows of the older name are read as rows of the topic.
    pub fn alias(&mut self, topic: &str, alias: &str) {
        self.record.aliases.insert(alias.to_owned(), topic.to_owned());
    }

    /// Adds a topic whose rows are skipped.
    pub fn retired(&mut self, topic: &str) {
        self.record.retired.insert(topic.to_owned());
    }

    /// Returns the shapes without topics that one aggregate retired and another still reads: not all skip their rows.
    pub(super) fn settled(&self) -> Self {
        let mut settled = self.clone();
        settled.record.retired.retain(|topic| self.record.current(topic).is_none());
        settled
    }

    /// Adds the current and the former names of an aggregate, and the topics that it reads and skips.
    pub fn aggregate<A: Aggregate>(&mut self) {
        let (changed, ended) = (attribute_changed::<A>(), discarded::<A>());
        self.event::<Discarded>(ended.topic(), ended.version());
        for name in [&A::NAME].into_iter().chain(A::ALIASES) {
            self.record.ids.insert((*name).to_owned(), A::ID_NAMESPACE.to_owned());
            let shared = A::Event::TYPES.iter().filter(|event| !is_own::<A>(event));
            self.record.reads.extend(shared.map(|event| ((*name).to_owned(), event.topic().to_owned())));
            self.skips
                .extend(A::Event::RETIRED.iter().map(|topic| ((*name).to_owned(), (*topic).to_owned())));
        }
        for (topic, reading) in Topics::of::<A>().all() {
            match reading {
                Reading::Event(event) if event.topic() == changed.topic() => self.attributes::<A>(&topic),
                Reading::Event(event) if event.topic() != topic => self.alias(event.topic(), &topic),
                Reading::Event(_) | Reading::Forgotten(_) => {}
                Reading::Retired => self.retired(&topic),
            }
        }
    }

    /// Adds the attributes, under one topic of the event that changes them.
    fn attributes<A: Aggregate>(&mut self, topic: &str) {
        for attribute in A::Attribute::TYPES {
            let current = attribute_topic::<A>(attribute.name());
            for name in [&attribute.name()].into_iter().chain(attribute.aliases()) {
                let stored = keyed(topic, name);
                if stored != current {
                    self.alias(&current, &stored);
                }
            }
        }
        for name in A::RETIRED_ATTRIBUTES {
            self.retired(&keyed(topic, name));
        }
    }

    pub(super) fn add(&mut self, topic: &str, version: u32, shape: Shape, is_written: bool) {
        let (shape, problems) = shape.into_parts();
        let mut defect = |text| self.defects.insert((topic.to_owned(), Some(version), text));
        for problem in problems {
            defect(problem);
        }
        let shapes = &mut self.record.shapes;
        let known = shapes.entry((topic.to_owned(), version)).or_insert_with(|| shape.clone());
        if known.reads_alike(&shape) {
            // A written type shows more, such as sets among the lists. The order of links must not count.
            if is_written {
                *known = shape;
            }
        } else {
            defect(
                "two types of different shapes are stored under this topic and version; \
                 give one of them another `topic`"
                    .to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Amount {
        amount: i64,
    }

    #[derive(Serialize, Deserialize)]
    struct Sum {
        sum: i64,
    }

    #[test]
    fn one_shape_may_be_added_twice() {
        let mut shapes = Shapes::default();
        shapes.event::<Amount>("Account.Deposited", 1);
        shapes.past::<Amount>("Account.Deposited", 1);
        shapes.event::<Sum>("Account.Deposited", 2);
        assert_eq!(shapes.record.shapes.len(), 2);
        assert!(shapes.defects.is_empty(), "{:?}", shapes.defects);
    }

    #[test]
    fn a_past_shape_does_not_differ_by_a_field_that_is_no_longer_written() {
        #[derive(Serialize, Deserialize)]
        struct Old {
            #[serde(default, skip_serializing)]
            #[expect(dead_code, reason = "only read")]
            old: i64,
            new: i64,
        }
        let mut shapes = Shapes::default();
        shapes.past::<Old>("A", 1);
        shapes.event::<Old>("A", 1);
        assert!(shapes.defects.is_empty(), "{:?}", shapes.defects);
    }

    #[test]
    fn the_shape_that_is_written_counts_whichever_comes_first() {
        #[derive(Serialize, Deserialize)]
        struct Tags {
            tags: BTreeSet<String>,
        }
        let (mut one, mut other) = (Shapes::default(), Shapes::default());
        one.event::<Tags>("A", 1);
        one.past::<Tags>("A", 1);
        other.past::<Tags>("A", 1);
        other.event::<Tags>("A", 1);
        assert_eq!(one.record, other.record);
        assert!(one.defects.is_empty() && other.defects.is_empty());
    }

    #[test]
    fn two_shapes_under_one_topic_are_a_defect() {
        let mut shapes = Shapes::default();
        shapes.event::<Amount>("Account.Deposited", 1);
        shapes.event::<Sum>("Account.Deposited", 1);
        let defects: Vec<_> = shapes.defects.iter().collect();
        assert!(matches!(defects[..], [(_, Some(1), text)] if text.starts_with("two types")), "{defects:?}");
    }

    #[test]
    fn problems_of_a_shape_are_defects() {
        let mut shapes = Shapes::default();
        shapes.event::<Option<Option<i64>>>("Account.Odd", 1);
        let defects: Vec<_> = shapes.defects.iter().collect();
        assert!(matches!(defects[..], [(topic, Some(1), _)] if topic == "Account.Odd"), "{defects:?}");
    }
}
