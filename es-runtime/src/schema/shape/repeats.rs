//! Facts that only written values show: lists that drop repeats, and the values of fields that are left out.
//!
//! The tracer gives each list one value twice, writes it and counts. It does so for one list at a time, so that lists
//! inside lists cost no more than others.

use crate::schema::shape::node::{Kind, Omission};
use crate::schema::shape::tracer::Tracer;
use crate::schema::shape::tree::Tree;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Marks the lists in a finished tree of `T` that are sets, and notes the defaults.
pub(super) fn mark<T: Serialize + DeserializeOwned>(tree: Tree) -> Tree {
    let mut tracer = Tracer::finished(tree);
    for id in tracer.tree.ids() {
        let node = tracer.tree.get(id);
        if node.kind != Kind::List || !node.built || node.is_inside {
            continue;
        }
        tracer.tree.touch(id).repeating = true;
        let value = tracer.pass::<T>().and_then(|value| serde_json::to_value(value).ok());
        let tree = &mut tracer.tree;
        let written = value.as_ref().and_then(|value| tree.written(id, value)?.as_array());
        let set = written.is_some_and(|values| values.len() == 1);
        let node = tree.touch(id);
        node.repeating = false;
        node.set = set;
    }
    for id in tracer.tree.ids() {
        let node = tracer.tree.get(id);
        if node.omission != Omission::Allowed || node.is_inside || node.alias_of.is_some() {
            continue;
        }
        let mut default = || {
            let written = serde_json::to_value(tracer.without::<T>(id)?).ok()?;
            tracer.tree.written(id, &written).cloned()
        };
        // A default that differs each time means nothing: the time, an id.
        let (default, again) = (default(), default());
        tracer.tree.touch(id).default = default.filter(|value| Some(value) == again.as_ref());
    }
    tracer.tree
}
