//! The text of the file, whole and broken.

use crate::schema::lock::file::{self, Record, render};
use crate::schema::shape::{Line, Shape};

fn shape(lines: &str) -> Shape {
    Shape::of(lines.lines().map(|line| Line::read(line.trim()).unwrap()).collect())
}

fn parse(text: &str) -> Result<Record, String> {
    file::parse(text).map(|(record, _)| record)
}

fn sample() -> Record {
    let mut record = Record::default();
    record.shapes.insert(("Account.Opened".into(), 2), shape("owner: string\ncurrency?: string or null"));
    record.shapes.insert(("Account.Deposited".into(), 1), shape("amount: i64"));
    record.shapes.insert(("Account.Closed".into(), 1), shape(".: unit"));
    record.shapes.insert(("Account.Closed".into(), 2), shape(""));
    record.retired.insert("Account.Old".into());
    record.retired.insert("Account.Deposited".into());
    record
}

const TEXT: &str = "\
# Stored shapes of this crate's events. A stored event lives for ever: commit this file.
# Checked by `events_lock!()`; update with EVENTS_LOCK=update cargo test events_lock
format 2

Account.Closed 1
    .: unit

Account.Closed 2

Account.Deposited 1
    amount: i64

Account.Deposited retired

Account.Old retired

Account.Opened 2
    currency?: string or null
    owner: string

end
";

#[test]
fn is_sorted_and_reads_back() {
    assert_eq!(render(&sample()), TEXT);
    assert_eq!(parse(TEXT), Ok(sample()));
    assert_eq!(parse(&render(&Record::default())), Ok(Record::default()));
}

#[test]
fn other_line_ends_blank_lines_and_comments_do_not_matter() {
    assert_eq!(parse(&TEXT.replace('\n', "\r\n")), Ok(sample()));
    assert_eq!(parse(&TEXT.replace('\n', "  \n\n# a note\n\n")), Ok(sample()));
    assert_eq!(parse(&TEXT.replace("    ", "\t")), Ok(sample()));
    assert_eq!(parse(&format!("\u{feff}{TEXT}")), Ok(sample()));
}

#[test]
fn any_topic_reads_back() {
    for topic in [
        "a b", " a", "a ", "a  b", "", "#", "\"", "end", "format", "retired", "é", "a\nb", "1", "=======",
        ".",
    ] {
        let mut record = Record::default();
        record.shapes.insert((topic.into(), 1), shape("a: i64"));
        record.shapes.insert((topic.into(), u32::MAX), shape("a: i64"));
        record.retired.insert(topic.into());
        let text = render(&record);
        assert_eq!(parse(&text), Ok(record), "{text}");
    }
}

#[track_caller]
fn refuses(text: &str, error: &str) {
    let found = parse(text).unwrap_err();
    assert!(found.starts_with(error), "{found}");
}

#[test]
fn an_error_of_the_file_names_its_line() {
    refuses("", "line 1: the line `format 2` is missing");
    refuses("format 3\nend\n", "line 1: `format 3` is not known, only `format 2`; update es-runtime");
    refuses("A 1\n", "line 1: expected `format 2`, found `A 1`");
    refuses("format 2\nA\nend", "line 2: expected a topic and its version, found `A`");
    refuses("format 2\nA x\nend", "line 2: expected a topic and its version, found `A x`");
    refuses("format 2\nA -1\nend", "line 2: expected a topic and its version, found `A -1`");
    refuses("format 2\nA 1\nA 1\nend", "line 3: `A 1` stands here twice");
    refuses("format 2\nA retired\nA retired\nend", "line 3: `A retired` stands here twice");
    refuses("format 2\n    a: i64\nend", "line 2: `a: i64` belongs to no event");
    refuses("format 2\nA retired\n    a: i64\nend", "line 3: `a: i64` belongs to no event");
    refuses("format 2\nA 1\n    a i64\nend", "line 3: expected `path: type`, found `a i64`");
    refuses("format 2\nA 1\n    a: i64\n    a?: u8\nend", "line 4: `a?: u8` has the path of an earlier line");
    refuses("format 2\nA 1\n    a.b: i64\nend", "line 3: the line of `a` must stand before that of `a.b`");
    refuses("format 2\nend\nA 1\n", "line 3: nothing may follow");
}

#[test]
fn a_merge_conflict_is_named() {
    for marker in ["<<<<<<< HEAD", "=======", ">>>>>>> main", "||||||| base"] {
        let text = TEXT.replace("Account.Deposited 1\n", &format!("{marker}\nAccount.Deposited 1\n"));
        refuses(&text, "line 10: a merge conflict");
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    for end in 0..TEXT.len() - "\n".len() {
        assert!(parse(&TEXT[..end]).is_err(), "{}", &TEXT[..end]);
    }
}
