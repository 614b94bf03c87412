//! The text of `events.lock`: sorted, a line for each value, so that a change reads well in a diff.

use crate::schema::shape::{Line, Path, Shape};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What is stored, and how it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// By topic and version.
    pub(super) shapes: BTreeMap<(String, u32), Shape>,
    /// The topics that rows of older topics are read as.
    pub(super) aliases: BTreeMap<String, String>,
    /// What the ids that are derived from a key are made with, by the name of the aggregate.
    pub(super) ids: BTreeMap<String, String>,
    /// Which aggregate reads which topic that does not bear its name.
    pub(super) reads: BTreeSet<(String, String)>,
    /// The topics whose rows are skipped.
    pub(super) retired: BTreeSet<String>,
}

impl Record {
    pub(super) fn newest(&self, topic: &str) -> Option<u32> {
        self.versions(topic).max()
    }

    /// The topic that rows of `topic` are read as.
    pub(super) fn current<'a>(&'a self, topic: &'a str) -> Option<&'a str> {
        let known = self.versions(topic).next().is_some();
        if known { Some(topic) } else { self.aliases.get(topic).map(String::as_str) }
    }

    /// What rows of a topic and version are read as, and under which topic.
    pub(super) fn reader<'a>(&'a self, topic: &'a str, version: u32) -> Option<(&'a str, &'a Shape)> {
        let topic = self.current(topic)?;
        Some((topic, self.shapes.get(&(topic.to_owned(), version))?))
    }

    /// The versions of a topic.
    pub(super) fn versions(&self, topic: &str) -> impl Iterator<Item = u32> {
        self.shapes.keys().filter(move |(other, _)| other == topic).map(|&(_, version)| version)
    }
}

const HEADER: &str = "\
# Stored shapes of this crate's events. A stored event lives for ever: commit this file.
# Checked by `events_lock!()`; update with EVENTS_LOCK=update cargo test events_lock
";
const FORMAT: &str = "format 1";
const END: &str = "end";
const RETIRED: &str = "retired";
const ALIAS: &str = " -> ";
const IDS: &str = " has ids of ";
const READS: &str = " reads ";

pub(super) fn render(record: &Record) -> String {
    let mut sections = BTreeMap::new();
    for ((topic, version), shape) in &record.shapes {
        let mut text = format!("{} {version}\n", Topic(topic));
        for line in shape.written() {
            let _ = writeln!(text, "    {line}");
        }
        sections.insert((topic, *version), text);
    }
    let pair = |one: &str, word: &str, other: &str| format!("{}{word}{}\n", Topic(one), Topic(other));
    for (name, namespace) in &record.ids {
        sections.insert((name, 0), pair(name, IDS, namespace));
    }
    for (name, topic) in &record.reads {
        sections.entry((name, 0)).or_insert_with(String::new).push_str(&pair(name, READS, topic));
    }
    // After the versions of the topic.
    let aliases = record.aliases.iter().map(|(old, new)| (old, pair(old, ALIAS, new)));
    let retired = record.retired.iter().map(|topic| (topic, format!("{} {RETIRED}\n", Topic(topic))));
    for (topic, text) in aliases.chain(retired) {
        sections.entry((topic, u32::MAX)).or_insert_with(String::new).push_str(&text);
    }
    let sections: Vec<String> = sections.into_values().collect();
    format!("{HEADER}{FORMAT}\n\n{}\n{END}\n", sections.join("\n"))
}

/// Reads what `render` wrote, also after a merge or with other line ends; the error names the line.
pub(super) fn parse(text: &str) -> Result<Record, String> {
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
        (false, _) => Err(format!("line {}: the line `{FORMAT}` is missing; {RESTORE}", last.max(1))),
        (_, false) => {
            Err(format!("line {last}: the file is cut off, its last line must be `{END}`; {RESTORE}"))
        }
        _ => Ok(parser.record),
    }
}

const RESTORE: &str = "restore the file from version control";

#[derive(Default)]
struct Parser {
    format: bool,
    record: Record,
    section: Option<(String, u32)>,
    lines: BTreeMap<Path, Line>,
}

impl Parser {
    fn line(&mut self, line: &str, content: &str) -> Result<(), String> {
        if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker)) {
            return Err("a merge conflict; keep the events of both sides and remove the markers".to_owned());
        }
        if !self.format {
            self.format = content == FORMAT;
            return if self.format {
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
        if let Some((name, namespace)) = Topic::read_pair(content, IDS) {
            return twice(self.record.ids.insert(name, namespace).is_none());
        }
        if let Some(pair) = Topic::read_pair(content, READS) {
            return twice(self.record.reads.insert(pair));
        }
        let (topic, version) = content.rsplit_once(' ').ok_or_else(problem)?;
        let topic = Topic::read(topic).ok_or_else(problem)?;
        if version == RETIRED {
            return twice(self.record.retired.insert(topic));
        }
        let key = (topic, version.parse().map_err(|_| problem())?);
        twice(!self.record.shapes.contains_key(&key))?;
        self.section = Some(key);
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
        if let Some(key) = self.section.take() {
            self.record.shapes.insert(key, Shape::of(lines));
        }
    }
}

/// A topic as it is written: bare if that reads back, else as a JSON string.
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
        let bare = bare && ![ALIAS, IDS, READS].iter().any(|word| self.0.contains(word));
        if bare && self.0.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            f.write_str(self.0)
        } else {
            f.write_str(&serde_json::Value::from(self.0).to_string())
        }
    }
}
