//! The ways in which the writers save.

use std::path::Path;

use es_runtime::mapper::{AesGcm, Key, Mapper, Zlib};
use es_runtime::{Application, Wait};

use super::domain::Tally;

pub(crate) struct Mode {
    pub(crate) name: &'static str,
    /// The number of aggregates that go together in a save.
    pub(crate) together: usize,
    /// The number of events that each of them has in a save.
    pub(crate) events: u64,
    /// The number of saves after which the writer takes new aggregates.
    pub(crate) renewed: u64,
    has_data_keys: bool,
    has_snapshots: bool,
}

pub(crate) const MODES: &[Mode] = &[
    Mode {
        name: "one aggregate",
        together: 1,
        events: 1,
        renewed: 500,
        has_data_keys: false,
        has_snapshots: false,
    },
    Mode { name: "pairs", together: 2, events: 3, renewed: 20, has_data_keys: false, has_snapshots: false },
    Mode { name: "data keys", together: 2, events: 3, renewed: 5, has_data_keys: true, has_snapshots: false },
    Mode {
        name: "snapshots, compressed",
        together: 2,
        events: 4,
        renewed: 40,
        has_data_keys: false,
        has_snapshots: true,
    },
];

impl Mode {
    pub(crate) fn named(name: &str) -> &'static Self {
        MODES.iter().find(|mode| mode.name == name).expect("a mode has this name")
    }

    pub(crate) fn open(&self, folder: &Path) -> Application {
        let mut mapper = Mapper::new();
        if self.has_data_keys {
            mapper =
                mapper.with_data_keys(AesGcm::new(&Key::from_bytes(&[7; 32]).expect("it is long enough")));
        }
        if self.has_snapshots {
            mapper = mapper.with_compressor(Zlib::default());
        }
        let mut builder =
            Application::builder(format!("sqlite:{}", folder.join("kill.db").display())).mapper(mapper);
        if self.has_snapshots {
            builder = builder.snapshot_every::<Tally>(7);
        }
        builder.open().wait().expect("the file can be opened")
    }
}
