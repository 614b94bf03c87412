//! The test kit for views: it finds handlers that depend on more than the event and the rows.

use std::cell::Cell;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicI64, Ordering};

use es_runtime::testing::ViewScenario;
use es_runtime::view::Result;
use es_runtime::view::sqlite::Tx;
use es_runtime::{Id, projection};

use crate::account::{Account, Deposited, Opened, Withdrawn};
use crate::balances::{Balances, InMemory};

fn opened(owner: &str) -> Opened {
    Opened { owner: owner.into() }
}

fn ann() -> Id<Account> {
    Id::from_key("ann")
}

#[test]
fn events_make_the_same_rows_in_batches_of_every_size() {
    let bob = Id::<Account>::from_key("bob");
    ViewScenario::of(|| Balances)
        .given(ann(), (opened("Ann"), Deposited { amount: 10 }))
        .given(bob, opened("Bob"))
        .given(ann(), Withdrawn { amount: 3 })
        .then_rows("SELECT owner, cents FROM balances ORDER BY owner", [("Ann", 7), ("Bob", 0)]);
    ViewScenario::of(InMemory::default)
        .given(ann(), (opened("Ann"), Deposited { amount: 10 }))
        .then(|view| assert_eq!(view.cents[&ann()], 10));
}

#[test]
fn other_rows_fail_the_test_with_both() {
    let failed = catch_unwind(|| {
        ViewScenario::of(|| Balances)
            .given(ann(), opened("Ann"))
            .then_rows("SELECT owner, cents FROM balances", [("Ann", 1)]);
    });
    let message = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("expected: (\"Ann\", 1)\n    found: (\"Ann\", 0)"), "{message}");
}

/// Numbers the deposits by a counter of its own, which no transaction takes back.
struct Counts {
    next: AtomicI64,
}

#[projection(Account, ..)]
impl Counts {
    const TABLES: &str = "CREATE TABLE deposits (number INTEGER NOT NULL)";

    #[event]
    fn deposited(&self, _: &Deposited, tx: &Tx) -> Result {
        tx.run("INSERT INTO deposits VALUES (?1)", [self.next.fetch_add(1, Ordering::Relaxed)])
    }
}

#[test]
fn a_handler_with_a_counter_of_its_own_fails_the_test() {
    let failed = catch_unwind(|| {
        ViewScenario::of(|| Counts { next: AtomicI64::new(1) })
            .given(ann(), (opened("Ann"), [Deposited { amount: 1 }, Deposited { amount: 1 }]))
            .then_rows("SELECT number FROM deposits", [(1,), (2,)]);
    });
    assert!(failed.is_err(), "each transaction is repeated, and the counter goes on");
}

thread_local! {
    /// True once a projection was made on this thread.
    static IS_SECOND: Cell<bool> = const { Cell::new(false) };
}

/// A view that is another one the second time.
struct Changes {
    amount: i64,
}

#[projection(Account, ..)]
impl Changes {
    const TABLES: &str = "CREATE TABLE deposits (amount INTEGER NOT NULL)";

    #[event]
    fn deposited(&self, _: &Deposited, tx: &Tx) -> Result {
        tx.run("INSERT INTO deposits VALUES (?1)", [self.amount])
    }
}

#[test]
fn a_view_that_depends_on_the_size_of_its_batches_fails_the_test() {
    let failed = catch_unwind(|| {
        ViewScenario::of(|| Changes { amount: i64::from(IS_SECOND.replace(true)) })
            .given(ann(), (opened("Ann"), Deposited { amount: 1 }))
            .then_rows("SELECT amount FROM deposits", [(0,)]);
    });
    let message = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("is another one when it is made 1 events at a time"), "{message}");
}
