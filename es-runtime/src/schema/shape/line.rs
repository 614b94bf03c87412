//! One line of a shape: the value at one path.

use crate::schema::shape::path::{Name, Path, read_name};
use std::fmt::Write;

/// The facts about the value at one path.
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The type, as words: `i64`, `string`, `uuid`, `struct`, `list`, `opaque` …
    pub(crate) kind: String,
    /// True if the field may be left out (an `Option` or `#[serde(default)]`).
    pub(crate) optional: bool,
    /// True if the value may be `null` (an `Option`).
    pub(crate) null: bool,
    /// Further names under which the field is read.
    pub(crate) aliases: Vec<String>,
    /// True if the field is read, but never written (`skip_serializing`).
    pub(crate) read_only: bool,
    /// True if the user accepted that nobody sees inside the value.
    pub(crate) accepted: bool,
    /// The value of a field that is left out, as JSON, unless it is empty.
    pub(crate) default: Option<String>,
    /// The name of the Rust type, which only makes the file shorter: it means nothing for the data.
    pub(crate) name: Hint,
}

/// A word that makes no difference between two lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hint(pub(crate) String);

impl PartialEq for Hint {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Hint {}

/// The mark after the kind of a number that refuses a part of its kind.
pub(crate) const CHECKED: &str = " (checked)";

const NULL: &str = " or null";
const READ_ONLY: &str = " (read only)";
const ALIAS: &str = " (alias ";
const ACCEPTED: &str = " (accepted)";
const DEFAULT: &str = " = ";

impl Line {
    pub(crate) fn of(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }

    /// Returns the type with its marks, without the path: `string or null (alias name)`.
    pub(crate) fn describe(&self) -> String {
        let mut text = self.kind.clone();
        if self.null {
            text.push_str(NULL);
        }
        for (at, alias) in self.aliases.iter().enumerate() {
            text.push_str(if at == 0 { ALIAS } else { ", " });
            let _ = write!(text, "{}", Name(alias));
        }
        if !self.aliases.is_empty() {
            text.push(')');
        }
        if self.read_only {
            text.push_str(READ_ONLY);
        }
        if self.accepted {
            text.push_str(ACCEPTED);
        }
        if let Some(default) = &self.default {
            text.push_str(DEFAULT);
            text.push_str(default);
        }
        text
    }

    /// True if a part of the value cannot be seen.
    pub(crate) fn is_opaque(&self) -> bool {
        self.kind.split(' ').any(|word| word == "opaque")
    }

    /// Returns the whole line, `path?: description`.
    pub(crate) fn write(&self, path: &Path) -> String {
        format!("{path}{}: {}", if self.optional { "?" } else { "" }, self.describe())
    }

    /// Reads a line that `write` wrote.
    pub(crate) fn read(text: &str) -> Option<(Path, Self)> {
        let (path, rest) = Path::read(text)?;
        let (optional, rest) = rest.strip_prefix('?').map_or((false, rest), |rest| (true, rest));
        let rest = rest.strip_prefix(": ")?;
        let mut ends = rest.match_indices(DEFAULT).map(|(at, word)| (&rest[..at], &rest[at + word.len()..]));
        let default = ends.find(|(_, text)| serde_json::from_str::<serde_json::Value>(text).is_ok());
        let (rest, default) = default.map_or((rest, None), |(rest, text)| (rest, Some(text.to_owned())));
        let (rest, accepted) = rest.strip_suffix(ACCEPTED).map_or((rest, false), |rest| (rest, true));
        let (rest, read_only) = rest.strip_suffix(READ_ONLY).map_or((rest, false), |rest| (rest, true));
        let (rest, aliases) = match rest.rsplit_once(ALIAS) {
            Some((rest, aliases)) => (rest, read_names(aliases.strip_suffix(')')?)?),
            None => (rest, Vec::new()),
        };
        let (kind, null) = rest.strip_suffix(NULL).map_or((rest, false), |rest| (rest, true));
        let known = kind.starts_with(|c: char| c.is_ascii_lowercase() || c == '-');
        let kind = kind.to_owned();
        let name = Hint::default();
        known.then_some((path, Self { kind, optional, null, aliases, read_only, accepted, default, name }))
    }
}

fn read_names(mut text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    loop {
        let (name, rest) = read_name(text)?;
        names.push(name);
        if rest.is_empty() {
            return Some(names);
        }
        text = rest.strip_prefix(", ")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::shape::path::Step;

    #[test]
    fn every_combination_of_marks_reads_back() {
        for kind in [
            "i64",
            "i64 (checked)",
            "array of 3",
            "date or local date-time",
            "string like \"EUR\"",
            "-> a.b[]",
        ] {
            for marks in 0..64 {
                let aliases = if marks & 4 == 0 { vec![] } else { vec!["sum".into(), "a, \")b".into()] };
                let line = Line {
                    kind: kind.into(),
                    optional: marks & 1 != 0,
                    null: marks & 2 != 0,
                    aliases,
                    read_only: marks & 8 != 0,
                    accepted: marks & 16 != 0,
                    default: (marks & 32 != 0).then(|| r#"{"a = 1":" = "}"#.to_owned()),
                    name: Hint::default(),
                };
                let path = Path::default().join(Step::Field("a: b".into()));
                let text = line.write(&path);
                assert_eq!(Line::read(&text), Some((path, line)), "{text}");
            }
        }
    }

    #[test]
    fn refuses_what_is_no_line() {
        for text in
            ["", "amount", "amount i64", "amount:", "amount: ", "amount:i64", "a: i64 (alias )", "<<< HEAD"]
        {
            assert_eq!(Line::read(text), None, "{text}");
        }
    }
}
