//! The passes: the tracer deserializes a type again and again, each time with other data, until it learns nothing new.

use crate::schema::shape::data::Data;
use crate::schema::shape::de::De;
use crate::schema::shape::node::{Id, Kind, Node};
use crate::schema::shape::solve;
use crate::schema::shape::tree::{ROOT, Tree};
use serde::de::{self, DeserializeOwned};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

// Bounds for types that never come to an end.
const MAX_PASSES: usize = 20_000;
/// The most values that a type may request in one pass.
const MAX_VISITS: usize = 100_000;
const MAX_DEPTH: usize = 48;
/// The most kinds that one value can be of.
const MAX_KINDS: usize = 16;

/// The mode of a pass. The tracer learns only in the mode `Learn`; `Empty` and `Zero` are a last look at the type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    Learn,
    /// Options are `None`, lists and maps are empty.
    Empty,
    /// As `Empty`, and numbers are zero, strings empty, flags false.
    Zero,
    /// Known values, with data of the solver at one place.
    Probe,
}

impl Mode {
    /// True if options, lists and maps hold something.
    pub(super) fn fills(self) -> bool {
        matches!(self, Self::Learn | Self::Probe)
    }
}

#[derive(Debug)]
pub(super) struct Tracer {
    pub(super) tree: Tree,
    pub(super) mode: Mode,
    /// The visitors at work and their nodes. Their type names, which are never stored, show a type inside itself.
    pub(super) stack: Vec<(&'static str, Id)>,
    /// True if the reason of the refusal under way is known.
    pub(super) settled: bool,
    /// The counter of numbers handed out in this pass.
    pub(super) counter: i128,
    /// True if the parts of the type are known: the tracer notes no further kinds.
    whole: bool,
    /// The open nodes visited in this pass.
    visited: Vec<Id>,
    /// The node that was visited last, to blame if the type panics.
    last: Id,
    /// The number of values that the type requested in this pass.
    visits: usize,
    /// A type that buffers, which the solver has not seen yet.
    pub(super) wanted: Option<Id>,
    /// The data that the solver offers in this pass, and their place.
    pub(super) probe: Option<Probe>,
    /// A field to leave out in this pass.
    pub(super) omit: Option<Id>,
    /// The names to try if a type does not report its own.
    pub(super) names: Names,
}

/// Data of the solver on their way to a type.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) target: Id,
    /// The target, and the values around it.
    pub(super) path: Vec<Id>,
    pub(super) data: Data,
    /// The target's answer, once the data reached it.
    pub(super) answer: Option<Result<(), Refusal>>,
}

/// Traces `T`, and passes each value that could be built to `built`.
///
/// `write` returns a value as it is written, if it can be. The tracer tries `names` on a type that does not report its
/// fields.
pub(super) fn run<T: DeserializeOwned>(names: &Names, write: Write<T>, built: impl FnMut(T)) -> Tree {
    run_bounded(MAX_PASSES, names, write, built)
}

/// Names that fields may have.
pub(crate) type Names = Rc<[String]>;

/// A function that returns a value as it is written.
pub(super) type Write<T> = fn(&T) -> Option<serde_json::Value>;

pub(super) fn run_bounded<T: DeserializeOwned>(
    passes: usize,
    names: &Names,
    write: Write<T>,
    mut built: impl FnMut(T),
) -> Tree {
    let mut tracer = Tracer::new(Tree::new());
    tracer.names = Rc::clone(names);
    let known = tracer.learn(passes, &mut built);
    // A second round: whole values can now be built, and their written data can be seen.
    for id in tracer.tree.ids() {
        if tracer.tree.get(id).answer.is_some() {
            solve::solve(&mut tracer, id, write, &mut built);
        }
    }
    tracer.find_open_enums::<T>();
    // Limits come last, when the values around are known: a type that checks several numbers would refuse some limits,
    // and run out of variations. Values made from limits are not passed on: JSON need not hold them.
    tracer.whole = true;
    for id in tracer.tree.ids() {
        let node = tracer.tree.touch(id);
        node.limit = (node.built && !node.is_inside && node.is_number()).then_some(0);
    }
    tracer.tree.cut_off = !(known && tracer.learn::<T>(passes, drop));
    for mode in [Mode::Empty, Mode::Zero] {
        tracer.mode = mode;
        tracer.pass().map(&mut built);
    }
    tracer.tree
}

