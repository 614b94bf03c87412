//! The text of `events.lock`: sorted, with a line for each value, so that a change reads well in a diff.

use crate::schema::lock::shared::{self, Sections};
use crate::schema::recorded::{RESTORE, is_conflict};
use crate::schema::shape::{Line, Path, Shape};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The format of the file, by the release that wrote it: earlier releases saw less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// Without tagged enums, flattened fields, defaults, shared shapes and the events that create an aggregate.
    First,
    #[default]
    Second,
}

/// The content of a lock: stored shapes, and the rules by which rows are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// The shapes, by topic and version.
    pub(super) shapes: BTreeMap<(String, u32), Shape>,
    /// The topics that rows of older topics are read as.
    pub(super) aliases: BTreeMap<String, String>,
    /// The namespaces of ids derived from a key, by the name of the aggregate.
    pub(super) ids: BTreeMap<String, String>,
    /// The pairs of an aggregate and a topic that it reads and that does not bear its name.
    pub(super) reads: BTreeSet<(String, String)>,
    /// The pairs of an aggregate and a topic that creates it.
    pub(super) creators: BTreeSet<(String, String)>,
    /// The method or the struct in the code that stores a topic.
    pub(super) sources: BTreeMap<String, String>,
    /// The topics whose rows are skipped.
    pub(super) retired: BTreeSet<String>,
}

impl Record {
    pub(super) fn newest(&self, topic: &str) -> Option<u32> {
        self.versions(topic).max()
    }

    /// Returns the topic that rows of `topic` are read as.
    pub(super) fn current<'a>(&'a self, topic: &'a str) -> Option<&'a str> {
        let known = self.versions(topic).next().is_some();
        if known { Some(topic) } else { self.aliases.get(topic).map(String::as_str) }
    }

    /// Returns the topic and the shape that rows of a topic and version are read as.
    pub(super) fn reader<'a>(&'a self, topic: &'a str, version: u32) -> Option<(&'a str, &'a Shape)> {
        let topic = self.current(topic)?;
        Some((topic, self.shapes.get(&(topic.to_owned(), version))?))
    }

    /// Returns the versions of a topic.
    pub(super) fn versions(&self, topic: &str) -> impl Iterator<Item = u32> {
        self.shapes.keys().filter(move |(other, _)| other == topic).map(|&(_, version)| version)
    }
}

const HEADER: &str = "\
# Stored shapes of this crate's events. A stored event lives for ever: commit this file.
# Checked by `events_lock!()`; update with EVENTS_LOCK=update cargo test events_lock
";
const FORMAT: &str = "format 2";
const FIRST_FORMAT: &str = "format 1";
const END: &str = "end";
const RETIRED: &str = "retired";
const ALIAS: &str = " -> ";
const IDS: &str = " makes ids from keys under the name ";
const FIRST_IDS: &str = " has ids of ";
const READS: &str = " reads ";
const CREATOR: &str = " is created by ";
const SOURCE: &str = " comes from ";
const SHAPE: &str = "shape ";
/// The words between two topics.
const WORDS: &[&str] = &[ALIAS, IDS, FIRST_IDS, READS, CREATOR, SOURCE];

