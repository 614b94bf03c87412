//! The lock as a whole: a file, a mode, and the projections of some code.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::*;

/// A view in a database, under other code for each number.
fn view(name: &'static str, code: u64) -> LockedView {
    LockedView {
        module: "bank::views",
        name,
        version: 1,
        code: Some(code),
        sources: &[],
        handlers: &[],
        is_partial: false,
        type_name: || "bank::views::Balances",
    }
}

fn in_memory(name: &'static str) -> LockedView {
    LockedView { code: None, ..view(name, 0) }
}

/// A folder of its own for each test.
struct Folder(tempfile::TempDir);

impl Folder {
    /// Makes a folder with a lock of these views.
    fn locked(views: &[&LockedView]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.run(Mode::Update, views).unwrap();
        folder
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("views.lock")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    fn run(&self, mode: Mode, views: &[&LockedView]) -> Result<(), String> {
        run(&self.path(), mode, views)
    }

    #[track_caller]
    fn fails(&self, mode: Mode, views: &[&LockedView], parts: &[&str]) {
        let before = self.text();
        let report = self.run(mode, views).unwrap_err();
        for part in parts {
            assert!(report.contains(part), "{part}\nis not in\n{report}");
        }
        assert_eq!(self.text(), before, "a failing run writes nothing");
    }

    /// Asserts that an update takes the code over, and that it then passes.
    #[track_caller]
    fn updates(&self, views: &[&LockedView]) {
        self.run(Mode::Update, views).unwrap();
        self.run(Mode::Exact, views).unwrap();
    }
}

#[test]
fn a_recorded_projection_passes_until_its_code_changes() {
    let folder = Folder::locked(&[&view("Balances", 1)]);
    for mode in [Mode::Check, Mode::Exact] {
        folder.run(mode, &[&view("Balances", 1)]).unwrap();
        folder.fails(
            mode,
            &[&view("Balances", 2)],
            &[
                "Balances: its code changed\n  deployed, the view refuses to start; `on_change(OnChange::Rebuild)`",
                "then run `VIEWS_LOCK=update cargo test views_lock` and commit `views.lock`",
            ],
        );
    }
    folder.updates(&[&view("Balances", 2)]);
}

#[test]
fn a_projection_that_is_not_recorded_is_named() {
    let folder = Folder::locked(&[&view("Balances", 1)]);
    let views = [&view("Balances", 1), &view("by owner", 2)];
    folder.fails(Mode::Check, &views, &["\"by owner\": not recorded yet; run `VIEWS_LOCK=update"]);
    folder.updates(&views);
}

#[test]
fn a_projection_that_is_gone_leaves_its_tables() {
    let folder = Folder::locked(&[&view("Balances", 1), &view("Totals", 2)]);
    let gone = ["Totals: no projection has this name any more", "its tables stay in the database"];
    folder.fails(Mode::Check, &[&view("Balances", 1)], &gone);
    folder.fails(Mode::Check, &[], &gone);
    folder.updates(&[&view("Balances", 1)]);
    folder.updates(&[]);
}

#[test]
fn a_renamed_projection_is_recognised_by_what_it_handles() {
    let folder = Folder::locked(&[&view("Balances", 1)]);
    let advice =
        "Sums is new and handles the same: a rename? then `name = \"Balances\"` in `#[projection(..)]`";
    folder.fails(Mode::Check, &[&view("Sums", 2)], &[advice, "Sums: not recorded yet"]);
}

#[test]
fn two_projections_of_one_name_are_refused_in_every_mode() {
    let folder = Folder::locked(&[&view("Balances", 1)]);
    let twin = LockedView { type_name: || "bank::reports::Balances", ..view("Balances", 1) };
    for mode in [Mode::Check, Mode::Exact, Mode::Update] {
        let parts = ["Balances: `bank::reports::Balances` and `bank::views::Balances` have this name"];
        folder.fails(mode, &[&view("Balances", 1), &twin], &parts);
    }
}

#[test]
fn a_view_in_memory_may_change() {
    let folder = Folder::locked(&[&in_memory("Totals")]);
    let changed = LockedView { is_partial: true, version: 2, ..in_memory("Totals") };
    folder.run(Mode::Check, &[&changed]).unwrap();
    folder.fails(
        Mode::Exact,
        &[&changed],
        &[
            "Totals: it changed; each start makes it anew",
            "- version 1\n    + version 2\n    + leaves out the rest",
        ],
    );
    folder.fails(Mode::Check, &[&view("Totals", 1)], &["a database keeps it now"]);
    folder.updates(&[&view("Totals", 1)]);
    folder.fails(Mode::Check, &[&in_memory("Totals")], &["the old tables stay in the database"]);
}

#[test]
fn new_names_of_the_same_events_harm_no_view() {
    let folder = Folder::locked(&[&view("Balances", 1)]);
    let renamed = LockedView { is_partial: true, ..view("Balances", 1) };
    folder.run(Mode::Check, &[&renamed]).unwrap();
    folder.fails(Mode::Exact, &[&renamed], &["what it handles has other names"]);
}

#[test]
fn views_in_test_modules_are_left_out() {
    let is_in_tests = |module| LockedView { module, ..view("Balances", 1) }.is_in_tests();
    assert!(is_in_tests("bank::views::tests"));
    assert!(is_in_tests("bank::test::support"));
    assert!(!is_in_tests("tests::views"), "the crate may have any name");
    assert!(!is_in_tests("bank::latest"));
}

#[test]
fn the_file_reads_back_also_after_other_line_ends() {
    let odd = ["Balances", "by owner", "a version 2 code 00", "#1", "\"", "end", ""];
    let views: Vec<LockedView> = odd.into_iter().map(|name| view(name, u64::MAX)).collect();
    let folder = Folder::locked(&views.iter().collect::<Vec<_>>());
    let read = file::parse(&folder.text()).unwrap();
    assert_eq!(read.len(), odd.len());
    assert_eq!(file::parse(&folder.text().replace('\n', "\r\n")), Ok(read));
}

#[test]
fn a_damaged_file_is_refused_with_its_line() {
    let folder = Folder::locked(&[&view("Balances", 1)]);
    let good = folder.text();
    let cases = [
        (good.replace("end\n", ""), "the line `end` is missing"),
        (good.replace("code 0", "code x"), "expected a projection and its code"),
        (good.replace("format 1", "format 9"), "`format 9` is not known, only `format 1`; update es-runtime"),
        (good.replace("format 1", "format 1\n\n    handles Account.Opened"), "belongs to no projection"),
        (good.replace("format 1", "format 1\n<<<<<<< HEAD"), "a merge conflict"),
        (good.replace("end\n", "end\nmore"), "nothing may follow the line `end`"),
        (good.replace("end\n", "Balances version 2 in memory\nend\n"), "has the name of an earlier section"),
        (String::new(), "the line `format 1` is missing"),
    ];
    for (text, problem) in cases {
        std::fs::write(folder.path(), text).unwrap();
        let views = [&view("Balances", 1)];
        folder.fails(Mode::Check, &views, &["views.lock, line ", problem]);
        folder.updates(&views);
        assert_eq!(folder.text(), good);
    }
    std::fs::remove_file(folder.path()).unwrap();
    let error = folder.run(Mode::Check, &[&view("Balances", 1)]).unwrap_err();
    assert!(
        error.contains("views.lock does not exist; run `VIEWS_LOCK=update cargo test views_lock`"),
        "{error}"
    );
}

#[test]
fn the_variable_has_few_values() {
    let read = |text: &str| Mode::read(Some(OsStr::new(text)));
    assert_eq!(Mode::read(None), Ok(Mode::Check));
    assert_eq!(read("update"), Ok(Mode::Update));
    assert_eq!(read("exact"), Ok(Mode::Exact));
    let error = "VIEWS_LOCK is `accept`; set it to `exact` or `update`, or unset it to check only";
    assert_eq!(read("accept"), Err(error.to_owned()));
}