impl Tracer {
    fn new(tree: Tree) -> Self {
        Self {
            tree,
            mode: Mode::Learn,
            stack: Vec::new(),
            settled: false,
            counter: 0,
            whole: false,
            visited: Vec::new(),
            last: ROOT,
            visits: 0,
            wanted: None,
            probe: None,
            omit: None,
            names: Names::default(),
        }
    }

    /// Returns a tracer for further passes over a type that was traced.
    pub(super) fn finished(tree: Tree) -> Self {
        Self { whole: true, ..Self::new(tree) }
    }

    /// Offers each enum a variant that it does not name.
    fn find_open_enums<T: DeserializeOwned>(&mut self) {
        for id in self.tree.ids() {
            let node = self.tree.get(id);
            if matches!(node.kind, Kind::Enum(_)) && node.built && !node.is_inside {
                let (answer, _) = self.probe::<T>(id, Data::text(solve::NOBODY));
                self.tree.touch(id).others_read = answer == Some(Ok(()));
            }
        }
    }

    /// Makes a pass in which a node gets the data; returns the node's answer, and the whole value.
    pub(super) fn probe<T: DeserializeOwned>(
        &mut self,
        target: Id,
        data: Data,
    ) -> (Option<Result<(), Refusal>>, Option<T>) {
        let path = std::iter::successors(Some(target), |&id| self.tree.get(id).parent).collect();
        self.probe = Some(Probe { target, path, data, answer: None });
        let mode = std::mem::replace(&mut self.mode, Mode::Probe);
        let value = self.pass::<T>();
        self.mode = mode;
        (self.probe.take().and_then(|probe| probe.answer), value)
    }

    /// Makes a pass in which a field is left out.
    pub(super) fn without<T: DeserializeOwned>(&mut self, field: Id) -> Option<T> {
        self.omit = Some(field);
        let around = self.tree.get(field).parent?;
        // The field has no data: the path of the probe only has to lead to its struct.
        let (_, value) = self.probe::<T>(around, Data::Null);
        self.omit = None;
        value
    }

    /// Makes passes until the tracer learns nothing new; returns false if there were too few.
    fn learn<T: DeserializeOwned>(&mut self, passes: usize, mut built: impl FnMut(T)) -> bool {
        for _ in 0..passes {
            let before = self.tree.changes;
            self.pass().map(&mut built);
            if let Some(id) = self.wanted.take() {
                solve::solve(self, id, |_: &T| None, &mut built);
            }
            if self.tree.changes == before && !self.close_last() {
                return true;
            }
        }
        false
    }

    pub(super) fn pass<T: DeserializeOwned>(&mut self) -> Option<T> {
        self.settled = false;
        self.stack.clear();
        self.visited.clear();
        self.counter = 0;
        self.visits = 0;
        self.last = ROOT;
        let mode = self.mode;
        let value = catch_unwind(AssertUnwindSafe(|| T::deserialize(De::new(&mut *self, ROOT))));
        self.mode = mode;
        // A panic counts as a refusal of the last offer.
        let (id, value) = value.map_or((self.last, Err(Refusal::Other)), |value| (ROOT, value));
        self.answered(ROOT, value.as_ref().err());
        let value = value.ok();
        self.settled &= id == ROOT;
        self.settle(id, value.is_some());
        value
    }

    /// Gives up the last visited part of the type that is still open; returns false if there is none.
    fn close_last(&mut self) -> bool {
        let open = |&id: &Id| self.tree.is_open(id);
        let last = self.visited.iter().copied().rev().find(open);
        if let Some(id) = last {
            self.tree.learn(id).closed = true;
        }
        last.is_some()
    }

    /// Notes that a visited node is of a kind, and returns the node to use: another one if the kind changes.
    pub(super) fn enter(&mut self, id: Id, kind: Kind) -> Result<Id, Refusal> {
        let node = self.tree.get(id);
        let other = node.others.iter().copied().find(|&other| self.tree.get(other).kind == kind);
        let id = if node.kind == kind {
            id
        } else if let Some(other) = other {
            other
        } else if self.mode != Mode::Learn || self.whole || node.others.len() >= MAX_KINDS {
            return Err(self.excuse());
        } else if node.kind == Kind::Unseen {
            self.tree.learn(id).kind = kind;
            id
        } else {
            let other = self.tree.shadow(id, kind);
            self.tree.learn(id).others.push(other);
            other
        };
        if self.mode == Mode::Learn {
            self.tree.touch(id).pending = true;
        }
        self.last = id;
        if self.tree.is_open(id) {
            self.visited.push(id);
        }
        Ok(id)
    }

