//! Gathers the shapes that the code has now.

use crate::aggregate::{Aggregate, Attribute, Events, attribute_changed, discarded, former_topics};
use crate::lock::file::Record;
use crate::shape::{Shape, trace, trace_stored};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The stored shapes of a crate, as its code has them now; filled by generated code.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Shapes {
    pub(super) record: Record,
    /// What no lock can make good, with the topic and version it is about.
    pub(super) defects: BTreeSet<(String, Option<u32>, String)>,
}

/// A part of a crate that stores shapes; generated code submits one for each aggregate and event.
#[doc(hidden)]
#[derive(Debug)]
pub struct StoredShapes {
    /// `module_path!()` of the code that stores.
    pub module: &'static str,
    /// Adds its shapes.
    pub collect: fn(&mut Shapes),
}

inventory::collect!(StoredShapes);

/// The event that ends an aggregate, as it is stored.
#[derive(Serialize, Deserialize)]
struct Discarded {}

/// The name under which an attribute is recorded: no topic has the brackets, unless one is set to look like it.
#[doc(hidden)]
#[must_use]
pub fn attribute_topic<A: Aggregate>(name: &str) -> String {
    format!("{}[{name}]", attribute_changed::<A>().topic())
}

impl Shapes {
    /// Adds the shape that is written and read now.
    pub fn event<T: Serialize + DeserializeOwned>(&mut self, topic: &str, version: u32) {
        self.add(topic, version, trace_stored::<T>(), true);
    }

    /// Adds an older shape, which is only read.
    pub fn past<T: DeserializeOwned>(&mut self, topic: &str, version: u32) {
        self.add(topic, version, trace::<T>(), false);
    }

    /// Adds an older name of a topic: its rows are read as the topic's.
    pub fn alias(&mut self, topic: &str, alias: &str) {
        self.record.aliases.insert(alias.to_owned(), topic.to_owned());
    }

    /// Adds a topic whose rows are skipped.
    pub fn retired(&mut self, topic: &str) {
        self.record.retired.insert(topic.to_owned());
    }

    /// Adds what an aggregate reads besides its own events: the event that ends it, events that are stored
    /// under its former names, and what is retired.
    pub fn aggregate<A: Aggregate>(&mut self) {
        let ended = discarded::<A>();
        self.event::<Discarded>(ended.topic(), ended.version());
        let mut topics: Vec<String> = A::Event::TYPES.iter().map(|event| event.topic().to_owned()).collect();
        topics.push(ended.topic().to_owned());
        for attribute in A::Attribute::TYPES {
            topics.push(attribute_topic::<A>(attribute.name()));
            topics.extend(attribute.aliases().iter().map(|name| attribute_topic::<A>(name)));
        }
        let retired = A::Event::RETIRED.iter().map(|&topic| topic.to_owned());
        let retired_attributes = A::RETIRED_ATTRIBUTES.iter().map(|name| attribute_topic::<A>(name));
        for topic in retired.chain(retired_attributes) {
            self.retired(&topic);
            topics.push(topic);
        }
        for topic in topics {
            for former in former_topics(&topic, A::NAME, A::ALIASES) {
                if self.record.retired.contains(&topic) {
                    self.retired(&former);
                } else {
                    self.alias(&topic, &former);
                }
            }
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
            // What is also written is known better: whether a list is a set. The order of links may not count.
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
