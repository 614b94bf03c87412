//! Facts that the lock sees beside the types of fields.

use super::*;
use crate::schema::lock::file::{parse, render};

fn written<T: Serialize + serde::de::DeserializeOwned>(topic: &str) -> Shapes {
    shapes(|shapes| shapes.event::<T>(topic, 1))
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
}

#[derive(Serialize, Deserialize)]
struct Payload {
    id: i64,
    payload: Untagged,
}

#[test]
fn update_records_an_opaque_part_only_when_it_is_accepted() {
    let folder = Folder::new();
    let code = written::<Payload>("A");
    let report = folder.run(Mode::Update, &code).unwrap_err();
    assert!(report.contains("A 1: `payload` is opaque: when a change inside it makes old rows"), "{report}");
    assert!(report.contains("EVENTS_LOCK=accept cargo test events_lock"), "{report}");
    assert!(!folder.text().contains("payload"), "{}", folder.text());
    assert_eq!(folder.run(Mode::Accept, &code), Ok(()));
    assert!(folder.text().contains("    id: i64\n    payload: opaque (accepted)\n"), "{}", folder.text());
    // The user has to accept it only once.
    for mode in [Mode::Check, Mode::Exact, Mode::Update, Mode::Overwrite] {
        assert_eq!(folder.run(mode, &code), Ok(()));
    }
    assert!(folder.text().contains("payload: opaque (accepted)"), "{}", folder.text());
    let mut code = code;
    assert_eq!(
        code.accept(&Record::default(), true),
        ["A 1: `payload`"],
        "the report names each accepted part"
    );
}

#[test]
fn the_check_guards_the_fields_around_an_opaque_part() {
    #[derive(Serialize, Deserialize)]
    struct Other {
        id: u8,
        payload: Untagged,
    }
    let folder = Folder::new();
    folder.run(Mode::Accept, &written::<Payload>("A")).unwrap();
    folder.fails(Mode::Check, &written::<Other>("A"), &["`id` was `i64`, is now `u8`"]);
}

#[test]
fn a_file_of_the_first_format_is_read_and_written_anew() {
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type")]
    enum Paid {
        Card { number: String },
        Cash,
    }
    let folder = Folder::new();
    let first = include_str!("first_format.lock");
    fs::write(folder.0.join(FILE), first).unwrap();
    let code = |amount: fn(&mut Shapes)| {
        shapes(|shapes| {
            shapes.event::<Paid>("Account.Paid", 1);
            amount(shapes);
            shapes.record.ids.insert("Account".into(), "Account".into());
        })
    };
    let same = code(|shapes| shapes.event::<Amount>("Account.Deposited", 1));
    folder.fails(
        Mode::Check,
        &same,
        &["events.lock is of format 1", "Nothing of it is lost; run `EVENTS_LOCK=update"],
    );
    let changed = code(|shapes| shapes.event::<Small>("Account.Deposited", 1));
    let report = folder.run(Mode::Update, &changed).unwrap_err();
    assert!(
        report.contains("`amount` was `i64`, is now `i32`") && !report.contains("Account.Paid"),
        "{report}"
    );
    fs::write(folder.0.join(FILE), first).unwrap();
    assert_eq!(folder.run(Mode::Update, &same), Ok(()));
    assert_eq!(folder.run(Mode::Exact, &same), Ok(()));
    assert_eq!(folder.text(), include_str!("second_format.lock"));
}

#[test]
fn a_changed_default_is_seen() {
    fn one() -> i64 {
        1
    }
    fn two() -> i64 {
        2
    }
    #[derive(Serialize, Deserialize)]
    struct One {
        #[serde(default = "one")]
        amount: i64,
    }
    #[derive(Serialize, Deserialize)]
    struct Two {
        #[serde(default = "two")]
        amount: i64,
    }
    let folder = Folder::locked(&written::<One>("A"));
    assert!(folder.text().contains("    amount?: i64 = 1\n"), "{}", folder.text());
    let text = "`amount` that was left out was read as `1`, is now read as `2`";
    folder.fails(Mode::Check, &written::<Two>("A"), &[text]);
    let past = shapes(|shapes| {
        shapes.past::<One>("A", 1);
        shapes.event::<Amount>("A", 2);
    });
    assert_eq!(folder.run(Mode::Update, &past), Ok(()));
    assert!(folder.text().contains("    amount?: i64 = 1\n"), "an older shape keeps what is known of it");
}

#[test]
fn swapped_names_of_events_of_one_shape_are_seen() {
    let code = |deposit: &str, withdraw: &str| {
        shapes(|shapes| {
            shapes.stored::<Amount>(deposit, 1, "Account::deposit");
            shapes.stored::<Amount>(withdraw, 1, "Account::withdraw");
        })
    };
    let folder = Folder::locked(&code("Deposited", "Withdrawn"));
    let parts = [
        "Deposited: its rows were stored for `Account::deposit`, and are now for `Account::withdraw`",
        "Withdrawn: its rows were stored for `Account::withdraw`, and are now for `Account::deposit`",
    ];
    folder.fails(Mode::Check, &code("Withdrawn", "Deposited"), &parts);
    folder.fails(Mode::Update, &code("Withdrawn", "Deposited"), &parts);
}

#[test]
fn a_renamed_method_passes() {
    let code = |source: &str| shapes(|shapes| shapes.stored::<Amount>("Deposited", 1, source));
    let folder = Folder::locked(&code("Account::deposit"));
    assert_eq!(folder.run(Mode::Check, &code("Account::pay_in")), Ok(()));
    assert_eq!(folder.run(Mode::Update, &code("Account::pay_in")), Ok(()));
    assert!(
        folder.text().contains("Deposited comes from Account::pay_in\nDeposited 1\n"),
        "{}",
        folder.text()
    );
}

#[test]
fn a_shape_that_stands_in_several_places_is_written_once() {
    #[derive(Serialize, Deserialize)]
    enum Country {
        De,
        Fr,
        It,
    }
    #[derive(Serialize, Deserialize)]
    struct Address {
        street: String,
        country: Country,
        former: Option<Box<Address>>,
    }
    #[derive(Serialize, Deserialize)]
    struct Moved {
        from: Option<Address>,
        to: Address,
        countries: Vec<Country>,
    }
    let code = written::<Moved>("Moved");
    let folder = Folder::locked(&code);
    let lines = "\
Moved 1
    countries: list
    countries[]: shape Country
    from?: shape Address or null
    to: shape Address

shape Address
    country: shape Country
    former?: -> . or null
    street: string

shape Country
    .: enum
    |De: variant
    |Fr: variant
    |It: variant

end
";
    assert!(folder.text().ends_with(lines), "{}", folder.text());
    assert_eq!(folder.run(Mode::Exact, &code), Ok(()));
    let (locked, _) = parse(&folder.text()).unwrap();
    assert_eq!(locked, code.record);
    assert_eq!(render(&locked), folder.text());
    let broken = folder.text().replace("shape Country\n    .:", "shape Land\n    .:");
    fs::write(folder.0.join(FILE), broken).unwrap();
    folder.fails(Mode::Check, &code, &["`shape Country` is not there"]);
}
