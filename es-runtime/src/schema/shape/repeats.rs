//! Which lists drop repeats: each is given one value twice, written, and counted.
//!
//! One list at a time, so that lists inside lists cost no more than others.

use crate::schema::shape::node::{Id, Kind};
use crate::schema::shape::path::Step;
use crate::schema::shape::trace::Tracer;
use crate::schema::shape::tree::Tree;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Marks the lists in a finished tree of `T` that are sets.
pub(super) fn mark<T: Serialize + DeserializeOwned>(tree: Tree) -> Tree {
    let mut tracer = Tracer::finished(tree);
    for id in tracer.tree.ids() {
        let node = tracer.tree.get(id);
        if node.kind != Kind::List || !node.built {
            continue;
        }
        tracer.tree.touch(id).repeating = true;
        let value = tracer.pass::<T>().and_then(|value| serde_json::to_value(value).ok());
        let tree = &mut tracer.tree;
        let written = value.as_ref().and_then(|value| at(tree, id, value)?.as_array());
        let set = written.is_some_and(|values| values.len() == 1);
        let node = tree.touch(id);
        node.repeating = false;
        node.set = set;
    }
    tracer.tree
}

/// What is written of a node, in a value of the whole type.
fn at<'v>(tree: &Tree, id: Id, whole: &'v Value) -> Option<&'v Value> {
    let node = tree.get(id);
    let Some(parent) = node.parent else { return Some(whole) };
    let around = at(tree, parent, whole)?;
    match node.step.as_ref()? {
        Step::Field(name) => {
            let siblings = tree.get(parent).children.iter().map(|&child| tree.get(child));
            let mut aliases = siblings.filter(|other| other.alias_of == Some(id));
            let named = |name: &str| around.get(name);
            named(name).or_else(|| aliases.find_map(|other| named(other.step.as_ref()?.name())))
        }
        Step::Index(index) => around.get(index),
        Step::Element => around.get(0),
        // The only one that was built, whatever name it is written under.
        Step::Value | Step::Variant(_) => around.as_object()?.values().next(),
        Step::Key => None,
    }
}
