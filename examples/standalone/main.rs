//! Stand-alone: no macros, no roots. A bus publishes events; a policy stores them; a repository makes accounts of them
//! with a function.

mod domain;

use std::sync::{Arc, Mutex};

use es_runtime::mapper::Mapper;
use es_runtime::recorder::{AggregateRecorder, EventRange, EventTable, SqliteOptions, Tables};
use es_runtime::standalone::{MutatorRepository, PersistencePolicy};
use es_runtime::store::EventStore;
use es_runtime::{Error, ErrorKind, Recorded, Wait};

use crate::domain::{Account, AccountEvent, Events, Opened, OwnerChanged, mutate};

/// The parts that the program holds: once they are dropped, the program stores no more.
struct Bank {
    events: Events,
    accounts: MutatorRepository<Account, AccountEvent>,
    _persistence: PersistencePolicy,
}

impl Bank {
    fn new(store: EventStore) -> Self {
        let events = Events::new();
        let policy = PersistencePolicy::new(&events, store.clone());
        Self { events, accounts: MutatorRepository::with_envelope(store, mutate), _persistence: policy }
    }
}

/// Runs the domain alone: the published events are all that happened.
fn domain() -> Result<(Account, Vec<Recorded<AccountEvent>>), Error> {
    let (events, received) = (Events::new(), Arc::new(Mutex::new(Vec::new())));
    let noting = Arc::clone(&received);
    let receiving = events.subscribe_batches(move |events: &[Recorded<AccountEvent>]| {
        noting.lock().expect("nobody panics").extend_from_slice(events);
    });
    let received = || received.lock().expect("nobody panics").clone();

    let mut account = Account::open("Ann", &events)?;
    assert_eq!((account.version().get(), account.owner()), (1, "Ann"));
    let [opened] = &received()[..] else { panic!("one event is expected") };
    assert!(matches!(opened.event(), AccountEvent::Opened(Opened { owner }) if owner == "Ann"));
    assert_eq!((opened.envelope().id(), opened.envelope().version().get()), (account.id(), 1));

    account.set_owner("Anna", &events)?;
    assert_eq!((account.version().get(), account.owner()), (2, "Anna"));
    let [_, changed] = &received()[..] else { panic!("two events are expected") };
    assert!(matches!(changed.event(), AccountEvent::OwnerChanged(OwnerChanged { owner }) if owner == "Anna"));
    assert_eq!(changed.envelope().version(), 2);
    receiving.close();
    assert_eq!(events.subscribers(), 0);
    Ok((account, received()))
}

fn main() -> Result<(), Error> {
    let (account, received) = domain()?;

    // The infrastructure: a table, a store on it, and the events from above in the store.
    let tables = Tables::default().with_events(EventTable::sequenced_items("integer_sequenced_items")?);
    let recorder = Arc::new(SqliteOptions::in_memory().open()?.recorder(&tables)?);
    let store = EventStore::new(Mapper::new(), Arc::clone(&recorder) as _)?;
    store.put(&received).wait()?;
    assert_eq!(store.get_events::<AccountEvent>(account.id(), EventRange::all()).wait()?.len(), 2);

    // The rows of the table.
    let rows = recorder.select(account.id(), EventRange::all()).wait()?.events;
    let shown =
        |at: usize| (rows[at].version.get(), &*rows[at].topic, String::from_utf8_lossy(&rows[at].state));
    for (at, topic, owner) in [(0, "account.opened", "Ann"), (1, "account.owner-changed", "Anna")] {
        let (version, stored_topic, state) = shown(at);
        assert_eq!((version, stored_topic, rows[at].id), (at as u64 + 1, topic, account.id()));
        assert!(state.contains(owner));
        println!("{version} {stored_topic} {state}");
    }

    // The application: the policy stores each published event, which can be loaded at once.
    let bank = Bank::new(store);
    assert_eq!(bank.accounts.get(account.id()).wait()?.owner(), "Anna");
    let mut account = Account::open("Bob", &bank.events)?;
    let id = account.id();
    assert!(bank.accounts.contains(id).wait()?);
    assert_eq!(bank.accounts.get(id).wait()?.owner(), "Bob");

    account.set_owner("Bobby", &bank.events)?;
    assert_eq!(bank.accounts.get(id).wait()?.owner(), "Bobby");
    assert_eq!(bank.accounts.get_at(id, 1).wait()?.owner(), "Bob");

    account.close(&bank.events)?;
    assert!(!bank.accounts.contains(id).wait()?);
    assert_eq!(bank.accounts.get(id).wait().expect_err("it is closed").kind(), ErrorKind::NotFound);
    Ok(())
}

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}
