//! The text of `views.lock`: sorted, with a line for each event that a projection handles, so that a change reads well in
//! a diff.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use crate::schema::recorded::{RESTORE, is_conflict};

const HEADER: &str =
    "# The projections of this crate, as `views_lock!()` recorded them. Change the code, not this file:
# `VIEWS_LOCK=update cargo test views_lock` writes it.
";
const FORMAT: &str = "format 1";
const END: &str = "end";
const VERSION: &str = " version ";

/// The projections of a crate, by name.
pub(super) type Views = BTreeMap<String, Section>;

/// A projection, as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Section {
    pub(super) version: u32,
    pub(super) kept: Kept,
    /// The rows that the projection handles, one a line.
    pub(super) lines: BTreeSet<String>,
}

/// The way in which a view outlives a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kept {
    /// Not at all: each start makes the view anew.
    InMemory,
    /// A database keeps the rows that the code of this fingerprint made.
    ByCode(u64),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InMemory => f.write_str("in memory"),
            Self::ByCode(code) => write!(f, "code {code:016x}"),
        }
    }
}

/// A name as the file has it: bare if it reads back so, else as a JSON string.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Quoted<'_> {
    fn read(text: &str) -> Option<String> {
        if text.starts_with('"') {
            return serde_json::from_str(text).ok();
        }
        (Quoted(text).to_string() == text).then(|| text.to_owned())
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/');
        let begins = self.0.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if begins && self.0.chars().all(is_plain) {
            f.write_str(self.0)
        } else {
            f.write_str(&serde_json::Value::from(self.0).to_string())
        }
    }
}

/// Returns the text of the file.
pub(super) fn render(views: &Views) -> String {
    let mut text = format!("{HEADER}{FORMAT}\n\n");
    for (name, Section { version, kept, lines }) in views {
        let _ = writeln!(text, "{}{VERSION}{version} {kept}", Quoted(name));
        for line in lines {
            let _ = writeln!(text, "    {line}");
        }
        text.push('\n');
    }
    text + END + "\n"
}

/// Reads the text that [`render`] wrote, also with other line ends; the error names the line.
pub(super) fn parse(text: &str) -> Result<Views, String> {
    let mut views = Views::new();
    let (mut last, mut has_format, mut has_ended, mut open) = (0, false, false, None::<String>);
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        last = at + 1;
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let done = if is_conflict(line) {
            Err("a merge conflict; remove the file, and run `VIEWS_LOCK=update cargo test views_lock`"
                .to_owned())
        } else if !has_format {
            has_format = true;
            format_of(content)
        } else if has_ended {
            Err("nothing may follow the line `end`; remove it".to_owned())
        } else if content == END {
            has_ended = true;
            Ok(())
        } else if line.starts_with(char::is_whitespace) {
            match open.as_ref().and_then(|name| views.get_mut(name)) {
                Some(section) => {
                    section.lines.insert(content.to_owned());
                    Ok(())
                }
                None => Err(format!("`{content}` belongs to no projection; {RESTORE}")),
            }
        } else {
            head(content).and_then(|(name, section)| {
                open = Some(name.clone());
                match views.insert(name, section) {
                    None => Ok(()),
                    Some(_) => Err(format!("`{content}` has the name of an earlier section; remove one")),
                }
            })
        };
        done.map_err(|problem| format!("line {last}: {problem}"))?;
    }
    if has_format && has_ended {
        return Ok(views);
    }
    let missing = if has_format { END } else { FORMAT };
    Err(format!("line {}: the file is cut off, the line `{missing}` is missing; {RESTORE}", last.max(1)))
}

fn format_of(content: &str) -> Result<(), String> {
    match content {
        FORMAT => Ok(()),
        other if other.starts_with("format ") => {
            Err(format!("`{other}` is not known, only `{FORMAT}`; update es-runtime"))
        }
        other => Err(format!("expected `{FORMAT}`, found `{other}`; {RESTORE}")),
    }
}

/// Reads the first line of a section.
fn head(content: &str) -> Result<(String, Section), String> {
    let read = || {
        let (name, rest) = content.rsplit_once(VERSION)?;
        let (version, kept) = rest.split_once(' ')?;
        let kept = match kept.strip_prefix("code ") {
            Some(code) => Kept::ByCode(u64::from_str_radix(code, 16).ok()?),
            None => (kept == Kept::InMemory.to_string()).then_some(Kept::InMemory)?,
        };
        let version = version.parse().ok()?;
        Some((Quoted::read(name)?, Section { version, kept, lines: BTreeSet::new() }))
    };
    read().ok_or_else(|| format!("expected a projection and its code, found `{content}`; {RESTORE}"))
}
