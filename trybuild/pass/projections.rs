//! A projection of each kind, with all that a handler can take.
#![deny(warnings)]

use std::collections::HashMap;
use std::error::Error;

use es_runtime::clock::Timestamp;
use es_runtime::id::Position;
use es_runtime::projection::{Async, Blocking, InMemory, Origin, Projection};
use es_runtime::view::{AsyncTx, BlockingTx, Result};
use es_runtime::{Application, Envelope, Id, Metadata, Version, Wait, aggregate, mutator, projection};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
    #[attribute(name = "credit")]
    pub credit_limit: i64,
    pub balance: i64,
}

#[mutator(retired = ["Account.Frozen", "Account.Thawed"])]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, credit_limit: 0, balance: 0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[derive(Default)]
pub struct Balances {
    by_id: HashMap<Id<Account>, (String, i64)>,
    limits: Vec<i64>,
}

/// The order of parameters is the user's, each may be left out, and patterns take an event apart.
#[projection(Account)]
impl Balances {
    const FIRST: i64 = 0;

    #[event]
    fn opened(&mut self, event: &Opened, id: Id<Account>) {
        self.by_id.insert(id, (event.owner.clone(), Self::FIRST));
    }

    #[event]
    pub(crate) fn deposited(
        &mut self,
        Deposited { amount }: &Deposited,
        version: Version,
        origin: &Origin<Account>,
        envelope: &Envelope,
        metadata: &Metadata,
        at: Timestamp,
        position: Position,
        id: Id<Account>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        assert_eq!((origin.id(), origin.version(), origin.position()), (id, version, position));
        assert_eq!((envelope.timestamp(), origin.time()), (at, at));
        assert_eq!(format!("{metadata:?}"), format!("{:?}", origin.metadata()));
        Self::of(&mut self.by_id, id)?.1 += amount;
        Ok(())
    }

    #[attribute(owner)]
    fn renamed(&mut self, owner: &str, id: Id<Account>) -> Result {
        owner.clone_into(&mut Self::of(&mut self.by_id, id)?.0);
        Ok(())
    }

    #[attribute(credit_limit)]
    fn limited(&mut self, limit: &i64) {
        self.limits.push(*limit);
    }

    #[discarded]
    #[forgotten]
    #[retired("Account.Frozen")]
    #[retired("Account.Thawed")]
    fn gone(&mut self, id: Id<Account>) {
        self.by_id.remove(&id);
    }

    fn of(rows: &mut HashMap<Id<Account>, (String, i64)>, id: Id<Account>) -> Result<&mut (String, i64)> {
        rows.get_mut(&id).ok_or_else(|| "no account".into())
    }
}

pub struct Tx;

impl BlockingTx for Tx {}

pub struct SchemaTx;

impl AsyncTx for SchemaTx {}

pub struct InFile {
    pub fee: i64,
}

#[projection(Account, ignore = [owner, credit_limit, discarded], name = "in a file", version = 2)]
impl InFile {
    const TABLES: &'static str = "CREATE TABLE rows (id BLOB)";

    #[event]
    fn opened(_: &Opened, tx: &Tx, _: Id<Account>) -> Result {
        let Tx = tx;
        Ok(())
    }

    #[event]
    fn deposited(&self, event: &Deposited, _: &Tx) {
        assert!(self.fee < event.amount);
    }
}

pub struct InSchema {
    pub fee: i64,
}

#[projection(Account, ..)]
impl InSchema {
    const TABLES: &str = "";

    #[event]
    async fn opened(_: &Opened, _: &SchemaTx, _: Id<Account>) -> Result {
        std::future::ready(()).await;
        Ok(())
    }

    #[event]
    async fn deposited(&self, event: &Deposited, origin: &Origin<Account>, tx: &SchemaTx) {
        std::future::ready(tx).await;
        assert!(self.fee < event.amount, "{origin:?}");
    }
}

fn in_memory<P: InMemory>() {}

fn blocking<P: Blocking<Tx = Tx>>() {
    assert_eq!(P::TABLES, "CREATE TABLE rows (id BLOB)");
}

fn asynchronous<P: Async<Tx = SchemaTx>>() {}

fn main() -> std::result::Result<(), es_runtime::Error> {
    in_memory::<Balances>();
    blocking::<InFile>();
    asynchronous::<InSchema>();
    assert_eq!((Balances::NAME, InFile::NAME, InSchema::NAME), ("Balances", "in a file", "InSchema"));

    let app = Application::open("memory:").wait()?;
    let balances = app.project(Balances::default()).in_memory().start().wait()?;
    let mut account = Account::open("Ann".into());
    account.deposit(10);
    account.set_owner("Bob".into());
    account.set_credit_limit(5);
    app.save(&mut account).wait()?;
    balances.caught_up().wait()?;
    balances.read(|view| {
        assert_eq!(view.by_id[&account.id()], ("Bob".to_owned(), 10));
        assert_eq!(view.limits, [5]);
    });
    app.save(&mut account.discard()).wait()?;
    balances.caught_up().wait()?;
    balances.read(|view| assert!(view.by_id.is_empty()));
    Ok(())
}
