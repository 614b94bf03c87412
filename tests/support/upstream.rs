//! A crate whose aggregate handles a declared event, as the tests' own aggregate does in another crate.

use es_runtime::{aggregate, event, mutator, projection};

/// An event that aggregates of two crates handle.
#[event(topic = "shared.pinged")]
pub struct Pinged {
    /// The sender.
    pub by: String,
}

/// The event that creates aggregates of two crates.
#[event(topic = "shared.installed")]
pub struct Installed {}

/// The aggregate of this crate.
#[aggregate(trigger = pub)]
#[derive(Debug)]
pub struct Server {
    /// The number of pings.
    pub pings: u32,
}

#[mutator]
impl Server {
    #[event]
    fn installed(_: &Installed) -> Self {
        Self { pings: 0 }
    }

    #[event]
    fn pinged(&mut self, _: &Pinged) {
        self.pings += 1;
    }
}

/// A view of this crate, beside those of the tests: two crates of one program may declare projections.
#[derive(Debug, Default)]
pub struct Pings {
    /// The number of pings of all servers.
    pub pings: u32,
}

#[projection(Server, ..)]
impl Pings {
    #[event]
    fn pinged(&mut self, _: &Pinged) {
        self.pings += 1;
    }
}
