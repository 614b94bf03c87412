//! Compares what a type writes with what it reads.

use crate::schema::shape::Shape;
use crate::schema::shape::describe;
use crate::schema::shape::node::{Id, Kind, Omission};
use crate::schema::shape::path::{Name, Path, Step};
use crate::schema::shape::repeats;
use crate::schema::shape::trace;
use crate::schema::shape::tracer::Names;
use crate::schema::shape::tree::{ROOT, Tree};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

/// Returns the shape of `T`, with a problem for each value that it does not read as it wrote it.
pub(super) fn shape<T: Serialize + DeserializeOwned>(names: &Names) -> Shape {
    let mut texts = BTreeSet::new();
    let mut problems = BTreeSet::new();
    let tree = trace::run::<T>(
        names,
        |value| serde_json::to_value(value).ok(),
        |value| match serde_json::to_string(&value) {
            Ok(text) => drop(texts.insert(text)),
            Err(error) => drop(problems.insert(format!("it cannot be written as JSON: {error}"))),
        },
    );
    let tree = repeats::mark::<T>(tree);
    let mut check = Check { tree: &tree, problems, sound: true, written: BTreeSet::new() };
    for text in &texts {
        check.round_trip::<T>(text);
    }
    let mut shape = describe::shape(&tree);
    if !texts.is_empty() {
        check.mark_read_only(ROOT, &mut shape);
    }
    shape.is_written = !texts.is_empty();
    shape.problems.extend(check.problems);
    shape
}

struct Check<'t> {
    tree: &'t Tree,
    problems: BTreeSet<String>,
    /// True if nothing was wrong with the text that was checked.
    sound: bool,
    /// The fields that occurred in written data.
    written: BTreeSet<Id>,
}

