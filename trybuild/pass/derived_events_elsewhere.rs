#![deny(warnings)]

// The module stands for a crate that re-exports the runtime.
mod framework {
    pub use ::es_runtime::*;
}

mod es_runtime {}

use framework::{Event, EventSet, event};
use serde::{Deserialize, Serialize};

// The attribute is in scope, too: below the derive, `#[event]` is the derive's.
#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(crate = crate::framework, topic = "opened")]
struct Opened {}

#[event(crate = crate::framework)]
struct Closed {}

#[derive(Clone, Debug, EventSet)]
#[event_set(crate = crate::framework)]
enum AccountEvent {
    Opened(Opened),
    Closed(Closed),
}

macro_rules! sets {
    ($set:ident { $($event:ident: $field:ident $ty:ty),* }) => {
        $(
            #[derive(Clone, Debug, Serialize, Deserialize, framework::Event)]
            #[event(crate = crate::framework)]
            struct $event {
                $field: $ty,
            }
        )*

        #[derive(Clone, Debug, framework::EventSet)]
        #[event_set(crate = crate::framework)]
        enum $set {
            $($event($event),)*
        }
    };
}

sets!(MeterEvent { Installed: place String, Read: value Vec<Option<u64>> });

fn in_a_function() -> usize {
    #[derive(Clone, Debug, Serialize, Deserialize, Event)]
    #[event(crate = crate::framework)]
    struct Local {
        amount: i64,
    }

    #[derive(Clone, Debug, EventSet)]
    #[event_set(crate = crate::framework)]
    enum LocalEvent {
        Local(Local),
    }

    let LocalEvent::Local(Local { amount }) = Local { amount: 1 }.into();
    assert_eq!(amount, 1);
    LocalEvent::TYPES.len()
}

fn main() {
    assert_eq!(Opened::TOPIC, "opened");
    assert_eq!(Closed::TOPIC, "Closed");
    let topics: Vec<_> = AccountEvent::TYPES.iter().map(framework::event::EventType::topic).collect();
    assert_eq!(topics, ["opened", "Closed"]);
    let AccountEvent::Opened(_) = Opened {}.into() else { panic!() };
    let AccountEvent::Closed(_) = Closed {}.into() else { panic!() };
    let read: MeterEvent = Read { value: vec![None, Some(1)] }.into();
    assert!(matches!(read, MeterEvent::Read(Read { value }) if value.len() == 2));
    let MeterEvent::Installed(Installed { place }) = Installed { place: "attic".into() }.into() else { panic!() };
    assert_eq!((place.as_str(), in_a_function()), ("attic", 1));
}
