//! The aggregates of this kind: those whose events the subscribers ask for, and others that stand between.

use std::thread;
use std::time::{Duration, Instant};

use es_runtime::{Application, Error, ErrorKind, Id, Wait, aggregate, mutator};

/// The beginning of the topics that the subscribers ask for.
pub(crate) const TOPICS: &str = "Ledger.";

/// The longest time that a store may be away.
const PATIENCE: Duration = Duration::from_secs(30);

#[aggregate]
pub(crate) struct Ledger {
    pub(crate) sum: u64,
}

#[mutator(visibility = pub(crate))]
impl Ledger {
    #[event(LedgerOpened)]
    pub(crate) fn open_ledger() -> Self {
        Self { sum: 0 }
    }

    #[event(LedgerEntered)]
    pub(crate) fn enter(&mut self, amount: u64) {
        self.sum += amount;
    }
}

/// An aggregate whose events no subscriber asks for.
#[aggregate]
pub(crate) struct Aside {
    pub(crate) times: u64,
}

#[mutator(visibility = pub(crate))]
impl Aside {
    #[event(AsideBegun)]
    pub(crate) fn begin_aside() -> Self {
        Self { times: 0 }
    }

    #[event(AsideRepeated)]
    pub(crate) fn repeat(&mut self) {
        self.times += 1;
    }
}

pub(crate) fn ledger(number: u64) -> Id<Ledger> {
    Id::from_key(number.to_string())
}

/// Opens the store, which may be away.
pub(crate) fn open(uri: &str) -> Application {
    persist(|| Application::open(uri).wait()).unwrap_or_else(|error| panic!("it is not opened: {error}"))
}

/// Asks until there is an answer.
pub(crate) fn persist<T>(mut ask: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let began = Instant::now();
    loop {
        match ask() {
            Err(error)
                if (error.is_transient() || error.kind() == ErrorKind::OutcomeUnknown)
                    && began.elapsed() < PATIENCE =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            answer => return answer,
        }
    }
}
