//! The contents of a type that buffers its input: an internally or adjacently tagged enum, or a struct with a flattened
//! field.
//!
//! Such a type requests "anything" and looks at it later, so its requests show nothing. The solver puts data together
//! from nothing. It offers a piece, reads from the refusal which field is missing or which type it has to be, and goes
//! on until the type accepts the whole.

mod compound;
mod inspect;
mod object;
mod value;

use crate::schema::shape::data::{Data, Key};
use crate::schema::shape::node::{Id, Kind, Node, Omission};
use crate::schema::shape::path::Step;
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::tracer::Tracer;
use crate::schema::shape::tree::Tree;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// A name that no field has.
pub(super) const NOBODY: &str = "a name that no field has";
/// The most offers to one type.
const MAX_OFFERS: usize = 20_000;
const MAX_DEPTH: usize = 12;

/// A function that returns a value as it is written.
pub(super) type Write<T> = fn(&T) -> Option<serde_json::Value>;

/// Finds the contents of a node that buffers.
pub(super) fn solve<T: DeserializeOwned>(
    tracer: &mut Tracer,
    id: Id,
    write: Write<T>,
    built: &mut dyn FnMut(T),
) {
    let mut attempt = |tracer: &mut Tracer, data: Data| {
        let (answer, value) = tracer.probe::<T>(id, data);
        let written = value.as_ref().and_then(write);
        let written = written.and_then(|whole| tracer.tree.written(id, &whole).cloned());
        value.map(&mut *built);
        answer.unwrap_or(Err(Refusal::Other)).map(|()| written)
    };
    find(tracer, id, &mut attempt);
}

/// Finds the contents by offers. It knows nothing of the type, so it is compiled once, not for each type.
fn find(tracer: &mut Tracer, id: Id, attempt: &mut dyn FnMut(&mut Tracer, Data) -> Taken) {
    tracer.tree.learn(id).children.clear();
    let mut solver = Solver {
        tracer,
        attempt,
        frames: Vec::new(),
        around: Vec::new(),
        offers: 0,
        bases: BTreeMap::new(),
        samples: Vec::new(),
    };
    if let Err(Refusal::Type(words)) = solver.offer(Data::Null) {
        solver.around.push((words, id));
    }
    let answer = solver.object(id, Vec::new(), false).map(Data::Map);
    let blank = solver.tree().get(id).children.is_empty();
    if answer.is_none() && !blank {
        solver.add_gap(id);
    } else if solver.tree().get(id).is_flat && answer.is_some() {
        solver.show_gap(id);
    }
    solver.inspect(id);
    let node = tracer.tree.learn(id);
    node.closed = true;
    node.opaque = answer.is_none() && blank;
    node.failed = answer.is_none();
    node.built = answer.is_some();
    node.answer = answer;
}

/// The answer to an offer: the written value, if there is one, or the refusal.
type Taken = Result<Option<Value>, Refusal>;

struct Solver<'s> {
    tracer: &'s mut Tracer,
    /// Offers data for the whole value.
    attempt: &'s mut dyn FnMut(&mut Tracer, Data) -> Taken,
    /// The frames around the value in question, from the outside.
    frames: Vec<Frame>,
    /// The names of the types around, in their own words, to recognise a type inside itself.
    around: Vec<(String, Id)>,
    offers: usize,
    /// The first value that was found for each enum; another variant may hold one.
    bases: BTreeMap<Id, Data>,
    /// The whole values of which the written data can be seen.
    samples: Vec<Data>,
}

/// Data with a hole.
enum Frame {
    /// A value under the key, after these entries. The names are known to be missing behind it.
    Entry { entries: Vec<(Key, Data)>, key: Key, missing: Vec<&'static str> },
    /// The content of a variant, or the value of a map.
    Only(String),
    /// A value after these elements.
    Element(Vec<Data>),
}

impl Frame {
    fn entry(entries: Vec<(Key, Data)>, key: Key) -> Self {
        Self::Entry { entries, key, missing: Vec::new() }
    }

    /// Fills the hole, and adds a field or an element behind it.
    fn fill(&self, data: Data, extra: Option<&'static str>) -> Data {
        match self {
            Self::Entry { entries, key, .. } => {
                let mut entries = entries.clone();
                entries.push((key.clone(), data));
                entries.extend(extra.map(|name| (Key::name(name), Data::Null)));
                Data::Map(entries)
            }
            Self::Only(name) => Data::Map(vec![(Key::name(name), data)]),
            Self::Element(before) => {
                let mut elements = before.clone();
                elements.push(data);
                elements.extend(extra.map(|_| Data::Null));
                Data::List(elements)
            }
        }
    }

