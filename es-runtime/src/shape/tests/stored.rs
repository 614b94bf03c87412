//! What is written, compared with what is read.

use super::*;
use std::collections::BTreeMap;

#[test]
fn an_option_in_an_option_is_refused() {
    #[expect(clippy::option_option, reason = "refused")]
    #[derive(Serialize, Deserialize)]
    struct Patch {
        note: Option<Option<String>>,
        unit: Option<()>,
        fine: Option<Vec<Option<i64>>>,
    }
    let shape = trace_stored::<Patch>();
    assert_eq!(shape.problems().len(), 2, "{:?}", shape.problems());
    assert!(shape.problems()[0].starts_with("`note` is an option of something"), "{:?}", shape.problems());
    assert!(shape.problems()[1].starts_with("`unit` is"), "{:?}", shape.problems());
}

#[test]
fn what_is_written_is_compared() {
    #[derive(Serialize, Deserialize)]
    struct Sound {
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<String>,
        #[serde(skip)]
        cache: i64,
        #[serde(rename(serialize = "new"), alias = "new", rename(deserialize = "old"))]
        renamed: i64,
        payment: Payment,
        currency: Currency,
    }
    let shape = trace_stored::<Sound>();
    assert_eq!(shape.problems(), [""; 0]);
    let lines: Vec<String> = shape.written().collect();
    assert!(lines.contains(&"old: i64 (alias new)".to_owned()), "{shape}");
    assert!(!shape.to_string().contains("read only"), "{shape}");
    assert!(!shape.to_string().contains("cache"), "{shape}");
}

#[test]
fn a_field_that_is_never_written_is_read_only() {
    #[derive(Serialize, Deserialize)]
    struct Old {
        #[serde(default, skip_serializing)]
        legacy: Option<String>,
        owner: String,
    }
    check_stored::<Old>("legacy?: string or null (read only)\nowner: string", &[]);
}

#[test]
fn names_that_differ_are_a_problem() {
    #[derive(Serialize, Deserialize)]
    struct OneSided {
        #[serde(rename(serialize = "sum"))]
        amount: i64,
    }
    let shape = trace_stored::<OneSided>();
    assert_eq!(shape.problems().len(), 2, "{:?}", shape.problems());
    assert!(
        shape.problems()[0].contains("written with a field `sum`, which is never read"),
        "{:?}",
        shape.problems()
    );
    assert!(shape.problems()[1].contains("written without its field `amount`"), "{:?}", shape.problems());
}

#[test]
fn forms_that_differ_are_a_problem() {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn text<S: serde::Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }
    #[derive(Serialize, Deserialize)]
    struct Inner {
        #[serde(serialize_with = "text")]
        amount: i64,
    }
    #[derive(Serialize, Deserialize)]
    struct Outer {
        list: Vec<Inner>,
    }
    let problem = "`list[].amount` is written as a string but read as i64; \
                   make its `Serialize` and `Deserialize` agree";
    check_stored::<Outer>("list: list\nlist[]: struct\nlist[].amount: i64", &[problem]);
}

#[test]
fn a_value_left_out_although_it_is_needed_is_a_problem() {
    #[derive(Serialize, Deserialize)]
    struct Forgetful {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<String>,
        #[serde(skip_serializing_if = "is_zero")]
        count: i64,
        owner: String,
    }
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn is_zero(value: &i64) -> bool {
        *value == 0
    }
    let shape = trace_stored::<Forgetful>();
    assert_eq!(shape.problems().len(), 2, "{:?}", shape.problems());
    assert!(shape.problems()[0].contains("without its field `count`"), "{:?}", shape.problems());
    assert!(shape.problems()[1].contains("without its field `tags`"), "{:?}", shape.problems());
}

#[test]
fn a_map_that_json_cannot_hold_is_a_problem() {
    #[derive(Serialize, Deserialize)]
    struct Grid {
        cells: BTreeMap<(i64, i64), i64>,
    }
    let shape = trace_stored::<Grid>();
    assert_eq!(shape.problems().len(), 1, "{:?}", shape.problems());
    assert!(shape.problems()[0].contains("cannot be written as JSON"), "{:?}", shape.problems());
}
