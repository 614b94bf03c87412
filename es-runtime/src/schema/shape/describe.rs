//! The words for a traced tree.

use crate::schema::shape::Shape;
use crate::schema::shape::line::{CHECKED, Hint, Line};
use crate::schema::shape::node::{Any, Id, Kind, Node, Omission};
use crate::schema::shape::path::{Path, Step};
use crate::schema::shape::strings::{OFFERS, Offer};
use crate::schema::shape::tree::{ROOT, Tree};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the shape that a finished tree describes.
pub(super) fn shape(tree: &Tree) -> Shape {
    let mut describer = Describer { tree, lines: BTreeMap::new(), problems: Vec::new() };
    describer.describe(ROOT, &Path::default());
    let mut shape = Shape::of(describer.lines);
    shape.problems = describer.problems;
    if tree.cut_off {
        shape.problems.push("it is too large to be traced whole; split it".to_owned());
    }
    shape
}

/// Returns the path of a node, for messages and recursion.
pub(super) fn path(tree: &Tree, id: Id) -> Path {
    let node = tree.get(id);
    let Some(parent) = node.parent else { return Path::default() };
    let before = path(tree, parent);
    node.step.clone().map_or_else(|| before.clone(), |step| before.join(step))
}

/// The longest default that is recorded, as JSON.
const MAX_DEFAULT: usize = 200;

/// True of an empty value, which `Default` mostly makes.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
    }
}

/// True of a value that will soon differ: a date, or a number of seconds and the like that is near now.
fn is_now(kind: &str, value: &Value) -> bool {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let is_near = |number: f64| {
        let scales = [86_400.0, 1.0, 1e-3, 1e-6, 1e-9];
        scales.iter().any(|scale| (number * scale - since).abs() < 7.0 * 86_400.0)
    };
    kind.contains("date") || kind.contains("time") || value.as_f64().is_some_and(is_near)
}

struct Describer<'t> {
    tree: &'t Tree,
    lines: BTreeMap<Path, Line>,
    problems: Vec<String>,
}

impl Describer<'_> {
    fn describe(&mut self, id: Id, path: &Path) {
        let node = self.tree.get(id);
        let mut line = Line::of(kind(self.tree, id));
        line.null = node.null;
        line.optional = node.omission == Omission::Allowed;
        let default = node.default.as_ref().filter(|value| !is_nothing(value) && !is_now(&line.kind, value));
        line.default = default.map(ToString::to_string).filter(|text| text.len() <= MAX_DEFAULT);
        line.name = Hint(node.name.to_owned());
        if node.double_null {
            self.problems.push(format!(
                "{} is an option of something that is itself written as null; \
                 JSON cannot tell its two `None`s apart, use an enum or a single option",
                path.place()
            ));
        }
        if let Some(parent) = node.parent {
            let siblings = self.tree.get(parent).children.iter().map(|&sibling| self.tree.get(sibling));
            let names =
                siblings.filter(|node| node.alias_of == Some(id)).filter_map(|node| node.step.as_ref());
            line.aliases = names.map(|step| step.name().to_owned()).collect();
            line.aliases.sort();
        }
        let opaque = line.kind == "opaque";
        self.lines.insert(path.clone(), line);
        if opaque {
            return;
        }
        for child in self.tree.fields(id) {
            if let Some(step) = self.tree.get(child).step.clone() {
                self.describe(child, &path.join(step));
            }
        }
        if let Kind::Tuple(len) = node.kind {
            self.fold(len, path);
        }
    }

    /// Describes a tuple of like elements as an array: JSON shows no difference.
    fn fold(&mut self, len: usize, path: &Path) {
        let element = |at| self.below(&path.join(Step::Index(at)));
        let first = element(0);
        if len < 2 || (1..len).any(|at| element(at) != first) {
            return;
        }
        let inside = |line: &Path| line.relative_to(path).is_some_and(|steps| !steps.is_empty());
        self.lines.retain(|line, _| !inside(line));
        self.lines.entry(path.clone()).and_modify(|line| line.kind = line.kind.replacen("tuple", "array", 1));
        let each = path.join(Step::Element);
        self.lines.extend(first.into_iter().map(|(steps, line)| (each.extend(&steps), line)));
    }

    /// Returns the lines at and below `path`, by their steps from there.
    fn below(&self, path: &Path) -> Vec<(Vec<Step>, Line)> {
        let lines = self.lines.iter();
        lines.filter_map(|(line, text)| Some((line.relative_to(path)?.to_vec(), text.clone()))).collect()
    }
}

/// Returns the type of a node, in the words of a line.
pub(super) fn kind(tree: &Tree, id: Id) -> String {
    let node = tree.get(id);
    if !node.others.is_empty() || node.opaque {
        return "opaque".to_owned();
    }
    let kind = match &node.kind {
        Kind::Unseen => return "opaque".to_owned(),
        Kind::Integer(kind) | Kind::Float(kind) if node.checked => format!("{kind}{CHECKED}"),
        Kind::Integer(kind) | Kind::Float(kind) => (*kind).to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::Char => "char".to_owned(),
        Kind::Unit => "unit".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Text if node.accepted.is_empty() => "string".to_owned(),
        Kind::Text | Kind::Any => classes(node),
        Kind::List => if node.set { "set" } else { "list" }.to_owned(),
        Kind::Array(len) => format!("array of {len}"),
        Kind::Tuple(len) => format!("tuple of {len}"),
        Kind::Map => "map".to_owned(),
        // Ranges read the same data as a struct, and understand them differently.
        Kind::Struct(["start", "end"]) if node.name == "Range" => "range".to_owned(),
        Kind::Struct(["start", "end"]) if node.name == "RangeInclusive" => "inclusive range".to_owned(),
        Kind::Struct(_) | Kind::Object => "struct".to_owned(),
        Kind::Tag if node.others_read => "open tag".to_owned(),
        Kind::Tag => "tag".to_owned(),
        Kind::Enum(_) if node.others_read => "open enum".to_owned(),
        Kind::Anything => "any".to_owned(),
        Kind::Enum(_) => "enum".to_owned(),
        Kind::Variant => "variant".to_owned(),
        Kind::Loop(target) => return format!("-> {}", path(tree, *target)),
    };
    // The part that a container lacks describes its refusal; `next` counts refusals of the container itself.
    let refused = node.failed && node.kind != Kind::Any && (node.children.is_empty() || node.next > 0);
    if refused { format!("opaque {kind}") } else { kind }
}

/// Returns the words for the values that a string type accepts, or a type that looks at the data.
fn classes(node: &Node) -> String {
    let strings = node.strings().filter_map(|at| OFFERS.get(at));
    let mut words: Vec<String> = strings.map(Offer::words).collect();
    if node.kind == Kind::Any && node.accepted.iter().any(|&at| Any::is_number(at)) {
        words.push("number".to_owned());
    }
    if words.is_empty() {
        return "opaque".to_owned();
    }
    if node.lists {
        words.push("opaque list".to_owned());
    }
    if node.maps {
        words.push("opaque map".to_owned());
    }
    words.join(" or ")
}
