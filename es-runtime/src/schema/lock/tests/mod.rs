//! The lock as a whole: a file, a mode, and the shapes of some code.
#![allow(dead_code, reason = "the types are only traced")]

mod aggregates;
mod aliases;
mod changes;
mod file;
mod narrowed;
mod odd;
mod seen;

use super::*;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of its own for each test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let unique = format!("es-lock-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(unique);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn run(&self, mode: Mode, shapes: &Shapes) -> Result<(), String> {
        run(&self.0.join(FILE), mode, shapes)
    }

    #[track_caller]
    fn fails(&self, mode: Mode, shapes: &Shapes, parts: &[&str]) {
        let before = self.text();
        let report = self.run(mode, shapes).unwrap_err();
        for part in parts {
            assert!(report.contains(part), "{part}\nis not in\n{report}");
        }
        assert_eq!(self.text(), before, "a failing run may not write here");
    }

    fn text(&self) -> String {
        fs::read_to_string(self.0.join(FILE)).unwrap_or_default()
    }

    /// Makes a folder with a lock of these shapes.
    fn locked(shapes: &Shapes) -> Self {
        let folder = Self::new();
        folder.run(Mode::Update, shapes).unwrap();
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn shapes(collect: impl FnOnce(&mut Shapes)) -> Shapes {
    let mut shapes = Shapes::default();
    collect(&mut shapes);
    shapes
}

#[derive(Serialize, Deserialize)]
struct Amount {
    amount: i64,
}

#[derive(Serialize, Deserialize)]
struct Sum {
    sum: i64,
}

#[derive(Serialize, Deserialize)]
struct Noted {
    amount: i64,
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Small {
    amount: i32,
}

fn deposited<T: Serialize + serde::de::DeserializeOwned>() -> Shapes {
    shapes(|shapes| shapes.event::<T>("Account.Deposited", 1))
}

#[test]
fn a_new_crate_asks_for_the_file_and_update_makes_it() {
    let folder = Folder::new();
    let code = deposited::<Amount>();
    folder.fails(
        Mode::Check,
        &code,
        &["events.lock does not exist; run `EVENTS_LOCK=update cargo test events_lock`"],
    );
    assert_eq!(folder.run(Mode::Update, &code), Ok(()));
    assert!(folder.text().contains("\nAccount.Deposited 1\n    amount: i64\n"), "{}", folder.text());
    assert_eq!(folder.run(Mode::Check, &code), Ok(()));
}

#[test]
fn only_the_file_is_left_behind() {
    let folder = Folder::locked(&deposited::<Amount>());
    let names: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["events.lock"]);
}

#[test]
fn a_breaking_change_names_topic_field_and_remedy() {
    let folder = Folder::locked(&deposited::<Amount>());
    let parts = [
        "Account.Deposited 1: the stored shape changed",
        "`amount` is gone and `sum` is new and required: a rename? then `#[serde(alias = \"amount\")]`",
        "keep the old shape as a struct, and give the new one `version = 2, upcast = OldShape`",
        "if it was never deployed, run `EVENTS_LOCK=overwrite cargo test events_lock`",
    ];
    folder.fails(Mode::Check, &deposited::<Sum>(), &parts);
    folder.fails(Mode::Update, &deposited::<Sum>(), &parts);
    assert_eq!(folder.run(Mode::Overwrite, &deposited::<Sum>()), Ok(()));
    assert_eq!(folder.run(Mode::Check, &deposited::<Sum>()), Ok(()));
    folder.fails(Mode::Check, &deposited::<Amount>(), &["`sum` is gone"]);
}

#[test]
fn an_additive_change_passes_and_is_recorded_by_update_only() {
    let folder = Folder::locked(&deposited::<Amount>());
    let before = folder.text();
    assert_eq!(folder.run(Mode::Check, &deposited::<Noted>()), Ok(()));
    assert_eq!(folder.text(), before);
    assert_eq!(folder.run(Mode::Update, &deposited::<Noted>()), Ok(()));
    assert!(folder.text().contains("note?: string or null"), "{}", folder.text());
    folder.fails(Mode::Check, &deposited::<Amount>(), &["`note` is gone"]);
}

#[test]
fn a_wider_type_is_recorded_so_that_the_way_back_is_refused() {
    let folder = Folder::locked(&deposited::<Small>());
    assert_eq!(folder.run(Mode::Check, &deposited::<Amount>()), Ok(()));
    assert_eq!(folder.run(Mode::Update, &deposited::<Amount>()), Ok(()));
    folder.fails(Mode::Check, &deposited::<Small>(), &["`amount` was `i64`, is now `i32`"]);
}

#[test]
fn a_new_version_must_be_recorded_and_keep_the_old_one() {
    let folder = Folder::locked(&deposited::<Amount>());
    let both = shapes(|shapes| {
        shapes.past::<Amount>("Account.Deposited", 1);
        shapes.event::<Sum>("Account.Deposited", 2);
    });
    folder.fails(Mode::Check, &both, &["Account.Deposited 2: not recorded yet; run `EVENTS_LOCK=update"]);
    assert_eq!(folder.run(Mode::Update, &both), Ok(()));
    assert_eq!(folder.run(Mode::Check, &both), Ok(()));

    let newest = shapes(|shapes| shapes.event::<Sum>("Account.Deposited", 2));
    folder.fails(
        Mode::Check,
        &newest,
        &["Account.Deposited 1: old rows of version 1 can no longer be read; bring"],
    );
    folder.fails(Mode::Update, &newest, &["old rows of version 1"]);
    folder.fails(Mode::Check, &deposited::<Amount>(), &["the code has only version 1: bring version 2 back"]);

    let changed = shapes(|shapes| {
        shapes.past::<Small>("Account.Deposited", 1);
        shapes.event::<Sum>("Account.Deposited", 2);
    });
    folder.fails(Mode::Check, &changed, &["version 2 follows it, so version 1 may not change any more"]);
}

#[test]
fn an_event_that_is_gone_must_be_retired() {
    let before = shapes(|shapes| {
        shapes.event::<Amount>("Account.Deposited", 1);
        shapes.event::<Noted>("Account.Old", 1);
    });
    let folder = Folder::locked(&before);
    folder.fails(
        Mode::Check,
        &deposited::<Amount>(),
        &["Account.Old 1: nothing has this topic any more", "`#[mutator(retired = [\"Account.Old\"])]`"],
    );
    let retired = shapes(|shapes| {
        shapes.event::<Amount>("Account.Deposited", 1);
        shapes.retired("Account.Old");
    });
    assert_eq!(folder.run(Mode::Check, &retired), Ok(()));
    assert_eq!(folder.run(Mode::Update, &retired), Ok(()));
    assert!(
        folder.text().contains("    note?: string or null\n\nAccount.Old retired\n"),
        "{}",
        folder.text()
    );
    folder.fails(Mode::Check, &deposited::<Amount>(), &["Account.Old: it is no longer retired"]);
    assert_eq!(folder.run(Mode::Check, &before), Ok(()), "the event may come back as it was");
}

#[test]
fn overwrite_keeps_what_is_known_of_retired_events() {
    let folder = Folder::locked(&shapes(|shapes| {
        shapes.event::<Amount>("A", 1);
        shapes.event::<Amount>("B", 1);
        shapes.event::<Amount>("C", 1);
    }));
    let code = shapes(|shapes| {
        shapes.event::<Sum>("A", 1);
        shapes.retired("B");
    });
    assert_eq!(folder.run(Mode::Overwrite, &code), Ok(()));
    let expected = "A 1\n    sum: i64\n\nB 1\n    amount: i64\n\nB retired\n\nend\n";
    assert!(folder.text().ends_with(expected), "{}", folder.text());
}

#[test]
fn a_retired_topic_is_not_used_again() {
    let retired = shapes(|shapes| {
        shapes.event::<Amount>("Account.Deposited", 1);
        shapes.retired("Account.Old");
    });
    let folder = Folder::locked(&retired);
    let again = shapes(|shapes| {
        shapes.event::<Amount>("Account.Deposited", 1);
        shapes.event::<Amount>("Account.Old", 1);
    });
    folder.fails(Mode::Check, &again, &["Account.Old 1: this topic was retired"]);
    let both = shapes(|shapes| {
        shapes.event::<Amount>("Account.Deposited", 1);
        shapes.retired("Account.Deposited");
    });
    let folder = Folder::locked(&deposited::<Amount>());
    assert_eq!(folder.run(Mode::Exact, &both), Ok(()), "another aggregate still reads it");
}

#[test]
fn update_refuses_an_event_that_may_be_a_renamed_one() {
    let folder = Folder::locked(&deposited::<Amount>());
    let renamed = shapes(|shapes| shapes.event::<Amount>("Account.PaidIn", 1));
    folder.fails(Mode::Update, &renamed, &["a rename?"]);
    // The refusal leaves the way back open.
    assert_eq!(folder.run(Mode::Exact, &deposited::<Amount>()), Ok(()));
    // Once the old topic is retired, the event is new.
    let retired = shapes(|shapes| {
        shapes.event::<Amount>("Account.PaidIn", 1);
        shapes.retired("Account.Deposited");
    });
    assert_eq!(folder.run(Mode::Update, &retired), Ok(()));
    assert_eq!(folder.run(Mode::Exact, &retired), Ok(()));
}

#[test]
fn a_renamed_topic_is_guessed() {
    let folder = Folder::locked(&deposited::<Amount>());
    let renamed = shapes(|shapes| shapes.event::<Amount>("Account.PaidIn", 1));
    folder.fails(
        Mode::Check,
        &renamed,
        &[
            "`Account.PaidIn` is new and has the same shape: a rename? then `topic = \"Account.Deposited\"`",
            "`aliases = [\"Account.Deposited\"]`",
        ],
    );
}

#[test]
fn rows_of_an_older_topic_are_read_by_the_event_that_names_it() {
    let folder = Folder::locked(&deposited::<Amount>());
    let mut renamed = shapes(|shapes| {
        shapes.event::<Amount>("Account.PaidIn", 1);
        shapes.alias("Account.PaidIn", "Account.Deposited");
    });
    folder.fails(Mode::Check, &renamed, &["Account.PaidIn 1: not recorded yet"]);
    assert_eq!(folder.run(Mode::Update, &renamed), Ok(()));
    assert_eq!(folder.run(Mode::Check, &renamed), Ok(()));
    assert!(
        folder
            .text()
            .contains("    amount: i64\n\nAccount.Deposited -> Account.PaidIn\n\nAccount.PaidIn 1\n"),
        "{}",
        folder.text()
    );

    renamed.record.shapes.clear();
    renamed.event::<Small>("Account.PaidIn", 1);
    let report = folder.run(Mode::Check, &renamed).unwrap_err();
    assert_eq!(report.matches("`amount` was `i64`, is now `i32`").count(), 2, "{report}");

    let later = shapes(|shapes| {
        shapes.past::<Small>("Account.PaidIn", 1);
        shapes.event::<Sum>("Account.PaidIn", 2);
        shapes.alias("Account.PaidIn", "Account.Deposited");
    });
    let report = folder.run(Mode::Check, &later).unwrap_err();
    assert_eq!(report.matches("version 2 follows it, so version 1 may not change").count(), 2, "{report}");

    let lost = shapes(|shapes| shapes.event::<Amount>("Account.PaidIn", 1));
    folder.fails(Mode::Check, &lost, &["Account.Deposited 1: nothing has this topic any more"]);
}

#[test]
fn a_later_version_is_added_to_the_chain() {
    let folder = Folder::locked(&shapes(|shapes| {
        shapes.past::<Small>("A", 1);
        shapes.event::<Amount>("A", 2);
    }));
    let code = shapes(|shapes| {
        shapes.past::<Small>("A", 1);
        shapes.event::<Sum>("A", 2);
    });
    folder.fails(Mode::Check, &code, &["give the new one `version = 3, upcast = [.., OldShape]`"]);
}

#[test]
fn update_writes_what_it_can_and_still_fails() {
    let folder = Folder::locked(&deposited::<Amount>());
    let mixed = shapes(|shapes| {
        shapes.event::<Sum>("Account.Deposited", 1);
        shapes.event::<Amount>("Account.Withdrawn", 1);
    });
    let report = folder.run(Mode::Update, &mixed).unwrap_err();
    assert!(report.contains("Account.Deposited 1") && !report.contains("Account.Withdrawn"), "{report}");
    assert!(folder.text().contains("Account.Deposited 1\n    amount: i64"), "{}", folder.text());
    assert!(folder.text().contains("Account.Withdrawn 1\n    amount: i64"), "{}", folder.text());
}

#[test]
fn all_findings_come_in_one_report() {
    let folder = Folder::locked(&shapes(|shapes| {
        shapes.event::<Amount>("A", 1);
        shapes.event::<Amount>("B", 1);
        shapes.event::<Amount>("C", 1);
    }));
    let code = shapes(|shapes| {
        shapes.event::<Sum>("A", 1);
        shapes.event::<Small>("B", 1);
        shapes.event::<Noted>("D", 1);
    });
    let report = folder.run(Mode::Check, &code).unwrap_err();
    let heads: Vec<&str> =
        report.split("\n\n").map(|part| part.split(':').next().unwrap_or_default()).collect();
    assert_eq!(
        heads,
        ["events.lock and the events of this crate do not agree", "A 1", "B 1", "C 1", "D 1"],
        "{report}"
    );
}

#[test]
fn a_defect_fails_in_every_mode_and_is_not_recorded_by_update() {
    let folder = Folder::locked(&deposited::<Amount>());
    let code = shapes(|shapes| {
        shapes.event::<Amount>("Account.Deposited", 1);
        shapes.event::<Amount>("Account.Even", 1);
        shapes.event::<Option<Option<i64>>>("Account.Odd", 1);
    });
    for mode in [Mode::Check, Mode::Update, Mode::Overwrite] {
        let report = folder.run(mode, &code).unwrap_err();
        assert!(report.contains("Account.Odd 1: the value itself is an option of something"), "{report}");
        assert_eq!(folder.text().contains("Account.Even"), mode != Mode::Check);
        assert_eq!(folder.text().contains("Account.Odd"), mode == Mode::Overwrite);
    }
}

#[test]
fn a_broken_file_is_named_and_only_overwrite_replaces_it() {
    let code = deposited::<Amount>();
    let folder = Folder::locked(&code);
    let good = folder.text();
    fs::write(folder.0.join(FILE), good.replace("amount: i64", "amount i64")).unwrap();
    folder.fails(Mode::Check, &code, &["events.lock, line 6: expected `path: type`, found `amount i64`"]);
    folder.fails(Mode::Update, &code, &["line 6"]);
    assert_eq!(folder.run(Mode::Overwrite, &code), Ok(()));
    assert_eq!(folder.text(), good);
}

#[test]
fn a_file_with_other_line_ends_passes_and_is_not_touched() {
    let code = deposited::<Amount>();
    let folder = Folder::locked(&code);
    let other = folder.text().replace('\n', "\r\n");
    fs::write(folder.0.join(FILE), &other).unwrap();
    assert_eq!(folder.run(Mode::Check, &code), Ok(()));
    assert_eq!(folder.run(Mode::Update, &code), Ok(()));
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let code = deposited::<Amount>();
    let missing = env::temp_dir().join("es-lock-no-such-folder").join(FILE);
    let report = run(&missing, Mode::Update, &code).unwrap_err();
    assert!(report.contains("cannot be written"), "{report}");
}

#[test]
fn only_known_modes_are_accepted() {
    let read = |text: &str| Mode::read(Some(OsStr::new(text)));
    assert_eq!(Mode::read(None), Ok(Mode::Check));
    assert_eq!(read("update"), Ok(Mode::Update));
    assert_eq!(read("accept"), Ok(Mode::Accept));
    assert_eq!(read("overwrite"), Ok(Mode::Overwrite));
    for other in ["", "1", "Update", "check"] {
        let error = read(other).unwrap_err();
        assert!(error.starts_with(&format!("EVENTS_LOCK is `{other}`; set it to")), "{error}");
    }
}

#[test]
fn the_report_of_a_crate_without_events_names_the_place_of_the_macro() {
    let error = check("/nowhere", "no_such_crate::tests").unwrap_err();
    assert!(
        error.starts_with("the crate `no_such_crate` declares no stored events; put `events_lock!()`"),
        "{error}"
    );
}
