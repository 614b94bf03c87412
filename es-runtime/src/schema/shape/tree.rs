//! The values inside a type, as a tree that grows from pass to pass.

use crate::schema::shape::node::{Id, Kind, Node, Omission};
use crate::schema::shape::path::Step;
use serde_json::Value;

/// All nodes; the first one is the whole type.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Stands in for a node that does not exist; no id of this tree leads to it.
    spare: Node,
    /// The number of facts that were learned.
    pub(super) changes: usize,
    /// True if the bounds were reached before everything was known.
    pub(super) cut_off: bool,
}

pub(super) const ROOT: Id = 0;

impl Tree {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()], spare: Node::default(), changes: 0, cut_off: false }
    }

    pub(super) fn get(&self, id: Id) -> &Node {
        self.nodes.get(id).unwrap_or(&self.spare)
    }

    /// Returns a node to change, and counts the change as learned.
    pub(super) fn learn(&mut self, id: Id) -> &mut Node {
        self.changes += 1;
        self.touch(id)
    }

    /// Returns a node to mark for the visit under way.
    pub(super) fn touch(&mut self, id: Id) -> &mut Node {
        self.nodes.get_mut(id).unwrap_or(&mut self.spare)
    }

    /// Notes a fact; a known fact does not count as learned.
    pub(super) fn note(&mut self, id: Id, fact: impl FnOnce(&mut Node)) {
        let node = self.touch(id);
        let before = node.facts();
        fact(node);
        self.changes += usize::from(node.facts() != before);
    }

    pub(super) fn add(&mut self, parent: Id, step: Step) -> Id {
        let id = self.shadow(parent, Kind::Unseen);
        self.learn(id).step = Some(step);
        self.learn(parent).children.push(id);
        id
    }

    /// Adds a node that belongs to `original` without being its child.
    pub(super) fn shadow(&mut self, original: Id, kind: Kind) -> Id {
        let id = self.nodes.len();
        self.nodes.push(Node { parent: Some(original), kind, ..Node::default() });
        self.changes += 1;
        id
    }

    pub(super) fn ids(&self) -> std::ops::Range<Id> {
        ROOT..self.nodes.len()
    }

    pub(super) fn child(&self, id: Id, at: usize) -> Option<Id> {
        self.get(id).children.get(at).copied()
    }

    /// Returns the children of a struct, without the aliases.
    pub(super) fn fields(&self, id: Id) -> impl Iterator<Item = Id> {
        self.get(id).children.iter().copied().filter(|&child| self.get(child).alias_of.is_none())
    }

    /// Returns the field of a struct that has this name, aliases aside.
    pub(super) fn field(&self, id: Id, name: &str) -> Option<Id> {
        self.fields(id).find(|&child| self.get(child).step.as_ref().is_some_and(|step| step.name() == name))
    }

    /// Returns the part of a written value of the whole type that belongs to a node.
    pub(super) fn written<'v>(&self, id: Id, whole: &'v Value) -> Option<&'v Value> {
        self.written_inside(ROOT, id, whole)
    }

    /// Returns the part of a written value that belongs to a node; `top` is the node of the value, around the other.
    pub(super) fn written_inside<'v>(&self, top: Id, id: Id, whole: &'v Value) -> Option<&'v Value> {
        if id == top {
            return Some(whole);
        }
        let node = self.get(id);
        let parent = node.parent?;
        let above = self.get(parent);
        // The value stands beside a tag, not in it.
        if above.kind == Kind::Tag {
            return self.written_inside(top, above.parent?, whole);
        }
        let around = self.written_inside(top, parent, whole)?;
        match node.step.as_ref()? {
            Step::Field(name) => {
                let siblings = self.get(parent).children.iter().map(|&child| self.get(child));
                let mut aliases = siblings.filter(|other| other.alias_of == Some(id));
                let named = |name: &str| around.get(name);
                named(name).or_else(|| aliases.find_map(|other| named(other.step.as_ref()?.name())))
            }
            Step::Index(index) => around.get(index),
            Step::Element => around.get(0),
            // Only one was built, whatever name it is written under.
            Step::Value | Step::Variant(_) => around.as_object()?.values().next(),
            Step::Key => None,
        }
    }

    /// True unless it is known that no value can be built at a node.
    pub(super) fn is_usable(&self, id: Id) -> bool {
        let node = self.get(id);
        let ends = if let Kind::Loop(target) = node.kind { self.get(target).built } else { true };
        !node.failed && ends && (node.built || !node.closed)
    }

    /// True while another visit can bring something new.
    pub(super) fn is_open(&self, id: Id) -> bool {
        let node = self.get(id);
        if node.closed || node.alias_of.is_some() || !self.is_usable(id) {
            return false;
        }
        let untested = |child: Id| self.get(child).omission == Omission::Untested;
        !node.built
            || node.is_probing()
            || node.repeating
            || (matches!(node.kind, Kind::Struct(_)) && self.fields(id).any(untested))
            || node.children.iter().any(|&child| self.is_open(child))
    }
}
