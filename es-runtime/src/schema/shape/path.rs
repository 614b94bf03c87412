//! The place of a value inside a stored event: `address.street`, `tags[]`, `kind|Card.number`.

use std::fmt;

/// One step from a value to a value inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A named field of a struct: `.name`.
    Field(String),
    /// An element of a tuple: `.0`.
    Index(usize),
    /// Each element of a list or array: `[]`.
    Element,
    /// Each key of a map: `{key}`.
    Key,
    /// Each value of a map: `{value}`.
    Value,
    /// The content of an enum's variant: `|Name`.
    Variant(String),
}

impl Step {
    /// Returns the name of a field or variant; an empty one for other steps.
    pub(crate) fn name(&self) -> &str {
        if let Self::Field(name) | Self::Variant(name) = self { name } else { "" }
    }
}

/// The steps from the whole event, which is written `.`, to a value inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path(Vec<Step>);

impl Path {
    pub(crate) fn join(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Returns the path before the last step and that step; `None` for the root.
    pub(crate) fn split(&self) -> Option<(Self, &Step)> {
        self.0.split_last().map(|(last, before)| (Self(before.to_vec()), last))
    }

    pub(crate) fn extend(&self, steps: &[Step]) -> Self {
        Self([self.0.as_slice(), steps].concat())
    }

    /// Returns the steps from `start` to this path, if it lies there or inside.
    pub(crate) fn relative_to(&self, start: &Self) -> Option<&[Step]> {
        self.0.strip_prefix(start.0.as_slice())
    }

    /// Returns the path's name in a message.
    pub(crate) fn place(&self) -> String {
        if self.0.is_empty() { "the value itself".to_owned() } else { format!("`{self}`") }
    }

    /// Reads a path at the start of `text` and returns it with the rest of the text.
    pub(crate) fn read(text: &str) -> Option<(Self, &str)> {
        if let Some(rest) = text.strip_prefix('.') {
            return Some((Self::default(), rest));
        }
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            let (step, after) = if let Some(after) = rest.strip_prefix("[]") {
                (Step::Element, after)
            } else if let Some(after) = rest.strip_prefix("{key}") {
                (Step::Key, after)
            } else if let Some(after) = rest.strip_prefix("{value}") {
                (Step::Value, after)
            } else if let Some(after) = rest.strip_prefix('|') {
                let (name, after) = read_name(after)?;
                (Step::Variant(name), after)
            } else if steps.is_empty() {
                read_field(rest)?
            } else if let Some(after) = rest.strip_prefix('.') {
                read_field(after)?
            } else {
                return Some((Self(steps), rest));
            };
            steps.push(step);
            rest = after;
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(".");
        }
        for (at, step) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            match step {
                Step::Field(name) => write!(f, "{dot}{}", Name(name))?,
                Step::Index(index) => write!(f, "{dot}{index}")?,
                Step::Element => f.write_str("[]")?,
                Step::Key => f.write_str("{key}")?,
                Step::Value => f.write_str("{value}")?,
                Step::Variant(name) => write!(f, "|{}", Name(name))?,
            }
        }
        Ok(())
    }
}

/// A name as a path has it: bare if it is an identifier, else as a JSON string.
pub(crate) struct Name<'a>(pub(crate) &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let starts_well = self.0.starts_with(|c: char| is_bare(c) && !c.is_numeric());
        if starts_well && self.0.chars().all(is_bare) {
            f.write_str(self.0)
        } else {
            f.write_str(&serde_json::Value::from(self.0).to_string())
        }
    }
}

/// Reads a name at the start of `text`, bare or quoted, and returns it with the rest of the text.
pub(crate) fn read_name(text: &str) -> Option<(String, &str)> {
    if !text.starts_with('"') {
        let (name, rest) = text.split_at(text.find(|c| !is_bare(c)).unwrap_or(text.len()));
        return (!name.is_empty()).then(|| (name.to_owned(), rest));
    }
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })?;
    let (quoted, rest) = text.split_at_checked(end.0 + 1)?;
    Some((serde_json::from_str(quoted).ok()?, rest))
}

fn read_field(text: &str) -> Option<(Step, &str)> {
    let quoted = text.starts_with('"');
    let (name, rest) = read_name(text)?;
    match name.parse() {
        Ok(index) if !quoted => Some((Step::Index(index), rest)),
        _ => Some((Step::Field(name), rest)),
    }
}

fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Vec<Step> {
        let names = ["street", "a.b", "0", "9x", "", "é", "a\"b\\", "key}: x", "line\nbreak", "type", "|"];
        let both = names.iter().flat_map(|name| [Step::Field((*name).into()), Step::Variant((*name).into())]);
        both.chain([Step::Index(0), Step::Index(17), Step::Element, Step::Key, Step::Value]).collect()
    }

    #[test]
    fn every_path_reads_back_and_leaves_the_rest() {
        for first in steps() {
            for second in steps() {
                let path = Path::default().join(first.clone()).join(second);
                let text = format!("{path}?: i64");
                assert_eq!(Path::read(&text), Some((path, "?: i64")), "{text}");
            }
        }
    }

    #[test]
    fn is_short_for_common_names() {
        let path = Path::default().join(Step::Field("kind".into())).join(Step::Variant("Card".into()));
        assert_eq!(path.join(Step::Field("number".into())).to_string(), "kind|Card.number");
        assert_eq!(path.split().map(|(before, _)| before.to_string()).as_deref(), Some("kind"));
        assert_eq!(Path::default().to_string(), ".");
    }

    #[test]
    fn refuses_what_is_no_path() {
        for text in ["", "?", "a|", "\"open", "\"bad \\q\"", "a..b", " a"] {
            assert_eq!(Path::read(text), None, "{text}");
        }
    }
}
