use similar::{Algorithm, ChangeTag, capture_diff_slices};

/// Returns the lines of both, with a minus before those only in `old` and a plus before those only in `new`.
pub(super) fn diff(old: &[String], new: &[String]) -> String {
    capture_diff_slices(Algorithm::Myers, old, new)
        .iter()
        .flat_map(|part| part.iter_changes(old, new))
        .map(|change| {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            format!("  {sign} {}\n", change.value())
        })
        .collect::<Vec<_>>()
        .concat()
}

/// Returns the lines under each other, or a word for an empty list.
pub(super) fn list(lines: &[String]) -> String {
    if lines.is_empty() {
        return "    nothing\n".to_owned();
    }
    lines.iter().map(|line| format!("    {line}\n")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let old = ["a", "b", "c"].map(str::to_owned);
        let new = ["a", "x", "c"].map(str::to_owned);
        assert_eq!(diff(&old, &new), "    a\n  - b\n  + x\n    c\n");
    }

    #[test]
    fn nothing_is_said_so() {
        assert_eq!(list(&[]), "    nothing\n");
    }
}
