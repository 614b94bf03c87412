//! Shapes that occur in several places, and that the file has once.

use crate::schema::shape::{Hint, Line, Path, Shape, Step};
use std::collections::{BTreeMap, BTreeSet};

/// The lines of shapes by their names.
pub(super) type Sections = BTreeMap<String, BTreeMap<Path, Line>>;

/// The fewest lines of a shared shape; a smaller one is written in each place.
const MIN_LINES: usize = 3;
/// The most levels of shapes inside each other.
const MAX_DEPTH: usize = 64;
const KIND: &str = "shape ";

/// A value without its place, its marks and the names of types.
type Content = Vec<(Vec<Step>, Line)>;

/// The values that occur in several places, each with its name.
pub(super) struct Shared {
    names: Vec<(Content, String)>,
}

/// Finds values that occur in several places, and names them as the code does.
pub(super) fn find<'a>(shapes: impl Iterator<Item = &'a Shape>) -> Shared {
    let mut found: Vec<(Content, String, usize)> = Vec::new();
    for shape in shapes {
        for (path, line) in shape.lines() {
            let named = is_name(&line.name.0) && *path != Path::default();
            let Some(content) = named.then(|| content(shape, path)).flatten() else { continue };
            match found.iter_mut().find(|(other, ..)| *other == content) {
                Some((.., count)) => *count += 1,
                None => found.push((content, line.name.0.clone(), 1)),
            }
        }
    }
    let mut taken = BTreeSet::new();
    let several = found.into_iter().filter(|(_, _, count)| *count > 1);
    let names = several.map(|(content, name, _)| {
        let mut names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}{number}")));
        let name = names.find(|name| taken.insert(name.clone())).unwrap_or(name);
        (content, name)
    });
    Shared { names: names.collect() }
}

impl Shared {
    /// Returns the lines of a shape, with the names of shared values in place of their contents.
    pub(super) fn lines(&self, shape: &Shape) -> BTreeMap<Path, Line> {
        self.shortened(shape, &Path::default())
    }

    /// Returns the shared values, each under its name.
    pub(super) fn sections(&self) -> impl Iterator<Item = (&str, BTreeMap<Path, Line>)> {
        let mut sections: Vec<_> = self
            .names
            .iter()
            .map(|(content, name)| {
                let lines = content.iter().map(|(steps, line)| (Path::default().extend(steps), line.clone()));
                let shape = Shape::of(lines.collect());
                (name.as_str(), self.shortened(&shape, &Path::default()))
            })
            .collect();
        sections.sort_by_key(|(name, _)| *name);
        sections.into_iter()
    }

    fn shortened(&self, shape: &Shape, top: &Path) -> BTreeMap<Path, Line> {
        let mut lines = BTreeMap::new();
        let mut skipped: Option<Path> = None;
        for (path, line) in shape.lines() {
            if skipped.as_ref().is_some_and(|skipped| path.relative_to(skipped).is_some()) {
                continue;
            }
            let mut line = line.clone();
            let name = (path != top).then(|| self.name(shape, path)).flatten();
            if let Some(name) = name {
                line.kind = format!("{KIND}{name}");
                skipped = Some(path.clone());
            }
            lines.insert(path.clone(), line);
        }
        lines
    }

    fn name(&self, shape: &Shape, path: &Path) -> Option<&str> {
        let content = content(shape, path)?;
        self.names.iter().find(|(other, _)| *other == content).map(|(_, name)| name.as_str())
    }
}

/// Returns the value at a path by itself; `None` if it is short, or points outside.
fn content(shape: &Shape, path: &Path) -> Option<Content> {
    let mut content =
        vec![(Vec::new(), Line { name: Hint::default(), ..Line::of(&*shape.line(path)?.kind) })];
    for (steps, line) in shape.inside(path) {
        let mut line = line.clone();
        if let Some(target) = target(&line) {
            let inside = target.relative_to(path)?;
            line.kind = format!("-> {}", Path::default().extend(inside));
        }
        content.push((steps.to_vec(), line));
    }
    (content.len() >= MIN_LINES).then_some(content)
}

fn target(line: &Line) -> Option<Path> {
    Path::read(line.kind.strip_prefix("-> ")?).map(|(path, _)| path)
}

/// True of names that a section of the file can have.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Puts every shared shape in its places.
pub(super) fn expand(
    lines: &BTreeMap<Path, Line>,
    shared: &Sections,
    depth: usize,
) -> Result<BTreeMap<Path, Line>, String> {
    let mut expanded = BTreeMap::new();
    for (path, line) in lines {
        let Some(name) = line.kind.strip_prefix(KIND) else {
            expanded.insert(path.clone(), line.clone());
            continue;
        };
        let inner = shared.get(name).filter(|_| depth < MAX_DEPTH).ok_or_else(|| {
            format!(
                "`shape {name}` is not there, or stands inside itself; restore the file from version control"
            )
        })?;
        let mut inner = expand(inner, shared, depth + 1)?;
        let root = inner.remove(&Path::default()).map_or("struct".to_owned(), |root| root.kind);
        expanded.insert(path.clone(), Line { kind: root, name: Hint(name.to_owned()), ..line.clone() });
        for (inside, mut line) in inner {
            let steps = |inside: &Path| inside.relative_to(&Path::default()).unwrap_or_default().to_vec();
            if let Some(target) = target(&line) {
                line.kind = format!("-> {}", path.extend(&steps(&target)));
            }
            expanded.insert(path.extend(&steps(&inside)), line);
        }
    }
    Ok(expanded)
}
