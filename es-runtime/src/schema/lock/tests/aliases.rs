//! Former names of topics.

use super::{Folder, Mode, Shapes, shapes};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Amount {
    amount: i64,
}

#[derive(Serialize, Deserialize)]
struct Sum {
    sum: i64,
}

fn renamed(alias: &str) -> Shapes {
    shapes(|shapes| {
        shapes.event::<Amount>("Account.Paid", 1);
        shapes.alias("Account.Paid", alias);
    })
}

fn plain() -> Shapes {
    shapes(|shapes| shapes.event::<Amount>("Account.Paid", 1))
}

#[test]
fn a_new_alias_is_recorded_on_update() {
    let folder = Folder::locked(&plain());
    let with_alias = renamed("Account.Deposited");
    folder.fails(Mode::Check, &with_alias, &["Account.Deposited: read as `Account.Paid`, not recorded yet"]);
    folder.run(Mode::Update, &with_alias).unwrap();
    assert!(
        folder.text().contains("\nAccount.Deposited -> Account.Paid\n\nAccount.Paid 1\n"),
        "{}",
        folder.text()
    );
    folder.run(Mode::Exact, &with_alias).unwrap();
}

#[test]
fn an_alias_that_was_never_a_recorded_topic_may_not_go_either() {
    let folder = Folder::locked(&renamed("Account.Deposited"));
    let parts = [
        "Account.Deposited: its rows were read as `Account.Paid`, and can no longer be read",
        "keep \"Account.Deposited\" in the `aliases`",
        "`#[mutator(retired = [\"Account.Deposited\"])]`",
    ];
    folder.fails(Mode::Check, &plain(), &parts);
    folder.fails(Mode::Update, &plain(), &parts);
    folder.run(Mode::Overwrite, &plain()).unwrap();
    assert!(!folder.text().contains("->"), "{}", folder.text());
}

#[test]
fn an_alias_may_be_retired_or_become_a_topic_again() {
    let folder = Folder::locked(&renamed("Account.Deposited"));
    let retired = shapes(|shapes| {
        shapes.event::<Amount>("Account.Paid", 1);
        shapes.retired("Account.Deposited");
    });
    folder.run(Mode::Update, &retired).unwrap();
    assert!(folder.text().contains("Account.Deposited retired\n") && !folder.text().contains("->"));

    let folder = Folder::locked(&renamed("Account.Deposited"));
    let back = shapes(|shapes| {
        shapes.event::<Amount>("Account.Deposited", 1);
        shapes.alias("Account.Deposited", "Account.Paid");
    });
    folder.run(Mode::Update, &back).unwrap();
    assert!(folder.text().contains("\nAccount.Paid -> Account.Deposited\n"), "{}", folder.text());
    assert!(!folder.text().contains("Account.Deposited ->"), "{}", folder.text());
}

#[test]
fn a_second_rename_leads_both_older_names_to_the_newest() {
    let folder = Folder::locked(&renamed("Account.Deposited"));
    let newest = |older: &[&str]| {
        shapes(|shapes| {
            shapes.event::<Amount>("Account.Received", 1);
            for alias in older {
                shapes.alias("Account.Received", alias);
            }
        })
    };
    folder.fails(Mode::Check, &newest(&["Account.Paid"]), &["Account.Deposited: its rows were read as"]);
    let folder = Folder::locked(&renamed("Account.Deposited"));
    folder.run(Mode::Update, &newest(&["Account.Paid", "Account.Deposited"])).unwrap();
    assert!(folder.text().contains("Account.Deposited -> Account.Received\n"), "{}", folder.text());
}

#[test]
fn an_alias_may_not_move_to_another_event() {
    let both = |of_paid: bool| {
        shapes(|shapes| {
            shapes.event::<Amount>("Account.Paid", 1);
            shapes.event::<Amount>("Account.Booked", 1);
            shapes.alias(if of_paid { "Account.Paid" } else { "Account.Booked" }, "Account.Old");
        })
    };
    let folder = Folder::locked(&both(true));
    folder.fails(
        Mode::Update,
        &both(false),
        &["Account.Old: its rows were read as `Account.Paid`, and are now read as `Account.Booked`"],
    );
}

