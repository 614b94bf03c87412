#![no_implicit_prelude]
#![deny(warnings)]

#[::es_runtime::aggregate]
pub struct Account {
    #[attribute]
    pub owner: ::std::string::String,
}

#[::es_runtime::mutator(retired = ["Account.Old"])]
impl Account {
    #[event(Opened)]
    pub fn open(owner: ::std::string::String) -> Self {
        Self { owner }
    }
}

pub struct Balances(u64);

#[::es_runtime::projection(Account)]
impl Balances {
    #[event]
    fn opened(&mut self, event: &Opened, id: ::es_runtime::Id<Account>) {
        let _ = (event, id);
        self.0 += 1;
    }

    #[es_runtime::attribute(owner)]
    fn renamed(&mut self, owner: &str) -> ::es_runtime::view::Result {
        let _ = owner;
        ::std::result::Result::Ok(())
    }

    #[discarded]
    #[retired("Account.Old")]
    fn gone(&mut self) {}
}

pub struct Tx;

impl ::es_runtime::view::BlockingTx for Tx {}

pub struct SchemaTx;

impl ::es_runtime::view::AsyncTx for SchemaTx {}

pub struct InFile;

#[::es_runtime::projection(self::Account, ignore = [owner, discarded])]
impl InFile {
    const TABLES: &str = "";

    #[event]
    fn opened(&self, _: &self::Opened, _: &Tx, _: &::es_runtime::projection::Origin<Account>) {}
}

pub struct InSchema;

#[::es_runtime::projection(crate::Account, ..)]
impl InSchema {
    const TABLES: &str = "";

    #[event]
    async fn opened(_: &Opened, _: &SchemaTx, _: ::es_runtime::Version) -> ::es_runtime::view::Result {
        ::std::result::Result::Ok(())
    }

    #[attribute(owner)]
    async fn renamed(_: &str, _: &SchemaTx) {}
}

fn main() {}
