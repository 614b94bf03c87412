//! The same account by hand, as a careful person writes it, with the same checks on replay and the same clock.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// An event of the account.
#[derive(Clone)]
pub(crate) enum Event {
    Opened { owner: String },
    Deposited { amount: i64 },
    Withdrawn { amount: i64, fee: i64 },
    Renamed { owner: String },
}

/// An event as a store returns it for replay.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) id: Uuid,
    pub(crate) version: u64,
    pub(crate) at: i64,
    pub(crate) event: Event,
}

/// An event that is not saved yet.
pub(crate) struct Pending {
    pub(crate) version: u64,
    pub(crate) at: i64,
    pub(crate) event: Event,
}

/// The state, which events change.
pub(crate) struct State {
    pub(crate) owner: String,
    pub(crate) balance: i64,
    pub(crate) entries: u64,
}

/// The account: its id, its state, and the events that are not saved yet.
pub(crate) struct Account {
    id: Uuid,
    version: u64,
    modified_at: i64,
    pub(crate) state: State,
    pub(crate) pending: Vec<Pending>,
}

/// A reason why a history cannot be replayed.
#[derive(Debug)]
pub(crate) enum Mismatch {
    /// There are no events.
    Empty,
    /// An event belongs to another account.
    Id,
    /// An event is missing, or comes twice.
    Version,
    /// The first event does not create the account, or a later one does.
    Creation,
}

impl Account {
    /// Opens an account.
    pub(crate) fn open(owner: String) -> Self {
        let (version, at) = (1, now());
        let state = State { owner: owner.clone(), balance: 0, entries: 0 };
        let event = Event::Opened { owner };
        Self {
            id: Uuid::now_v7(),
            version,
            modified_at: at,
            state,
            pending: vec![Pending { version, at, event }],
        }
    }

    /// Deposits an amount.
    pub(crate) fn deposit(&mut self, amount: i64) {
        self.state.deposit(amount);
        self.record(Event::Deposited { amount });
    }

    /// Withdraws an amount.
    pub(crate) fn withdraw(&mut self, amount: i64, fee: i64) {
        self.state.withdraw(amount, fee);
        self.record(Event::Withdrawn { amount, fee });
    }

    /// Renames the owner; both the state and the event need the text.
    pub(crate) fn rename(&mut self, owner: String) {
        self.state.rename(owner.clone());
        self.record(Event::Renamed { owner });
    }

    /// Keeps an event that was just applied; its time is never before that of the last one.
    fn record(&mut self, event: Event) {
        self.version += 1;
        self.modified_at = now().max(self.modified_at);
        self.pending.push(Pending { version: self.version, at: self.modified_at, event });
    }

    /// Makes the account from its stored events, oldest first.
    pub(crate) fn replay(events: impl IntoIterator<Item = Recorded>) -> Result<Self, Mismatch> {
        let mut events = events.into_iter();
        let first = events.next().ok_or(Mismatch::Empty)?;
        let Event::Opened { owner } = first.event else { return Err(Mismatch::Creation) };
        let state = State { owner, balance: 0, entries: 0 };
        if first.version != 1 {
            return Err(Mismatch::Version);
        }
        let mut account =
            Self { id: first.id, version: 1, modified_at: first.at, state, pending: Vec::new() };
        for Recorded { id, version, at, event } in events {
            if id != account.id {
                return Err(Mismatch::Id);
            }
            if version != account.version + 1 {
                return Err(Mismatch::Version);
            }
            account.state.apply(event)?;
            account.version = version;
            account.modified_at = at;
        }
        Ok(account)
    }
}

impl State {
    /// Makes the state of a new account.
    pub(crate) fn new(owner: String) -> Self {
        Self { owner, balance: 0, entries: 0 }
    }

    /// Applies any event but the one that creates the account.
    #[inline]
    pub(crate) fn apply(&mut self, event: Event) -> Result<(), Mismatch> {
        match event {
            Event::Opened { .. } => return Err(Mismatch::Creation),
            Event::Deposited { amount } => self.deposit(amount),
            Event::Withdrawn { amount, fee } => self.withdraw(amount, fee),
            Event::Renamed { owner } => self.rename(owner),
        }
        Ok(())
    }

    /// Adds the amount.
    fn deposit(&mut self, amount: i64) {
        self.balance += amount;
        self.entries += 1;
    }

    /// Subtracts the amount and the fee.
    fn withdraw(&mut self, amount: i64, fee: i64) {
        self.balance -= amount + fee;
        self.entries += 1;
    }

    /// Sets the owner.
    fn rename(&mut self, owner: String) {
        self.owner = owner;
    }
}

/// Returns the time of the system clock, in microseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
