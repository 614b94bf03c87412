//! Answers to a type that requests values inside values; structs have a file of their own.

use crate::schema::shape::access::{Content, Elements, Entries};
use crate::schema::shape::de::{Answer, De};
use crate::schema::shape::node::Kind;
use crate::schema::shape::path::Step;
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::strings::LENGTHS;
use crate::schema::shape::tracer::Mode;
use serde::de::{Deserializer, Visitor};
use std::any::type_name;

/// Longer tuples than these are recorded as arrays: no tuple that serde knows has more elements, and few structs do.
const MAX_TUPLE: usize = 16;
const MAX_TUPLE_STRUCT: usize = 64;

impl De<'_> {
    /// Offers an option that holds something, unless nothing can be built for it or a container around needs other
    /// values.
    pub(super) fn option<'de, V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
        self.tracer.guard(self.node, self.depth)?;
        if self.in_option {
            self.tracer.note(self.node, |node| node.double_null = true);
            return visitor.visit_none();
        }
        self.tracer.note(self.node, |node| node.null = true);
        let usable = self.tracer.tree.is_usable(self.node) && self.tracer.mode.fills();
        let needed = self.tracer.leads(self.node);
        if !needed && (!usable || self.variation % 4 == 3) {
            return visitor.visit_none();
        }
        visitor.visit_some(De { in_option: true, depth: self.depth + 1, ..self })
    }

    pub(super) fn newtype<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.unroll::<V>()?;
        self.tracer.stack.push((type_name::<V>(), self.node));
        let tracer = &mut *self.tracer;
        let result = visitor.visit_newtype_struct(De { tracer, depth: self.depth + 1, ..self });
        self.tracer.stack.pop();
        result
    }

    pub(super) fn list<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.open::<V>(Kind::List)?;
        let element = self.elements(1, |_| Step::Element);
        let usable = element.is_some_and(|child| self.tracer.tree.is_usable(child));
        let repeating = self.tracer.tree.get(self.node).repeating.then_some(self.tracer.counter);
        let needed = element.is_some_and(|child| self.tracer.leads(child));
        let len = if needed {
            1
        } else if !usable || !self.tracer.mode.fills() {
            0
        } else if repeating.is_some() {
            2
        } else {
            LENGTHS.get(self.variation % LENGTHS.len().max(1)).copied().unwrap_or(1)
        };
        let cursor = self.cursor();
        let result = visitor.visit_seq(Elements { cursor, each: true, at: 0, len, counter: repeating });
        self.tracer.stack.pop();
        result
    }

    pub(super) fn tuple<'de, V: Visitor<'de>>(self, len: usize, visitor: V) -> Answer<V::Value> {
        self.fixed(len, len > MAX_TUPLE, visitor)
    }

    pub(super) fn tuple_struct<'de, V: Visitor<'de>>(self, len: usize, visitor: V) -> Answer<V::Value> {
        self.fixed(len, len > MAX_TUPLE_STRUCT, visitor)
    }

    fn fixed<'de, V: Visitor<'de>>(mut self, len: usize, each: bool, visitor: V) -> Answer<V::Value> {
        self.open::<V>(if each { Kind::Array(len) } else { Kind::Tuple(len) })?;
        if each {
            self.elements(1, |_| Step::Element);
        } else {
            self.elements(len, Step::Index);
        }
        let result = visitor.visit_seq(Elements { cursor: self.cursor(), each, at: 0, len, counter: None });
        self.tracer.stack.pop();
        result
    }

    pub(super) fn map<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        if self.is_object() {
            return self.buffered(visitor);
        }
        self.open::<V>(Kind::Map)?;
        self.elements(2, |at| if at == 0 { Step::Key } else { Step::Value });
        let tree = &self.tracer.tree;
        let node = tree.get(self.node);
        let usable = node.children.iter().all(|&child| tree.is_usable(child));
        let needed = node.children.iter().any(|&child| self.tracer.leads(child));
        let filled = needed || (usable && self.tracer.mode.fills());
        let result = visitor.visit_map(Entries { cursor: self.cursor(), left: usize::from(filled) });
        self.tracer.stack.pop();
        result
    }

    /// Answers the key of a map. A map that requests its keys as field names gathers the fields of a flattened value.
    pub(super) fn identifier<'de, V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
        let Some(map) = self.key_of else { return self.text(visitor) };
        drop(visitor);
        self.tracer.note(map, |node| node.is_flat = true);
        Err(self.tracer.want(map))
    }

    /// Chooses a variant: one that was never tried, then one that is not fully known, in the end the first that could
    /// be built.
    pub(super) fn choice<'de, V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        self.open::<V>(Kind::Enum(variants))?;
        self.elements(variants.len(), |at| {
            Step::Variant(variants.get(at).copied().unwrap_or_default().to_owned())
        });
        let node = self.node;
        self.tracer.tree.touch(node).name = name;
        if let Some(probe) = self.tracer.probe.as_ref().filter(|probe| probe.target == node) {
            let data = probe.data.clone();
            self.tracer.stack.pop();
            return data.deserialize_enum("", variants, visitor);
        }
        let tree = &self.tracer.tree;
        let node = tree.get(self.node);
        let open = node.children.iter().copied().filter(|&child| tree.is_open(child));
        let open = open.min_by_key(|&child| tree.get(child).kind != Kind::Unseen);
        let needed = node.children.iter().copied().find(|&child| self.tracer.leads(child));
        let explores = self.tracer.mode == Mode::Learn && !node.closed;
        let result = if let Some(variant) = needed.or(open.filter(|_| explores)).or(node.base) {
            let result = visitor.visit_enum(Content { cursor: self.cursor(), variant });
            if result.is_err() && self.tracer.tree.get(variant).kind == Kind::Unseen {
                // The enum refused the variant by its name, without a look at the content.
                self.tracer.fail(variant);
            }
            result
        } else {
            self.tracer.fail(self.node);
            Err(Refusal::Other)
        };
        self.tracer.stack.pop();
        result
    }

    /// Makes sure that the node has `len` children, and returns the first.
    pub(super) fn elements(&mut self, len: usize, step: impl Fn(usize) -> Step) -> Option<usize> {
        let tree = &mut self.tracer.tree;
        for at in tree.get(self.node).children.len()..len {
            tree.add(self.node, step(at));
        }
        tree.child(self.node, 0)
    }
}
