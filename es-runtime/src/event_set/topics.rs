//! What a stored topic is to an aggregate. Decoding, the registry and `events.lock` all ask here.

use crate::event::EventType;

/// The names of an aggregate and the topics that it knows.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Topics {
    /// What the aggregate is called now.
    pub(crate) name: &'static str,
    /// What it was called before.
    pub(crate) former: &'static [&'static str],
    pub(crate) events: &'static [EventType],
    pub(crate) attribute_changed: &'static EventType,
    pub(crate) discarded: &'static EventType,
    pub(crate) forgotten: &'static EventType,
    pub(crate) retired: &'static [&'static str],
}

/// How the rows of a topic are read.
#[derive(Clone, Copy)]
pub(crate) enum Reading {
    /// As this event.
    Event(&'static EventType),
    /// As the notice that the aggregate is forgotten, which is no event of its enum.
    Forgotten(&'static EventType),
    /// Not at all: they are skipped.
    Retired,
}

impl Topics {
    /// How rows of `topic` are read; nothing if they are not known.
    ///
    /// What is said of the topic as it stands counts first. Then the names of the aggregate stand for each other: a
    /// topic that begins with a former name is read as the same one under another of its names.
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

    /// Every topic that is known, and how its rows are read.
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

    /// The topics of the events that are read.
    pub(crate) fn read_as_events(&self) -> Vec<String> {
        self.all()
            .into_iter()
            .filter(|(_, reading)| matches!(reading, Reading::Event(_)))
            .map(|(topic, _)| topic)
            .collect()
    }

    /// Whether rows of `topic` of which no event can be made are skipped, not missed.
    pub(crate) fn skips(&self, topic: &str) -> bool {
        match self.read(topic) {
            Some(Reading::Retired) => true,
            // An attribute that is neither known nor retired is an error, which decoding reports.
            Some(Reading::Event(event)) => event.topic() == self.attribute_changed.topic(),
            Some(Reading::Forgotten(_)) | None => false,
        }
    }

    /// Whether the aggregate has, or had, that name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Returns the aggregate's name, if `topic` does not begin with a name that it has or had: the row has to name it.
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

/// What a topic says after the name of an aggregate.
fn event_of<'a>(topic: &'a str, name: &str) -> Option<&'a str> {
    topic.strip_prefix(name)?.strip_prefix('.')
}
