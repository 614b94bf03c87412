//! What the tracer knows of each value inside a type: a tree that grows from pass to pass.

use crate::shape::path::Step;
use crate::shape::strings::{FLOATS, INTEGERS, LENGTHS, OFFERS, VARIATIONS};

/// The place of a node in [`Tree`].
pub(super) type Id = usize;

/// What a type asked the deserializer for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Kind {
    /// Not reached yet.
    #[default]
    Unseen,
    Integer(&'static str),
    Float(&'static str),
    Bool,
    Char,
    Unit,
    Bytes,
    Text,
    /// The type looks at the data to find out what it is.
    Any,
    List,
    Array(usize),
    Tuple(usize),
    Map,
    Struct(&'static [&'static str]),
    Enum(&'static [&'static str]),
    /// A variant without content.
    Variant,
    /// The type of a value around this one.
    Loop(Id),
}

/// Whether a field may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Omission {
    #[default]
    Untested,
    Allowed,
    Refused,
}

#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) step: Option<Step>,
    pub(super) parent: Option<Id>,
    pub(super) kind: Kind,
    pub(super) children: Vec<Id>,
    /// Shadows of this node, one for each further kind that the type asked for here.
    pub(super) others: Vec<Id>,
    /// Inside an `Option`.
    pub(super) null: bool,
    /// An `Option` of something that is written as `null` itself.
    pub(super) double_null: bool,
    /// The first variant that could be built: one that does not contain the enum again.
    pub(super) base: Option<Id>,
    /// Seen to look at the data, or to gather fields that it does not name.
    pub(super) opaque: bool,
    /// Something was offered in the visit under way.
    pub(super) pending: bool,
    /// A value was made from what was offered.
    pub(super) built: bool,
    /// Nothing that was offered was accepted.
    pub(super) failed: bool,
    /// Not worth another visit: nothing new came out of the last one.
    pub(super) closed: bool,
    /// The next thing to offer, or how often the values inside have been varied.
    pub(super) next: usize,
    /// The strings that were accepted.
    pub(super) accepted: Vec<usize>,
    pub(super) omission: Omission,
    pub(super) alias_of: Option<Id>,
    /// A field to supply before the others, so that its aliases give themselves away.
    pub(super) first: bool,
}

impl Node {
    /// How many things there are to offer before the node counts as refused.
    fn offers(&self) -> usize {
        match self.kind {
            Kind::Integer(_) => INTEGERS.len(),
            Kind::Float(_) => FLOATS.len(),
            Kind::Bool => 2,
            Kind::Bytes => LENGTHS.len(),
            Kind::Text => OFFERS.len(),
            Kind::Any => Any::COUNT,
            Kind::Char => CHARS.len(),
            _ if self.opaque => 2,
            Kind::List | Kind::Array(_) | Kind::Tuple(_) | Kind::Map | Kind::Struct(_) | Kind::Enum(_) => {
                VARIATIONS
            }
            Kind::Unseen | Kind::Unit | Kind::Variant | Kind::Loop(_) => 1,
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Any)
    }

    /// True while there are strings that this node has not been asked about.
    pub(super) fn is_probing(&self) -> bool {
        self.is_text() && self.next < self.offers()
    }

    /// Notes that what was offered last was accepted.
    pub(super) fn accept(&mut self) {
        self.built = true;
        if self.is_probing() {
            self.accepted.push(self.next);
            self.advance();
        }
    }

    /// True while there is something else to offer after a refusal.
    pub(super) fn can_refuse(&self) -> bool {
        !self.failed && (!self.built || self.is_probing())
    }

    /// Notes that what was offered last was refused.
    pub(super) fn refuse(&mut self) {
        self.advance();
        self.failed = self.next >= self.offers() && !self.built;
    }

    fn advance(&mut self) {
        self.next += 1;
        if self.kind == Kind::Any && self.opaque && self.built {
            self.next = self.offers();
        }
        while self.is_probing() && self.is_moot() {
            self.next += 1;
        }
    }

    fn is_moot(&self) -> bool {
        if self.kind == Kind::Text {
            return OFFERS.get(self.next).is_some_and(|offer| offer.is_moot(&self.accepted));
        }
        let strings: Vec<usize> = self.accepted.iter().filter_map(|&at| Any::string(at)).collect();
        match Any::string(self.next).and_then(|at| OFFERS.get(at)) {
            Some(offer) => offer.is_moot(&strings),
            None => !self.accepted.is_empty(),
        }
    }
}

pub(super) const CHARS: &[&str] = &["a", "A", "1", "+", "€"];

/// The offers to a type that looks at the data: what only a buffer accepts, then strings, then numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Any {
    Null,
    Bool,
    List,
    Map,
    String(usize),
    Integer,
    Float,
}

impl Any {
    const COUNT: usize = 6 + OFFERS.len();

    pub(super) fn at(index: usize) -> Self {
        match index {
            0 => Self::Null,
            1 => Self::Bool,
            2 => Self::List,
            3 => Self::Map,
            _ if index < 4 + OFFERS.len() => Self::String(index - 4),
            _ if index == 4 + OFFERS.len() => Self::Integer,
            _ => Self::Float,
        }
    }

    pub(super) fn string(index: usize) -> Option<usize> {
        if let Self::String(at) = Self::at(index) { Some(at) } else { None }
    }
}

/// All nodes; the first one is the whole type.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Stands in for a node that does not exist, which no id made here can ask for.
    spare: Node,
    /// Counts what was learned.
    pub(super) changes: usize,
}

pub(super) const ROOT: Id = 0;

impl Tree {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()], spare: Node::default(), changes: 0 }
    }

    pub(super) fn get(&self, id: Id) -> &Node {
        self.nodes.get(id).unwrap_or(&self.spare)
    }

    /// A node to change, which is noted as something learned.
    pub(super) fn learn(&mut self, id: Id) -> &mut Node {
        self.changes += 1;
        self.touch(id)
    }

    /// A node to mark for the visit under way.
    pub(super) fn touch(&mut self, id: Id) -> &mut Node {
        self.nodes.get_mut(id).unwrap_or(&mut self.spare)
    }

    pub(super) fn add(&mut self, parent: Id, step: Step) -> Id {
        let id = self.shadow(parent, Kind::Unseen);
        self.learn(id).step = Some(step);
        self.learn(parent).children.push(id);
        id
    }

    /// A node that belongs to `original` without being its child.
    pub(super) fn shadow(&mut self, original: Id, kind: Kind) -> Id {
        let id = self.nodes.len();
        self.nodes.push(Node { parent: Some(original), kind, ..Node::default() });
        self.changes += 1;
        id
    }

    pub(super) fn child(&self, id: Id, at: usize) -> Option<Id> {
        self.get(id).children.get(at).copied()
    }

    /// The children of a struct, without the aliases.
    pub(super) fn fields(&self, id: Id) -> impl Iterator<Item = Id> {
        self.get(id).children.iter().copied().filter(|&child| self.get(child).alias_of.is_none())
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
            || (matches!(node.kind, Kind::Struct(_)) && self.fields(id).any(untested))
            || node.children.iter().any(|&child| self.is_open(child))
    }
}
