//! The shape of a stored event: its fields, their types, and which of them may be left out.
//!
//! [`trace()`] finds the shape of a type: it deserializes the type many times and notes the type's requests.
//! [`trace_stored`] also writes the values that were built and compares. Both look at data as JSON shows them, and keep
//! no name of a Rust type. Tracing costs a deserializer for each type, so only tests do it.
//!
//! Tagged enums and structs with `#[serde(flatten)]` read into a buffer and request nothing. The tracer finds their
//! contents by offers of data, and by the refusals. A tag is a field that decides which other fields stand beside it.
//!
//! Values that the tracer cannot see in this way are `opaque`: untagged enums, and strings in a format of the user's
//! own that accept none of our samples.

mod path;
mod strings;
mod refusal;
mod data;
mod node;
mod tree;
mod tracer;
mod de;
mod access;
mod compound;
mod fields;
mod scalar;
mod pass;
mod solve;
mod trace;
mod repeats;
mod line;
mod describe;
mod written;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;

pub(crate) use line::{CHECKED, Hint, Line};
pub(crate) use path::{Name, Path, Step};
pub(crate) use tracer::Names;

/// The shape of a stored type.
///
/// A shape prints as lines, sorted by path:
///
/// ```
/// use es_runtime::schema::shape::trace;
///
/// #[derive(serde::Deserialize)]
/// struct Opened {
///     owner: String,
///     tags: Vec<String>,
///     note: Option<String>,
/// }
///
/// let shape = trace::<Opened>();
/// assert_eq!(shape.to_string(), "note?: string or null\nowner: string\ntags: list\ntags[]: string\n");
/// ```
///
/// | path | stands for |
/// |---|---|
/// | `.` | the whole value; left out if it is a struct with fields |
/// | `address.street` | a field; newtypes are transparent |
/// | `zip?` | a field that may be left out (`Option`, `#[serde(default)]`) |
/// | `pair.0` | an element of a tuple |
/// | `tags[]` | each element of a list or an array (or of a tuple whose elements are all alike) |
/// | `prices{key}`, `prices{value}` | each key and each value of a map |
/// | `kind\|Card`, `kind\|Card.number` | the content of an enum's variant, or the fields beside a tag |
///
/// | type | stands for |
/// |---|---|
/// | `i64`, `f32`, `bool`, `char`, `unit`, `bytes` | themselves |
/// | `i64 (checked)` | a number that refuses 0, 1, -1, or the least or greatest of its kind |
/// | `string` | a type that reads any text, up to checks of its own |
/// | `uuid`, `date`, `decimal`, `ipv4 or ipv6`, … | a type that reads such strings, and no others that were tried |
/// | `string like "EUR"` | a type that reads strings in a format of its own |
/// | `struct`, `list`, `map`, `enum`, `array of 3`, `tuple of 2` | values whose contents follow on lines of their own |
/// | `set` | a list that drops repeats; [`trace()`] cannot see that, and reports `list` |
/// | `variant` | a variant without content |
/// | `tag` | the tag of an enum (`#[serde(tag = ..)]`), a field of the struct around |
/// | `open enum`, `open tag` | an enum or a tag that reads any other name, too (`#[serde(other)]`) |
/// | `range`, `inclusive range` | the structs that `start..end` and `start..=end` are written as |
/// | `any` | a type that reads everything, as `serde_json::Value` |
/// | `shape Address` | a type in several places: its lines are at the end of the file |
/// | `-> path` | the type of the value at that path, again |
/// | `opaque …` | a value that the tracer cannot see; changes inside go unnoticed |
/// | `… or null` | an `Option` |
/// | `… (alias sum)` | a field that is also read under that name |
/// | `… (read only)` | a field that is read but never written |
/// | `… (accepted)` | something opaque that the user has accepted |
/// | `… = 1` | the value of a field that is left out, unless it is empty |
#[derive(Clone, Debug)]
pub struct Shape {
    lines: BTreeMap<Path, Line>,
    problems: Vec<String>,
    /// True if the tracer has also seen written values.
    is_written: bool,
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines && self.problems == other.problems
    }
}

impl Eq for Shape {}

impl Shape {
    /// Returns the reasons for which such values cannot be stored at all, in sentences; none for a sound type.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Returns a shape of lines without problems; the root is a struct unless a line describes it.
    pub(crate) fn of(lines: BTreeMap<Path, Line>) -> Self {
        let mut shape = Self { lines, problems: Vec::new(), is_written: false };
        shape.lines.entry(Path::default()).or_insert_with(|| Line::of("struct"));
        shape
    }

    pub(crate) fn into_parts(mut self) -> (Self, Vec<String>) {
        let problems = std::mem::take(&mut self.problems);
        (self, problems)
    }