    /// Returns the value in the hole, from the whole as it is written.
    fn find(&self, mut whole: Value) -> Option<Value> {
        match self {
            Self::Entry { key: Key::Name(name), .. } | Self::Only(name) => Some(whole.get_mut(name)?.take()),
            Self::Entry { .. } => None,
            Self::Element(before) => Some(whole.get_mut(before.len())?.take()),
        }
    }
}

impl Solver<'_> {
    /// Offers data for the value in question. If a field around it is missing later, that is no refusal.
    #[expect(clippy::needless_pass_by_value, reason = "offers are made where they are handed over")]
    fn offer(&mut self, data: Data) -> Taken {
        let nested = matches!(data, Data::Map(_) | Data::List(_));
        match self.whole(data.clone(), None) {
            Err(Refusal::Missing(name)) => {
                for at in (0..self.frames.len()).rev() {
                    if self.is_missing_around(at, name, &data, nested) {
                        return Ok(None);
                    }
                }
                Err(Refusal::Missing(name))
            }
            Err(Refusal::Length(len)) if self.is_element(len, &data) => Ok(None),
            Err(refusal) => Err(refusal),
            Ok(written) => Ok(self
                .frames
                .iter()
                .try_fold(written, |whole, frame| whole.map_or(Some(None), |whole| Some(frame.find(whole))))
                .flatten()),
        }
    }

    fn accepts(&mut self, data: Data) -> bool {
        self.offer(data).is_ok()
    }

    /// True if this frame misses the field: with the field in the frame, the type no longer misses it.
    fn is_missing_around(&mut self, at: usize, name: &'static str, data: &Data, nested: bool) -> bool {
        let Some(Frame::Entry { entries, key, missing }) = self.frames.get(at) else { return false };
        let is_name = |key: &Key| matches!(key, Key::Name(other) if other == name);
        if is_name(key) || entries.iter().any(|(key, _)| is_name(key)) {
            return false;
        }
        if !nested && missing.contains(&name) {
            return true;
        }
        if self.whole(data.clone(), Some((at, name))) == Err(Refusal::Missing(name)) {
            return false;
        }
        if let Some(Frame::Entry { missing, .. }) = self.frames.get_mut(at) {
            missing.push(name);
        }
        true
    }

    /// True if a tuple around has taken the value, and misses the next element.
    fn is_element(&mut self, len: usize, data: &Data) -> bool {
        let taken = |frame: &Frame| matches!(frame, Frame::Element(before) if before.len() + 1 == len);
        let Some(at) = self.frames.iter().position(taken) else { return false };
        // The value may be a tuple of as many elements that misses one itself: then it still does.
        let is_short = |elements: &Vec<Data>| elements.len() == len;
        let doubtful = matches!(data, Data::List(elements) if is_short(elements));
        !doubtful || self.whole(data.clone(), Some((at, ""))) != Err(Refusal::Length(len))
    }

    fn whole(&mut self, data: Data, extra: Option<(usize, &'static str)>) -> Taken {
        self.offers += 1;
        if self.offers > MAX_OFFERS {
            self.tracer.tree.cut_off = true;
            return Err(Refusal::Other);
        }
        let frames = self.frames.iter().enumerate().rev();
        let data = frames.fold(data, |data, (at, frame)| {
            frame.fill(data, extra.filter(|(place, _)| *place == at).map(|(_, name)| name))
        });
        (self.attempt)(self.tracer, data)
    }

    fn inside<R>(&mut self, frame: Frame, work: impl FnOnce(&mut Self) -> R) -> R {
        self.frames.push(frame);
        let result = work(self);
        self.frames.pop();
        result
    }

    fn add(&mut self, parent: Id, step: Step) -> Id {
        let id = self.tracer.tree.add(parent, step);
        self.note(id, |node| {
            node.closed = true;
            node.is_inside = true;
            node.omission = Omission::Refused;
        });
        id
    }

    /// Forgets the nodes that were found inside a node.
    fn clear(&mut self, id: Id) {
        self.note(id, |node| node.children.clear());
    }

    fn note(&mut self, id: Id, fact: impl FnOnce(&mut Node)) {
        fact(self.tracer.tree.touch(id));
    }

    /// Notes the kind of a value, and the data from which it could be built.
    fn settle(&mut self, id: Id, kind: Kind, data: Option<Data>) -> Option<Data> {
        self.note(id, |node| {
            node.kind = kind;
            node.built = data.is_some();
            node.failed = data.is_none();
        });
        data
    }

    fn tree(&self) -> &Tree {
        &self.tracer.tree
    }
}
