//! Whole aggregates, as one release follows another.
#![cfg(feature = "macros")]

use super::{Folder, Mode, Shapes};
use crate::aggregate::Aggregate;
use es_macros::{aggregate, event, mutator};

/// Makes one release: the shapes of these aggregates and nothing else.
macro_rules! release {
    ($($aggregate:ident),*) => {{
        let mut all = Shapes::default();
        for stored in inventory::iter::<crate::schema::lock::StoredShapes> {
            (stored.collect)(&mut all);
        }
        let mut release = Shapes::default();
        $(release.aggregate::<$aggregate>();)*
        // The aggregates' own entries hold the shapes; the release keeps those that its aggregates read.
        let topics: Vec<String> = [$($aggregate::NAME),*].iter().flat_map(|name| known(&all, name)).collect();
        for ((topic, version), shape) in &all.record.shapes {
            let is_read = topics.contains(topic) || release.record.reads.iter().any(|(_, read)| read == topic);
            if is_read {
                release.record.shapes.insert((topic.clone(), *version), shape.clone());
                release.record.sources.extend(all.record.sources.get_key_value(topic).map(cloned));
            }
        }
        let creates = |pair: &&(String, String)| release.record.ids.contains_key(&pair.0) && topics.contains(&pair.1);
        release.record.creators = all.record.creators.iter().filter(creates).cloned().collect();
        release
    }};
}

fn cloned(pair: (&String, &String)) -> (String, String) {
    (pair.0.clone(), pair.1.clone())
}

fn known(all: &Shapes, name: &str) -> Vec<String> {
    let topics = all.record.shapes.keys().map(|(topic, _)| topic.clone());
    topics.filter(|topic| topic.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))).collect()
}

#[event(crate = crate)]
struct LockPaid {
    amount: i64,
}

#[aggregate(crate = crate)]
struct Box1 {
    #[attribute]
    label: String,
    #[attribute]
    colour: String,
}

#[mutator(crate = crate)]
impl Box1 {
    #[event(Packed1)]
    fn pack(label: String) -> Self {
        Self { label, colour: String::new() }
    }

    #[event]
    fn paid(&mut self, paid: &LockPaid) {
        self.colour = paid.amount.to_string();
    }
}

/// The renamed aggregate, without an alias.
#[aggregate(crate = crate)]
struct Box2 {
    #[attribute]
    label: String,
}

#[mutator(crate = crate)]
impl Box2 {
    #[event(Packed2, topic = "Box2.Packed1")]
    fn pack(label: String) -> Self {
        Self { label }
    }

    #[event]
    fn paid(&mut self, paid: &LockPaid) {
        self.label = paid.amount.to_string();
    }
}

/// The renamed aggregate with its alias; the colour and the payments are retired.
#[aggregate(crate = crate, aliases = ["Box1"], retired = ["colour"])]
struct Box3 {
    #[attribute]
    label: String,
}

#[mutator(crate = crate, retired = ["LockPaid"])]
impl Box3 {
    #[event(Packed3, topic = "Box3.Packed1")]
    fn pack(label: String) -> Self {
        Self { label }
    }
}

/// The aggregate renamed once more, with another namespace of ids; it no longer retires the payments.
#[aggregate(crate = crate, aliases = ["Box1", "Box3"], retired = ["colour"], id_namespace = "Box")]
struct Box4 {
    #[attribute]
    label: String,
}

#[mutator(crate = crate)]
impl Box4 {
    #[event(Packed4, topic = "Box4.Packed1")]
    fn pack(label: String) -> Self {
        Self { label }
    }
}

#[test]
fn an_aggregate_is_recorded_with_its_ids_and_what_it_reads_of_others() {
    let folder = Folder::locked(&release!(Box1));
    for lines in [
        "\nBox1 makes ids from keys under the name Box1\nBox1 is created by Box1.Packed1\nBox1 reads LockPaid\n",
        "\nBox1.AttributeChanged[colour] 1\n    .: string\n",
        "\nBox1.AttributeChanged[label] 1\n    .: string\n",
        "\nBox1.Discarded 1\n",
        "\nBox1.Packed1 comes from Box1::pack\nBox1.Packed1 1\n    label: string\n",
        "\nLockPaid comes from LockPaid\nLockPaid 1\n    amount: i64\n",
    ] {
        assert!(folder.text().contains(lines), "{lines}{}", folder.text());
    }
    folder.run(Mode::Exact, &release!(Box1)).unwrap();
}

