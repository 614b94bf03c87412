//! The passes: the tracer deserializes a type again and again, each time with other data, until it learns nothing new.

use crate::schema::shape::data::Data;
use crate::schema::shape::node::Kind;
use crate::schema::shape::solve::{self, NOBODY, Write};
use crate::schema::shape::tracer::{Mode, Names, Tracer};
use crate::schema::shape::tree::Tree;
use serde::de::DeserializeOwned;
use std::rc::Rc;

// Bounds for types that never come to an end.
const MAX_PASSES: usize = 20_000;
/// Traces `T`, and passes each value that could be built to `built`.
///
/// `write` returns a value as it is written, if it can be. The tracer tries `names` on a type that does not report its
/// fields.
pub(super) fn run<T: DeserializeOwned>(names: &Names, write: Write<T>, built: impl FnMut(T)) -> Tree {
    run_bounded(MAX_PASSES, names, write, built)
}

pub(super) fn run_bounded<T: DeserializeOwned>(
    passes: usize,
    names: &Names,
    write: Write<T>,
    mut built: impl FnMut(T),
) -> Tree {
    trace(passes, names, write, &mut built)
}

/// As [`run_bounded`]. `built` has no type of its own, so that all this is compiled once for each `T`.
fn trace<T: DeserializeOwned>(
    passes: usize,
    names: &Names,
    write: Write<T>,
    built: &mut dyn FnMut(T),
) -> Tree {
    let mut tracer = Tracer::new(Tree::new());
    tracer.names = Rc::clone(names);
    let known = tracer.learn(passes, built);
    // A second round: whole values can now be built, and their written data can be seen.
    for id in tracer.tree.ids() {
        if tracer.tree.get(id).answer.is_some() {
            solve::solve(&mut tracer, id, write, built);
        }
    }
    tracer.find_open_enums::<T>();
    // Limits come last, when the values around are known: a type that checks several numbers would refuse some limits,
    // and run out of variations. Values made from limits are not passed on: JSON need not hold them.
    tracer.whole = true;
    for id in tracer.tree.ids() {
        let node = tracer.tree.touch(id);
        node.limit = (node.built && !node.is_inside && node.is_number()).then_some(0);
    }
    tracer.tree.cut_off = !(known && tracer.learn::<T>(passes, &mut drop));
    for mode in [Mode::Empty, Mode::Zero] {
        tracer.mode = mode;
        tracer.pass().map(&mut *built);
    }
    tracer.tree
}

impl Tracer {
    /// Offers each enum a variant that it does not name.
    fn find_open_enums<T: DeserializeOwned>(&mut self) {
        for id in self.tree.ids() {
            let node = self.tree.get(id);
            if matches!(node.kind, Kind::Enum(_)) && node.built && !node.is_inside {
                let (answer, _) = self.probe::<T>(id, Data::text(NOBODY));
                self.tree.touch(id).others_read = answer == Some(Ok(()));
            }
        }
    }

    /// Makes passes until the tracer learns nothing new; returns false if there were too few.
    fn learn<T: DeserializeOwned>(&mut self, passes: usize, built: &mut dyn FnMut(T)) -> bool {
        for _ in 0..passes {
            let before = self.tree.changes;
            self.pass().map(&mut *built);
            if let Some(id) = self.wanted.take() {
                solve::solve(self, id, |_: &T| None, built);
            }
            if self.tree.changes == before && !self.close_last() {
                return true;
            }
        }
        false
    }
}
