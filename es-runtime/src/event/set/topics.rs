//! The meaning of a stored topic to an aggregate, for decoding, the registry and `events.lock` alike.

use crate::event::EventType;

/// The names of an aggregate and the topics that it knows.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Topics {
    /// The current name of the aggregate.
    pub(crate) name: &'static str,
    /// The former names of the aggregate.
    pub(crate) former: &'static [&'static str],
    pub(crate) events: &'static [EventType],
    pub(crate) attribute_changed: &'static EventType,
    pub(crate) discarded: &'static EventType,
    pub(crate) forgotten: &'static EventType,
    pub(crate) retired: &'static [&'static str],
}

/// The way in which rows of a topic are read.
#[derive(Clone, Copy)]
pub(crate) enum Reading {
    /// Rows are read as this event.
    Event(&'static EventType),
    /// Rows are read as the notice that the aggregate is forgotten, which is no event of the aggregate's enum.
    Forgotten(&'static EventType),
    /// Rows are skipped.
    Retired,
}

impl Topics {
    /// Returns how rows of `topic` are read; `None` if the topic is unknown.
    ///
    /// The exact topic counts first. Then the names of the aggregate stand for each other: a topic that begins with a
    /// former name is read as the same topic under another of the names.
    pub(crate) fn read(&self, topic: &str) -> Option<Reading> {
        if let Some(reading) = self.exactly(topic) {
            return Some(reading);
        }
        let mut renamed = String::new();
        for event in self.former.iter().filter_map(|name| event_of(topic, name)) {
            for name in self.names() {
                renamed.clear();
                renamed.extend([name, ".", event]);
                if let Some(reading) = self.exactly(&renamed) {
                    return Some(reading);
                }
            }
        }
        None
    }

    /// Returns every known topic, and how its rows are read.
    pub(crate) fn all(&self) -> Vec<(String, Reading)> {
        let mut topics: Vec<String> = Vec::new();
        let events = self.events().chain([self.forgotten]);
        let known =
            events.flat_map(|event| [event.topic()].into_iter().chain(event.aliases().iter().copied()));
        for topic in known.chain(self.retired.iter().copied()) {
            topics.push(topic.to_owned());
            let events = self.names().filter_map(|name| event_of(topic, name));
            topics.extend(
                events.flat_map(|event| self.former.iter().map(move |name| format!("{name}.{event}"))),
            );
        }
        topics.sort_unstable();
        topics.dedup();
        topics.into_iter().filter_map(|topic| self.read(&topic).map(|reading| (topic, reading))).collect()
    }

    /// Returns the topics whose rows are read as events.
    pub(crate) fn read_as_events(&self) -> Vec<String> {
        self.all()
            .into_iter()
            .filter(|(_, reading)| matches!(reading, Reading::Event(_)))
            .map(|(topic, _)| topic)
            .collect()
    }

    /// Returns whether a reader skips a row of `topic` from which it can make no event; any other such row is an error.
    pub(crate) fn skips(&self, topic: &str) -> bool {
        match self.read(topic) {
            Some(Reading::Retired) => true,
            // Decoding reports an attribute that is neither known nor retired.
            Some(Reading::Event(event)) => event.topic() == self.attribute_changed.topic(),
            Some(Reading::Forgotten(_)) | None => false,
        }
    }

    /// Returns whether the aggregate has, or had, that name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Returns whether both topics name one event, perhaps under different names of the aggregate.
    pub(crate) fn is_same(&self, one: &str, other: &str) -> bool {
        let event = |topic| self.names().find_map(|name| event_of(topic, name));
        one == other || event(one).is_some_and(|of_one| event(other) == Some(of_one))
    }

    /// Returns the aggregate's name, which the row has to hold, unless `topic` begins with a name that the aggregate
    /// has or had.
    pub(crate) fn owner(&self, topic: &str) -> Option<&'static str> {
        if self.names().any(|name| event_of(topic, name).is_some()) { None } else { Some(self.name) }
    }

    fn events(&self) -> impl Iterator<Item = &'static EventType> {
        self.events.iter().chain([self.attribute_changed, self.discarded])
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name].into_iter().chain(self.former.iter().copied())
    }

    fn exactly(&self, topic: &str) -> Option<Reading> {
        if let Some(event) =
            self.events().find(|event| event.topic() == topic || event.aliases().contains(&topic))
        {
            return Some(Reading::Event(event));
        }
        if self.forgotten.topic() == topic {
            return Some(Reading::Forgotten(self.forgotten));
        }
        self.retired.contains(&topic).then_some(Reading::Retired)
    }
}

/// Returns the part of a topic after the name of an aggregate.
fn event_of<'a>(topic: &'a str, name: &str) -> Option<&'a str> {
    topic.strip_prefix(name)?.strip_prefix('.')
}