#[test]
fn a_renamed_aggregate_needs_its_former_name_and_is_reported_once() {
    let folder = Folder::locked(&release!(Box1));
    let report = folder.run(Mode::Check, &release!(Box2)).unwrap_err();
    assert!(report.contains("`#[aggregate(aliases = [\"Box1\"])]`"), "{report}");
    assert_eq!(report.matches("Box1").count(), 2, "{report}");
}

#[test]
fn with_its_former_name_all_rows_stay_readable() {
    let folder = Folder::locked(&release!(Box1));
    folder.run(Mode::Update, &release!(Box3)).unwrap();
    for line in [
        "Box1 makes ids from keys under the name Box1",
        "Box1.AttributeChanged[colour] retired",
        "Box1.AttributeChanged[label] -> Box3.AttributeChanged[label]",
        "Box1.Packed1 -> Box3.Packed1",
        "Box1.Discarded -> Box3.Discarded",
        "Box3 makes ids from keys under the name Box1",
    ] {
        assert!(folder.text().contains(&format!("\n{line}\n")), "{line}\n{}", folder.text());
    }
    assert!(!folder.text().contains("reads"), "{}", folder.text());
    folder.run(Mode::Exact, &release!(Box3)).unwrap();
}

#[test]
fn other_ids_for_the_same_keys_and_a_forgotten_event_are_found() {
    let folder = Folder::locked(&release!(Box1));
    let both = release!(Box4, Box2);
    folder.fails(
        Mode::Check,
        &both,
        &[
            "Box1: ids derived from a key were made under the name \"Box1\", and now are under \"Box\"",
            "keep `id_namespace = \"Box1\"`",
            "Box1: it no longer reads `LockPaid`",
            "`#[mutator(retired = [\"LockPaid\"])]`",
        ],
    );
    folder.run(Mode::Update, &both).unwrap_err();
    folder.fails(
        Mode::Check,
        &both,
        &["Box1: ids derived from a key", "Box1: it no longer reads `LockPaid`"],
    );
    folder.run(Mode::Overwrite, &both).unwrap();
    folder.run(Mode::Exact, &both).unwrap();
}

#[test]
fn one_aggregate_may_retire_what_another_still_reads() {
    let folder = Folder::locked(&release!(Box1));
    let both = release!(Box3, Box2);
    folder.run(Mode::Update, &both).unwrap();
    assert!(folder.text().contains("\nBox2 reads LockPaid\n"), "{}", folder.text());
    assert!(!folder.text().contains("LockPaid retired"), "{}", folder.text());
    folder.run(Mode::Exact, &both).unwrap();
}

#[test]
fn the_aggregates_work() {
    let mut one = Box1::pack(String::new());
    one.trigger(LockPaid { amount: 1 });
    let mut two = Box2::pack(String::new());
    two.trigger(LockPaid { amount: 1 });
    assert_eq!((one.colour.as_str(), two.label.as_str()), ("1", "1"));
    assert_eq!((Box3::pack(String::new()).label.len(), Box4::pack(String::new()).label.len()), (0, 0));
}

#[test]
fn an_event_that_no_longer_creates_or_now_does_is_found() {
    let code = |creators: &[&str]| {
        let mut code = release!(Box1);
        code.record.creators = creators.iter().map(|topic| ("Box1".into(), (*topic).into())).collect();
        code
    };
    let folder = Folder::locked(&code(&["Box1.Packed1"]));
    let parts = [
        "Box1: `Box1.Packed1` no longer creates it, and the histories that begin with `Box1.Packed1` can no longer be read",
        "Box1: `LockPaid` now creates it, and the histories that have `LockPaid` later on can no longer be read",
    ];
    folder.fails(Mode::Check, &code(&["LockPaid"]), &parts);
    folder.fails(Mode::Update, &code(&["LockPaid"]), &parts);
    folder.run(Mode::Overwrite, &code(&["LockPaid"])).unwrap();
    folder.run(Mode::Exact, &code(&["LockPaid"])).unwrap();
}