pub(super) fn render(record: &Record) -> String {
    let mut sections = BTreeMap::new();
    let shared = shared::find(record.shapes.values());
    for ((topic, version), shape) in &record.shapes {
        let text = format!("{} {version}\n", Topic(topic));
        sections.insert((topic, *version), text + &section(&shared.lines(shape)));
    }
    let pair = |one: &str, word: &str, other: &str| format!("{}{word}{}\n", Topic(one), Topic(other));
    for (name, namespace) in &record.ids {
        sections.insert((name, 0), pair(name, IDS, namespace));
    }
    let creators = record.creators.iter().map(|(name, topic)| (name, pair(name, CREATOR, topic)));
    let reads = record.reads.iter().map(|(name, topic)| (name, pair(name, READS, topic)));
    for (name, text) in creators.chain(reads) {
        sections.entry((name, 0)).or_insert_with(String::new).push_str(&text);
    }
    // The source stands before the versions of its topic.
    for (topic, source) in &record.sources {
        let first = record.versions(topic).min().unwrap_or_default();
        let section = sections.entry((topic, first)).or_insert_with(String::new);
        section.insert_str(0, &pair(topic, SOURCE, source));
    }
    // Aliases and retired topics stand after the versions.
    let aliases = record.aliases.iter().map(|(old, new)| (old, pair(old, ALIAS, new)));
    let retired = record.retired.iter().map(|topic| (topic, format!("{} {RETIRED}\n", Topic(topic))));
    for (topic, text) in aliases.chain(retired) {
        sections.entry((topic, u32::MAX)).or_insert_with(String::new).push_str(&text);
    }
    let mut sections: Vec<String> = sections.into_values().collect();
    sections.extend(shared.sections().map(|(name, lines)| format!("{SHAPE}{name}\n{}", section(&lines))));
    format!("{HEADER}{FORMAT}\n\n{}\n{END}\n", sections.join("\n"))
}

fn section(lines: &BTreeMap<Path, Line>) -> String {
    let mut text = String::new();
    let plain = Line::of("struct");
    for (path, line) in lines.iter().filter(|(path, line)| **line != plain || **path != Path::default()) {
        let _ = writeln!(text, "    {}", line.write(path));
    }
    text
}

/// Reads the text that `render` wrote, also after a merge or with other line ends; the error names the line.
pub(super) fn parse(text: &str) -> Result<(Record, Format), String> {
    let mut parser = Parser::default();
    let mut ended = false;
    let mut last = 0;
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        last = at + 1;
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let result = if ended {
            Err("nothing may follow the line `end`; remove it".to_owned())
        } else if content == END {
            ended = true;
            parser.close();
            Ok(())
        } else {
            parser.line(line.trim_end(), content)
        };
        result.map_err(|problem| format!("line {last}: {problem}"))?;
    }
    match (parser.format, ended) {
        (None, _) => Err(format!("line {}: the line `{FORMAT}` is missing; {RESTORE}", last.max(1))),
        (Some(_), false) => {
            Err(format!("line {last}: the file is cut off, its last line must be `{END}`; {RESTORE}"))
        }
        (Some(format), true) => Ok((parser.resolved()?, format)),
    }
}

#[derive(Default)]
struct Parser {
    format: Option<Format>,
    record: Record,
    section: Option<Section>,
    lines: BTreeMap<Path, Line>,
    events: BTreeMap<(String, u32), BTreeMap<Path, Line>>,
    shared: Sections,
}

/// The section that the lines under way belong to.
#[derive(Clone)]
enum Section {
    Event(String, u32),
    Shape(String),
}

impl Parser {
    fn line(&mut self, line: &str, content: &str) -> Result<(), String> {
        if is_conflict(line) {
            return Err("a merge conflict; keep the events of both sides and remove the markers".to_owned());
        }
        if self.format.is_none() {
            self.format = match content {
                FORMAT => Some(Format::Second),
                FIRST_FORMAT => Some(Format::First),
                _ => None,
            };
            return if self.format.is_some() {
                Ok(())
            } else if content.starts_with("format ") {
                Err(format!("`{content}` is not known, only `{FORMAT}`; update es-runtime"))
            } else {
                Err(format!("expected `{FORMAT}`, found `{content}`; {RESTORE}"))
            };
        }
        if line.starts_with(char::is_whitespace) { self.value(content) } else { self.head(content) }
    }