    /// Refuses to go on if a type is too deep or too large.
    pub(super) fn guard(&mut self, id: Id, depth: usize) -> Result<(), Refusal> {
        self.visits += 1;
        if depth < MAX_DEPTH && self.visits < MAX_VISITS {
            return Ok(());
        }
        if self.visits < MAX_VISITS {
            self.fail(id);
        }
        Err(self.excuse())
    }

    /// Notes a fact at a node, unless it is known or the mode does not learn.
    pub(super) fn note(&mut self, id: Id, fact: impl FnOnce(&mut Node)) {
        if self.mode == Mode::Learn {
            self.tree.note(id, fact);
        }
    }

    /// Gives up a node: nothing can be built there.
    pub(super) fn fail(&mut self, id: Id) {
        self.settled = true;
        self.note(id, |node| node.failed = true);
    }

    /// Learns from two names of one field: its own, and the one that came last.
    pub(super) fn duplicate(&mut self, named: Id, last: Id) {
        let known = self.tree.changes;
        if named == last {
            self.note(last, |node| node.first = true);
        } else {
            self.note(last, |node| node.alias_of = Some(named));
        }
        self.settled = self.tree.changes > known;
    }

    /// Notes the answer of a probe's target.
    fn answered(&mut self, id: Id, refusal: Option<&Refusal>) {
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.target == id && probe.answer.is_none())
        {
            probe.answer = Some(refusal.cloned().map_or(Ok(()), Err));
        }
    }

    /// True if the target of a probe is at a node, or inside.
    pub(super) fn leads(&self, id: Id) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.path.contains(&id))
    }

    /// Leaves a node to the solver.
    pub(super) fn want(&mut self, id: Id) -> Refusal {
        if self.mode == Mode::Learn {
            let node = self.tree.learn(id);
            node.kind = Kind::Object;
            node.children.clear();
            node.accepted.clear();
            self.wanted.get_or_insert(id);
        }
        self.excuse()
    }

    /// Returns a refusal that no node is to blame for.
    pub(super) fn excuse(&mut self) -> Refusal {
        self.settled = true;
        Refusal::Other
    }

    /// Deserializes the value at a node, and notes the result.
    pub(super) fn visit<T>(
        &mut self,
        id: Id,
        work: impl FnOnce(De<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mode = self.mode;
        let result = work(De::new(&mut *self, id));
        self.mode = mode;
        self.answered(id, result.as_ref().err());
        self.settle(id, result.is_ok());
        result
    }

    /// Notes the answer to the offer at a node. Of nested refusals only the innermost counts.
    pub(super) fn settle(&mut self, id: Id, accepted: bool) {
        let known = std::mem::replace(&mut self.settled, !accepted);
        let node = self.tree.get(id);
        if !accepted && !known && node.kind == Kind::Unseen {
            self.fail(id);
            return;
        }
        if self.mode != Mode::Learn {
            return;
        }
        let others = node.others.clone();
        for id in others.into_iter().chain([id]) {
            let pending = std::mem::take(&mut self.tree.touch(id).pending);
            let node = self.tree.get(id);
            if !pending {
                continue;
            }
            if accepted {
                if !node.built || node.is_probing() {
                    self.tree.learn(id).accept();
                }
                self.set_base(id);
            } else if !known && node.can_refuse() {
                self.tree.learn(id).refuse();
            }
        }
    }

    fn set_base(&mut self, variant: Id) {
        let Some(parent) = self.tree.get(variant).parent else { return };
        let node = self.tree.get(parent);
        if matches!(node.kind, Kind::Enum(_)) && node.base.is_none() && node.children.contains(&variant) {
            self.tree.learn(parent).base = Some(variant);
        }
    }
}

/// The reason for which a type refused the data.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    Missing(&'static str),
    Duplicate(&'static str),
    /// A variant of another name; these are known.
    Variant(&'static [&'static str]),
    /// A field of another name; these are known.
    Field(&'static [&'static str]),
    /// Data of another type; the words name the expected one.
    Type(String),
    /// Data of the expected type, but with another value; the words name the expected one.
    Value(String),
    /// The number of elements, which are too few or too many.
    Length(usize),
    Other,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self::Other
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn unknown_variant(_: &str, variants: &'static [&'static str]) -> Self {
        Self::Variant(variants)
    }

    fn unknown_field(_: &str, fields: &'static [&'static str]) -> Self {
        Self::Field(fields)
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Type(expected.to_string())
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::Value(expected.to_string())
    }

    fn invalid_length(len: usize, _: &dyn de::Expected) -> Self {
        Self::Length(len)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Duplicate(field)
    }
}
