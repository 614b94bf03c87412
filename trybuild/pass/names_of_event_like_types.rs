#![deny(warnings)]

use es_runtime::{aggregate, mutator};

mod parts {
    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    pub struct Opened(pub String);
}

#[aggregate]
pub struct Event {
    pub title: String,
}

#[mutator]
impl Event {
    #[event(Some)]
    pub fn plan(title: parts::Opened) -> Self {
        Self { title: title.0 }
    }

    #[event(None)]
    pub fn cancel(&mut self) {
        self.title.clear();
    }

    #[event(Ok)]
    pub fn accept(&mut self) {}

    #[event(Err)]
    pub fn reject(&mut self) {}

    #[event(AttributeChange)]
    pub fn change(&mut self, attribute: String) {
        self.title = attribute;
    }
}

#[aggregate]
pub struct State {
    #[attribute]
    pub root: u8,
}

#[mutator]
impl State {
    #[event(Root)]
    pub fn new(root: u8) -> Self {
        Self { root }
    }
}

fn main() {
    let mut event = Event::plan(parts::Opened("Opening".into()));
    event.cancel();
    event.accept();
    event.reject();
    event.change("Closing".into());
    assert_eq!(event.title, "Closing");
    let mut state = State::new(1);
    state.set_root(2);
    assert_eq!(state.root, 2);
    let _: (&EventState, &StateState) = (&event, &state);
}
