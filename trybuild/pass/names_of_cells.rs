//! Types of the user's own with the names of types that the macros refuse.
#![deny(warnings)]

use std::borrow::Cow;

use es_runtime::{aggregate, event, mutator};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cell {
    text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rc(u8);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Mutex {
    Locked,
}

pub mod mail {
    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    pub struct Envelope {
        pub stamp: String,
    }

    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    pub struct Cell<T>(pub T);
}

#[event]
pub struct Envelope {
    pub sender: String,
}

#[aggregate]
pub struct Sheet {
    pub cells: Vec<Cell>,
    pub radio: Rc,
    pub lock: Mutex,
    pub name: Cow<'static, str>,
    pub generic: mail::Cell<u8>,
}

#[mutator]
impl Sheet {
    #[event(Opened)]
    pub fn open(name: Cow<'static, str>, radio: Rc, lock: Mutex) -> Self {
        Self { cells: Vec::new(), radio, lock, name, generic: mail::Cell(0) }
    }

    #[event(Filled)]
    pub fn fill(&mut self, cell: Cell) {
        self.cells.push(cell);
    }

    #[event(Sent)]
    pub fn send(&mut self, letter: mail::Envelope, at: &es_runtime::Envelope) {
        self.name = format!("{} {}", letter.stamp, at.version()).into();
    }

    #[event]
    fn on_envelope(&mut self, event: &self::Envelope, envelope: &es_runtime::Envelope) {
        self.name = format!("{} {}", event.sender, envelope.version()).into();
    }
}

fn main() {
    let mut sheet = Sheet::open("a".into(), Rc(1), Mutex::Locked);
    sheet.fill(Cell { text: "1".into() });
    sheet.send(mail::Envelope { stamp: "s".into() });
    assert_eq!(sheet.name, "s 3");
    sheet.trigger(Envelope { sender: "b".into() });
    assert_eq!(sheet.name, "b 4");
    assert_eq!(sheet.cells[0].text, "1");
    assert_eq!((sheet.radio.0, sheet.generic.0), (1, 0));
    assert!(matches!(sheet.lock, Mutex::Locked));
}
