//! The shape of a stored event: which fields it has, of which types, and which of them may be left out.
//!
//! [`trace()`] finds the shape of a type by deserializing it many times and noting what it asks for.
//! [`trace_stored`] also writes the values that were built and compares. Both look at data as JSON shows it;
//! no name of a Rust type is kept. Tracing costs a deserializer for each type, so only tests do it.
//!
//! What cannot be seen this way is `opaque`: `#[serde(flatten)]`, internally tagged and untagged enums, the
//! content of adjacently tagged ones, `serde_json::Value`, and strings in a format of the user's own that
//! accept none of our samples.

mod path;
mod strings;
mod node;
mod tree;
mod trace;
mod de;
mod access;
mod compound;
mod line;
mod describe;
mod fields;
mod repeats;
mod scalar;
mod written;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;

pub(crate) use line::{CHECKED, Line};
pub(crate) use path::{Name, Path, Step};

/// The shape of a stored type.
///
/// It prints as lines, sorted by path:
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
/// | `.` | the whole value; left out when it is a struct with fields |
/// | `address.street` | a field; newtypes are transparent |
/// | `zip?` | a field that may be left out (`Option`, `#[serde(default)]`) |
/// | `pair.0` | an element of a tuple |
/// | `tags[]` | each element of a list or an array (or of a tuple whose elements are all alike) |
/// | `prices{key}`, `prices{value}` | each key and each value of a map |
/// | `kind\|Card`, `kind\|Card.number` | the content of an enum's variant |
///
/// | type | stands for |
/// |---|---|
/// | `i64`, `f32`, `bool`, `char`, `unit`, `bytes` | themselves |
/// | `i64 (checked)` | a number that refuses 0, 1, -1, or the least or greatest of its kind |
/// | `string` | a type that reads any text, up to checks of its own |
/// | `uuid`, `date`, `decimal`, `ipv4 or ipv6`, … | a type that reads such strings, and no others that were tried |
/// | `string like "EUR"` | a type that reads strings in a format of its own |
/// | `struct`, `list`, `map`, `enum`, `array of 3`, `tuple of 2` | values whose contents follow on lines of their own |
/// | `set` | a list that drops repeats; [`trace()`] cannot see that, and says `list` |
/// | `variant` | a variant without content |
/// | `-> path` | the type of the value at that path, again |
/// | `opaque …` | what could not be seen; changes inside go unnoticed |
/// | `… or null` | an `Option` |
/// | `… (alias sum)` | a field that is also read under that name |
/// | `… (read only)` | a field that is read but never written |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    lines: BTreeMap<Path, Line>,
    problems: Vec<String>,
}

impl Shape {
    /// What stands in the way of storing such values at all, in sentences; empty for a sound type.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// A shape of lines without problems; the root is a struct unless a line says otherwise.
    pub(crate) fn of(lines: BTreeMap<Path, Line>) -> Self {
        let mut shape = Self { lines, problems: Vec::new() };
        shape.lines.entry(Path::default()).or_insert_with(|| Line::of("struct"));
        shape
    }

    pub(crate) fn into_parts(self) -> (Self, Vec<String>) {
        (Self { lines: self.lines, problems: Vec::new() }, self.problems)
    }

    /// True if both read the same data, whatever they write. A set shows only by what it writes.
    pub(crate) fn reads_alike(&self, other: &Self) -> bool {
        let read = |shape: &Self| {
            let kind = |kind: String| if kind == "set" { "list".to_owned() } else { kind };
            let lines = shape.lines.clone().into_iter();
            let plain = |line: Line| Line { read_only: false, kind: kind(line.kind), ..line };
            lines.map(|(path, line)| (path, plain(line))).collect::<Vec<_>>()
        };
        read(self) == read(other)
    }

    pub(crate) fn line(&self, path: &Path) -> Option<&Line> {
        self.lines.get(path)
    }

    /// The values directly inside the one at `path`.
    pub(crate) fn children<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = (Path, &'a Step, &'a Line)> {
        self.lines.iter().filter_map(move |(child, line)| {
            let (parent, step) = child.split()?;
            (parent == *path).then(|| (child.clone(), step, line))
        })
    }

    /// The lines inside the value at `path`, by their steps from there.
    pub(crate) fn inside(&self, path: &Path) -> Vec<(&[Step], &Line)> {
        let lines = self.lines.iter().filter_map(|(line, text)| Some((line.relative_to(path)?, text)));
        lines.filter(|(steps, _)| !steps.is_empty()).collect()
    }

    /// The lines as text. The root's own is left out where it says nothing: a struct.
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
/// Comes to an end for every type whose `deserialize` does, also for one that never accepts anything; a panic
/// in there counts as a refusal.
pub fn trace<T: DeserializeOwned>() -> Shape {
    describe::shape(&trace::run::<T>(drop))
}

/// Traces the shape that `T` reads, and checks that it reads what it writes.
///
/// A field that is written but not read, or read but not written although it must be there, is one of the
/// [problems](Shape::problems). A field that may be left out and is never written is marked `(read only)`, and
/// a list that drops repeats is a `set`.
pub fn trace_stored<T: Serialize + DeserializeOwned>() -> Shape {
    written::shape::<T>()
}

/// True if `kind`, as a line has it, is written as a string.
pub(crate) fn is_string(kind: &str) -> bool {
    kind.split(" or ")
        .all(|part| part.starts_with("string like ") || strings::OFFERS.iter().any(|o| o.class == part))
}
