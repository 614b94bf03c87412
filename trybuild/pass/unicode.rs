#![deny(warnings)]

use es_runtime::testing::{encode, replay};
use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Überweisung {
    #[attribute]
    pub straße: String,
    pub größe: i64,
}

#[mutator]
impl Überweisung {
    #[event(Eröffnet)]
    pub fn eröffne(straße: String) -> Self {
        Self { straße, größe: 0 }
    }

    #[event(Geändert, topic = "Größe geändert")]
    pub fn ändere(&mut self, größe: i64) {
        self.größe = größe;
    }
}

fn main() {
    let mut moved = Überweisung::eröffne("Am Äckerle".into());
    moved.ändere(3);
    moved.set_straße("Öhringer Straße".into());
    assert_eq!(encode::<Überweisung>(moved.pending()[0].event()).topic(), "Überweisung.Eröffnet");
    let again: Überweisung = replay(moved.pending().to_vec()).unwrap();
    assert_eq!((again.straße.as_str(), again.größe), ("Öhringer Straße", 3));
    assert_eq!(Überweisung::eröffne_with_id(again.id(), String::new()).id(), moved.id());
}
