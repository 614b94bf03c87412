//! The way from the topic of a row to the handler of it.

use std::collections::HashMap;

use super::{HandledRow, Handler, Projection, Row};
use crate::error::{Error, ErrorKind};
use crate::event::{Envelope, Reading, Topics};
use crate::id::Mark;
use crate::log::{SkipReason, is_unknown};
use crate::store::Mappers;
use crate::stored_event::StoredEvent;

/// The handlers of a projection, by topic.
#[derive(Debug)]
pub(crate) struct Routes {
    /// The ways of a topic: one for each aggregate that knows it.
    ways: HashMap<String, Vec<Way>>,
}

#[derive(Clone, Copy, Debug)]
struct Way {
    source: usize,
    to: To,
}

#[derive(Clone, Copy, Debug)]
enum To {
    Handler(usize),
    /// The handler of a row that holds no event.
    Notice(usize),
    /// The attribute decides.
    Attributes,
    /// No handler.
    Nowhere,
}

/// A row that a projection handles.
#[derive(Debug)]
pub(crate) struct Routed<S> {
    pub(crate) handler: usize,
    pub(crate) envelope: Envelope,
    pub(crate) seen: S,
}

/// A row, as a projection sees it.
pub(crate) enum Sight<S> {
    Handled(Routed<S>),
    Skipped(SkipReason),
    /// A row of other types, or one that no handler handles.
    Other,
}

impl Routes {
    pub(crate) fn of<P: Projection>() -> Self {
        let mut ways: HashMap<String, Vec<Way>> = HashMap::new();
        for (source, topics) in P::SOURCES.iter().enumerate() {
            for (topic, reading) in topics.all() {
                let to = way::<P>(source, topics, &topic, reading);
                ways.entry(topic).or_default().push(Way { source, to });
            }
        }
        Self { ways }
    }

    /// Returns the topics whose rows a handler handles.
    pub(crate) fn handled(&self) -> Vec<String> {
        let is_handled = |ways: &[Way]| ways.iter().any(|way| !matches!(way.to, To::Nowhere));
        self.ways.iter().filter(|(_, ways)| is_handled(ways)).map(|(topic, _)| topic.clone()).collect()
    }

    /// Reads a row, and finds its handler.
    pub(crate) fn see<P: Projection>(
        &self,
        mark: Mark,
        row: &StoredEvent,
        mappers: &Mappers<'_>,
    ) -> Result<Sight<P::Seen>, Error> {
        let Some(ways) = self.ways.get(row.topic.as_str()) else { return unknown::<P>(row, mappers) };
        for way in ways {
            let is_notice = matches!(way.to, To::Notice(_));
            if let To::Nowhere = way.to {
                continue;
            }
            let Some(mapper) = mappers.of(row) else { return Ok(Sight::Skipped(SkipReason::Unreadable)) };
            let read = match P::read(way.source, Row { mark, row, mapper, is_notice }) {
                // The row is a shared event of another aggregate.
                Err(error) if error.kind() == ErrorKind::WrongAggregate => continue,
                read => read?,
            };
            let Some(read) = read else { return Ok(Sight::Skipped(SkipReason::Retired)) };
            let handler = match way.to {
                To::Handler(handler) | To::Notice(handler) => Some(handler),
                To::Attributes => attribute::<P>(way.source, read.attribute),
                To::Nowhere => None,
            };
            return Ok(handler.map_or(Sight::Other, |handler| {
                Sight::Handled(Routed { handler, envelope: read.envelope, seen: read.seen })
            }));
        }
        Ok(Sight::Other)
    }
}

fn way<P: Projection>(source: usize, topics: &Topics, topic: &str, reading: Reading) -> To {
    let find = |is: &dyn Fn(&HandledRow) -> bool| {
        let mut handlers = P::HANDLERS.iter();
        handlers.find(|handler| handler.source == source && is(&handler.of)).map(|handler| handler.number)
    };
    let every = find(&|of| matches!(of, HandledRow::Every)).map_or(To::Nowhere, To::Handler);
    match reading {
        Reading::Forgotten(_) => {
            find(&|of| matches!(of, HandledRow::Forgotten)).map_or(To::Nowhere, To::Notice)
        }
        Reading::Retired => {
            let is = |of: &HandledRow| matches!(of, HandledRow::Retired(retired) if topics.is_same(retired, topic));
            find(&is).map_or(To::Nowhere, To::Notice)
        }
        Reading::Event(event) if event.topic() == topics.attribute_changed.topic() => {
            let has = find(&|of| matches!(of, HandledRow::Attribute(_)));
            has.map_or(every, |_| To::Attributes)
        }
        Reading::Event(event) if event.topic() == topics.discarded.topic() => {
            find(&|of| matches!(of, HandledRow::End)).map_or(every, To::Handler)
        }
        Reading::Event(event) => {
            let is = |of: &HandledRow| matches!(of, HandledRow::OfType(handled) if handled.type_id() == event.type_id());
            find(&is).map_or(every, To::Handler)
        }
    }
}

/// Refuses a projection that handles the end of an aggregate, and not that it is forgotten, of a store that forgets: the data
/// of forgotten aggregates would stay in the view.
pub(crate) fn check_forgotten<P: Projection>() -> Result<(), Error> {
    let has = |source, of: fn(&HandledRow) -> bool| {
        P::HANDLERS.iter().any(|handler| handler.source == source && of(&handler.of))
    };
    for (source, topics) in P::SOURCES.iter().enumerate() {
        let ends = has(source, |of| matches!(of, HandledRow::End));
        if ends && !has(source, |of| matches!(of, HandledRow::Forgotten | HandledRow::Every)) {
            let message = format!(
                "the projection `{}` keeps what it knows of a forgotten `{}`: this application has data keys, and so \
                 aggregates may be forgotten; add `#[forgotten]` to the handler with `#[discarded]`, or write one of its own",
                P::NAME,
                topics.name
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
    }
    Ok(())
}

fn attribute<P: Projection>(source: usize, name: Option<&str>) -> Option<usize> {
    let is = |handler: &&Handler| {
        handler.source == source && matches!(handler.of, HandledRow::Attribute(of) if Some(of) == name)
    };
    P::HANDLERS.iter().find(is).map(|handler| handler.number)
}

/// Looks at a row whose topic no aggregate of the projection knows: a newer release may have stored it.
fn unknown<P: Projection>(row: &StoredEvent, mappers: &Mappers<'_>) -> Result<Sight<P::Seen>, Error> {
    if !P::IS_PARTIAL {
        for topics in P::SOURCES {
            if is_unknown(*topics, row, mappers)? {
                return Ok(Sight::Skipped(SkipReason::Unknown));
            }
        }
    }
    Ok(Sight::Other)
}
