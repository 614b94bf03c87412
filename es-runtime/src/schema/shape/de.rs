//! The deserializer of a traced type: it answers each request with a value from the tree's offers, and notes the
//! request.

use crate::schema::shape::data::Data;
use crate::schema::shape::node::{Id, Kind};
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::tracer::{Mode, Tracer};
use serde::de::{Deserializer, Visitor};
use std::any::type_name;

pub(super) type Answer<T> = Result<T, Refusal>;

#[derive(Debug)]
pub(super) struct De<'t> {
    pub(super) tracer: &'t mut Tracer,
    pub(super) node: Id,
    pub(super) depth: usize,
    /// The number of variations of the values inside the containers around.
    pub(super) variation: usize,
    /// True directly inside an `Option`.
    pub(super) in_option: bool,
    /// The map, if the value is a key of one.
    pub(super) key_of: Option<Id>,
}

impl<'t> De<'t> {
    pub(super) fn new(tracer: &'t mut Tracer, node: Id) -> Self {
        Self { tracer, node, depth: 0, variation: 0, in_option: false, key_of: None }
    }

    pub(super) fn enter(&mut self, kind: Kind) -> Answer<()> {
        self.tracer.guard(self.node, self.depth)?;
        self.node = self.tracer.enter(self.node, kind)?;
        Ok(())
    }

    /// Enters a container, unless a container around has the same type.
    pub(super) fn open<V>(&mut self, kind: Kind) -> Answer<()> {
        self.open_named(type_name::<V>(), kind)
    }

    /// As [`open`](Self::open). The type is a name, so that this is compiled once, not for each type.
    fn open_named(&mut self, of: &'static str, kind: Kind) -> Answer<()> {
        self.unroll_named(of)?;
        self.enter(kind)?;
        self.tracer.stack.push((of, self.node));
        let next = self.tracer.tree.get(self.node).next;
        self.variation = self.variation.max(next);
        self.depth += 1;
        Ok(())
    }

    /// Handles a type inside itself: stops, or builds the value as the outer one was built, as soon as that is known.
    pub(super) fn unroll<V>(&mut self) -> Answer<()> {
        self.unroll_named(type_name::<V>())
    }

    fn unroll_named(&mut self, of: &'static str) -> Answer<()> {
        self.tracer.guard(self.node, self.depth)?;
        let id = self.node;
        let node = self.tracer.tree.get(id);
        if let Kind::Loop(target) = node.kind {
            if !self.tracer.tree.get(target).built {
                return Err(self.tracer.excuse());
            }
            if self.tracer.mode == Mode::Learn {
                self.tracer.tree.touch(id).pending = true;
            }
            if self.tracer.mode.fills() {
                self.tracer.mode = Mode::Empty;
            }
            self.node = target;
            return Ok(());
        }
        let around = self.tracer.stack.iter().find(|(name, _)| *name == of);
        let Some(&(_, target)) = around.filter(|_| self.tracer.mode == Mode::Learn) else { return Ok(()) };
        if target == id {
            self.tracer.fail(id);
        } else if node.kind == Kind::Unseen {
            self.tracer.tree.learn(id).kind = Kind::Loop(target);
        }
        Err(self.tracer.excuse())
    }

    /// Passes data to a type that buffers: the data that the solver found for it, or offers now.
    pub(super) fn buffered<'de, V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
        self.answer()?.deserialize_any(visitor)
    }

    /// Returns the data for a type that buffers.
    fn answer(self) -> Answer<Data> {
        self.tracer.guard(self.node, self.depth)?;
        let probe = self.tracer.probe.as_ref().filter(|probe| probe.target == self.node);
        let answer = probe.map(|probe| &probe.data).or(self.tracer.tree.get(self.node).answer.as_ref());
        let Some(data) = answer.cloned() else {
            let is_new = !self.tracer.tree.get(self.node).closed;
            return Err(if is_new { self.tracer.want(self.node) } else { self.tracer.excuse() });
        };
        if self.tracer.mode == Mode::Learn {
            self.tracer.tree.touch(self.node).pending = true;
        }
        Ok(data)
    }

    pub(super) fn is_object(&self) -> bool {
        self.tracer.tree.get(self.node).kind == Kind::Object
    }
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*) $body:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Answer<V::Value> {
            let answer: fn(Self, $($type,)* V) -> Answer<V::Value> = $body;
            answer(self, $($argument,)* visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for De<'_> {
    type Error = Refusal;

    forward! {
        deserialize_any() Self::any;
        deserialize_bool() Self::flag;
        deserialize_i8() |de, visitor| de.integer("i8", i8::MIN.into(), i8::MAX.into(), visitor);
        deserialize_i16() |de, visitor| de.integer("i16", i16::MIN.into(), i16::MAX.into(), visitor);
        deserialize_i32() |de, visitor| de.integer("i32", i32::MIN.into(), i32::MAX.into(), visitor);
        deserialize_i64() |de, visitor| de.integer("i64", i64::MIN.into(), i64::MAX.into(), visitor);
        deserialize_i128() |de, visitor| de.integer("i128", i128::MIN, i128::MAX, visitor);
        deserialize_u8() |de, visitor| de.integer("u8", 0, u8::MAX.into(), visitor);
        deserialize_u16() |de, visitor| de.integer("u16", 0, u16::MAX.into(), visitor);
        deserialize_u32() |de, visitor| de.integer("u32", 0, u32::MAX.into(), visitor);
        deserialize_u64() |de, visitor| de.integer("u64", 0, u64::MAX.into(), visitor);
        deserialize_u128() |de, visitor| de.integer("u128", 0, i128::MAX, visitor);
        deserialize_f32() |de, visitor| de.float("f32", f32::MAX.into(), visitor);
        deserialize_f64() |de, visitor| de.float("f64", f64::MAX, visitor);
        deserialize_char() Self::char;
        deserialize_str() Self::text;
        deserialize_string() Self::text;
        deserialize_bytes() Self::bytes;
        deserialize_byte_buf() Self::bytes;
        deserialize_option() Self::option;
        deserialize_unit() Self::unit;
        deserialize_unit_struct(_name: &'static str) |de, _, visitor| de.unit(visitor);
        deserialize_newtype_struct(_name: &'static str) |de, _, visitor| de.newtype(visitor);
        deserialize_seq() Self::list;
        deserialize_tuple(len: usize) Self::tuple;
        deserialize_tuple_struct(_name: &'static str, len: usize) |de, _, len, visitor| {
            de.tuple_struct(len, visitor)
        };
        deserialize_map() Self::map;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) |de, name, fields, visitor| {
            de.structure(name, fields, visitor)
        };
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) |de, name, variants, visitor| {
            de.choice(name, variants, visitor)
        };
        deserialize_identifier() Self::identifier;
        deserialize_ignored_any() |_, visitor| visitor.visit_unit();
    }
}
