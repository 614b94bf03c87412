//! Compares events without `PartialEq`: by their JSON and by their `Debug`.
//!
//! The order of entries counts in a list, but not in a hash set or map, which has another order each time. In `Debug`,
//! a set or map stands in braces without a name before them.

use std::fmt::Debug;
use std::str::Lines;

use serde_json::Value;

/// Returns whether two events mean the same, each with its JSON.
pub(super) fn same<E: Debug>((one, json): (&E, &str), (other, other_json): (&E, &str)) -> bool {
    json == other_json || survived((one, json), (other, other_json))
}

/// Returns whether the value that was read back equals the stored one, also in fields that the JSON does not show.
pub(super) fn survived<T: Debug>((one, json): (&T, &str), (other, other_json): (&T, &str)) -> bool {
    readable(one) == readable(other) && (json == other_json || unordered(json) == unordered(other_json))
}

/// Returns whether two JSON texts are the same but for the order of lists.
pub(super) fn alike(json: &str, other: &str) -> bool {
    json == other || unordered(json) == unordered(other)
}

/// Returns the lines of the pretty `Debug`, with the entries of sets and maps in one order.
pub(super) fn readable(value: &impl Debug) -> Vec<String> {
    let text = format!("{value:#?}");
    let mut lines = text.lines();
    entries(&mut lines).concat()
}

/// Returns the entries up to the end of the block, each as its lines.
fn entries(lines: &mut Lines<'_>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let mut entry = vec![line.to_owned()];
        if line.ends_with(['{', '[', '(']) {
            let mut inner = entries(lines);
            let end = inner.pop();
            if line.trim_start() == "{" || line.ends_with(": {") {
                inner.sort();
            }
            entry.extend(inner.into_iter().chain(end).flatten());
        }
        found.push(entry);
        if line.trim_start().starts_with(['}', ']', ')']) {
            break;
        }
    }
    found
}

fn unordered(json: &str) -> Option<Value> {
    let mut value = serde_json::from_str(json).ok()?;
    sort_lists(&mut value);
    Some(value)
}

fn sort_lists(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(sort_lists);
            items.sort_by_cached_key(Value::to_string);
        }
        Value::Object(fields) => fields.values_mut().for_each(sort_lists),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[expect(dead_code, reason = "read by `Debug`")]
    #[derive(Debug)]
    struct Tagged {
        tags: HashSet<u32>,
        steps: Vec<u32>,
    }

    fn tagged(tags: impl IntoIterator<Item = u32>, steps: &[u32]) -> Vec<String> {
        readable(&Tagged { tags: tags.into_iter().collect(), steps: steps.to_vec() })
    }

    #[test]
    fn the_order_of_a_set_does_not_count() {
        assert_eq!(tagged(0..50, &[1, 2]), tagged((0..50).rev(), &[1, 2]));
        assert_ne!(tagged(0..50, &[1, 2]), tagged(0..49, &[1, 2]));
    }

    #[test]
    fn the_order_of_a_list_counts() {
        assert_ne!(tagged([], &[1, 2]), tagged([], &[2, 1]));
    }

    #[test]
    fn no_line_is_lost() {
        let text = format!("{:#?}", Tagged { tags: HashSet::from([7]), steps: vec![2, 1] });
        assert_eq!(tagged([7], &[2, 1]).join("\n"), text);
    }

    #[test]
    fn numbers_too_large_for_a_float_are_told_apart() {
        assert!(!same((&1, "36893488147419103233"), (&2, "36893488147419103232")));
    }
}