#[test]
fn overwrite_keeps_the_shapes_of_older_topics_that_can_still_be_read() {
    let old = shapes(|shapes| shapes.event::<Amount>("Account.Deposited", 1));
    let folder = Folder::locked(&old);
    folder.run(Mode::Overwrite, &renamed("Account.Deposited")).unwrap();
    assert!(
        folder.text().contains("Account.Deposited 1\n    amount: i64\n\nAccount.Deposited -> Account.Paid\n")
    );
    let changed = shapes(|shapes| {
        shapes.event::<Sum>("Account.Paid", 1);
        shapes.alias("Account.Paid", "Account.Deposited");
    });
    folder.fails(Mode::Check, &changed, &["Account.Deposited 1: the stored shape changed"]);
    folder.run(Mode::Overwrite, &changed).unwrap();
    assert!(!folder.text().contains("amount"), "{}", folder.text());
}

#[test]
fn topics_that_look_like_an_alias_are_quoted() {
    let odd = shapes(|shapes| {
        shapes.event::<Amount>("a -> b", 1);
        shapes.event::<Amount>("retired", 1);
        shapes.alias("a -> b", "c -> \"d");
        shapes.alias("retired", "x 1");
    });
    let folder = Folder::locked(&odd);
    folder.run(Mode::Exact, &odd).unwrap();
    let before = folder.text();
    folder.run(Mode::Update, &odd).unwrap();
    assert_eq!(folder.text(), before);
}

#[test]
fn exact_asks_for_what_check_lets_pass() {
    #[derive(Serialize, Deserialize)]
    struct More {
        amount: i64,
        note: Option<String>,
    }
    let more = shapes(|shapes| shapes.event::<More>("Account.Paid", 1));
    let folder = Folder::locked(&plain());
    folder.run(Mode::Check, &more).unwrap();
    folder.fails(Mode::Exact, &more, &["Account.Paid 1: `note` is new and may be left out"]);
    folder.run(Mode::Update, &more).unwrap();
    folder.run(Mode::Exact, &more).unwrap();
}

#[test]
fn update_refuses_a_change_each_time() {
    // The alias goes, and its topic becomes an event of another meaning.
    let folder = Folder::locked(&renamed("Account.Deposited"));
    let taken = shapes(|shapes| {
        shapes.event::<Amount>("Account.Paid", 1);
        shapes.event::<Amount>("Account.Deposited", 1);
    });
    let parts =
        ["Account.Deposited: its rows were read as `Account.Paid`, and are now read as `Account.Deposited`"];
    for mode in [Mode::Check, Mode::Update, Mode::Check, Mode::Update, Mode::Exact] {
        folder.fails(mode, &taken, &parts);
    }
}

#[test]
fn a_retired_event_may_come_back_under_another_name() {
    let folder = Folder::locked(&shapes(|shapes| shapes.event::<Amount>("Account.Frozen", 1)));
    folder.run(Mode::Update, &shapes(|shapes| shapes.retired("Account.Frozen"))).unwrap();
    let back = shapes(|shapes| {
        shapes.event::<Amount>("Account.Locked", 1);
        shapes.alias("Account.Locked", "Account.Frozen");
    });
    folder.run(Mode::Update, &back).unwrap();
    folder.run(Mode::Exact, &back).unwrap();
}

#[test]
fn the_check_reports_an_alias_of_an_event_with_fewer_versions() {
    let old = shapes(|shapes| {
        shapes.past::<Sum>("Account.Deposited", 1);
        shapes.event::<Amount>("Account.Deposited", 2);
    });
    let folder = Folder::locked(&old);
    let parts = ["Account.Deposited 2: its rows are read as `Account.Paid`, which has only version 1"];
    folder.fails(Mode::Check, &renamed("Account.Deposited"), &parts);
}
