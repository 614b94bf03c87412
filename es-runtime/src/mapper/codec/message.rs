//! The messages of deserializers, without the data that they quote.

/// The message that replaces an unknown text.
pub(super) const REFUSED: &str = "a value was refused by its type";

/// The beginning of a message about an attribute whose name is not known.
pub(super) const NO_ATTRIBUTE: &str = "there is no attribute `";

/// A part of a message about a version that is not known.
pub(super) const HAS_VERSION: &str = "` has version ";

/// The beginnings of messages that quote a value.
const FOUND: &[&str] = &["invalid type: ", "invalid value: ", "unknown variant ", "unknown field "];

/// The names by which serde calls a kind of value.
const KINDS: &[&str] = &[
    "boolean",
    "integer",
    "floating point",
    "character",
    "string",
    "byte array",
    "unit value",
    "Option value",
    "newtype struct",
    "sequence",
    "map",
    "enum",
    "unit variant",
    "newtype variant",
    "tuple variant",
    "struct variant",
    "null",
    "number",
];

/// Returns the message without the values that it quotes. Messages of serde and of this crate are known, and pass; of a
/// message by a type of the user only the place is left.
pub(super) fn without_values(message: &str) -> String {
    let (said, place) = split_place(message);
    if is_harmless(said) {
        return message.to_owned();
    }
    let Some(start) = FOUND.iter().find(|start| said.starts_with(**start)) else {
        return format!("{REFUSED}{place}");
    };
    let found = said.get(start.len()..).unwrap_or_default();
    let kind = found.split(['`', '"']).next().unwrap_or_default();
    let kind = kind.split(',').next().unwrap_or_default().trim_end();
    if !(kind.is_empty() && found.starts_with('`') || KINDS.contains(&kind)) {
        return format!("{REFUSED}{place}");
    }
    let expected = said.rfind(", expected ").and_then(|at| said.get(at..)).unwrap_or_default();
    format!("{}{expected}{place}", format!("{start}{kind}").trim_end())
}

/// Splits off the place: ` at line 1 column 32`, if the message ends like that.
fn split_place(message: &str) -> (&str, &str) {
    let at = message.rfind(" at line ").unwrap_or(message.len());
    let (said, place) = message.split_at(at);
    let words: Vec<&str> = place.split(' ').collect();
    match words[..] {
        ["", "at", "line", line, "column", column] if is_number(line) && is_number(column) => (said, place),
        _ => (message, ""),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether the text could name a field, an event or an attribute.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || "_-.:".contains(letter))
}

fn is_harmless(said: &str) -> bool {
    const WHOLE: &[&str] = &[
        "the data of the event stand before their version",
        "the value of an attribute stands before its name or its version",
        "the topic is not known",
    ];
    /// The text before and after a name.
    const OF_A_NAME: &[(&str, &str)] = &[
        ("missing field `", "`"),
        ("duplicate field `", "`"),
        ("`", "` has no attributes"),
        (
            NO_ATTRIBUTE,
            "`; if it was renamed, keep the old name in `aliases`, if it is gone, in `#[aggregate(retired = [..])]`",
        ),
    ];
    let is_of_a_name = |(before, after): &(&str, &str)| {
        said.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).is_some_and(is_name)
    };
    WHOLE.contains(&said)
        || OF_A_NAME.iter().any(is_of_a_name)
        || is_about_a_length(said)
        || is_about_a_version(said).unwrap_or(false)
}

/// Returns whether the message is `invalid length 2, expected a tuple of size 3` or the like. The type words its
/// expectation before it sees the value.
fn is_about_a_length(said: &str) -> bool {
    let rest = said.strip_prefix("invalid length ").and_then(|rest| rest.split_once(", expected "));
    rest.is_some_and(|(length, _)| is_number(length))
}

/// Reads a message about a version that is not known; returns `None` for any other message.
fn is_about_a_version(said: &str) -> Option<bool> {
    let (name, rest) = said.strip_prefix('`')?.split_once(HAS_VERSION)?;
    let (version, last) = rest.split_once(", but this program knows versions 1 to ")?;
    Some(is_name(name) && is_number(version) && is_number(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_left_out_of_messages() {
        for (message, told) in [
            (
                "invalid type: string \"a, expected b\", expected i64 at line 1 column 2",
                "invalid type: string, expected i64 at line 1 column 2",
            ),
            ("invalid value: integer `-5`, expected u8", "invalid value: integer, expected u8"),
            ("invalid type: null, expected a string", "invalid type: null, expected a string"),
            ("unknown variant `x`, expected `A` or `B`", "unknown variant, expected `A` or `B`"),
            ("unknown field `x`, there are no fields", "unknown field"),
            ("missing field `amount`", "missing field `amount`"),
            ("missing field `amount` at line 1 column 7", "missing field `amount` at line 1 column 7"),
            ("invalid length 2, expected a tuple of size 3", "invalid length 2, expected a tuple of size 3"),
            (
                "`Paid` has version 3, but this program knows versions 1 to 2",
                "`Paid` has version 3, but this program knows versions 1 to 2",
            ),
            ("the topic is not known", "the topic is not known"),
            ("", "a value was refused by its type"),
            ("`DE89` is no IBAN at line 1 column 32", "a value was refused by its type at line 1 column 32"),
            ("`x at line y` is no IBAN", "a value was refused by its type"),
            ("x: invalid type: string \"hush\", expected i64", "a value was refused by its type"),
            // The message of a user's type may begin like one of serde.
            ("expected an address, found hush", "a value was refused by its type"),
            ("invalid value: hush", "a value was refused by its type"),
            ("invalid type: card 4111, expected card 4112", "a value was refused by its type"),
            ("unknown variant hush", "a value was refused by its type"),
            ("it is hush", "a value was refused by its type"),
            ("the data say hush", "a value was refused by its type"),
            ("trailing hush", "a value was refused by its type"),
            ("missing field `hush hush`", "a value was refused by its type"),
            ("missing field `a`, hush", "a value was refused by its type"),
            ("invalid length hush, expected 3", "a value was refused by its type"),
            (
                "`Paid` has version hush, but this program knows versions 1 to 2",
                "a value was refused by its type",
            ),
        ] {
            assert_eq!(without_values(message), told);
        }
    }
}
