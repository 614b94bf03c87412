use es_runtime::{Aggregate, Root};

mod bank {
    use es_runtime::{aggregate, mutator};

    #[aggregate]
    pub struct Account {
        pub balance: i64,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        pub fn open(balance: i64) -> Self {
            Self { balance }
        }
    }
}

type Seal = <bank::Account as Aggregate>::Seal;

fn main() {
    let account = bank::Account::open(1_000_000);
    let _discarded = Root::discard(account, Seal { 0: () });
}
