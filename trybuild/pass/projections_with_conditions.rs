//! Handlers, parameters, events and views that exist under conditions.
#![deny(warnings)]
#![allow(unexpected_cfgs)]

use es_runtime::{Application, Id, Wait, aggregate, mutator, projection};

#[aggregate]
pub struct Account {
    #[attribute]
    #[cfg(any())]
    pub gone: Missing,
    #[attribute]
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }

    #[event(Frozen)]
    #[cfg(any())]
    pub fn freeze(&mut self, by: Missing) {}

    #[event(Closed)]
    #[cfg(all())]
    pub fn close(&mut self) {
        self.owner.clear();
    }
}

#[derive(Default)]
pub struct Lines(Vec<&'static str>);

#[projection(Account)]
impl Lines {
    #[cfg(any())]
    #[event]
    fn frozen(&mut self, _: &Frozen, _: Missing) {
        self.0.push("frozen");
    }

    #[event]
    #[cfg(all())]
    fn closed(&mut self, _: &Closed) {
        self.0.push("closed");
    }

    #[event]
    #[cfg(any())]
    fn opened(&mut self, _: &Opened) {
        self.0.push("opened, but not so");
    }

    #[event]
    #[cfg(not(any()))]
    fn opened(&mut self, _: &Opened, #[cfg(any())] _: Missing, #[cfg(all())] _: Id<Account>) {
        self.0.push("opened");
    }

    #[cfg(any())]
    #[attribute(gone)]
    fn lost(&mut self, _: &Missing) {}

    #[attribute(owner)]
    fn renamed(&mut self, _: &str) {
        self.0.push("renamed");
    }

    #[cfg_attr(all(), allow(dead_code))]
    #[discarded]
    fn gone(&mut self) {
        self.0.push("gone");
    }
}

#[cfg(any())]
pub struct Nowhere;

#[projection(Account)]
#[cfg(any())]
impl Nowhere {
    #[event]
    fn opened(&mut self, _: &Opened) {}
}

fn main() -> Result<(), es_runtime::Error> {
    let app = Application::open("memory:").wait()?;
    let lines = app.project(Lines::default()).in_memory().start().wait()?;
    let mut account = Account::open("Ann".into());
    account.set_owner("Bob".into());
    account.close();
    app.save(&mut account).wait()?;
    app.save(&mut account.discard()).wait()?;
    lines.caught_up().wait()?;
    lines.read(|lines| assert_eq!(lines.0, ["opened", "renamed", "closed", "gone"]));
    Ok(())
}
