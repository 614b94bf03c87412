//! The deserializer that a type meets: it answers each question with a value from the tree's offers, and notes the question.

use crate::shape::access::{Content, Elements, Entries};
use crate::shape::node::{Any, CHARS, Id, Kind};
use crate::shape::path::Step;
use crate::shape::strings::{FLOATS, INTEGERS, LENGTHS, OFFERS};
use crate::shape::trace::{Mode, Refusal, Tracer};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Visitor};
use std::any::type_name;

pub(super) type Answer<T> = Result<T, Refusal>;

/// Longer tuples than these are arrays: no tuple that serde knows has more elements.
const MAX_TUPLE: usize = 16;

#[derive(Debug)]
pub(super) struct De<'t> {
    pub(super) tracer: &'t mut Tracer,
    pub(super) node: Id,
    pub(super) depth: usize,
    /// How often the values inside the containers around have been varied.
    pub(super) variation: usize,
    /// Directly inside an `Option`.
    pub(super) in_option: bool,
    /// The map whose key this is.
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

    /// Enters a container, unless it is of the type of one around it.
    pub(super) fn open<V>(&mut self, kind: Kind) -> Answer<()> {
        self.unroll::<V>()?;
        self.enter(kind)?;
        self.tracer.stack.push((type_name::<V>(), self.node));
        let next = self.tracer.tree.get(self.node).next;
        self.variation = self.variation.max(next);
        self.depth += 1;
        Ok(())
    }

    /// Where a type stands inside itself: stops, or builds the value as it was built around, as soon as that is known.
    fn unroll<V>(&mut self) -> Answer<()> {
        self.tracer.guard(self.node, self.depth)?;
        let id = self.node;
        let node = self.tracer.tree.get(id);
        if let Kind::Loop(target) = node.kind {
            if !self.tracer.tree.get(target).built {
                return Err(self.tracer.excuse());
            }
            if self.tracer.mode == Mode::Learn {
                self.tracer.tree.touch(id).pending = true;
                self.tracer.mode = Mode::Empty;
            }
            self.node = target;
            return Ok(());
        }
        let around = self.tracer.stack.iter().find(|(name, _)| *name == type_name::<V>());
        let Some(&(_, target)) = around.filter(|_| self.tracer.mode == Mode::Learn) else { return Ok(()) };
        if target == id {
            self.tracer.fail(id);
        } else if node.kind == Kind::Unseen {
            self.tracer.tree.learn(id).kind = Kind::Loop(target);
        }
        Err(self.tracer.excuse())
    }

    fn zero(&self) -> bool {
        self.tracer.mode == Mode::Zero
    }

    /// The offer that counts for a value: the next one, or a varied one inside a container that refused.
    fn pick<T: Copy>(&mut self, offers: &[T], zero: T) -> T {
        let at = self.tracer.tree.get(self.node).next + self.variation.saturating_sub(2);
        let pick = offers.get(at % offers.len().max(1)).copied().unwrap_or(zero);
        if self.zero() { zero } else { pick }
    }

    fn integer(&mut self, kind: &'static str, min: i128, max: i128) -> Answer<i128> {
        self.enter(Kind::Integer(kind))?;
        self.tracer.counter += 1;
        let pick = match self.variation {
            1 => self.tracer.counter,
            2 => 100 - self.tracer.counter,
            _ => self.pick(INTEGERS, 0),
        };
        Ok(if self.zero() { 0 } else { pick }.clamp(min, max))
    }

    /// Like JSON: a number is unsigned unless it is negative.
    fn number<'de, V: Visitor<'de>>(
        mut self,
        kind: &'static str,
        min: i128,
        max: i128,
        visitor: V,
    ) -> Answer<V::Value> {
        let value = self.integer(kind, min, max)?;
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => visitor.visit_u64(value),
            (_, Ok(value)) => visitor.visit_i64(value),
            _ => visitor.visit_i128(value),
        }
    }

    fn float<'de, V: Visitor<'de>>(mut self, kind: &'static str, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Float(kind))?;
        visitor.visit_f64(self.pick(FLOATS, 0.0))
    }

    fn text<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Text)?;
        let node = self.tracer.tree.get(self.node);
        let at =
            if node.is_probing() { node.next } else { node.accepted.first().copied().unwrap_or_default() };
        let free = OFFERS.get(at).is_some_and(|offer| offer.is_free());
        let at = if free { at + self.variation } else { at };
        let sample = OFFERS.get(at).map_or("", |offer| offer.sample);
        visitor.visit_str(if free && self.zero() { "" } else { sample })
    }

    fn unit<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Unit)?;
        if self.in_option {
            self.double();
        }
        visitor.visit_unit()
    }

    fn double(&mut self) {
        if !self.tracer.tree.get(self.node).double_null {
            self.tracer.note(self.node).map(|node| node.double_null = true);
        }
    }

    fn bytes<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Bytes)?;
        let bytes = vec![b'a'; self.pick(LENGTHS, 0)];
        visitor.visit_seq(SeqDeserializer::<_, Refusal>::new(bytes.into_iter()))
    }

    fn any<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Any)?;
        let node = self.tracer.tree.get(self.node);
        let at =
            if node.is_probing() { node.next } else { node.accepted.first().copied().unwrap_or_default() };
        let id = self.node;
        let (result, opaque) = match Any::at(at) {
            Any::Null => (visitor.visit_unit(), true),
            Any::Bool => (visitor.visit_bool(true), true),
            Any::List => {
                let mut touched = false;
                let empty = std::iter::from_fn(|| none(&mut touched));
                (visitor.visit_seq(SeqDeserializer::<_, Refusal>::new(empty)), touched)
            }
            Any::Map => {
                let mut touched = false;
                let empty = std::iter::from_fn(|| none(&mut touched).map(|key| (key, key)));
                (visitor.visit_map(MapDeserializer::<_, Refusal>::new(empty)), touched)
            }
            Any::String(at) => (visitor.visit_str(OFFERS.get(at).map_or("", |offer| offer.sample)), false),
            Any::Integer => (visitor.visit_u64(1), false),
            Any::Float => (visitor.visit_f64(1.5), false),
        };
        let looks = opaque && (result.is_ok() || matches!(Any::at(at), Any::List | Any::Map));
        if looks {
            self.tracer.set_opaque(id);
        }
        result
    }

    pub(super) fn list<'de, V: Visitor<'de>>(mut self, kind: Kind, visitor: V) -> Answer<V::Value> {
        let (fixed, array) = match kind {
            Kind::Array(len) => (Some(len), true),
            Kind::Tuple(len) => (Some(len), false),
            _ => (None, true),
        };
        self.open::<V>(kind)?;
        let id = self.node;
        let tree = &mut self.tracer.tree;
        for at in tree.get(id).children.len()..if array { 1 } else { fixed.unwrap_or(1) } {
            tree.add(id, if array { Step::Element } else { Step::Index(at) });
        }
        let usable = tree.child(id, 0).is_some_and(|child| tree.is_usable(child));
        let len = match fixed {
            Some(len) => len,
            None if !usable || self.tracer.mode != Mode::Learn => 0,
            None => LENGTHS.get(self.tracer.tree.get(id).next).copied().unwrap_or(1),
        };
        let (tracer, depth, variation) = (&mut *self.tracer, self.depth, self.variation);
        let result = visitor.visit_seq(Elements { tracer, id, depth, variation, array, at: 0, len });
        self.tracer.stack.pop();
        result
    }

    fn map<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.open::<V>(Kind::Map)?;
        let id = self.node;
        let tree = &mut self.tracer.tree;
        if tree.get(id).children.is_empty() {
            tree.add(id, Step::Key);
            tree.add(id, Step::Value);
        }
        let usable = tree.get(id).children.iter().all(|&child| tree.is_usable(child));
        let flat = tree.get(id).opaque && tree.get(id).next > 0;
        let left = usize::from(usable && !flat && self.tracer.mode == Mode::Learn);
        let (tracer, depth, variation) = (&mut *self.tracer, self.depth, self.variation);
        let result = visitor.visit_map(Entries { tracer, id, depth, variation, left });
        self.tracer.stack.pop();
        result
    }

    fn flag<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Bool)?;
        visitor.visit_bool(self.pick(&[true, false], false))
    }

    fn char<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Char)?;
        visitor.visit_str(self.pick(CHARS, "0"))
    }

    fn option<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.tracer.guard(self.node, self.depth)?;
        if self.in_option {
            self.double();
            return visitor.visit_none();
        }
        let node = self.tracer.tree.get(self.node);
        let usable = self.tracer.tree.is_usable(self.node) && self.tracer.mode == Mode::Learn;
        if !node.null {
            self.tracer.note(self.node).map(|node| node.null = true);
        }
        if !usable {
            return visitor.visit_none();
        }
        visitor.visit_some(De { in_option: true, depth: self.depth + 1, ..self })
    }

    fn newtype<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.unroll::<V>()?;
        self.tracer.stack.push((type_name::<V>(), self.node));
        let tracer = &mut *self.tracer;
        let result = visitor.visit_newtype_struct(De { tracer, depth: self.depth + 1, ..self });
        self.tracer.stack.pop();
        result
    }

    /// A map that asks for its keys as field names gathers the fields of something flattened.
    fn identifier<'de, V: Visitor<'de>>(self, visitor: V) -> Answer<V::Value> {
        let Some(map) = self.key_of else { return self.text(visitor) };
        self.tracer.set_opaque(map);
        visitor.visit_str("a name that no field has")
    }

    fn choice<'de, V: Visitor<'de>>(
        mut self,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        self.open::<V>(Kind::Enum(variants))?;
        let id = self.node;
        let tree = &mut self.tracer.tree;
        for name in variants.iter().skip(tree.get(id).children.len()) {
            tree.add(id, Step::Variant((*name).to_owned()));
        }
        let open = tree.get(id).children.iter().copied().filter(|&child| tree.is_open(child));
        let open = open.min_by_key(|&child| tree.get(child).kind != Kind::Unseen);
        let choice = open.filter(|_| self.tracer.mode == Mode::Learn).or(tree.get(id).base);
        let result = match choice {
            Some(id) => {
                let (tracer, depth, variation) = (&mut *self.tracer, self.depth, self.variation);
                visitor.visit_enum(Content { tracer, id, depth, variation })
            }
            None => {
                self.tracer.fail(id);
                Err(Refusal::Other)
            }
        };
        self.tracer.stack.pop();
        result
    }
}

