//! How the fields of a struct are found out: all at first, then without one at a time.

use crate::shape::access::Fields;
use crate::shape::de::{Answer, De};
use crate::shape::node::{Id, Kind, Omission};
use crate::shape::path::Step;
use crate::shape::trace::{Mode, Refusal};
use serde::de::Visitor;

impl De<'_> {
    pub(super) fn structure<'de, V: Visitor<'de>>(
        mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        self.open::<V>(Kind::Struct(fields))?;
        let result = self.fields(fields, visitor);
        self.tracer.stack.pop();
        result
    }

    /// Supplies the fields of a struct; once these are known, leaves them out one at a time.
    fn fields<'de, V: Visitor<'de>>(
        &mut self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        let (id, depth, variation) = (self.node, self.depth, self.variation);
        let tree = &mut self.tracer.tree;
        if tree.get(id).children.is_empty() {
            for name in names {
                tree.add(id, Step::Field((*name).to_owned()));
            }
        }
        let known = self.tracer.mode == Mode::Learn && !tree.fields(id).any(|child| tree.is_open(child));
        let untested = |&child: &Id| tree.get(child).omission == Omission::Untested;
        let omitted = tree.fields(id).find(|child| known && untested(child));
        let usable = |&child: &Id| tree.is_usable(child);
        let mut plan: Vec<Id> =
            tree.fields(id).filter(|child| usable(child) && Some(*child) != omitted).collect();
        plan.sort_by_key(|&child| {
            let node = tree.get(child);
            (!node.first, !node.built, node.kind != Kind::Unseen)
        });
        let lacks =
            tree.fields(id).any(|child| !usable(&child) && tree.get(child).omission != Omission::Allowed);
        let hopeless = known && omitted.is_none() && lacks;
        let mut last = None;
        let tracer = &mut *self.tracer;
        let result = visitor.visit_map(Fields {
            tracer,
            plan: plan.into_iter(),
            value: None,
            last: &mut last,
            depth,
            variation,
        });
        if self.tracer.mode == Mode::Learn {
            self.conclude(result.as_ref().err(), omitted, last, hopeless);
        }
        result
    }

    /// Learns from how a struct took its fields.
    fn conclude(&mut self, refusal: Option<&Refusal>, omitted: Option<Id>, last: Option<Id>, hopeless: bool) {
        let (id, tracer) = (self.node, &mut *self.tracer);
        let named = |name: &str| {
            let step = Some(Step::Field(name.to_owned()));
            tracer.tree.fields(id).find(|&child| tracer.tree.get(child).step == step)
        };
        match refusal {
            Some(_) if tracer.settled => {}
            Some(Refusal::Duplicate(name)) => {
                let (named, last) = (named(name), last.unwrap_or(id));
                if named == Some(last) && !tracer.tree.get(last).first {
                    tracer.tree.learn(last).first = true;
                    tracer.settled = true;
                } else if named.is_some() && named != Some(last) && last != id {
                    tracer.tree.learn(last).alias_of = named;
                    tracer.settled = true;
                }
            }
            Some(refusal) => {
                let missing = if let Refusal::Missing(name) = refusal { named(name) } else { None };
                if let Some(omitted) = omitted {
                    // Fields are missed in the order of their declaration: one that was passed over is not needed.
                    let passed = missing.is_some_and(|missing| missing > omitted);
                    let answer = if passed { Omission::Allowed } else { Omission::Refused };
                    tracer.tree.learn(omitted).omission = answer;
                    tracer.settled = true;
                } else if hopeless {
                    tracer.tree.learn(id).failed = true;
                    tracer.settled = true;
                } else {
                    tracer.settled = missing.is_some_and(|child| !tracer.tree.is_usable(child));
                }
            }
            None => {
                if let Some(omitted) = omitted {
                    tracer.tree.learn(omitted).omission = Omission::Allowed;
                }
            }
        }
    }
}
