//! Shared events go to the handler of their aggregate; events of one name stand in two modules.
#![deny(warnings)]

use es_runtime::projection::{Any, Origin};
use es_runtime::{Application, Id, Wait, event, projection};

/// An event that both aggregates record.
#[event]
pub struct Noted {
    pub note: String,
}

/// Another one.
#[event]
pub struct Seen {
    pub by: String,
}

pub mod account {
    use es_runtime::{aggregate, mutator};

    use super::{Noted, Seen};

    #[aggregate]
    pub struct Account {
        #[attribute]
        pub name: String,
        pub notes: u64,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        pub fn open(name: String) -> Self {
            Self { name, notes: 0 }
        }

        #[event]
        fn noted(&mut self, _: &Noted) {
            self.notes += 1;
        }

        #[event]
        fn seen(&mut self, _: &Seen) {
            self.notes += 1;
        }
    }

    impl Account {
        pub fn note(&mut self, note: &str) {
            self.trigger(Noted { note: note.into() });
            self.trigger(Seen { by: note.into() });
        }
    }
}

pub mod order {
    use es_runtime::{aggregate, mutator};

    use super::{Noted, Seen};

    #[aggregate]
    pub struct Order {
        #[attribute]
        pub name: String,
        pub notes: u64,
    }

    #[mutator]
    impl Order {
        #[event(Opened)]
        pub fn open(name: String) -> Self {
            Self { name, notes: 0 }
        }

        #[event]
        fn noted(&mut self, _: &Noted) {
            self.notes += 1;
        }

        #[event]
        fn seen(&mut self, _: &Seen) {
            self.notes += 1;
        }
    }

    impl Order {
        pub fn end(self) -> es_runtime::Discarded<Self> {
            self.discard()
        }

        pub fn note(&mut self, note: &str) {
            self.trigger(Noted { note: note.into() });
            self.trigger(Seen { by: note.into() });
        }
    }
}

use self::account::Account;
use self::order::{Opened as Ordered, Order};

#[derive(Default)]
pub struct Lines(Vec<String>);

/// The view has another name here.
type Rows = Lines;

#[projection(Account, order::Order, name = "Lines")]
impl Rows {
    #[event]
    fn opened(&mut self, event: &account::Opened, _: Id<Account>) {
        self.0.push(format!("account {}", event.name));
    }

    #[event]
    fn ordered(&mut self, event: &Ordered) {
        self.0.push(format!("order {}", event.name));
    }

    #[event]
    fn noted_on_account(&mut self, Noted { note }: &Noted, id: Id<account::Account>) {
        self.0.push(format!("account notes {note} {}", id.to_string().len()));
    }

    #[event]
    fn noted_on_order(&mut self, Noted { note }: &Noted, origin: &Origin<Order>) {
        self.0.push(format!("order notes {note} {}", origin.id().to_string().len()));
    }

    #[event]
    fn seen(&mut self, event: &Seen, origin: &Origin<Any>) {
        let which = match (origin.id_of::<Account>(), origin.id_of::<Order>()) {
            (Some(_), None) => "account",
            (None, Some(_)) => "order",
            _ => "nobody",
        };
        self.0.push(format!("{which} seen by {} at {}", event.by, origin.aggregate()));
    }

    #[attribute(name)]
    fn renamed(&mut self, name: &str, _: Id<Account>) {
        self.0.push(format!("account is {name}"));
    }

    #[attribute(name)]
    fn called(&mut self, name: &str, _: Id<Order>) {
        self.0.push(format!("order is {name}"));
    }

    #[discarded]
    fn gone(&mut self, origin: &Origin<Any>) {
        self.0.push(format!("gone: {}", origin.aggregate()));
    }
}

/// Ignores by paths, and what one of the aggregates has.
#[derive(Default)]
pub struct Counts(u64);

#[projection(Account, Order, ignore = [account::Opened, order::Opened, Noted, name, discarded])]
impl Counts {
    #[event]
    fn seen(&mut self, _: &Seen) {
        self.0 += 1;
    }
}

fn main() -> Result<(), es_runtime::Error> {
    let app = Application::open("memory:").wait()?;
    let lines = app.project(Lines::default()).in_memory().start().wait()?;
    let counts = app.project(Counts::default()).in_memory().start().wait()?;
    let mut account = Account::open("A".into());
    account.note("a");
    account.set_name("AA".into());
    app.save(&mut account).wait()?;
    let mut order = Order::open("O".into());
    order.note("o");
    order.set_name("OO".into());
    app.save(&mut order).wait()?;
    app.save(&mut order.end()).wait()?;
    lines.caught_up().wait()?;
    counts.caught_up().wait()?;
    let expected = [
        "account A",
        "account notes a 36",
        "account seen by a at Account",
        "account is AA",
        "order O",
        "order notes o 36",
        "order seen by o at Order",
        "order is OO",
        "gone: Order",
    ];
    lines.read(|view| assert_eq!(view.0, expected));
    counts.read(|view| assert_eq!(view.0, 2));
    Ok(())
}
