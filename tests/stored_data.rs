//! The stored form of each kind of event, byte for byte: rows that are written today must be readable for ever.

use es_runtime::testing::{Encoded, decode, encode};
use es_runtime::{aggregate, event, mutator};
use serde::{Deserialize, Serialize};

#[event]
struct Exchanged {
    from: Currency,
    to: Currency,
    rate: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Currency {
    Chf,
    Other { code: String },
}

#[aggregate]
struct Drawer {
    #[attribute]
    label: Option<String>,
    coins: Vec<u32>,
}

#[mutator]
impl Drawer {
    #[event(DrawerMade)]
    fn make() -> Self {
        Self { label: None, coins: Vec::new() }
    }

    #[event(CoinsAdded)]
    fn add(&mut self, coins: Vec<u32>, #[serde(rename = "by")] clerk: (String, i8), note: Option<char>) {
        self.coins.extend(coins);
        self.label = note.map(String::from);
    }

    #[event(Emptied)]
    fn empty(&mut self) {
        self.coins.clear();
    }

    #[event]
    fn exchanged(&mut self, _event: &Exchanged) {}
}

fn stored(event: &DrawerEvent) -> (&'static str, u32, String) {
    let encoded: Encoded = encode::<Drawer>(event);
    let again = decode::<Drawer>(encoded.topic(), encoded.version(), encoded.data()).unwrap();
    assert_eq!(encode::<Drawer>(&again), encoded);
    (encoded.topic(), encoded.version(), encoded.data().to_owned())
}

fn row(topic: &'static str, data: &str) -> (&'static str, u32, String) {
    (topic, 1, data.to_owned())
}

#[test]
fn a_made_event_is_its_parameters_by_name() {
    let added = CoinsAdded { coins: vec![5, 10], clerk: ("Zoë".into(), -1), note: None };
    assert_eq!(
        stored(&DrawerEvent::CoinsAdded(added)),
        row("Drawer.CoinsAdded", r#"{"coins":[5,10],"by":["Zoë",-1],"note":null}"#)
    );
}

#[test]
fn an_event_without_parameters_is_an_object_to_which_fields_can_be_added() {
    assert_eq!(stored(&DrawerEvent::DrawerMade(DrawerMade {})), row("Drawer.DrawerMade", "{}"));
    assert_eq!(stored(&DrawerEvent::Emptied(Emptied {})), row("Drawer.Emptied", "{}"));
}

#[test]
fn a_declared_event_is_its_fields_by_name() {
    let exchanged = Exchanged { from: Currency::Chf, to: Currency::Other { code: "EUR".into() }, rate: 0.95 };
    assert_eq!(
        stored(&DrawerEvent::Exchanged(exchanged)),
        row("Exchanged", r#"{"from":"CHF","to":{"OTHER":{"code":"EUR"}},"rate":0.95}"#)
    );
}

#[test]
fn a_changed_attribute_is_its_name_and_its_value() {
    let labelled = DrawerEvent::AttributeChanged(DrawerAttribute::Label(Some("A".into())));
    assert_eq!(stored(&labelled), row("Drawer.AttributeChanged", r#"{"name":"label","value":"A"}"#));
}

#[test]
fn the_end_is_an_empty_object() {
    assert_eq!(stored(&DrawerEvent::Discarded), row("Drawer.Discarded", "{}"));
}

#[test]
fn the_commands_record_the_same() {
    let mut drawer = Drawer::make();
    drawer.add(vec![1], (String::new(), 0), Some('x'));
    drawer.trigger(Exchanged { from: Currency::Chf, to: Currency::Chf, rate: 1.0 });
    assert_eq!((drawer.coins.as_slice(), drawer.label.as_deref()), ([1].as_slice(), Some("x")));
    drawer.empty();
    let data: Vec<_> = drawer.pending().iter().map(|recorded| stored(recorded.event()).2).collect();
    assert_eq!(
        data,
        ["{}", r#"{"coins":[1],"by":["",0],"note":"x"}"#, r#"{"from":"CHF","to":"CHF","rate":1.0}"#, "{}"]
    );
}

/// Returns one row of each kind.
fn rows() -> Vec<(&'static str, u32, String)> {
    let added = CoinsAdded { coins: vec![5, 10], clerk: ("Zoë".into(), -1), note: Some('\n') };
    let exchanged = Exchanged { from: Currency::Chf, to: Currency::Other { code: "EUR".into() }, rate: 0.95 };
    let events = [
        DrawerEvent::DrawerMade(DrawerMade {}),
        DrawerEvent::CoinsAdded(added),
        DrawerEvent::Exchanged(exchanged),
        DrawerEvent::AttributeChanged(DrawerAttribute::Label(Some("A".into()))),
        DrawerEvent::Discarded,
    ];
    events.iter().map(stored).collect()
}

#[test]
fn data_that_are_cut_are_refused() {
    for (topic, version, data) in rows() {
        for (end, _) in data.char_indices() {
            assert!(decode::<Drawer>(topic, version, &data[..end]).is_err(), "{topic} {}", &data[..end]);
        }
        assert!(decode::<Drawer>(topic, version, &format!("{data}{data}")).is_err(), "{topic} twice");
    }
}

#[test]
fn data_that_are_altered_are_read_or_refused_without_a_panic() {
    let mut refused = 0;
    for (topic, version, data) in rows() {
        for (at, letter) in data.char_indices() {
            for new in ["", "\"", "{", "}", "[", "]", ",", ":", "9", "-", "e", "\\", "\0", "null", "🦀"] {
                let altered = format!("{}{new}{}", &data[..at], &data[at + letter.len_utf8()..]);
                refused += usize::from(decode::<Drawer>(topic, version, &altered).is_err());
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}

#[test]
fn data_without_end_are_refused() {
    let deep = "[".repeat(100_000);
    for data in [deep.clone(), format!(r#"{{"x":{deep}"#), format!(r#"{{"name":"label","value":{deep}"#)] {
        for (topic, version, _) in rows() {
            assert!(decode::<Drawer>(topic, version, &data).is_err(), "{topic}");
        }
    }
}