fn none(touched: &mut bool) -> Option<&'static str> {
    *touched = true;
    None
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
        deserialize_i8() |de, visitor| de.number("i8", i8::MIN.into(), i8::MAX.into(), visitor);
        deserialize_i16() |de, visitor| de.number("i16", i16::MIN.into(), i16::MAX.into(), visitor);
        deserialize_i32() |de, visitor| de.number("i32", i32::MIN.into(), i32::MAX.into(), visitor);
        deserialize_i64() |de, visitor| de.number("i64", i64::MIN.into(), i64::MAX.into(), visitor);
        deserialize_i128() |de, visitor| de.number("i128", i128::MIN, i128::MAX, visitor);
        deserialize_u8() |de, visitor| de.number("u8", 0, u8::MAX.into(), visitor);
        deserialize_u16() |de, visitor| de.number("u16", 0, u16::MAX.into(), visitor);
        deserialize_u32() |de, visitor| de.number("u32", 0, u32::MAX.into(), visitor);
        deserialize_u64() |de, visitor| de.number("u64", 0, u64::MAX.into(), visitor);
        deserialize_u128() |de, visitor| de.number("u128", 0, i128::MAX, visitor);
        deserialize_f32() |de, visitor| de.float("f32", visitor);
        deserialize_f64() |de, visitor| de.float("f64", visitor);
        deserialize_char() Self::char;
        deserialize_str() Self::text;
        deserialize_string() Self::text;
        deserialize_bytes() Self::bytes;
        deserialize_byte_buf() Self::bytes;
        deserialize_option() Self::option;
        deserialize_unit() Self::unit;
        deserialize_unit_struct(_name: &'static str) |de, _, visitor| de.unit(visitor);
        deserialize_newtype_struct(_name: &'static str) |de, _, visitor| de.newtype(visitor);
        deserialize_seq() |de, visitor| de.list(Kind::List, visitor);
        deserialize_tuple(len: usize) |de, len, visitor| {
            de.list(if len > MAX_TUPLE { Kind::Array(len) } else { Kind::Tuple(len) }, visitor)
        };
        deserialize_tuple_struct(_name: &'static str, len: usize) |de, _, len, visitor| {
            de.list(Kind::Tuple(len), visitor)
        };
        deserialize_map() Self::map;
        deserialize_struct(_name: &'static str, fields: &'static [&'static str]) |de, _, fields, visitor| {
            de.structure(fields, visitor)
        };
        deserialize_enum(_name: &'static str, variants: &'static [&'static str]) |de, _, variants, visitor| {
            de.choice(variants, visitor)
        };
        deserialize_identifier() Self::identifier;
        deserialize_ignored_any() |_, visitor| visitor.visit_unit();
    }
}
