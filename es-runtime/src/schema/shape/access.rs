//! The contents of lists, maps, structs and enums, as a type requests them.

use crate::schema::shape::de::{Answer, De};
use crate::schema::shape::node::{Id, Kind};
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::tracer::Tracer;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use std::any::type_name;

/// The container under way.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    pub(super) tracer: &'t mut Tracer,
    pub(super) id: Id,
    pub(super) depth: usize,
    pub(super) variation: usize,
}

impl De<'_> {
    /// Returns the cursor that the contents of a container need.
    pub(super) fn cursor(&mut self) -> Cursor<'_> {
        Cursor { tracer: &mut *self.tracer, id: self.node, depth: self.depth, variation: self.variation }
    }
}

impl Cursor<'_> {
    /// Deserializes the value at a node, and notes the result.
    fn visit<T>(&mut self, child: Id, work: impl FnOnce(De<'_>) -> Answer<T>) -> Answer<T> {
        let (depth, variation, mode) = (self.depth, self.variation, self.tracer.mode);
        let result = work(De { depth, variation, ..De::new(self.tracer, child) });
        self.tracer.mode = mode;
        self.tracer.answered(child, result.as_ref().err());
        self.tracer.settle(child, result.is_ok());
        result
    }

    /// Passes the name of a field or variant to the type, and gives up a child whose name the type refuses.
    fn name<'de, S: DeserializeSeed<'de>>(&mut self, seed: S, child: Id) -> Answer<S::Value> {
        let step = self.tracer.tree.get(child).step.clone();
        let name: StrDeserializer<'_, Refusal> =
            step.as_ref().map_or("", |step| step.name()).into_deserializer();
        seed.deserialize(name).inspect_err(|_| self.tracer.fail(child))
    }
}

/// The elements of a list or array (one node for each of them) or of a tuple (a node of its own for each).
#[derive(Debug)]
pub(super) struct Elements<'t> {
    pub(super) cursor: Cursor<'t>,
    pub(super) each: bool,
    pub(super) at: usize,
    pub(super) len: usize,
    /// The counter at which each element starts, if all are to be equal.
    pub(super) counter: Option<i128>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Refusal;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<Option<S::Value>> {
        let child = self.cursor.tracer.tree.child(self.cursor.id, if self.each { 0 } else { self.at });
        let Some(child) = child.filter(|_| self.at < self.len) else { return Ok(None) };
        self.at += 1;
        self.cursor.tracer.counter = self.counter.unwrap_or(self.cursor.tracer.counter);
        self.cursor.visit(child, |de| seed.deserialize(de)).map(Some)
    }
}

/// The one entry of a map, if any.
#[derive(Debug)]
pub(super) struct Entries<'t> {
    pub(super) cursor: Cursor<'t>,
    pub(super) left: usize,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Refusal;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<Option<S::Value>> {
        let map = self.cursor.id;
        let key = self.cursor.tracer.tree.child(map, 0);
        let Some(key) = key.filter(|_| self.left > 0) else { return Ok(None) };
        self.left -= 1;
        self.cursor.visit(key, |de| seed.deserialize(De { key_of: Some(map), ..de })).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<S::Value> {
        let value = self.cursor.tracer.tree.child(self.cursor.id, 1).ok_or(Refusal::Other)?;
        self.cursor.visit(value, |de| seed.deserialize(de))
    }
}

/// The planned fields of a struct.
#[derive(Debug)]
pub(super) struct Fields<'t> {
    pub(super) cursor: Cursor<'t>,
    pub(super) supplied: std::slice::Iter<'t, Id>,
    pub(super) value: Option<Id>,
    /// The field that the type requested last.
    pub(super) last: &'t mut Option<Id>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Refusal;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<Option<S::Value>> {
        let Some(&field) = self.supplied.next() else { return Ok(None) };
        self.value = Some(field);
        *self.last = Some(field);
        self.cursor.name(seed, field).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Answer<S::Value> {
        let field = self.value.take().ok_or(Refusal::Other)?;
        if type_name::<S::Value>().starts_with("core::option::Option<") {
            self.cursor.tracer.note(field, |node| node.is_option = true);
        }
        // In an adjacently tagged enum, the fields beside the tag depend on it.
        if type_name::<S>().contains("AdjacentlyTaggedEnumVariantSeed") {
            return Err(self.cursor.tracer.want(self.cursor.id));
        }
        self.cursor.visit(field, |de| seed.deserialize(de))
    }
}

/// The variant that was chosen for an enum, then its content.
#[derive(Debug)]
pub(super) struct Content<'t> {
    pub(super) cursor: Cursor<'t>,
    pub(super) variant: Id,
}

impl<'de> EnumAccess<'de> for Content<'_> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Answer<(S::Value, Self)> {
        let name = self.cursor.name(seed, self.variant)?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Refusal;

    fn unit_variant(mut self) -> Answer<()> {
        self.cursor.visit(self.variant, |mut de| de.enter(Kind::Variant))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Answer<S::Value> {
        self.cursor.visit(self.variant, |de| seed.deserialize(de))
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Answer<V::Value> {
        self.cursor.visit(self.variant, |de| de.tuple_struct(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        self.cursor.visit(self.variant, |de| de.structure("", fields, visitor))
    }
}
