//! Answers to a type that requests a single value.

use crate::schema::shape::de::{Answer, De};
use crate::schema::shape::node::{Any, CHARS, Kind};
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::strings::{FLOATS, INTEGERS, LENGTHS, NEAR_ZERO, OFFERS, Offer};
use crate::schema::shape::tracer::Mode;
use serde::de::Visitor;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use std::any::type_name;

impl De<'_> {
    fn is_zero(&self) -> bool {
        self.tracer.mode == Mode::Zero
    }

    /// Picks the offer for a value: the next one, or a varied one inside a container that refused.
    fn pick<T: Copy>(&self, offers: &[T], zero: T) -> T {
        let at = self.tracer.tree.get(self.node).next + self.variation.saturating_sub(2);
        let pick = offers.get(at % offers.len().max(1)).copied().unwrap_or(zero);
        if self.is_zero() { zero } else { pick }
    }

    /// Returns the limit to offer to a number, if there is one.
    fn limit<T: From<i8>>(&self, min: T, max: T) -> Option<T> {
        let at = self.tracer.tree.get(self.node).limit.filter(|_| self.tracer.mode == Mode::Learn)?;
        NEAR_ZERO.into_iter().map(T::from).chain([min, max]).nth(at)
    }

    /// Returns the string to offer, by its place in the list: the next to try, or the first that was accepted.
    fn string(&self) -> usize {
        let node = self.tracer.tree.get(self.node);
        let probes = node.is_probing() && (self.tracer.mode == Mode::Learn || node.accepted.is_empty());
        if probes { node.next } else { node.accepted.first().copied().unwrap_or_default() }
    }

    pub(super) fn integer<'de, V: Visitor<'de>>(
        mut self,
        kind: &'static str,
        min: i128,
        max: i128,
        visitor: V,
    ) -> Answer<V::Value> {
        self.enter(Kind::Integer(kind))?;
        self.tracer.counter += 1;
        // Two variations serve types that need rising, or falling, numbers.
        let value = match (self.limit(min, max), self.variation) {
            (Some(limit), _) => limit,
            _ if self.is_zero() => 0,
            (_, 1) => self.tracer.counter,
            (_, 2) => 100 - self.tracer.counter,
            _ => self.pick(INTEGERS, 0),
        };
        let value = value.clamp(min, max);
        // As in JSON, a number is unsigned unless it is negative.
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => visitor.visit_u64(value),
            (_, Ok(value)) => visitor.visit_i64(value),
            _ if min == 0 => visitor.visit_u128(value.unsigned_abs()),
            _ => visitor.visit_i128(value),
        }
    }

    pub(super) fn float<'de, V: Visitor<'de>>(
        mut self,
        kind: &'static str,
        max: f64,
        visitor: V,
    ) -> Answer<V::Value> {
        self.enter(Kind::Float(kind))?;
        visitor.visit_f64(self.limit(-max, max).unwrap_or_else(|| self.pick(FLOATS, 0.0)))
    }

    pub(super) fn flag<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Bool)?;
        visitor.visit_bool(self.pick(&[true, false], false))
    }

    pub(super) fn char<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Char)?;
        visitor.visit_borrowed_str(self.pick(CHARS, "0"))
    }

    pub(super) fn text<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Text)?;
        let at = self.string();
        let free = OFFERS.get(at).is_some_and(Offer::is_free);
        let sample = sample(if free { at + self.variation } else { at });
        // The string is borrowed, as JSON has strings without escapes.
        visitor.visit_borrowed_str(if free && self.is_zero() { "" } else { sample })
    }

    pub(super) fn unit<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Unit)?;
        if self.in_option {
            self.tracer.note(self.node, |node| node.double_null = true);
        }
        visitor.visit_unit()
    }

    pub(super) fn bytes<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        self.enter(Kind::Bytes)?;
        let bytes = vec![b'a'; self.pick(LENGTHS, 0)];
        visitor.visit_seq(SeqDeserializer::<_, Refusal>::new(bytes.into_iter()))
    }

    /// Answers a type that looks at the data. A type that takes null or a flag here is a buffer; one that looks into a
    /// list or map may read many kinds of values from it.
    pub(super) fn any<'de, V: Visitor<'de>>(mut self, visitor: V) -> Answer<V::Value> {
        if self.is_object() {
            return self.buffered(visitor);
        }
        if type_name::<V>().contains("::TaggedContentVisitor<") {
            return Err(self.tracer.want(self.node));
        }
        if type_name::<V>().starts_with("serde_json::value::") && type_name::<V>().ends_with("::ValueVisitor")
        {
            self.enter(Kind::Anything)?;
            return visitor.visit_u64(7);
        }
        self.enter(Kind::Any)?;
        let (mut buffers, mut lists, mut maps) = (false, false, false);
        let result = match Any::at(self.string()) {
            Any::Null => visitor.visit_unit().inspect(|_| buffers = true),
            Any::Bool => visitor.visit_bool(true).inspect(|_| buffers = true),
            Any::List => {
                let empty = std::iter::from_fn(|| watch(&mut lists));
                visitor.visit_seq(SeqDeserializer::<_, Refusal>::new(empty)).inspect(|_| lists = true)
            }
            Any::Map => {
                let empty = std::iter::from_fn(|| watch(&mut maps).map(|key| (key, key)));
                visitor.visit_map(MapDeserializer::<_, Refusal>::new(empty)).inspect(|_| maps = true)
            }
            Any::String(at) => visitor.visit_borrowed_str(sample(at)),
            Any::Integer => visitor.visit_u64(1),
            Any::Float => visitor.visit_f64(1.5),
        };
        self.tracer.note(self.node, |node| {
            node.opaque |= buffers;
            node.lists |= lists;
            node.maps |= maps;
        });
        result
    }
}

fn sample(at: usize) -> &'static str {
    OFFERS.get(at).map_or("", |offer| offer.sample)
}

/// Notes that a type looked into the empty list.
fn watch(looked: &mut bool) -> Option<&'static str> {
    *looked = true;
    None
}
