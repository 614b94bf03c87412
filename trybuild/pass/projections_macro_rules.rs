//! A macro makes a projection: each part comes from the call, or from the macro.
#![deny(warnings)]

use es_runtime::view::{AsyncTx, BlockingTx};
use es_runtime::{Application, Id, Wait, aggregate, mutator, projection};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }

    #[event(Closed)]
    pub fn close(&mut self) {
        self.owner.clear();
    }
}

pub struct Tx;

impl BlockingTx for Tx {}

pub struct SchemaTx;

impl AsyncTx for SchemaTx {}

macro_rules! counts {
    ($view:ident of $of:path, $event:ty, $attribute:ident: $value:ty, $id:ty, $ignored:path) => {
        #[derive(Default)]
        pub struct $view(Vec<String>);

        #[projection($of, ignore = [$ignored, discarded])]
        impl $view {
            #[event]
            fn counted(&mut self, event: &$event, id: $id) {
                assert_ne!(format!("{event:?}"), id.to_string());
                self.0.push("one".into());
            }

            #[attribute($attribute)]
            fn set(&mut self, value: &$value) {
                self.0.push(value.to_string());
            }
        }
    };
}

counts!(Counts of Account, Opened, owner: str, Id<Account>, Closed);

macro_rules! in_a_file {
    ($view:ident { $($(#[$attr:meta])* fn $method:ident($($arg:tt)*) $body:block)* } $tx:ty) => {
        pub struct $view;

        #[projection(Account, ..)]
        impl $view {
            const TABLES: &str = "";

            #[event]
            fn own(_: &Opened, _: $tx) {}

            $($(#[$attr])* fn $method($($arg)*) $body)*
        }
    };
}

in_a_file!(InFile {
    #[discarded]
    fn gone(&self, _: &Tx, id: Id<Account>) { let _ = id; }
    #[attribute(owner)]
    fn renamed(owner: &str, tx: &Tx) { let _ = (owner, tx); }
} &Tx);

macro_rules! whole {
    ($($block:tt)*) => { #[projection(Account, ..)] $($block)* };
}

pub struct InSchema;

whole! {
    impl InSchema {
        const TABLES: &str = "";

        #[event]
        async fn opened(event: &Opened, _: &SchemaTx) {
            let _ = event;
        }
    }
}

/// Members that a macro call makes are helpers; it can make the tables, too.
macro_rules! tables {
    ($text:literal) => {
        const TABLES: &str = $text;
    };
}

pub struct WithTables;

#[projection(Account, ..)]
impl WithTables {
    tables!("CREATE TABLE rows (id BLOB)");

    #[event]
    fn opened(_: &Opened, _: &Tx) {}
}

fn main() -> Result<(), es_runtime::Error> {
    use es_runtime::projection::Blocking;

    assert_eq!(<WithTables as Blocking>::TABLES, "CREATE TABLE rows (id BLOB)");
    let app = Application::open("memory:").wait()?;
    let counts = app.project(Counts::default()).in_memory().start().wait()?;
    let mut account = Account::open("Ann".into());
    account.set_owner("Bob".into());
    account.close();
    app.save(&mut account).wait()?;
    counts.caught_up().wait()?;
    counts.read(|counts| assert_eq!(counts.0, ["one", "Bob"]));
    Ok(())
}
