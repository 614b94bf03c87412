//! The state of the passes over a type: the known values, the offer under way, and the answers to it.

use crate::schema::shape::data::Data;
use crate::schema::shape::node::{Id, Kind, Node};
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::tree::{ROOT, Tree};
use std::rc::Rc;

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
    pub(super) whole: bool,
    /// The open nodes visited in this pass.
    pub(super) visited: Vec<Id>,
    /// The node that was visited last, to blame if the type panics.
    pub(super) last: Id,
    /// The number of values that the type requested in this pass.
    pub(super) visits: usize,
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

/// Names that fields may have.
pub(crate) type Names = Rc<[String]>;

impl Tracer {
    pub(super) fn new(tree: Tree) -> Self {
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
    pub(super) fn answered(&mut self, id: Id, refusal: Option<&Refusal>) {
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

    /// Gives up the last visited part of the type that is still open; returns false if there is none.
    pub(super) fn close_last(&mut self) -> bool {
        let open = |&id: &Id| self.tree.is_open(id);
        let last = self.visited.iter().copied().rev().find(open);
        if let Some(id) = last {
            self.tree.learn(id).closed = true;
        }
        last.is_some()
    }
}