impl Check<'_> {
    fn round_trip<T: Serialize + DeserializeOwned>(&mut self, text: &str) {
        let Ok(value) = serde_json::from_str::<Value>(text) else { return };
        self.sound = true;
        self.compare(ROOT, &value);
        if !self.sound {
            return;
        }
        match serde_json::from_str::<T>(text) {
            Err(error) => {
                self.report(format!("the written data cannot be read back: {error}"));
            }
            Ok(again) if serde_json::to_value(&again).ok().as_ref() != Some(&value) => {
                self.report("the data that are read back differ from the written ones".to_owned());
            }
            Ok(_) => {}
        }
    }

    fn compare(&mut self, id: Id, value: &Value) {
        let node = self.tree.get(id);
        let untold = node.opaque || !node.others.is_empty();
        match (&node.kind, value) {
            (Kind::Unseen | Kind::Any | Kind::Anything, _) => {}
            _ if untold => {}
            (_, Value::Null) if node.null || node.kind == Kind::Unit => {}
            (Kind::Loop(target), _) => self.compare(*target, value),
            (Kind::Struct(_) | Kind::Object, Value::Object(fields)) => self.compare_fields(id, fields),
            (Kind::Enum(_), Value::String(name)) => self.compare_variant(id, name, None),
            (Kind::Enum(_), Value::Object(map)) if map.len() == 1 => {
                map.iter().for_each(|(name, content)| self.compare_variant(id, name, Some(content)));
            }
            (Kind::List | Kind::Array(_), Value::Array(values)) => {
                if let Some(child) = self.tree.child(id, 0) {
                    for value in values {
                        self.compare(child, value);
                    }
                }
            }
            (Kind::Tuple(len), Value::Array(values)) if values.len() == *len => {
                node.children.iter().zip(values).for_each(|(&child, value)| self.compare(child, value));
            }
            (Kind::Map, Value::Object(map)) => {
                if let Some(child) = self.tree.child(id, 1) {
                    map.values().for_each(|value| self.compare(child, value));
                }
            }
            (Kind::Text | Kind::Char | Kind::Tag, Value::String(_))
            | (Kind::Integer(_) | Kind::Float(_), Value::Number(_))
            | (Kind::Bool, Value::Bool(_))
            | (Kind::Bytes, Value::Array(_)) => {}
            _ => {
                let read = describe::kind(self.tree, id);
                let place = self.path(id).place();
                self.report(format!(
                    "{place} is written as {} but read as {read}; \
                     make its `Serialize` and `Deserialize` agree",
                    form(value)
                ));
            }
        }
    }

    fn compare_fields(&mut self, id: Id, fields: &serde_json::Map<String, Value>) {
        let (children, rest) = self.fields(id, fields);
        let target = |child: Id| self.tree.get(child).alias_of.unwrap_or(child);
        let name = |child: Id| self.tree.get(child).step.as_ref().map_or("", |step| step.name());
        let place = self.path(id).place();
        let mut present = BTreeSet::new();
        for (key, value) in fields {
            if let Some(&child) = children.iter().find(|&&child| name(child) == key) {
                let child = target(child);
                present.insert(child);
                self.compare(child, value);
            } else if let Some(rest) = rest {
                self.compare(rest, value);
            } else if value.as_str() != Some(self.tree.get(id).name) {
                let field = Name(key);
                self.report(format!(
                    "{place} is written with a field `{field}`, which is never read; \
                     read it under that name too (`#[serde(alias = ..)]`), \
                     or do not write it (`#[serde(skip)]`)"
                ));
            }
        }
        for &child in children.iter().filter(|&&child| target(child) == child) {
            if !present.contains(&child) && self.tree.get(child).omission != Omission::Allowed {
                let field = Name(name(child)).to_string();
                self.report(format!(
                    "{place} is written without its field `{field}`, which is needed to read it; \
                     write it always, or add `#[serde(default)]`"
                ));
            }
        }
        self.written.extend(present);
    }

    /// Returns the fields of a struct, also those beside the tag of this value, and the node for fields of any other
    /// name.
    fn fields(&self, id: Id, value: &serde_json::Map<String, Value>) -> (Vec<Id>, Option<Id>) {
        let mut fields = Vec::new();
        let mut rest = self.child(id, |step| *step == Step::Value);
        for &child in &self.tree.get(id).children {
            let node = self.tree.get(child);
            let Some(Step::Field(name)) = &node.step else { continue };
            fields.push(child);
            let tag = value.get(name).and_then(Value::as_str).filter(|_| node.kind == Kind::Tag);
            let variant = tag.and_then(|tag| self.child(child, |step| step.name() == tag));
            if let Some(variant) = variant {
                let (beside, others) = self.fields(variant, value);
                fields.extend(beside);
                rest = rest.or(others);
            }
        }
        (fields, rest)
    }

    fn child(&self, id: Id, is: impl Fn(&Step) -> bool) -> Option<Id> {
        let mut children = self.tree.get(id).children.iter().copied();
        children.find(|&child| self.tree.get(child).step.as_ref().is_some_and(&is))
    }

    fn compare_variant(&mut self, id: Id, name: &str, content: Option<&Value>) {
        let place = self.path(id).place();
        let variants = self.tree.get(id).children.iter().copied();
        let named = |child: Id| self.tree.get(child).step.as_ref().is_some_and(|step| step.name() == name);
        let Some(child) = variants.into_iter().find(|&child| named(child)) else {
            let variant = Name(name);
            self.report(format!(
                "{place} is written as a variant `{variant}`, which is never read; \
                 read it under that name too (`#[serde(alias = ..)]`)"
            ));
            return;
        };
        match (content, &self.tree.get(child).kind) {
            (None, Kind::Variant) => {}
            (Some(content), kind) if *kind != Kind::Variant => self.compare(child, content),
            _ => {
                let place = self.path(child).place();
                self.report(format!("{place} is written and read in different forms"));
            }
        }
    }

    fn mark_read_only(&self, id: Id, shape: &mut Shape) {
        let node = self.tree.get(id);
        let is_field = |child: Id| matches!(self.tree.get(child).step, Some(Step::Field(_)));
        let some_written = node.children.iter().any(|child| self.written.contains(child));
        for child in self.tree.fields(id) {
            if matches!(node.kind, Kind::Struct(_) | Kind::Object)
                && is_field(child)
                && !self.written.contains(&child)
            {
                if let Some(line) = shape.lines.get_mut(&self.path(child)) {
                    line.read_only = some_written;
                }
            } else {
                self.mark_read_only(child, shape);
            }
        }
    }

    fn report(&mut self, problem: String) {
        self.sound = false;
        self.problems.insert(problem);
    }

    fn path(&self, id: Id) -> Path {
        describe::path(self.tree, id)
    }
}

fn form(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
