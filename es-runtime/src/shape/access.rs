//! The contents of lists, maps, structs and enums, as a type asks for them.

use crate::shape::de::De;
use crate::shape::node::{Id, Kind};
use crate::shape::trace::{Refusal, Tracer};
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

type Answer<T> = Result<T, Refusal>;

fn name(text: &str) -> StrDeserializer<'_, Refusal> {
    text.into_deserializer()
}

/// The elements of a list, an array (one node for all) or a tuple (one node for each).
#[derive(Debug)]
pub(super) struct Elements<'t> {
    pub(super) tracer: &'t mut Tracer,
    pub(super) id: Id,
    pub(super) depth: usize,
    pub(super) variation: usize,
    pub(super) array: bool,
    pub(super) at: usize,
    pub(super) len: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Refusal;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<Option<S::Value>> {
        let at = if self.array { 0 } else { self.at };
        if self.at >= self.len {
            return Ok(None);
        }
        let Some(child) = self.tracer.tree.child(self.id, at) else { return Ok(None) };
        self.at += 1;
        let (depth, variation) = (self.depth, self.variation);
        self.tracer.visit(child, |de| seed.deserialize(De { depth, variation, ..de })).map(Some)
    }
}

/// The one entry of a map, if any.
#[derive(Debug)]
pub(super) struct Entries<'t> {
    pub(super) tracer: &'t mut Tracer,
    pub(super) id: Id,
    pub(super) depth: usize,
    pub(super) variation: usize,
    pub(super) left: usize,
}

impl Entries<'_> {
    fn visit<'de, S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
        at: usize,
        key_of: Option<Id>,
    ) -> Answer<S::Value> {
        let child = self.tracer.tree.child(self.id, at).ok_or(Refusal::Other)?;
        let (depth, variation) = (self.depth, self.variation);
        self.tracer.visit(child, |de| seed.deserialize(De { depth, variation, key_of, ..de }))
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Refusal;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<Option<S::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.visit(seed, 0, Some(self.id)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<S::Value> {
        self.visit(seed, 1, None)
    }
}

/// The planned fields of a struct.
#[derive(Debug)]
pub(super) struct Fields<'t> {
    pub(super) tracer: &'t mut Tracer,
    pub(super) plan: std::vec::IntoIter<Id>,
    pub(super) value: Option<Id>,
    /// The field asked for last.
    pub(super) last: &'t mut Option<Id>,
    pub(super) depth: usize,
    pub(super) variation: usize,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Refusal;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<Option<S::Value>> {
        let Some(child) = self.plan.next() else { return Ok(None) };
        self.value = Some(child);
        *self.last = Some(child);
        let step = self.tracer.tree.get(child).step.clone();
        let key = step.as_ref().map_or("", |step| step.name());
        seed.deserialize(name(key)).map(Some).inspect_err(|_| self.tracer.fail(child))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<S::Value> {
        let child = self.value.take().ok_or(Refusal::Other)?;
        let (depth, variation) = (self.depth, self.variation);
        self.tracer.visit(child, |de| seed.deserialize(De { depth, variation, ..de }))
    }
}

/// The variant chosen for an enum, then its content.
#[derive(Debug)]
pub(super) struct Content<'t> {
    pub(super) tracer: &'t mut Tracer,
    pub(super) id: Id,
    pub(super) depth: usize,
    pub(super) variation: usize,
}

impl<'t> Content<'t> {
    fn visit<T>(self, work: impl FnOnce(De<'_>) -> Answer<T>) -> Answer<T> {
        let (depth, variation) = (self.depth, self.variation);
        self.tracer.visit(self.id, |de| work(De { depth, variation, ..de }))
    }
}

impl<'de> EnumAccess<'de> for Content<'_> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Answer<(S::Value, Self)> {
        let step = self.tracer.tree.get(self.id).step.clone();
        match seed.deserialize(name(step.as_ref().map_or("", |step| step.name()))) {
            Ok(value) => Ok((value, self)),
            Err(refusal) => {
                self.tracer.fail(self.id);
                Err(refusal)
            }
        }
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Refusal;

    fn unit_variant(self) -> Answer<()> {
        self.visit(|mut de| de.enter(Kind::Variant))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Answer<S::Value> {
        self.visit(|de| seed.deserialize(de))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Answer<V::Value> {
        self.visit(|de| de.list(Kind::Tuple(len), visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        self.visit(|de| de.structure(fields, visitor))
    }
}
