//! Derives above `#[aggregate]`.
//!
//! The compiler expands such derives before the macro, and hides them from it. They apply to the root. A derive that
//! makes a value field by field fails there, in words that name neither the derive nor its place. So the macro reads
//! the source file.

use std::fs;

use proc_macro::Span;

/// The traits whose derives make a value field by field.
const MAKERS: &[&str] = &["Clone", "Copy", "Default", "Deserialize"];

/// Reads the attributes above the one at `span`, and returns the first derive of [`MAKERS`]. Returns `None`, too, if
/// there is no source file to read.
pub(crate) fn read(span: Span) -> Option<String> {
    let source = fs::read_to_string(span.local_file()?).ok()?;
    let line = source.split_inclusive('\n').take(span.line().checked_sub(1)?).map(str::len).sum();
    let before: usize =
        source.get(line..)?.chars().take(span.column().checked_sub(1)?).map(char::len_utf8).sum();
    maker(source.get(..line + before)?)
}

/// Returns the first of [`MAKERS`] that the attributes at the end of the text derive.
fn maker(mut text: &str) -> Option<String> {
    loop {
        text = text.trim_end();
        let (above, last) = text.rsplit_once('\n').unwrap_or(("", text));
        if last.trim_start().starts_with("//") {
            text = above;
            continue;
        }
        let (above, attribute) = text.strip_suffix(']')?.rsplit_once("#[")?;
        let derived = attribute.trim().strip_prefix("derive").unwrap_or_default();
        let names = derived.trim_matches(['(', ')', ' ', '\n']).split(',');
        let mut names = names.filter_map(|path| path.rsplit("::").next()).map(str::trim);
        if let Some(maker) = names.find(|name| MAKERS.contains(name)) {
            return Some(maker.to_owned());
        }
        text = above;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_that_make_a_root_are_found_among_the_attributes_above() {
        for (text, found) in [
            ("use a;\n\n#[derive(Clone)]\n", Some("Clone")),
            ("#[derive(Debug, Default)]", Some("Default")),
            ("#[derive(\n    Debug,\n    serde::Deserialize,\n)]\n", Some("Deserialize")),
            ("#[derive(Clone)]\n/// An account.\n#[must_use]\n// Of [ours].\n", Some("Clone")),
            ("#[derive(Debug, PartialEq)]\n", None),
            ("#[derive(Clone)]\nstruct Other;\n\n", None),
            ("#[derive(Clone)]\nstruct Other([u8; 1]);\n", None),
            ("#![allow(x)]\n", None),
            ("]", None),
            ("", None),
        ] {
            assert_eq!(maker(text).as_deref(), found, "{text}");
        }
    }
}
