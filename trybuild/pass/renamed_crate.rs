#![deny(warnings)]

// The module stands for a crate that re-exports the runtime.
mod framework {
    pub mod events {
        pub use ::es_runtime::*;
    }
}

mod es_runtime {}

use framework::events::{aggregate, event, mutator};

#[aggregate(crate = crate::framework::events)]
pub struct Account {
    #[attribute(version = 2, upcast = u32)]
    pub limit: u64,
    pub labels: Labels,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Labels(Vec<String>);

#[event(crate = framework::events)]
pub struct Labelled {
    pub labels: Labels,
}

#[mutator(crate = crate::framework::events)]
impl Account {
    #[event(Opened)]
    pub fn open(labels: Labels) -> Self {
        Self { limit: 0, labels }
    }

    #[event]
    fn on_labelled(&mut self, event: &Labelled, _envelope: &framework::events::Envelope) {
        self.labels = event.labels.clone();
    }
}

fn main() {
    let mut account = Account::open(Labels(vec![]));
    account.set_limit(5);
    account.trigger(Labelled { labels: Labels(vec!["private".into()]) });
    assert_eq!((account.limit, account.labels.0.len()), (5, 1));
}