    /// True if both read the same data, whatever they write. Only written values show a set.
    pub(crate) fn reads_alike(&self, other: &Self) -> bool {
        let read = |shape: &Self| {
            let kind = |kind: String| if kind == "set" { "list".to_owned() } else { kind };
            let lines = shape.lines.clone().into_iter();
            let plain = |line: Line| Line {
                read_only: false,
                accepted: false,
                default: None,
                kind: kind(line.kind),
                ..line
            };
            lines.map(|(path, line)| (path, plain(line))).collect::<Vec<_>>()
        };
        read(self) == read(other)
    }

    /// True if the tracer has also seen written values, and so the values of fields that are left out.
    pub(crate) fn is_written(&self) -> bool {
        self.is_written
    }

    /// Returns the names of all fields and variants.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let steps = self.lines.keys().filter_map(Path::split).map(|(_, step)| step.name());
        steps.filter(|name| !name.is_empty())
    }

    /// Returns the name of an unseen value for a message.
    pub(crate) fn place(&self, path: &Path) -> String {
        match path.split() {
            Some((around, Step::Value)) if self.line(&around).is_some_and(|line| line.kind == "struct") => {
                format!("something flattened in {}", around.place())
            }
            _ => path.place(),
        }
    }

    /// Returns the places that cannot be seen, and were not accepted.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = (&Path, &Line)> {
        self.lines.iter().filter(|(_, line)| line.is_opaque() && !line.accepted)
    }

    pub(crate) fn lines(&self) -> &BTreeMap<Path, Line> {
        &self.lines
    }

    pub(crate) fn lines_mut(&mut self) -> impl Iterator<Item = (&Path, &mut Line)> {
        self.lines.iter_mut()
    }

    pub(crate) fn line(&self, path: &Path) -> Option<&Line> {
        self.lines.get(path)
    }

    /// Returns the values directly inside the one at `path`.
    pub(crate) fn children<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = (Path, &'a Step, &'a Line)> {
        self.lines.iter().filter_map(move |(child, line)| {
            let (parent, step) = child.split()?;
            (parent == *path).then(|| (child.clone(), step, line))
        })
    }

    /// Returns the lines inside the value at `path`, by their steps from there.
    pub(crate) fn inside(&self, path: &Path) -> Vec<(&[Step], &Line)> {
        let lines = self.lines.iter().filter_map(|(line, text)| Some((line.relative_to(path)?, text)));
        lines.filter(|(steps, _)| !steps.is_empty()).collect()
    }

    /// Returns the lines as text, without the root's own line if the root is a plain struct.
    pub(crate) fn written(&self) -> impl Iterator<Item = String> {
        let plain = Line::of("struct");
        self.lines
            .iter()
            .filter(move |(path, line)| **line != plain || **path != Path::default())
            .map(|(path, line)| line.write(path))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Traces the shape that `T` reads.
///
/// Integers and floats are also offered the least and the greatest value of their kind.
///
/// The trace ends for every type whose `deserialize` ends, also for one that never accepts anything. A panic in
/// `deserialize` counts as a refusal.
pub fn trace<T: DeserializeOwned>() -> Shape {
    trace_knowing::<T>(&Names::default())
}

/// Traces the shape that `T` reads, and tries these names on a type that does not report its fields.
pub(crate) fn trace_knowing<T: DeserializeOwned>(names: &Names) -> Shape {
    describe::shape(&trace::run::<T>(names, |_| None, drop))
}

/// Traces the shape that `T` reads, and checks that it reads what it writes.
///
/// A field that is written but not read, or read but not written although it must be there, is one of the
/// [problems](Shape::problems). A field that may be left out and is never written is marked `(read only)`, and
/// a list that drops repeats is a `set`.
pub fn trace_stored<T: Serialize + DeserializeOwned>() -> Shape {
    trace_stored_knowing::<T>(&Names::default())
}

/// Traces as [`trace_stored`] does, and tries these names, too.
pub(crate) fn trace_stored_knowing<T: Serialize + DeserializeOwned>(names: &Names) -> Shape {
    written::shape::<T>(names)
}

/// Returns the text of all values that the tracer could build.
#[cfg(test)]
pub(crate) fn samples<T: Serialize + DeserializeOwned>() -> Vec<String> {
    let mut texts = Vec::new();
    let write = |value: &T| serde_json::to_value(value).ok();
    trace::run::<T>(&Names::default(), write, |value| texts.extend(serde_json::to_string(&value).ok()));
    texts
}

/// True if `kind`, as a line has it, is written as a string.
pub(crate) fn is_string(kind: &str) -> bool {
    kind.split(" or ")
        .all(|part| part.starts_with("string like ") || strings::OFFERS.iter().any(|o| o.class == part))
}
