//! The search for the fields of a struct: the tracer supplies all, then leaves out each once.

use crate::schema::shape::access::Fields;
use crate::schema::shape::de::{Answer, De};
use crate::schema::shape::node::{Id, Kind, Omission};
use crate::schema::shape::path::Step;
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::tracer::Mode;
use serde::de::Visitor;

/// The fields that a struct gets in this visit.
struct Plan {
    fields: Vec<Id>,
    /// The field that is left out, to see if it is optional.
    omitted: Option<Id>,
    /// True if the struct needs a field for which nothing can be built.
    hopeless: bool,
}

impl De<'_> {
    pub(super) fn structure<'de, V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Answer<V::Value> {
        if self.is_object() {
            return self.buffered(visitor);
        }
        self.open::<V>(Kind::Struct(names))?;
        self.elements(names.len(), |at| Step::Field(names.get(at).copied().unwrap_or_default().to_owned()));
        self.tracer.tree.touch(self.node).name = name;
        let plan = self.plan();
        let mut last = None;
        let supplied = plan.fields.iter();
        let result =
            visitor.visit_map(Fields { cursor: self.cursor(), supplied, value: None, last: &mut last });
        self.tracer.stack.pop();
        if self.tracer.mode == Mode::Learn {
            self.conclude(&plan, result.as_ref().err(), last);
        }
        result
    }

    fn plan(&self) -> Plan {
        let tree = &self.tracer.tree;
        let node = tree.get(self.node);
        let fields: Vec<Id> = tree.fields(self.node).collect();
        let needed = |id: Id| tree.get(id).omission != Omission::Allowed;
        let lacks = fields.iter().any(|&id| needed(id) && !tree.is_usable(id));
        // Until a struct was built once, a refusal may have other reasons than the field that was left out.
        let settled = !node.closed && (node.built || lacks || node.is_spent());
        let known = settled && self.tracer.mode == Mode::Learn && !fields.iter().any(|&id| tree.is_open(id));
        let untested = |id: &&Id| tree.get(**id).omission == Omission::Untested;
        let omitted = fields.iter().find(untested).copied().filter(|_| known);
        let omitted = omitted.or(self.tracer.omit.filter(|id| fields.contains(id)));
        let hopeless = known && omitted.is_none() && (lacks || node.is_spent()) && !node.built;
        let mut fields = fields;
        fields.retain(|&id| (tree.is_usable(id) && Some(id) != omitted) || self.tracer.leads(id));
        fields.sort_by_key(|&id| {
            let node = tree.get(id);
            (!self.tracer.leads(id), !node.first, !node.built, node.kind != Kind::Unseen)
        });
        Plan { fields, omitted, hopeless }
    }

    /// Learns from the way in which a struct took its fields.
    fn conclude(&mut self, plan: &Plan, refusal: Option<&Refusal>, last: Option<Id>) {
        let (id, tracer) = (self.node, &mut *self.tracer);
        if refusal.is_some() && tracer.settled {
            return;
        }
        let missing = match refusal {
            Some(&Refusal::Missing(name)) => tracer.tree.field(id, name),
            Some(&Refusal::Duplicate(name)) => {
                let named = tracer.tree.field(id, name);
                if let (Some(named), Some(last)) = (named, last) {
                    tracer.duplicate(named, last);
                }
                return;
            }
            _ => None,
        };
        if plan.hopeless {
            tracer.note(id, |node| node.failed = true);
            tracer.settled = refusal.is_some();
        } else if let Some(omitted) = plan.omitted {
            let allowed = match (refusal, missing) {
                (None, _) => true,
                // A struct misses fields in the order of their declaration: a field that it did not miss is not needed.
                (_, Some(missing)) if missing > omitted => true,
                // The struct never reaches this field, behind one that cannot be built: a plain option needs no value.
                (_, Some(missing)) if missing < omitted => tracer.tree.get(omitted).is_option,
                _ => false,
            };
            let answer = if allowed { Omission::Allowed } else { Omission::Refused };
            tracer.note(omitted, |node| node.omission = answer);
            tracer.settled = refusal.is_some();
        } else if refusal.is_some() {
            tracer.settled = missing.is_some_and(|child| !tracer.tree.is_usable(child));
        }
    }
}
