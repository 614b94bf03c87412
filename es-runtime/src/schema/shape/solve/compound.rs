//! Lists, maps and enums inside a buffer.

use crate::schema::shape::data::{Data, Key};
use crate::schema::shape::node::{Id, Kind};
use crate::schema::shape::path::Step;
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::solve::{Frame, NOBODY, Solver};
use crate::schema::shape::strings::OFFERS;

/// The most elements of a tuple.
const MAX_ELEMENTS: usize = 64;

impl Solver<'_> {
    pub(super) fn container(&mut self, id: Id, words: &str) -> Option<Data> {
        match self.offer(Data::Map(Vec::new())) {
            Err(Refusal::Missing(_)) => return self.structure(id, words),
            Ok(_) if words == "a map" => return self.map(id),
            Ok(_) if words.starts_with("struct") || !self.is_picky() => return self.structure(id, words),
            Ok(_) => return self.map(id),
            Err(_) => {}
        }
        match self.offer(Data::List(Vec::new())) {
            Ok(_) => self.list(id),
            Err(Refusal::Length(_)) => self.tuple(id),
            Err(_) => {
                self.note(id, |node| node.failed = true);
                None
            }
        }
    }

    /// Solves a struct, which may have a tag.
    fn structure(&mut self, id: Id, words: &str) -> Option<Data> {
        self.around.push((words.to_owned(), id));
        let entries = self.object(id, Vec::new(), false);
        self.around.pop();
        self.settle(id, Kind::Object, entries.map(Data::Map))
    }

    /// True if the type refuses some value under a name that no field has, as a map does.
    fn is_picky(&mut self) -> bool {
        let values =
            [Data::Null, Data::Bool(true), Data::Int(1), Data::text("some text"), Data::List(Vec::new())];
        values.into_iter().any(|value| !self.accepts(Data::Map(vec![(Key::name(NOBODY), value)])))
    }

    fn list(&mut self, id: Id) -> Option<Data> {
        let child = self.add(id, Step::Element);
        let element = self.inside(Frame::Element(Vec::new()), |solver| solver.value(child));
        let Some(element) = element else { return self.settle(id, Kind::List, Some(Data::List(Vec::new()))) };
        self.settle(id, Kind::List, Some(Data::List(vec![element])))
    }

    fn tuple(&mut self, id: Id) -> Option<Data> {
        let mut elements = Vec::new();
        while elements.len() < MAX_ELEMENTS {
            let child = self.add(id, Step::Index(elements.len()));
            let element = self.inside(Frame::Element(elements.clone()), |solver| solver.value(child));
            let Some(element) = element else { break };
            elements.push(element);
            if self.accepts(Data::List(elements.clone())) {
                let kind = Kind::Tuple(elements.len());
                return self.settle(id, kind, Some(Data::List(elements)));
            }
        }
        self.note(id, |node| node.opaque = true);
        None
    }

    fn map(&mut self, id: Id) -> Option<Data> {
        let (key, value) = (self.add(id, Step::Key), self.add(id, Step::Value));
        let Some(name) = self.key(key) else {
            return self.settle(id, Kind::Map, Some(Data::Map(Vec::new())));
        };
        let frame = Frame::Only(name.clone());
        let Some(data) = self.inside(frame, |solver| solver.value(value)) else {
            return self.settle(id, Kind::Map, Some(Data::Map(Vec::new())));
        };
        if self.tree().get(key).kind == Kind::Text {
            let mut taken = Vec::new();
            for (at, offer) in OFFERS.iter().enumerate() {
                let entry = (Key::name(offer.sample), data.clone());
                if !offer.is_moot(&taken) && self.accepts(Data::Map(vec![entry])) {
                    taken.push(at);
                }
            }
            self.note(key, |node| node.accepted = taken);
        }
        self.settle(id, Kind::Map, Some(Data::Map(vec![(Key::Name(name), data)])))
    }

    /// Finds a key that the type takes, whatever the value.
    fn key(&mut self, id: Id) -> Option<String> {
        let refusal = |solver: &mut Self, name: &str| {
            solver.offer(Data::Map(vec![(Key::name(name), Data::Null)])).err()
        };
        let refused = |refusal: &Option<Refusal>| matches!(refusal, Some(Refusal::Other | Refusal::Value(_)));
        let first = OFFERS.first()?.sample;
        let plain = refusal(self, first);
        if let Some(Refusal::Variant(names)) = plain {
            self.settle(id, Kind::Enum(names), Some(Data::Null));
            for name in names {
                let child = self.add(id, Step::Variant((*name).to_owned()));
                self.settle(child, Kind::Variant, Some(Data::Null));
            }
            return names.first().map(|name| (*name).to_owned());
        }
        self.settle(id, Kind::Text, Some(Data::Null));
        if !refused(&plain) {
            return Some(first.to_owned());
        }
        let mut offers = OFFERS.iter().map(|offer| offer.sample);
        let picked = offers.find(|name| !refused(&refusal(self, name)));
        picked.or(Some(first)).map(str::to_owned)
    }

    /// Solves the variants of an enum that is written under the name of the variant.
    pub(super) fn variants(&mut self, id: Id, names: &'static [&'static str]) -> Option<Data> {
        let words = format!("enum of {names:?}");
        if let Some(&(_, target)) = self.around.iter().find(|(other, _)| *other == words) {
            return self.again(id, target);
        }
        self.around.push((words, id));
        self.note(id, |node| node.kind = Kind::Enum(names));
        let children: Vec<Id> =
            names.iter().map(|name| self.add(id, Step::Variant((*name).to_owned()))).collect();
        // Two rounds: a variant that holds the enum again can be built once another is known.
        for _ in 0..2 {
            for (&child, name) in children.iter().zip(names) {
                if self.tree().get(child).built {
                    continue;
                }
                let data = if self.accepts(Data::text(*name)) {
                    self.settle(child, Kind::Variant, Some(Data::text(*name)))
                } else {
                    self.clear(child);
                    let content = self.inside(Frame::Only((*name).to_owned()), |solver| solver.value(child));
                    content.map(|content| Data::Map(vec![(Key::name(*name), content)]))
                };
                self.note(child, |node| node.built = data.is_some());
                if let Some(data) = data {
                    self.bases.entry(id).or_insert(data);
                }
            }
        }
        self.around.pop();
        let base = self.bases.get(&id).cloned();
        self.settle(id, Kind::Enum(names), base)
    }
}
