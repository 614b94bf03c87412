//! Names that topics had before.

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

#[cfg(feature = "macros")]
mod aggregates {
    use super::*;
    use es_macros::{aggregate, mutator};

    #[aggregate(crate = crate)]
    struct Box1 {
        #[attribute]
        label: String,
        #[attribute]
        colour: String,
    }

    #[mutator(crate = crate)]
    impl Box1 {
        #[event(Box1Packed)]
        fn pack(label: String) -> Self {
            Self { label, colour: String::new() }
        }
    }

    #[aggregate(crate = crate, aliases = ["Box1"], retired = ["colour"])]
    struct Box2 {
        #[attribute]
        label: String,
    }

    #[mutator(crate = crate)]
    impl Box2 {
        #[event(Box1Packed2, topic = "Box2.Box1Packed")]
        fn pack(label: String) -> Self {
            Self { label }
        }
    }

    fn of<const N: usize>(only: &str) -> Shapes {
        let mut all = Shapes::default();
        for stored in inventory::iter::<crate::lock::StoredShapes> {
            (stored.collect)(&mut all);
        }
        all.record.shapes.retain(|(topic, _), _| topic.starts_with(only));
        all.record.aliases.retain(|_, new| new.starts_with(only));
        all.record.retired.retain(|_| N == 1);
        all
    }

    #[test]
    fn a_renamed_aggregate_needs_its_former_name() {
        let folder = Folder::locked(&of::<0>("Box1"));
        assert!(folder.text().contains("\nBox1.AttributeChanged[label] 1\n"), "{}", folder.text());
        assert!(folder.text().contains("\nBox1.Discarded 1\n"), "{}", folder.text());
        let mut without = of::<1>("Box2");
        without.record.aliases.clear();
        without.record.retired.clear();
        folder.fails(
            Mode::Check,
            &without,
            &[
                "then `#[aggregate(aliases = [\"Box1\"])]` keeps all its rows readable",
                "`#[attribute(aliases = [\"label\"])]` keeps old rows readable",
                "let its rows be skipped with `#[aggregate(retired = [\"colour\"])]`",
            ],
        );
    }

    #[test]
    fn with_its_former_name_all_rows_stay_readable() {
        let folder = Folder::locked(&of::<0>("Box1"));
        folder.run(Mode::Update, &of::<1>("Box2")).unwrap();
        for line in [
            "Box1.AttributeChanged[colour] retired",
            "Box1.AttributeChanged[label] -> Box2.AttributeChanged[label]",
            "Box1.Box1Packed -> Box2.Box1Packed",
            "Box1.Discarded -> Box2.Discarded",
        ] {
            assert!(folder.text().contains(&format!("\n{line}\n")), "{line}\n{}", folder.text());
        }
        assert_eq!((Box1::pack(String::new()).label.len(), Box2::pack(String::new()).label.len()), (0, 0));
    }
}