    fn head(&mut self, content: &str) -> Result<(), String> {
        self.close();
        let problem = || format!("expected a topic and its version, found `{content}`; {RESTORE}");
        let twice = |new: bool| {
            if new { Ok(()) } else { Err(format!("`{content}` stands here twice; remove one")) }
        };
        if let Some((old, new)) = Topic::read_pair(content, ALIAS) {
            return twice(self.record.aliases.insert(old, new).is_none());
        }
        let ids = if self.format == Some(Format::First) { FIRST_IDS } else { IDS };
        if let Some((name, namespace)) = Topic::read_pair(content, ids) {
            return twice(self.record.ids.insert(name, namespace).is_none());
        }
        if let Some(pair) = Topic::read_pair(content, READS) {
            return twice(self.record.reads.insert(pair));
        }
        if let Some(pair) = Topic::read_pair(content, CREATOR) {
            return twice(self.record.creators.insert(pair));
        }
        if let Some((topic, source)) = Topic::read_pair(content, SOURCE) {
            return twice(self.record.sources.insert(topic, source).is_none());
        }
        if let Some(name) = content.strip_prefix(SHAPE).filter(|name| shared::is_name(name)) {
            self.section = Some(Section::Shape(name.to_owned()));
            return twice(!self.shared.contains_key(name));
        }
        let (topic, version) = content.rsplit_once(' ').ok_or_else(problem)?;
        let topic = Topic::read(topic).ok_or_else(problem)?;
        if version == RETIRED {
            return twice(self.record.retired.insert(topic));
        }
        let key = (topic, version.parse().map_err(|_| problem())?);
        twice(!self.events.contains_key(&key))?;
        self.section = Some(Section::Event(key.0, key.1));
        Ok(())
    }

    fn value(&mut self, content: &str) -> Result<(), String> {
        if self.section.is_none() {
            return Err(format!("`{content}` belongs to no event; {RESTORE}"));
        }
        let problem = || format!("expected `path: type`, found `{content}`; {RESTORE}");
        let (path, line) = Line::read(content).ok_or_else(problem)?;
        let parent = path.split().map(|(parent, _)| parent);
        if let Some(parent) =
            parent.filter(|parent| *parent != Path::default() && !self.lines.contains_key(parent))
        {
            return Err(format!("the line of `{parent}` must stand before that of `{path}`; {RESTORE}"));
        }
        if self.lines.insert(path, line).is_some() {
            return Err(format!("`{content}` has the path of an earlier line; remove one"));
        }
        Ok(())
    }

    fn close(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        match self.section.take() {
            Some(Section::Event(topic, version)) => drop(self.events.insert((topic, version), lines)),
            Some(Section::Shape(name)) => drop(self.shared.insert(name, lines)),
            None => {}
        }
    }

    /// Returns the record with every shared shape in its places.
    fn resolved(mut self) -> Result<Record, String> {
        for (key, lines) in self.events {
            let lines = shared::expand(&lines, &self.shared, 0)?;
            self.record.shapes.insert(key, Shape::of(lines));
        }
        Ok(self.record)
    }
}

/// A topic as the file has it: bare if it reads back so, else as a JSON string.
pub(super) struct Topic<'a>(pub(super) &'a str);

impl Topic<'_> {
    fn read(text: &str) -> Option<String> {
        if text.starts_with('"') {
            return serde_json::from_str(text).ok();
        }
        (Topic(text).to_string() == text).then(|| text.to_owned())
    }

    /// Reads two topics with a word between them. A topic that holds such a word itself is quoted.
    fn read_pair(text: &str, word: &str) -> Option<(String, String)> {
        let words = text.match_indices(word);
        let mut sides = words.map(|(at, word)| (&text[..at], &text[at + word.len()..]));
        sides.find_map(|(one, other)| Some((Self::read(one)?, Self::read(other)?)))
    }
}

impl std::fmt::Display for Topic<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words = self.0.split(' ');
        let plain = |c: char| !c.is_whitespace() && !c.is_control();
        let bare = words.all(|word| !word.is_empty() && word.chars().all(plain));
        let bare = bare && !self.0.starts_with(SHAPE) && !WORDS.iter().any(|word| self.0.contains(word));
        if bare && self.0.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            f.write_str(self.0)
        } else {
            f.write_str(&serde_json::Value::from(self.0).to_string())
        }
    }
}
