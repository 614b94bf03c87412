//! The aggregate that all processes save.

use std::path::Path;

use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::{Application, Id, Wait, aggregate, mutator};

/// The topics of the aggregate's events, and of its notice.
pub(crate) const TOPICS: [&str; 3] = ["Purse.PurseOpened", "Purse.PurseFilled", "Purse.Forgotten"];

#[aggregate]
pub(crate) struct Purse {
    pub(crate) events: u64,
}

#[mutator(visibility = pub(crate))]
impl Purse {
    #[event(PurseOpened)]
    pub(crate) fn open_purse(owner: u64) -> Self {
        Self { events: 1 }
    }

    #[event(PurseFilled)]
    pub(crate) fn fill(&mut self, amount: u64) {
        self.events += 1;
    }
}

pub(crate) fn purse(number: u64) -> Id<Purse> {
    Id::from_key(number.to_string())
}

/// Opens the file. Every process reads under both cipher keys; every second one writes under the other.
pub(crate) fn open(folder: &Path, number: u64) -> Application {
    let key =
        |number: u64| Key::from_bytes(&[u8::from(number.is_multiple_of(2)); 32]).expect("it is long enough");
    let mapper = Mapper::new().with_data_keys(AesGcm::new(&key(number)).with_old_key(&key(number + 1)));
    let builder = Application::builder(format!("sqlite:{}", folder.join("processes.db").display()));
    builder.mapper(mapper).open().wait().expect("the file can be opened")
}
