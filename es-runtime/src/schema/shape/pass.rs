//! One pass over a type, with data of the tree or of the solver.

use crate::schema::shape::data::Data;
use crate::schema::shape::de::De;
use crate::schema::shape::node::Id;
use crate::schema::shape::refusal::Refusal;
use crate::schema::shape::tracer::{Mode, Probe, Tracer};
use crate::schema::shape::tree::ROOT;
use serde::de::DeserializeOwned;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Tracer {
    pub(super) fn pass<T: DeserializeOwned>(&mut self) -> Option<T> {
        self.begin();
        let mode = self.mode;
        let value = catch_unwind(AssertUnwindSafe(|| T::deserialize(De::new(&mut *self, ROOT))));
        self.mode = mode;
        // A panic counts as a refusal of the last offer.
        let (id, value) = value.map_or((self.last, Err(Refusal::Other)), |value| (ROOT, value));
        self.end(id, value.as_ref().err());
        value.ok()
    }

    fn begin(&mut self) {
        self.settled = false;
        self.stack.clear();
        self.visited.clear();
        self.counter = 0;
        self.visits = 0;
        self.last = ROOT;
    }

    fn end(&mut self, id: Id, refusal: Option<&Refusal>) {
        self.answered(ROOT, refusal);
        self.settled &= id == ROOT;
        self.settle(id, refusal.is_none());
    }

    /// Makes a pass in which a node gets the data; returns the node's answer, and the whole value.
    pub(super) fn probe<T: DeserializeOwned>(
        &mut self,
        target: Id,
        data: Data,
    ) -> (Option<Result<(), Refusal>>, Option<T>) {
        let mode = self.begin_probe(target, data);
        let value = self.pass::<T>();
        self.mode = mode;
        (self.probe.take().and_then(|probe| probe.answer), value)
    }

    /// Aims the next pass at a node; returns the mode until now.
    fn begin_probe(&mut self, target: Id, data: Data) -> Mode {
        let path = std::iter::successors(Some(target), |&id| self.tree.get(id).parent).collect();
        self.probe = Some(Probe { target, path, data, answer: None });
        std::mem::replace(&mut self.mode, Mode::Probe)
    }

    /// Makes a pass in which a field is left out.
    pub(super) fn without<T: DeserializeOwned>(&mut self, field: Id) -> Option<T> {
        self.omit = Some(field);
        let around = self.tree.get(field).parent?;
        // The field has no data: the path of the probe only has to lead to its struct.
        let (_, value) = self.probe::<T>(around, Data::Null);
        self.omit = None;
        value
    }
}
